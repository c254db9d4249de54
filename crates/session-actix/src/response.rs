//! What a session adds to a response, and the responses that report its failures.

use actix_web::body::EitherBody;
use actix_web::dev::ServiceResponse;
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError as _};
use session_core::actix::{ReportsError, report};
use session_core::{Commit, Error, NotSignedIn};
use std::rc::Rc;

/// Makes the response that reports an error, but for its status and the fields that go with it.
pub(crate) type ErrorPage = Rc<dyn Fn(&Error) -> HttpResponse>;

/// Whether another session middleware is around this one, whose failure would replace the response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nesting {
    Outermost,
    Within,
}

impl Nesting {
    pub(crate) fn of(is_within: bool) -> Self {
        if is_within { Self::Within } else { Self::Outermost }
    }
}

/// What the middlewares have said that have stored their sessions already: whatever becomes of the
/// response, the browser needs these ids.
#[derive(Clone, Default)]
struct Stored(Vec<Commit>);

/// Whether the handler failed, so that nothing it asked of its session may be stored: a timeout
/// middleware within this one says 408 of a handler that it dropped halfway.
pub(crate) fn is_failed<B>(response: &ServiceResponse<B>) -> bool {
    let status = response.status();
    status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || response.response().extensions().get::<ReportsError>().is_some()
}

/// Adds what `commit` says to the handler's response.
pub(crate) fn apply<B>(
    mut response: ServiceResponse<B>,
    commit: Commit,
    nesting: Nesting,
) -> ServiceResponse<B> {
    let head = response.response_mut();
    commit.apply(head.headers_mut());
    if nesting == Nesting::Within && commit.id_field().is_some() {
        head.extensions_mut().get_or_insert_with(Stored::default).0.push(commit);
    }
    response
}

/// Makes the response that reports `error` in place of the handler's, of which only the ids
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
        stored.0.iter().for_each(|commit| commit.apply(response.headers_mut()));
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

/// Adds the id of a session that `update` stored to what `error` will answer.
pub(crate) fn with_id(error: actix_web::Error, commit: &Commit) -> actix_web::Error {
    if commit.id_field().is_none() {
        return error;
    }
    let mut response = error.error_response();
    commit.apply(response.headers_mut());
    InternalError::from_response(error, response).into()
}
