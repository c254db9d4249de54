//! What a session adds to a response, and what remains of one whose session is not stored.

use rocket::http::Status;
use rocket::{Request, Response};
use session_core::rocket as core;
use session_core::{Commit, Error};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether the handler failed, so that nothing it asked of its session may be stored: 408 says that
/// it was dropped halfway, and the page of an error may be a redirect of a catcher.
pub(crate) fn is_failed(request: &Request<'_>, response: &Response<'_>) -> bool {
    let status = response.status();
    status.code >= 500 || status == Status::RequestTimeout || core::reports_error(request)
}

/// Adds what `commit` says.
pub(crate) fn apply(request: &Request<'_>, response: &mut Response<'_>, commit: Commit) {
    commit.apply(response);
    if commit.id_field().is_some() {
        Stored::of(request).push(commit);
    }
}

/// What the fairings have said that have stored their sessions already: whatever becomes of the
/// response, the browser needs these ids.
struct Stored(Mutex<Vec<Commit>>);

impl Stored {
    fn of<'a>(request: &'a Request<'_>) -> MutexGuard<'a, Vec<Commit>> {
        let stored = request.local_cache(|| Self(Mutex::default()));
        stored.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What only the handler's answer had. All other fields stay: those of fairings that came before
/// are among them, as Shield's policies and what lets scripts of other origins read the answer.
const HANDLERS: [&str; 13] = [
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "ETag",
    "Last-Modified",
    "Location",
    "Set-Cookie",
    "Transfer-Encoding",
];

/// Puts the page that reports `error` in the place of the handler's answer.
pub(crate) async fn replace<'r>(
    request: &'r Request<'_>,
    response: &mut Response<'r>,
    error: &Error,
) {
    let page = core::page_of(request, error).await;
    let of_page: Vec<String> =
        page.headers().iter().map(|field| field.name().to_string()).collect();
    let handlers = mem::replace(response, page);
    for field in handlers.headers().iter() {
        let (name, value) = (field.name(), field.value());
        let is_known = HANDLERS.iter().any(|other| name == *other);
        if !is_known && !of_page.iter().any(|other| name == other.as_str()) {
            response.adjoin_raw_header(name.to_string(), value.to_owned());
        }
    }
    core::mark_failed(response, error);
    Stored::of(request).iter().for_each(|commit| commit.apply(response));
}
