//! What is in a cart, and what it costs.

use crate::catalogue::{Cents, Tea, tea};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most of one tea in a cart.
pub(crate) const MOST: u32 = 20;

/// What somebody is about to buy: quantities by the names of teas, none of them zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Cart(BTreeMap<String, u32>);

/// A tea in a cart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) tea: &'static Tea,
    pub(crate) quantity: u32,
}

impl Cart {
    /// Puts one more in.
    pub(crate) fn add(&mut self, tea: &Tea) {
        let quantity = self.quantity(tea).unwrap_or(0);
        self.set(tea, quantity.saturating_add(1));
    }

    /// Has that many of a tea in it; 0 takes it out.
    pub(crate) fn set(&mut self, tea: &Tea, quantity: u32) {
        match quantity {
            0 => self.0.remove(tea.sku),
            _ => self.0.insert(tea.sku.to_owned(), quantity.min(MOST)),
        };
    }

    /// What is in it; a tea that is not sold any more is left out.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let line = |(sku, &quantity): (&String, &u32)| Some(Line { tea: tea(sku)?, quantity });
        self.0.iter().filter_map(line).collect()
    }

    /// How many of a tea are in it.
    pub(crate) fn quantity(&self, tea: &Tea) -> Option<u32> {
        self.0.get(tea.sku).copied()
    }

    /// How many things are in it.
    pub(crate) fn count(&self) -> u32 {
        self.lines().iter().map(|line| line.quantity).sum()
    }

    /// What all of it costs.
    pub(crate) fn total(&self) -> Cents {
        self.lines().iter().map(Line::price).sum()
    }
}

impl Line {
    /// What the line costs.
    pub(crate) fn price(&self) -> Cents {
        self.tea.price.times(self.quantity)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cart, MOST};
    use crate::catalogue::tea;

    #[test]
    fn quantities_stay_between_nothing_and_the_most() {
        let assam = tea("assam").unwrap();
        let mut cart = Cart::default();
        cart.add(assam);
        cart.add(assam);
        assert_eq!((cart.count(), cart.total().0), (2, 1900));
        cart.set(assam, u32::MAX);
        cart.add(assam);
        assert_eq!(cart.count(), MOST);
        cart.set(assam, 0);
        assert_eq!(cart, Cart::default());
    }

    #[test]
    fn a_tea_that_is_sold_no_more_is_left_out() {
        let cart = Cart([("assam".to_owned(), 1), ("yeti-tips".to_owned(), 2)].into());
        assert_eq!((cart.lines().len(), cart.count()), (1, 1));
    }
}
