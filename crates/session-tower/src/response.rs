//! What a session adds to a response, and the responses that report its failures.

use http::{Response, StatusCode};
use session_core::{Commit, Error, Reported, mark_failed};
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
                let text = http::HeaderValue::from_static("text/plain; charset=utf-8");
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

/// Whether another session layer is around this one, whose failure would replace the response.
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

/// What the layers have said that have stored their sessions already: whatever becomes of the
/// response, the browser needs these ids.
#[derive(Clone, Default)]
struct Stored(Vec<Commit>);

/// Whether the handler failed, so that nothing it asked of its session may be stored: a timeout
/// layer within this one says 408 of a handler that it dropped halfway.
pub(crate) fn is_failed<ResBody>(response: &Response<ResBody>) -> bool {
    let (status, extensions) = (response.status(), response.extensions());
    status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || extensions.get::<Reported>().is_some()
        || status.is_client_error() && extensions.get::<Explained>().is_some()
}

/// Adds what `commit` says to the handler's response.
pub(crate) fn apply<ResBody>(
    mut response: Response<ResBody>,
    commit: Commit,
    nesting: Nesting,
) -> Response<ResBody> {
    commit.apply(response.headers_mut());
    if nesting == Nesting::Within && commit.id_field().is_some() {
        response.extensions_mut().get_or_insert_default::<Stored>().0.push(commit);
    }
    response
}

/// Makes the response that reports `error` in place of the handler's, of which only the ids
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
        stored.0.iter().for_each(|commit| commit.apply(response.headers_mut()));
        response.extensions_mut().insert(stored);
    }
    response
}

/// Makes of an error that a handler or an extractor reports the response that the layer was told
/// to make; who is sent elsewhere sees no page.
pub(crate) fn explain<ResBody>(
    response: Response<ResBody>,
    make: &impl ErrorResponse<ResBody>,
) -> Response<ResBody> {
    let reported = response.extensions().get::<Reported>();
    let reported = reported.filter(|_| !response.status().is_redirection());
    let Some(Reported(error)) = reported else { return response };
    let error = Arc::clone(error);
    failure(response, &error, make)
}
