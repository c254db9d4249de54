//! actix-web 4: sessions as extractors, errors as responses.

mod fields;
mod response;

pub use response::{ReportsError, report};

use super::named::Named;
use super::signed_in::{NotSignedIn, SignedIn};
use crate::error::{Error, ErrorKind, Result};
use crate::request::exchange::Exchange;
use crate::request::session::Session;
use crate::request::sign_in::ReturnTo;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::Pin;

type Extracting<T, E> = Pin<Box<dyn Future<Output = Result<T, E>>>>;

/// Loads the request's record: one store call, none if the request carries no valid cookie.
///
/// `Option<Session>` is actix's own: `None` after any error, an outage included.
impl FromRequest for Session {
    type Error = Error;
    type Future = Extracting<Self, Error>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (exchange, request) = (found::<Exchange>(request), request.clone());
        Box::pin(async move { exchange?.session_of(request.headers()).await })
    }
}

/// The session of the middleware that is called `N`.
impl<N: 'static> FromRequest for Named<N, Session> {
    type Error = Error;
    type Future = Extracting<Self, Error>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (exchange, request) = (found::<Named<N, Exchange>>(request), request.clone());
        Box::pin(async move { exchange?.session_of(request.headers()).await.map(Self::new) })
    }
}

/// Loads the request's record as [`Session`] does.
///
/// `Option<SignedIn>` is actix's own: `None` after any error, an outage included. Where that
/// matters, take `Result<SignedIn, NotSignedIn>`.
impl FromRequest for SignedIn {
    type Error = NotSignedIn;
    type Future = Extracting<Self, NotSignedIn>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (exchange, request) = (found::<Exchange>(request), request.clone());
        Box::pin(async move { signed_in_of(&exchange?, &request).await })
    }
}

/// Whoever is signed in below the middleware that is called `N`.
impl<N: 'static> FromRequest for Named<N, SignedIn> {
    type Error = NotSignedIn;
    type Future = Extracting<Self, NotSignedIn>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (exchange, request) = (found::<Named<N, Exchange>>(request), request.clone());
        Box::pin(async move { signed_in_of(&*exchange?, &request).await.map(Self::new) })
    }
}

/// Never fails: without a way back there is none.
impl FromRequest for ReturnTo {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of_query(request.uri().query())))
    }
}

fn found<T: Clone + 'static>(request: &HttpRequest) -> Result<T> {
    request.extensions().get::<T>().cloned().ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            "find the session of a request: no session middleware is around its route; add \
             `.wrap(SessionMiddleware::new(manager))` to the App, or `SessionMiddleware::named` for \
             a session that is `Named`",
        )
    })
}

async fn signed_in_of(exchange: &Exchange, request: &HttpRequest) -> Result<SignedIn, NotSignedIn> {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    exchange.signed_in_of(request.method().as_str(), target, request.headers()).await
}
