//! What a session adds to a response, and the responses that report its failures.

use http::header::{CACHE_CONTROL, COOKIE, Entry, RETRY_AFTER, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use session_core::{Commit, Error, cache_control};
use std::sync::Arc;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Makes the response that reports a session failure: its body and what describes it.
///
/// Implemented by every `Fn(&Error) -> Response<Body>`. The layer then sets the status (409 for
/// `Conflict` and `Gone`, 503 for `Unavailable`, `Timeout` and `Unknown`, otherwise 500) and its
/// own fields: `Vary`, `Cache-Control: no-store`, and `Retry-After` with 503.
pub trait ErrorResponse<ResBody> {
    /// Makes the response for `error`.
    fn error_response(&self, error: &Error) -> Response<ResBody>;
}

/// Reports failures with empty bodies; the default.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmptyResponse;

impl<ResBody: Default> ErrorResponse<ResBody> for EmptyResponse {
    fn error_response(&self, _: &Error) -> Response<ResBody> {
        Response::default()
    }
}

impl<ResBody, F: Fn(&Error) -> Response<ResBody>> ErrorResponse<ResBody> for F {
    fn error_response(&self, error: &Error) -> Response<ResBody> {
        self(error)
    }
}

/// Marks the response of a failure, for this layer and those around it.
#[derive(Clone)]
pub(crate) enum Failure {
    /// An extractor reports it to its layer, which makes the response.
    #[cfg_attr(not(feature = "axum"), expect(dead_code, reason = "extractors are axum's"))]
    Bare(Arc<Error>),
    /// The layer made the response.
    Explained,
}

/// The cookies of the layers that have stored their sessions already: whatever becomes of the
/// response, the browser needs these ids.
#[derive(Clone, Default)]
struct Stored(Vec<HeaderValue>);

/// Whether the handler failed, so that nothing it asked of its session may be stored.
pub(crate) fn is_failed<ResBody>(response: &Response<ResBody>) -> bool {
    let status = response.status();
    status.is_server_error()
        || status.is_client_error() && response.extensions().get::<Failure>().is_some()
}

/// Adds what the commit says to the handler's response.
pub(crate) fn apply<ResBody>(mut response: Response<ResBody>, commit: Commit) -> Response<ResBody> {
    let headers = response.headers_mut();
    if commit.vary_cookie {
        vary_by_cookie(headers);
    }
    if let Some(cookie) = commit.set_cookie.and_then(field_value) {
        headers.append(SET_COOKIE, cookie.clone());
        keep_private(headers);
        response.extensions_mut().get_or_insert_default::<Stored>().0.push(cookie);
    }
    response
}

/// Makes the response that reports `error` in place of the handler's, of which only the cookies
/// of sessions that are stored remain.
pub(crate) fn failure<ResBody>(
    mut handlers: Response<ResBody>,
    error: &Error,
    make: &impl ErrorResponse<ResBody>,
) -> Response<ResBody> {
    let mut response = make.error_response(error);
    mark_failed(&mut response, error);
    response.extensions_mut().insert(Failure::Explained);
    if let Some(stored) = handlers.extensions_mut().remove::<Stored>() {
        for cookie in &stored.0 {
            response.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        response.extensions_mut().insert(stored);
    }
    response
}

/// Makes of the extractor's rejection the response that the layer was told to make.
pub(crate) fn explain<ResBody>(
    response: Response<ResBody>,
    make: &impl ErrorResponse<ResBody>,
) -> Response<ResBody> {
    let Some(Failure::Bare(error)) = response.extensions().get::<Failure>() else {
        return response;
    };
    let error = Arc::clone(error);
    failure(response, &error, make)
}

/// Sets the status and the fields of a failure.
pub(crate) fn mark_failed<ResBody>(response: &mut Response<ResBody>, error: &Error) {
    let status = StatusCode::from_u16(error.kind().http_status());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    vary_by_cookie(headers);
    headers.insert(CACHE_CONTROL, NO_STORE);
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
}

fn vary_by_cookie(headers: &mut HeaderMap) {
    let cookie = HeaderValue::from_static("Cookie");
    match headers.entry(VARY) {
        Entry::Vacant(field) => {
            field.insert(cookie);
        }
        Entry::Occupied(mut field) => {
            if !field.iter().any(covers_cookie) {
                field.append(cookie);
            }
        }
    }
}

fn covers_cookie(value: &HeaderValue) -> bool {
    value.as_bytes().split(|&byte| byte == b',').any(|name| {
        let name = name.trim_ascii();
        name == b"*" || name.eq_ignore_ascii_case(COOKIE.as_str().as_bytes())
    })
}

fn keep_private(headers: &mut HeaderMap) {
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, NO_STORE);
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

fn field_value(cookie: String) -> Option<HeaderValue> {
    // A cookie's name and attributes are checked when the configuration is built, and ids are
    // base64url, so the cookie always is a field value.
    match HeaderValue::try_from(cookie) {
        Ok(mut value) => {
            // Its `Debug` is blank then, and HPACK never indexes it (RFC 7541, section 7.1.3).
            value.set_sensitive(true);
            Some(value)
        }
        Err(error) => {
            tracing::error!(%error, "session cookie is no field value");
            None
        }
    }
}
