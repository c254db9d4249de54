//! Sessions in terms of the `http` crate: fields of a message, the head of a failure.

use crate::cookie::{Fields, Head, keep_from_caches};
use crate::error::{Error, ErrorKind};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, COOKIE, Entry, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use std::sync::Arc;

/// In the extensions of a response: the session error that it reports.
///
/// An adapter stores nothing of the session of such a request, whatever the status, and may make
/// another response of the error.
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

    /// Adds to a response what goes with the status of this error: `Cache-Control: no-store`, in
    /// place of what there was, and `Retry-After` with a 503.
    pub fn describe(&self, head: &mut impl Head) {
        keep_from_caches(head);
        if self.kind().http_status() == 503 {
            head.set("retry-after", Bytes::from_static(b"1"));
        }
    }
}

/// Makes `response` report `error`: its [status](ErrorKind::http_status), and the fields that
/// [go with it](Error::describe). The body stays as it is.
pub fn mark_failed<B>(response: &mut Response<B>, error: &Error) {
    *response.status_mut() = status(error.kind().http_status());
    error.describe(response.headers_mut());
}

pub(super) fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl Fields for HeaderMap {
    #[inline(always)]
    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let values = match name {
            "cookie" => self.get_all(COOKIE),
            "cache-control" => self.get_all(CACHE_CONTROL),
            name => self.get_all(name),
        };
        values.iter().map(HeaderValue::as_bytes)
    }
}

impl Head for HeaderMap {
    fn remove(&mut self, unwanted: impl Fn(&str) -> bool) {
        let unwanted: Vec<HeaderName> =
            self.keys().filter(|name| unwanted(name.as_str())).cloned().collect();
        for name in unwanted {
            self.remove(name);
        }
    }

    fn set(&mut self, name: &str, value: Bytes) {
        if let Some((name, value)) = field(name, value) {
            self.insert(name, value);
        }
    }

    fn add_unless(&mut self, name: &str, value: Bytes, enough: impl Fn(&[u8]) -> bool) {
        let Some((name, value)) = field(name, value) else { return };
        match self.entry(name) {
            Entry::Vacant(field) => drop(field.insert(value)),
            Entry::Occupied(mut field) => {
                if !field.iter().any(|value| enough(value.as_bytes())) {
                    field.append(value);
                }
            }
        }
    }

    fn add_secret(&mut self, name: &str, value: Bytes) {
        if let Some((name, mut value)) = field(name, value) {
            // Its `Debug` is blank then, and HPACK never indexes it (RFC 7541, section 7.1.3).
            value.set_sensitive(true);
            self.append(name, value);
        }
    }
}

/// Inlined, the name is known before the program runs.
#[inline(always)]
fn field(name: &str, value: Bytes) -> Option<(HeaderName, HeaderValue)> {
    let name = match name {
        // Those of most responses are not read letter by letter.
        "vary" => VARY,
        "set-cookie" => SET_COOKIE,
        "cache-control" => CACHE_CONTROL,
        name => HeaderName::from_bytes(name.as_bytes()).ok()?,
    };
    Some((name, HeaderValue::from_maybe_shared(value).ok()?))
}
