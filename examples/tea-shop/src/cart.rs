//! The cart: changed in the store itself, so that two tabs at once lose nothing.

use crate::Site;
use crate::catalogue::{Cents, Tea, tea};
use crate::pages::{Answer, Page, see_other, show as render};
use crate::sessions::CART;
use askama::Template;
use axum::Form;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use web_session::Session;

/// The most of one tea in a cart.
const MOST: u32 = 20;

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
        let quantity = self.0.get(tea.sku).copied().unwrap_or(0);
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

#[derive(Template)]
#[template(path = "cart.html")]
struct CartPage {
    page: Page,
    lines: Vec<Line>,
    total: Cents,
    most: u32,
}

pub(crate) async fn show(State(site): State<Site>, session: Session) -> Answer {
    let cart = session.get(CART)?.unwrap_or_default();
    let page = Page::open(&session, &site)?;
    render(&CartPage { page, lines: cart.lines(), total: cart.total(), most: MOST })
}

#[derive(Deserialize)]
pub(crate) struct Item {
    #[serde(default)]
    sku: String,
    #[serde(default)]
    quantity: u32,
}

pub(crate) async fn add(session: Session, Form(item): Form<Item>) -> Answer {
    change(&session, &item, "/", |cart, tea| {
        cart.add(tea);
        format!("{} is in your cart.", tea.name)
    })
    .await
}

pub(crate) async fn set(session: Session, Form(item): Form<Item>) -> Answer {
    change(&session, &item, "/cart", |cart, tea| {
        cart.set(tea, item.quantity);
        match cart.0.get(tea.sku) {
            Some(quantity) => format!("{}: now {quantity}.", tea.name),
            None => format!("{} is out of your cart.", tea.name),
        }
    })
    .await
}

pub(crate) async fn remove(session: Session, Form(item): Form<Item>) -> Answer {
    change(&session, &item, "/cart", |cart, tea| {
        cart.set(tea, 0);
        format!("{} is out of your cart.", tea.name)
    })
    .await
}

/// Changes the cart by `how`, which says what it did, and goes to `next`.
async fn change(
    session: &Session,
    item: &Item,
    next: &str,
    how: impl Fn(&mut Cart, &Tea) -> String,
) -> Answer {
    let Some(tea) = tea(&item.sku) else {
        session.flash("bad", "We do not sell that.")?;
        return Ok(see_other(next));
    };
    let mut done = String::new();
    // Read, changed and written as one: a second click that is on its way counts too.
    let change = |cart: Option<Cart>| {
        let mut cart = cart.unwrap_or_default();
        done = how(&mut cart, tea);
        cart
    };
    session.update(CART, change).await?;
    session.flash("good", done)?;
    Ok(see_other(next))
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
