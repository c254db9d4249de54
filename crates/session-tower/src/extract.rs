//! The axum extractors: where a session is asked for, and the store read.

use crate::layer::{Main, Slot};
use crate::response::{Failure, mark_failed};
use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::header::COOKIE;
use http::request::Parts;
use session_core::{Error, ErrorKind};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// Extracts the request's session; dereferences to [`session_core::Session`].
///
/// Extracting it loads the record: one store call, none if the request carries no valid cookie.
/// `Option<Session>` is `None` if there is no live record; an outage is an error there, too.
/// `N` names the layer where several are nested.
///
/// # Examples
///
/// ```
/// use session_tower::{Session, SessionRejection};
///
/// async fn visits(session: Session) -> Result<String, SessionRejection> {
///     let visits = session.get::<u64>("visits")?.unwrap_or(0) + 1;
///     session.insert("visits", visits)?;
///     Ok(format!("visit {visits}"))
/// }
/// # let _ = axum::Router::<()>::new().route("/", axum::routing::get(visits));
/// ```
pub struct Session<N = Main> {
    session: session_core::Session,
    name: PhantomData<fn() -> N>,
}

impl<N> Session<N> {
    /// The handle itself, for code that knows nothing of the adapter.
    pub fn into_inner(self) -> session_core::Session {
        self.session
    }
}

impl<N> Deref for Session<N> {
    type Target = session_core::Session;

    fn deref(&self) -> &Self::Target {
        &self.session
    }
}

impl<N> Clone for Session<N> {
    fn clone(&self) -> Self {
        Self { session: self.session.clone(), name: PhantomData }
    }
}

impl<N> fmt::Debug for Session<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.session.fmt(f)
    }
}

impl<S, N> FromRequestParts<S> for Session<N>
where
    S: Send + Sync,
    N: 'static,
{
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let slot = parts.extensions.get::<Slot<N>>().ok_or_else(|| {
            Error::new(ErrorKind::Config, "extract a session: no session layer is on this route")
        })?;
        let cookies = parts.headers.get_all(COOKIE);
        let session = slot.exchange.session(cookies.iter().map(|value| value.as_bytes())).await?;
        Ok(Self { session, name: PhantomData })
    }
}

impl<S, N> OptionalFromRequestParts<S> for Session<N>
where
    S: Send + Sync,
    N: 'static,
{
    type Rejection = SessionRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, SessionRejection> {
        let session = <Self as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok((!session.is_new()).then_some(session))
    }
}

/// A session error as a response: 503 with `Retry-After`, 409 or 500, with an empty body.
///
/// Handlers can return it, so that `?` works on every session method.
#[derive(Debug)]
pub struct SessionRejection(Error);

impl SessionRejection {
    /// The cause.
    pub fn error(&self) -> &Error {
        &self.0
    }
}

impl From<Error> for SessionRejection {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SessionRejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        if self.0.kind().http_status() == 500 {
            tracing::error!(error = %self.0, "session error in a handler");
        }
        let mut response = Response::new(Body::empty());
        mark_failed(&mut response, &self.0);
        response.extensions_mut().insert(Failure::Bare(Arc::new(self.0)));
        response
    }
}
