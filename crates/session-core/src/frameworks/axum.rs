//! axum 0.8: the session as an extractor, the error as a response.

use super::http::{Reported, mark_failed};
use super::named::Named;
use crate::error::{Error, Result};
use crate::request::exchange::Exchange;
use crate::request::session::Session;
use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Extensions, HeaderValue};
use std::sync::Arc;

/// Loads the request's record: one store call, none if the request carries no valid cookie.
impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let exchange = parts.extensions.get::<Exchange>().ok_or_else(Error::no_layer)?;
        exchange.session_of(&parts.headers).await
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

fn named<N: 'static>(extensions: &Extensions) -> Result<&Exchange> {
    extensions.get::<Named<N, Exchange>>().map(|named| &**named).ok_or_else(Error::no_layer)
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
        let mut response = Response::new(Body::from(self.kind().advice()));
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, text);
        mark_failed(&mut response, &self);
        response.extensions_mut().insert(Reported(Arc::new(self)));
        response
    }
}
