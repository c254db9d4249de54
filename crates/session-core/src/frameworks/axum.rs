//! axum 0.8: sessions as extractors, errors as responses.

use super::http::{Reported, mark_failed, status};
use super::named::Named;
use super::signed_in::{NotSignedIn, SignedIn};
use crate::error::{Error, Result};
use crate::request::exchange::Exchange;
use crate::request::session::Session;
use crate::request::sign_in::ReturnTo;
use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Extensions, HeaderValue};
use std::convert::Infallible;
use std::sync::Arc;

/// Loads the request's record: one store call, none if the request carries no valid cookie.
impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        exchange(&parts.extensions)?.session_of(&parts.headers).await
    }
}

/// `None` if there is no live record; an outage is an error here, too.
impl<S: Send + Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>> {
        let session = <Self as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok((!session.is_new()).then_some(session))
    }
}

/// The session of the layer that is called `N`.
impl<S: Send + Sync, N: 'static> FromRequestParts<S> for Named<N, Session> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let exchange = named::<N>(&parts.extensions)?;
        exchange.session_of(&parts.headers).await.map(Self::new)
    }
}

/// `None` if there is no live record.
impl<S: Send + Sync, N: 'static> OptionalFromRequestParts<S> for Named<N, Session> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>> {
        let session = <Self as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok((!session.is_new()).then_some(session))
    }
}

/// Loads the request's record as [`Session`] does.
impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = NotSignedIn;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NotSignedIn> {
        signed_in_of(exchange(&parts.extensions)?, parts).await
    }
}

/// `None` if nobody is signed in; an outage is an error here, too.
impl<S: Send + Sync> OptionalFromRequestParts<S> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>> {
        SignedIn::of(exchange(&parts.extensions)?.session_of(&parts.headers).await?)
    }
}

/// Whoever is signed in below the layer that is called `N`.
impl<S: Send + Sync, N: 'static> FromRequestParts<S> for Named<N, SignedIn> {
    type Rejection = NotSignedIn;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NotSignedIn> {
        signed_in_of(named::<N>(&parts.extensions)?, parts).await.map(Self::new)
    }
}

/// `None` if nobody is signed in.
impl<S: Send + Sync, N: 'static> OptionalFromRequestParts<S> for Named<N, SignedIn> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>> {
        let session = named::<N>(&parts.extensions)?.session_of(&parts.headers).await?;
        Ok(SignedIn::of(session)?.map(Self::new))
    }
}

/// Never fails: without a way back there is none.
impl<S: Send + Sync> FromRequestParts<S> for ReturnTo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of_query(parts.uri.query()))
    }
}

fn exchange(extensions: &Extensions) -> Result<&Exchange> {
    extensions.get::<Exchange>().ok_or_else(Error::no_layer)
}

fn named<N: 'static>(extensions: &Extensions) -> Result<&Exchange> {
    extensions.get::<Named<N, Exchange>>().map(|named| &**named).ok_or_else(Error::no_layer)
}

async fn signed_in_of(exchange: &Exchange, parts: &Parts) -> Result<SignedIn, NotSignedIn> {
    let target = parts.uri.path_and_query().map_or("", PathAndQuery::as_str);
    exchange.signed_in_of(parts.method.as_str(), target, &parts.headers).await
}

/// 409, 503 with `Retry-After`, or 500, with a sentence that says what the visitor can do.
///
/// The session layer stores nothing of the session then, and makes the response that it was told
/// to make of session errors, if any.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if self.kind().http_status() == 500 {
            tracing::error!(error = %self.logged(), "session error in a handler");
        }
        let mut response = text(self.kind().advice());
        mark_failed(&mut response, &self);
        response.extensions_mut().insert(Reported(Arc::new(self)));
        response
    }
}

/// See Other or Unauthorized where nobody is signed in, else that of the [`Error`].
impl IntoResponse for NotSignedIn {
    fn into_response(self) -> Response {
        if let Self::Failed(error) = self {
            return error.into_response();
        }
        let mut response = match self.page() {
            Some(_) => Response::default(),
            None => text(self.advice()),
        };
        *response.status_mut() = status(self.http_status());
        self.describe(response.headers_mut());
        response
    }
}

fn text(sentence: &'static str) -> Response {
    let mut response = Response::new(Body::from(sentence));
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}
