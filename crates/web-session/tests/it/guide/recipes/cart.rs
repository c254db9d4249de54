use axum::extract::Path;
use axum::response::Redirect;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use web_session::{Key, Result, Session, SignedIn};

#[derive(Default, Deserialize, Serialize)]
struct Cart {
    /// How many of each product.
    items: BTreeMap<u32, u32>,
}

const CART: Key<Cart> = Key::new("cart");

async fn add(session: Session, Path(product): Path<u32>) -> Result<Redirect> {
    session.modify(CART, move |cart| {
        let mut cart = cart.unwrap_or_default();
        *cart.items.entry(product).or_default() += 1;
        cart
    })?;
    Ok(Redirect::to("/cart"))
}

async fn show(session: Session) -> Result<String> {
    let cart = session.get(CART)?.unwrap_or_default();
    Ok(format!("{} items", cart.items.values().sum::<u32>()))
}

async fn order(SignedIn { owner, session }: SignedIn) -> Result<Redirect> {
    // Takes the cart out of the store at once: of two clicks one gets it.
    let cart = session.transaction(|values| {
        let cart = values.get(CART)?;
        values.remove(CART)?;
        Ok::<_, web_session::Error>(cart)
    });
    if let Some(cart) = cart.await? {
        if place_order(&owner, &cart).await.is_ok() {
            session.flash("success", "Thank you.")?;
        } else {
            put_back(&session, cart)?;
            session.flash("error", "That did not work. Please try again.")?;
        }
    }
    Ok(Redirect::to("/cart"))
}

/// Adds what was taken to what another tab has put into the cart meanwhile.
fn put_back(session: &Session, taken: Cart) -> Result<Cart> {
    session.modify(CART, move |cart| {
        let mut cart = cart.unwrap_or_default();
        for (product, count) in &taken.items {
            *cart.items.entry(*product).or_default() += count;
        }
        cart
    })
}

/// Stands for your table of orders.
async fn place_order(_owner: &str, cart: &Cart) -> Result<(), &'static str> {
    if cart.items.contains_key(&13) { Err("sold out") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{add, order, show};
    use crate::guide::browser::{Browser, manager};
    use crate::guide::recipes::signed_in;
    use axum::{Router, routing::get, routing::post};
    use web_session::SessionLayer;

    #[tokio::test]
    async fn a_cart_is_ordered_once() {
        let manager = manager([]).await;
        let app = Router::new()
            .route("/cart", get(show))
            .route("/add/{product}", post(add))
            .route("/order", post(order))
            .layer(SessionLayer::new(manager.clone()));
        let mut browser = Browser::new(&app);
        browser.cookie = signed_in(&manager, "ann").await;
        let mut other_tab = Browser::new(&app);
        other_tab.cookie = browser.cookie.clone();
        let (a, b) = tokio::join!(browser.post("/add/7", ""), other_tab.post("/add/7", ""));
        assert_eq!([a.location(), b.location()], ["/cart"; 2]);
        assert_eq!(browser.get("/cart").await.body, "2 items");
        browser.post("/order", "").await;
        assert_eq!(browser.get("/cart").await.body, "0 items");
        browser.post("/add/13", "").await;
        browser.post("/order", "").await;
        assert_eq!(browser.get("/cart").await.body, "1 items");
    }
}
