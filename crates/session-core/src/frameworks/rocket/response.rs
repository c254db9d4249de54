//! The head of a response in Rocket's terms, and who makes the page of a failure.

use super::super::signed_in::NotSignedIn;
use crate::cookie::keep_from_caches;
use crate::error::Error;
use rocket::futures::FutureExt as _;
use rocket::http::{ContentType, Status};
use rocket::response::{self, Responder, Response};
use rocket::{Catcher, Request};
use std::io::Cursor;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Why a request has no session, or not the one that it wants.
pub(super) trait Reason {
    /// The error, where it is one.
    fn error(&self) -> Option<&Error>;

    /// The whole response of it.
    fn response(&self) -> Response<'static>;
}

impl Reason for Error {
    fn error(&self) -> Option<&Error> {
        Some(self)
    }

    fn response(&self) -> Response<'static> {
        let mut response = text(self.kind().advice());
        mark_failed(&mut response, self);
        response
    }
}

impl Reason for NotSignedIn {
    fn error(&self) -> Option<&Error> {
        if let Self::Failed(error) = self { Some(error) } else { None }
    }

    fn response(&self) -> Response<'static> {
        let mut response = text(self.advice());
        response.set_status(Status::new(self.http_status()));
        self.describe(&mut response);
        response
    }
}

fn log(reason: &impl Reason) {
    if let Some(error) = reason.error()
        && error.kind().http_status() == 500
    {
        tracing::error!(error = %error.logged(), "session error in a handler");
    }
}

/// 409, 503 with `Retry-After`, or 500: the page of the application's catcher, or a sentence that
/// says what the visitor can do.
///
/// The session fairing stores nothing of the session then.
impl<'r> Responder<'r, 'static> for Error {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        respond(request, &self)
    }
}

/// See Other or Unauthorized where nobody is signed in, else that of the [`Error`].
impl<'r> Responder<'r, 'static> for NotSignedIn {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        respond(request, &self)
    }
}

fn respond(request: &Request<'_>, reason: &impl Reason) -> response::Result<'static> {
    if reason.error().is_some() {
        report(request);
    }
    log(reason);
    let response = reason.response();
    if response.status() != Status::SeeOther && catcher(request, response.status()).is_some() {
        return Err(leave(request, response));
    }
    Ok(response)
}

/// The page that reports `error` in place of a handler's answer: that of the application's catcher,
/// or a sentence of plain text.
///
/// [`reports_error`] is true from then on; [`mark_failed`] sets the head.
pub async fn page_of<'r>(request: &'r Request<'_>, error: &Error) -> Response<'r> {
    report(request);
    let status = Status::new(error.kind().http_status());
    let made = match catcher(request, status) {
        Some(catcher) => {
            // As Rocket does: one that panics is one that has nothing to say.
            let page = AssertUnwindSafe(catcher.handler.handle(status, request)).catch_unwind();
            page.await.ok().and_then(Result::ok)
        }
        None => None,
    };
    made.unwrap_or_else(|| text(error.kind().advice()))
}

/// The application's own catcher for `status`, as Rocket finds it: that of the longest base, and of
/// those on one base the one for this status alone.
fn catcher<'r>(request: &'r Request<'_>, status: Status) -> Option<&'r Catcher> {
    let path = || request.uri().path().segments();
    let all = request.rocket().catchers();
    all.filter(|catcher| catcher.code.is_none_or(|code| code == status.code))
        .filter(|catcher| catcher.base.path().segments().prefix_of(path()))
        .max_by_key(|catcher| (catcher.base.path().segments().len(), catcher.code.is_some()))
}

/// What a guard that failed would answer, until the fairing adds the head of that to the page of a
/// catcher.
struct Left(Mutex<Option<Response<'static>>>);

impl Left {
    fn of<'a>(request: &'a Request<'_>) -> &'a Mutex<Option<Response<'static>>> {
        &request.local_cache(|| Self(Mutex::new(None))).0
    }
}

/// Says `reason` for a guard, of which a catcher makes the response.
pub(super) fn refuse(request: &Request<'_>, reason: &impl Reason) -> Status {
    log(reason);
    leave(request, reason.response())
}

/// Leaves the head of `response` to the fairing, since a catcher makes the page.
fn leave(request: &Request<'_>, response: Response<'static>) -> Status {
    let status = response.status();
    *Left::of(request).lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
    status
}

/// The fields that only a response of ours has with its status.
const OURS: [&str; 3] = ["Location", "Retry-After", "WWW-Authenticate"];

/// Adds what a guard that failed has to say, if `response` is what a catcher made of that.
///
/// A handler that takes a `Result` or an `Option` of a guard has answered for itself: another
/// status, or the field is there.
pub fn finish(request: &Request<'_>, response: &mut Response<'_>) {
    let left = Left::of(request).lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(left) = left.filter(|left| left.status() == response.status()) else { return };
    let field = OURS.iter().find_map(|name| Some((*name, left.headers().get_one(name)?)));
    if field.is_some_and(|(name, _)| response.headers().contains(name)) {
        return;
    }
    if left.status() == Status::SeeOther {
        response.remove_header("Content-Type");
        response.set_sized_body(0, Cursor::new(""));
    }
    if let Some((name, value)) = field {
        response.set_raw_header(name, value.to_owned());
    }
    keep_from_caches(response);
}

/// Whether the response reports an error of the session, also under a status of the application's.
struct Reports(AtomicBool);

fn reports<'a>(request: &'a Request<'_>) -> &'a AtomicBool {
    &request.local_cache(|| Reports(AtomicBool::new(false))).0
}

fn report(request: &Request<'_>) {
    reports(request).store(true, Ordering::Relaxed);
}

/// Whether a handler has returned an error of the session, or a commit of this request has failed.
///
/// The fairing stores nothing of the session then, whatever the status.
pub fn reports_error(request: &Request<'_>) -> bool {
    reports(request).load(Ordering::Relaxed)
}

fn text(sentence: &'static str) -> Response<'static> {
    let body = Cursor::new(sentence);
    Response::build().header(ContentType::Plain).sized_body(sentence.len(), body).finalize()
}

/// Makes `response` report `error`: its status, and the fields that
/// [go with it](Error::describe). The body stays as it is.
pub fn mark_failed(response: &mut Response<'_>, error: &Error) {
    response.set_status(Status::new(error.kind().http_status()));
    error.describe(response);
}
