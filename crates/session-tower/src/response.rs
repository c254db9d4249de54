//! What a session adds to a response, and the responses that report its failures.

use http::header::SET_COOKIE;
use http::{HeaderValue, Response, StatusCode};
use session_core::{
    Commit, Error, Exchange, Reported, keep_from_shared_caches, mark_failed, vary_by_cookie,
};
use std::sync::Arc;

/// Makes the response that reports a session failure: its body and what describes it.
///
/// Implemented by every `Fn(&Error) -> Response<Body>`. The layer then sets the status (409 for
/// `Conflict` and `Gone`, 503 for `Unavailable`, `Timeout` and `Unknown`, otherwise 500) and its
/// own fields: `Vary`, `Cache-Control: no-store`, and `Retry-After` with 503.
pub trait ErrorResponse<ResBody> {
    /// Makes the response for `error`.
    fn error_response(&self, error: &Error) -> Response<ResBody>;
}

/// Reports failures with a sentence of plain text that says what the visitor can do; the default.
///
/// Only axum's body gets the text (feature `axum`). Any other stays empty, since not every type of
/// body can be made of a text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Advice;

impl<ResBody: Default + 'static> ErrorResponse<ResBody> for Advice {
    #[cfg_attr(not(feature = "axum"), expect(unused_variables, reason = "the body stays empty"))]
    fn error_response(&self, error: &Error) -> Response<ResBody> {
        #[cfg_attr(not(feature = "axum"), expect(unused_mut, reason = "the body stays empty"))]
        let mut response = Response::<ResBody>::default();
        #[cfg(feature = "axum")]
        {
            let body: &mut dyn std::any::Any = response.body_mut();
            if let Some(body) = body.downcast_mut::<axum_core::body::Body>() {
                *body = error.kind().advice().into();
                let text = HeaderValue::from_static("text/plain; charset=utf-8");
                response.headers_mut().insert(http::header::CONTENT_TYPE, text);
            }
        }
        response
    }
}

impl<ResBody, F: Fn(&Error) -> Response<ResBody>> ErrorResponse<ResBody> for F {
    fn error_response(&self, error: &Error) -> Response<ResBody> {
        self(error)
    }
}

/// Marks the response that a layer made of a failure, for the layers around it.
#[derive(Clone)]
struct Explained;

/// The cookies of the layers that have stored their sessions already: whatever becomes of the
/// response, the browser needs these ids.
#[derive(Clone, Default)]
struct Stored(Vec<HeaderValue>);

/// Whether the handler failed, so that nothing it asked of its session may be stored: a timeout
/// layer within this one says 408 of a handler that it dropped halfway.
pub(crate) fn is_failed<ResBody>(response: &Response<ResBody>) -> bool {
    let status = response.status();
    status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || status.is_client_error() && is_reported(response)
}

fn is_reported<ResBody>(response: &Response<ResBody>) -> bool {
    let extensions = response.extensions();
    extensions.get::<Reported>().is_some() || extensions.get::<Explained>().is_some()
}

/// Adds what the commit of `exchange` says to the handler's response.
pub(crate) fn apply<ResBody>(
    mut response: Response<ResBody>,
    commit: Commit,
    exchange: &Exchange,
) -> Response<ResBody> {
    let headers = response.headers_mut();
    if commit.vary_cookie {
        vary_by_cookie(headers);
    }
    if commit.removes_former
        && let Some(removal) = exchange.removal_of_former()
    {
        set_cookie(&mut response, removal);
    }
    if let Some(cookie) = commit.set_cookie {
        set_cookie(&mut response, cookie);
    }
    response
}

fn set_cookie<ResBody>(response: &mut Response<ResBody>, cookie: String) {
    let Some(cookie) = field_value(cookie) else { return };
    let headers = response.headers_mut();
    headers.append(SET_COOKIE, cookie.clone());
    keep_from_shared_caches(headers);
    response.extensions_mut().get_or_insert_default::<Stored>().0.push(cookie);
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
    response.extensions_mut().insert(Explained);
    if let Some(stored) = handlers.extensions_mut().remove::<Stored>() {
        for cookie in &stored.0 {
            response.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        response.extensions_mut().insert(stored);
    }
    response
}

/// Makes of an error that a handler or an extractor reports the response that the layer was told
/// to make.
pub(crate) fn explain<ResBody>(
    response: Response<ResBody>,
    make: &impl ErrorResponse<ResBody>,
) -> Response<ResBody> {
    let Some(Reported(error)) = response.extensions().get::<Reported>() else { return response };
    let error = Arc::clone(error);
    failure(response, &error, make)
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
