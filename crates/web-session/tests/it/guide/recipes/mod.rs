//! The programs of the recipes.
#![allow(dead_code, reason = "some parts are there to be read")]

mod anyhow;
mod attempts;
mod audit;
mod cart;
mod csrf;
mod error;
mod flash;
mod guard;
mod login;
mod logout;
mod oauth;
mod origin;
mod rate;
mod remember;
mod shape;
mod sse;
mod testing;

use super::pages::{docs, read};
use super::programs::page_shows;
use web_session::testing::Browser;
use web_session::{Result, Session, SessionManager};

#[test]
fn recipes_show_the_programs_that_are_tested() {
    // It is a file of the example, whose tests are those of the recipe.
    let websocket = read(&docs().join("../examples/websocket/src/chat.rs"));
    page_shows(
        "recipes.md",
        &[
            include_str!("login.rs"),
            include_str!("guard.rs"),
            include_str!("logout.rs"),
            include_str!("remember.rs"),
            include_str!("flash.rs"),
            include_str!("cart.rs"),
            include_str!("origin.rs"),
            include_str!("csrf.rs"),
            include_str!("oauth.rs"),
            include_str!("attempts.rs"),
            include_str!("rate.rs"),
            &websocket,
            include_str!("sse.rs"),
            include_str!("shape.rs"),
            include_str!("error.rs"),
            include_str!("anyhow.rs"),
            include_str!("audit.rs"),
            include_str!("testing.rs"),
        ],
    );
}

/// The cookie of a session of `owner`.
pub(crate) async fn signed_in(manager: &SessionManager, owner: &str) -> String {
    with_values(manager, |session| session.set_owner(owner)).await
}

/// The cookie of a session that holds what `fill` puts into it.
pub(crate) async fn with_values(
    manager: &SessionManager,
    fill: impl FnOnce(&Session) -> Result<()>,
) -> String {
    let mut browser = Browser::new(manager);
    browser.change(fill).await.unwrap();
    browser.cookie().to_owned()
}
