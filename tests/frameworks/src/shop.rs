//! What the shop does with a session. No framework is named here.

use std::collections::BTreeMap;
use web_session::{Flash, Key, Result, Session, SignedIn};

/// How many of each, by name.
type Cart = BTreeMap<String, u32>;

const CART: Key<Cart> = Key::new("cart");

/// Counts the visits of a browser.
pub async fn visits(session: &Session) -> Result<String> {
    let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok(format!("visit {visits}"))
}

/// Signs somebody in; a cart stays with whoever filled it.
pub async fn sign_in(session: &Session, name: &str) -> Result<()> {
    session.set_owner(name)?;
    session.flash("success", format!("hello {name}"))
}

/// Signs out: nothing of the session remains.
pub async fn sign_out(session: &Session) -> Result<()> {
    session.flush()
}

/// The page of somebody who is signed in.
pub async fn account(member: &SignedIn) -> Result<String> {
    let messages = member.session.take_flashes()?;
    let visits = member.session.get::<u64>("visits")?.unwrap_or(0);
    Ok(format!("{}: {visits} visits{}", member.owner, spelt(&messages)))
}

/// Puts an article into the cart, also where a parallel request puts another.
pub async fn add(session: &Session, item: &str) -> Result<()> {
    let name = item.to_owned();
    session.modify(CART, move |cart| {
        let mut cart = cart.unwrap_or_default();
        *cart.entry(name.clone()).or_insert(0) += 1;
        cart
    })?;
    session.flash("success", format!("{item} added"))
}

/// The cart, and what the visitor has to be told once.
pub async fn cart(session: &Session) -> Result<String> {
    let cart = session.get(CART)?.unwrap_or_default();
    let items: Vec<_> = cart.iter().map(|(item, count)| format!("{count} {item}")).collect();
    let messages = session.take_flashes()?;
    Ok(format!("[{}]{}", items.join(", "), spelt(&messages)))
}

/// Writes, and then fails: the count of visits is no text.
pub async fn broken(session: &Session) -> Result<String> {
    session.forget(CART)?;
    session.get::<String>("visits").map(Option::unwrap_or_default)
}

fn spelt(messages: &[Flash]) -> String {
    messages.iter().map(|flash| format!(" ({})", flash.message)).collect()
}
