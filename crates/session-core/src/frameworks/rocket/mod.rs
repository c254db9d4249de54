//! Rocket 0.5: sessions as request guards, errors as responders.

mod fields;
mod place;
mod response;

pub use place::{attach, exchange, place};
pub use response::{finish, mark_failed, page_of, reports_error};

use super::named::Named;
use super::signed_in::{NotSignedIn, SignedIn};
use crate::config::Transport;
use crate::error::{Error, Result};
use crate::request::session::Session;
use crate::request::sign_in::ReturnTo;
use response::{Reason, refuse};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Ignite, Rocket, Sentinel};
use std::convert::Infallible;

/// Loads the request's record: one store call, none if the request carries no valid cookie.
///
/// `Option<Session>` is Rocket's own: `None` after any error, an outage included.
#[rocket::async_trait]
impl<'r> FromRequest<'r> for Session {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Error> {
        outcome(request, session_of::<()>(request).await)
    }
}

/// The session of the fairing that is called `N`.
#[rocket::async_trait]
impl<'r, N: 'static> FromRequest<'r> for Named<N, Session> {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Error> {
        outcome(request, session_of::<N>(request).await.map(Self::new))
    }
}

/// Loads the request's record as [`Session`] does.
///
/// `Option<SignedIn>` is Rocket's own: `None` after any error, an outage included. Where that
/// matters, take `Result<SignedIn, NotSignedIn>`.
#[rocket::async_trait]
impl<'r> FromRequest<'r> for SignedIn {
    type Error = NotSignedIn;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, NotSignedIn> {
        outcome(request, signed_in_of::<()>(request).await)
    }
}

/// Whoever is signed in below the fairing that is called `N`.
#[rocket::async_trait]
impl<'r, N: 'static> FromRequest<'r> for Named<N, SignedIn> {
    type Error = NotSignedIn;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, NotSignedIn> {
        outcome(request, signed_in_of::<N>(request).await.map(Self::new))
    }
}

/// Never fails: without a way back there is none.
#[rocket::async_trait]
impl<'r> FromRequest<'r> for ReturnTo {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self::of_query(request.uri().query().map(|query| query.as_str())))
    }
}

/// An application with a route that takes a session, and without the fairing, is not launched.
impl Sentinel for Session {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        place::must_abort::<(), _>(rocket)
    }
}

/// As that of [`Session`].
impl<N: 'static> Sentinel for Named<N, Session> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        place::must_abort::<N, _>(rocket)
    }
}

/// As that of [`Session`].
impl Sentinel for SignedIn {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        place::must_abort::<(), _>(rocket)
    }
}

/// As that of [`Session`].
impl<N: 'static> Sentinel for Named<N, SignedIn> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        place::must_abort::<N, _>(rocket)
    }
}

fn outcome<T, E: Reason>(request: &Request<'_>, found: Result<T, E>) -> Outcome<T, E> {
    match found {
        Ok(found) => Outcome::Success(found),
        Err(reason) => Outcome::Error((refuse(request, &reason), reason)),
    }
}

async fn session_of<N: 'static>(request: &Request<'_>) -> Result<Session> {
    let exchange = exchange::<N>(request).ok_or_else(place::no_fairing)?;
    if exchange.transport() == Transport::Header || request.headers().contains("cookie") {
        return exchange.session_of(request.headers()).await;
    }
    // Rocket's local client, which tests of applications use, fills the jar and sends no field.
    let jar =
        request.cookies().iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value()));
    let jar: Vec<String> = jar.collect();
    exchange.session(jar.iter().map(String::as_bytes)).await
}

async fn signed_in_of<N: 'static>(request: &Request<'_>) -> Result<SignedIn, NotSignedIn> {
    // Opened here, since the exchange sees no jar.
    session_of::<N>(request).await?;
    let exchange = exchange::<N>(request).ok_or_else(place::no_fairing)?;
    let target = request.uri().to_string();
    exchange.signed_in_of(request.method().as_str(), &target, request.headers()).await
}
