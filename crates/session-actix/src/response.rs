//! What a session adds to a response, and the responses that report its failures.

use actix_web::body::EitherBody;
use actix_web::dev::ServiceResponse;
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, SET_COOKIE};
use actix_web::{HttpResponse, ResponseError as _};
use session_core::actix::{ReportsError, keep_from_shared_caches, report, vary_by_cookie};
use session_core::{Commit, Error, Exchange, NotSignedIn};
use std::rc::Rc;

/// Makes the response that reports an error, but for its status and the fields that go with it.
pub(crate) type ErrorPage = Rc<dyn Fn(&Error) -> HttpResponse>;

/// The cookies of the middlewares that have stored their sessions already: whatever becomes of the
/// response, the browser needs these ids.
#[derive(Clone, Default)]
struct Stored(Vec<HeaderValue>);

/// Whether the handler failed, so that nothing it asked of its session may be stored: a timeout
/// middleware within this one says 408 of a handler that it dropped halfway.
pub(crate) fn is_failed<B>(response: &ServiceResponse<B>) -> bool {
    let status = response.status();
    status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || status.is_client_error()
            && response.response().extensions().get::<ReportsError>().is_some()
}

/// Adds what the commit of `exchange` says to the handler's response.
pub(crate) fn apply<B>(
    mut response: ServiceResponse<B>,
    commit: Commit,
    exchange: &Exchange,
) -> ServiceResponse<B> {
    let head = response.response_mut();
    if commit.vary_cookie {
        vary_by_cookie(head.headers_mut());
    }
    let removal = commit.removes_former.then(|| exchange.removal_of_former()).flatten();
    for cookie in [removal, commit.set_cookie] {
        let Some(cookie) = cookie.and_then(field_value) else { continue };
        head.headers_mut().append(SET_COOKIE, cookie.clone());
        keep_from_shared_caches(head.headers_mut());
        head.extensions_mut().get_or_insert_with(Stored::default).0.push(cookie);
    }
    response
}

/// Makes the response that reports `error` in place of the handler's, of which only the cookies
/// of sessions that are stored remain.
pub(crate) fn failure<B>(
    mut handlers: ServiceResponse<EitherBody<B>>,
    error: &Error,
    page: Option<&ErrorPage>,
) -> ServiceResponse<EitherBody<B>> {
    let response = page.map_or_else(|| error.error_response(), |page| page(error));
    let mut response = report(response, error);
    let stored = handlers.response_mut().extensions_mut().remove::<Stored>();
    if let Some(stored) = stored {
        for cookie in &stored.0 {
            response.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        response.extensions_mut().insert(stored);
    }
    handlers.into_response(response.map_into_right_body())
}

/// Makes of an error that a handler or an extractor returned the response that the middleware was
/// told to make.
pub(crate) fn explain<B>(
    response: ServiceResponse<EitherBody<B>>,
    page: Option<&ErrorPage>,
) -> ServiceResponse<EitherBody<B>> {
    let Some(page) = page else { return response };
    let returned = response.response().error();
    let made = returned.and_then(reported).map(|error| report(page(error), error));
    match made {
        Some(made) => response.into_response(made.map_into_right_body()),
        None => response,
    }
}

fn reported(error: &actix_web::Error) -> Option<&Error> {
    match error.as_error::<NotSignedIn>() {
        Some(NotSignedIn::Failed(error)) => Some(error),
        _ => error.as_error::<Error>(),
    }
}

/// Adds the cookie of a session that `update` stored to what `error` will answer.
pub(crate) fn with_cookie(error: actix_web::Error, commit: Commit) -> actix_web::Error {
    let Some(cookie) = commit.set_cookie.and_then(field_value) else { return error };
    let mut response = error.error_response();
    response.headers_mut().append(SET_COOKIE, cookie);
    vary_by_cookie(response.headers_mut());
    keep_from_shared_caches(response.headers_mut());
    InternalError::from_response(error, response).into()
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
