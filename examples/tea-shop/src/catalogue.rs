//! What the shop sells.

use std::fmt;

/// A tea.
#[derive(Debug)]
pub(crate) struct Tea {
    /// The name in forms and carts.
    pub(crate) sku: &'static str,
    pub(crate) name: &'static str,
    pub(crate) origin: &'static str,
    pub(crate) taste: &'static str,
    pub(crate) price: Cents,
    /// The colour in the cup.
    pub(crate) liquor: &'static str,
}

/// An amount of euros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cents(pub(crate) u32);

impl Cents {
    pub(crate) fn times(self, quantity: u32) -> Self {
        Self(self.0.saturating_mul(quantity))
    }
}

impl std::iter::Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self(0), |sum, amount| Self(sum.0.saturating_add(amount.0)))
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "€{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// All teas, as the shop shows them.
pub(crate) const TEAS: [Tea; 6] = [
    Tea {
        sku: "sencha",
        name: "Sencha",
        origin: "Shizuoka, Japan",
        taste: "Cut grass and sea air, with a sweet finish.",
        price: Cents(1150),
        liquor: "#b9b95a",
    },
    Tea {
        sku: "white-peony",
        name: "White Peony",
        origin: "Fuding, China",
        taste: "Hay, melon and honey; forgives a long steep.",
        price: Cents(1400),
        liquor: "#dcc48a",
    },
    Tea {
        sku: "tieguanyin",
        name: "Tieguanyin",
        origin: "Anxi, China",
        taste: "Orchid and toasted rice, seven infusions deep.",
        price: Cents(1600),
        liquor: "#d2a24c",
    },
    Tea {
        sku: "darjeeling",
        name: "Darjeeling First Flush",
        origin: "Margaret’s Hope, India",
        taste: "Green almond and muscatel, light as spring.",
        price: Cents(1850),
        liquor: "#cf8a3a",
    },
    Tea {
        sku: "assam",
        name: "Assam Golden Tip",
        origin: "Dikom, India",
        taste: "Malt, cocoa and strength enough for milk.",
        price: Cents(950),
        liquor: "#96401f",
    },
    Tea {
        sku: "rooibos",
        name: "Rooibos",
        origin: "Cederberg, South Africa",
        taste: "Vanilla and warm wood, and nothing to keep you up.",
        price: Cents(700),
        liquor: "#a8331c",
    },
];

/// The tea of this name.
pub(crate) fn tea(sku: &str) -> Option<&'static Tea> {
    TEAS.iter().find(|tea| tea.sku == sku)
}

#[cfg(test)]
mod tests {
    use super::Cents;

    #[test]
    fn amounts_have_two_decimals() {
        let amounts = [Cents(5), Cents(1150).times(2)];
        assert_eq!(amounts.map(|cents| cents.to_string()), ["€0.05", "€23.00"]);
        assert_eq!(amounts.into_iter().sum::<Cents>().to_string(), "€23.05");
        assert_eq!(Cents(u32::MAX).times(2), Cents(u32::MAX));
    }
}
