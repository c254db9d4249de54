//! Pages for what went wrong. They read no session: it may be what is missing.

use askama::Template;
use axum::http::{Method, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use web_session::{Error, ErrorKind};

/// A page that says what happened, and what to do about it.
#[derive(Template)]
#[template(path = "problem.html")]
pub(crate) struct Problem {
    title: &'static str,
    text: &'static str,
    next: Next,
}

/// Where the button of the page leads.
struct Next {
    href: &'static str,
    label: &'static str,
}

const HOME: Next = Next { href: "/", label: "Back to the teas" };
/// The same address; what a form had sent is not sent again.
const AGAIN: Next = Next { href: "", label: "Try again" };

/// A form came from somewhere else.
pub(crate) const FOREIGN_FORM: Problem = Problem {
    title: "That did not come from us",
    text: "Another site seems to have sent this form in your name, so we did nothing. If it was \
           you, open the page here and send it again.",
    next: HOME,
};

/// A handler failed.
pub(crate) const BROKEN: Problem = Problem {
    title: "Something broke",
    text: "It is our fault, and it is in our log. Please try again later.",
    next: HOME,
};

const NOT_FOUND: Problem =
    Problem { title: "There is no such page", text: "The address may be mistyped.", next: HOME };

const CONFLICT: Problem = Problem {
    title: "That page was out of date",
    text: "Something changed in another window while you were here, so we did nothing. Look at \
           the page again, and decide anew.",
    next: HOME,
};

const GONE: Problem = Problem {
    title: "You signed out elsewhere",
    text: "This session ended, or you signed in anew, in another window while this page was \
           working. We did nothing.",
    next: HOME,
};

const UNAVAILABLE: Problem = Problem {
    title: "One moment, please",
    text: "We cannot look up your session right now. You are still signed in, and your cart is \
           safe. Please try again in a few seconds.",
    next: AGAIN,
};

const UNKNOWN: Problem = Problem {
    title: "We did not hear back",
    text: "Your change was sent to our store, and the answer was lost on the way. Please look \
           whether it was made before you make it again.",
    next: HOME,
};

impl Problem {
    /// The page, without its status.
    pub(crate) fn page(&self) -> Html<String> {
        Html(self.render().unwrap_or_else(|_| self.title.to_owned()))
    }
}

/// The bodies of the session layer's error responses; it adds the status and `Retry-After`.
pub(crate) fn session_error(error: &Error) -> Response {
    let problem = match error.kind() {
        ErrorKind::Conflict => CONFLICT,
        ErrorKind::Gone => GONE,
        ErrorKind::Unavailable | ErrorKind::Timeout => UNAVAILABLE,
        ErrorKind::Unknown => UNKNOWN,
        _ => BROKEN,
    };
    problem.page().into_response()
}

/// The address of a form was opened as a page, by "back" or "try again".
pub(crate) async fn no_such_method(method: Method) -> Response {
    match method {
        Method::GET => Redirect::to("/").into_response(),
        _ => (StatusCode::METHOD_NOT_ALLOWED, NOT_FOUND.page()).into_response(),
    }
}

pub(crate) async fn not_found() -> impl IntoResponse {
    (StatusCode::NOT_FOUND, NOT_FOUND.page())
}
