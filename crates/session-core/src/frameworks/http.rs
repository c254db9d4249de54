//! Sessions in terms of the `http` crate: cookies of a request, the head of a failure.

use super::signed_in::{NotSignedIn, SignedIn};
use crate::cookie::{cache_control, is_for_some_caches, names_cookie};
use crate::error::{Error, ErrorKind, Result};
use crate::request::exchange::Exchange;
use crate::request::session::Session;
use crate::request::sign_in::is_page_load;
use http::header::{ACCEPT, CACHE_CONTROL, COOKIE, Entry, RETRY_AFTER, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use std::sync::Arc;

/// In the extensions of a response: the session error that it reports.
///
/// An adapter stores nothing of the session of such a request, also under a 4xx status, and may
/// make another response of the error.
#[derive(Clone, Debug)]
pub struct Reported(pub Arc<Error>);

impl ErrorKind {
    /// What a visitor can do about it: one sentence or two, as the body of a response.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Conflict => "Something else changed this at the same time. Please try again.",
            Self::Gone => "Your session has ended. Please reload the page, or sign in again.",
            Self::Unavailable | Self::Timeout | Self::Unknown => {
                "The service is not available right now. Please try again in a moment."
            }
            _ => "Something went wrong on our side. Please try again later.",
        }
    }
}

impl Exchange {
    /// Opens the session that the `Cookie` fields of `headers` name, or an empty one.
    ///
    /// As [`session`](Self::session), for services that have a `http::Request` in their hands and
    /// no extractor: plain tower, hyper, tonic. The layer has put the exchange into the extensions
    /// of the request.
    ///
    /// # Errors
    ///
    /// Those of [`session`](Self::session).
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use web_session::{Error, ErrorKind, Exchange, Result};
    ///
    /// async fn visits<B>(request: &http::Request<B>) -> Result<u64> {
    ///     let exchange = request.extensions().get::<Exchange>().ok_or_else(Error::no_layer)?;
    ///     let session = exchange.session_of(request.headers()).await?;
    ///     session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)
    /// }
    /// ```
    pub async fn session_of(&self, headers: &HeaderMap) -> Result<Session> {
        let cookies = headers.get_all(COOKIE);
        self.session(cookies.iter().map(HeaderValue::as_bytes)).await
    }

    /// Opens the session as [`session_of`](Self::session_of) does, for a service that wants
    /// somebody signed in.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn::Nobody`], with where to send the visitor if the layer was told so and the
    /// request loads a page; [`NotSignedIn::Failed`] if the session could not be looked up.
    pub async fn signed_in_of(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> std::result::Result<SignedIn, NotSignedIn> {
        let session = self.session_of(headers).await?;
        SignedIn::of(session)?.ok_or_else(|| {
            let mode = headers.get("sec-fetch-mode").map(HeaderValue::as_bytes);
            let accept = headers.get_all(ACCEPT).iter().map(HeaderValue::as_bytes);
            let sign_in = self.sign_in().filter(|_| is_page_load(mode, accept));
            NotSignedIn::Nobody { sign_in: sign_in.and_then(|page| page.location(method)) }
        })
    }
}

impl Error {
    /// The error of a request on whose route no session layer is.
    pub fn no_layer() -> Self {
        Self::new(
            ErrorKind::Config,
            "find the session of a request: no session layer is on its route; add \
             `.layer(SessionLayer::new(manager))` behind the route, or `SessionLayer::named` for a \
             session that is `Named`",
        )
    }
}

/// Makes `response` report `error`: its status, `Vary: Cookie`, `Cache-Control: no-store`, and
/// `Retry-After` with a 503.
///
/// The status is 409 for `Conflict` and `Gone`, 503 for `Unavailable`, `Timeout` and `Unknown`,
/// otherwise 500. The body stays as it is.
pub fn mark_failed<B>(response: &mut Response<B>, error: &Error) {
    let status = StatusCode::from_u16(error.kind().http_status());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let is_unavailable = response.status() == StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    vary_by_cookie(headers);
    headers.remove(CACHE_CONTROL);
    keep_from_shared_caches(headers);
    if is_unavailable {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
}

/// Adds `Vary: Cookie`, unless the response varies by it already.
pub fn vary_by_cookie(headers: &mut HeaderMap) {
    let cookie = HeaderValue::from_static("Cookie");
    match headers.entry(VARY) {
        Entry::Vacant(field) => {
            field.insert(cookie);
        }
        Entry::Occupied(mut field) => {
            if !field.iter().any(|field| names_cookie(field.as_bytes())) {
                field.append(cookie);
            }
        }
    }
}

/// Keeps a response with a session cookie out of shared caches: `Cache-Control` becomes what
/// [`cache_control`] makes of it, and fields that say something else to some caches are removed
/// (`CDN-Cache-Control` and its like, RFC 9213; `Surrogate-Control`, `Edge-Control`,
/// `X-Accel-Expires`), so that those follow it, too.
pub fn keep_from_shared_caches(headers: &mut HeaderMap) {
    let others = headers.keys().filter(|name| is_for_some_caches(name.as_str()));
    for name in others.cloned().collect::<Vec<HeaderName>>() {
        headers.remove(name);
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return;
    }
    // Several fields mean the same as one with commas (RFC 9110, section 5.3).
    let existing: Vec<_> =
        headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok()).collect();
    let Some(value) = cache_control(Some(&existing.join(", "))) else { return };
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(CACHE_CONTROL, value);
    }
}
