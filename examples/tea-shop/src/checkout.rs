//! The checkout: for people who are signed in, and once per cart.

use crate::Site;
use crate::cart::Line;
use crate::catalogue::Cents;
use crate::pages::{Answer, Page, see_other, show as render};
use crate::sessions::CART;
use crate::sign_in::Customer;
use askama::Template;
use axum::extract::State;

#[derive(Template)]
#[template(path = "checkout.html")]
struct CheckoutPage {
    page: Page,
    name: String,
    lines: Vec<Line>,
    total: Cents,
}

pub(crate) async fn show(State(site): State<Site>, customer: Customer) -> Answer {
    let Customer { session, person } = customer;
    let cart = session.get(CART)?.unwrap_or_default();
    if cart.count() == 0 {
        return Ok(see_other("/cart"));
    }
    let page = Page::open(&session, &site)?;
    render(&CheckoutPage { page, name: person.name, lines: cart.lines(), total: cart.total() })
}

/// Takes the cart out of the session and orders what was in it.
///
/// Of two clicks at once, one commits: what `remove` returned was handed out once. (An order that
/// costs money is written down where the money is counted, under a number of its own.)
pub(crate) async fn order(Customer { session, person }: Customer) -> Answer {
    let cart = session.remove(CART)?.unwrap_or_default();
    if cart.count() == 0 {
        session.flash("plain", "There is nothing in your cart.")?;
        return Ok(see_other("/cart"));
    }
    let thanks = format!(
        "Thank you, {}. {} of tea would be on its way, if this were a shop.",
        person.name,
        cart.total()
    );
    session.flash("good", thanks)?;
    Ok(see_other("/"))
}
