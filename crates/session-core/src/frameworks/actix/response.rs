//! The head of a response in actix-web's terms.

use super::super::signed_in::NotSignedIn;
use crate::cookie::{cache_control, is_for_some_caches, names_cookie};
use crate::error::Error;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, VARY,
    WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, ResponseError};

/// In the extensions of a response: it reports an error of the session.
///
/// The middleware stores nothing of the session of such a request, also under a 4xx status. The
/// `error_response` of [`Error`] sets it, and so an application's own error is known by it that
/// answers with that.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReportsError;

/// 409, 503 with `Retry-After`, or 500, with a sentence that says what the visitor can do.
///
/// The session middleware stores nothing of the session then, and makes the response that it was
/// told to make of session errors, if any.
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        if self.kind().http_status() == 500 {
            tracing::error!(error = %self.logged(), "session error in a handler");
        }
        report(text(self.status_code(), self.kind().advice()), self)
    }
}

/// See Other or Unauthorized where nobody is signed in, else that of the [`Error`].
impl ResponseError for NotSignedIn {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Failed(error) => error.status_code(),
            Self::Nobody { sign_in: Some(_) } => StatusCode::SEE_OTHER,
            Self::Nobody { sign_in: None } => StatusCode::UNAUTHORIZED,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let (mut response, name, value) = match self {
            Self::Failed(error) => return error.error_response(),
            Self::Nobody { sign_in: Some(page) } => {
                // It is percent-encoded, so it always is a field value.
                let page = HeaderValue::from_str(page);
                let page = page.unwrap_or_else(|_| HeaderValue::from_static("/"));
                (HttpResponse::new(self.status_code()), LOCATION, page)
            }
            Self::Nobody { sign_in: None } => {
                let challenge = HeaderValue::from_static(Self::CHALLENGE);
                (text(self.status_code(), Self::ADVICE), WWW_AUTHENTICATE, challenge)
            }
        };
        let headers = response.headers_mut();
        headers.insert(name, value);
        vary_by_cookie(headers);
        keep_from_shared_caches(headers);
        response
    }
}

/// Makes `response` report `error`: its status, `Vary: Cookie`, `Cache-Control: no-store`,
/// `Retry-After` with a 503, and [`ReportsError`] among its extensions. The body stays as it is.
pub fn report<B>(mut response: HttpResponse<B>, error: &Error) -> HttpResponse<B> {
    *response.status_mut() = error.status_code();
    let is_unavailable = response.status() == StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    vary_by_cookie(headers);
    headers.remove(CACHE_CONTROL);
    keep_from_shared_caches(headers);
    if is_unavailable {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response.extensions_mut().insert(ReportsError);
    response
}

/// Adds `Vary: Cookie`, unless the response varies by it already.
pub fn vary_by_cookie(headers: &mut HeaderMap) {
    if !headers.get_all(VARY).any(|field| names_cookie(field.as_bytes())) {
        headers.append(VARY, HeaderValue::from_static("Cookie"));
    }
}

/// Keeps a response with a session cookie out of shared caches, as
/// [`session_core::keep_from_shared_caches`](crate::keep_from_shared_caches) does.
pub fn keep_from_shared_caches(headers: &mut HeaderMap) {
    let others = headers.keys().filter(|name| is_for_some_caches(name.as_str()));
    for name in others.cloned().collect::<Vec<HeaderName>>() {
        headers.remove(name);
    }
    // Several fields mean the same as one with commas (RFC 9110, section 5.3).
    let existing: Vec<_> =
        headers.get_all(CACHE_CONTROL).filter_map(|value| value.to_str().ok()).collect();
    let existing = headers.contains_key(CACHE_CONTROL).then(|| existing.join(", "));
    if let Some(Ok(value)) = cache_control(existing.as_deref()).map(HeaderValue::try_from) {
        headers.insert(CACHE_CONTROL, value);
    }
}

fn text(status: StatusCode, sentence: &'static str) -> HttpResponse {
    let mut response = HttpResponse::new(status).set_body(sentence).map_into_boxed_body();
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}
