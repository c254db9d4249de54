//! The page of the cart. The cart is changed in the store itself, so that two tabs at once lose
//! nothing.

use crate::Site;
use crate::cart::{Cart, Line, MOST};
use crate::catalogue::{Cents, Tea, tea};
use crate::pages::{Answer, Page, see_other, show as render};
use crate::sessions::CART;
use askama::Template;
use axum::Form;
use axum::extract::State;
use serde::Deserialize;
use web_session::Session;

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
        match cart.quantity(tea) {
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
