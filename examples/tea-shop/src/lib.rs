#![doc = include_str!("../README.md")]

mod account;
mod accounts;
mod cart;
mod cart_page;
mod catalogue;
mod checkout;
mod device;
mod headers;
mod origin;
mod pages;
mod problems;
mod sessions;
pub mod settings;
mod sign_in;
mod words;

pub use accounts::Accounts;
pub use origin::Origins;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{get, post};
use web_session::{Result, SessionLayer, SessionManager};

/// More than the longest form of the site, in bytes.
const MAX_FORM: usize = 8 * 1024;

/// What all handlers share.
#[derive(Clone, Debug)]
struct Site {
    accounts: Accounts,
}

/// Makes the site, which answers forms of `origins` only.
///
/// # Errors
///
/// `Config` if the sign-in page is none.
pub fn app(manager: SessionManager, accounts: Accounts, origins: Origins) -> Result<Router> {
    let sessions = SessionLayer::new(manager)
        .with_error_response(problems::session_error)
        .with_sign_in_page("/sign-in")?;
    // The layer added last sees a request first: a form from another site never reaches a store.
    Ok(Router::new()
        .route("/", get(pages::home))
        .route("/cart", get(cart_page::show))
        .route("/cart/add", post(cart_page::add))
        .route("/cart/set", post(cart_page::set))
        .route("/cart/remove", post(cart_page::remove))
        .route("/checkout", get(checkout::show).post(checkout::order))
        .route("/sign-up", get(sign_in::sign_up_form).post(sign_in::sign_up))
        .route("/sign-in", get(sign_in::sign_in_form).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/account", get(account::show))
        .route("/account/end", post(account::end))
        .route("/account/end-others", post(account::end_others))
        .route("/account/end-all", post(account::end_all))
        .fallback(problems::not_found)
        .method_not_allowed_fallback(problems::no_such_method)
        .with_state(Site { accounts })
        .layer(sessions)
        .route("/style.css", get(pages::style))
        .route("/favicon.svg", get(pages::icon))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(from_fn_with_state(origins.clone(), origin::check))
        .layer(map_response(move |response| headers::add(response, origins.is_https()))))
}
