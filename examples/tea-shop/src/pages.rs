//! What pages have in common, and the two that belong to nothing else.

use crate::accounts::Person;
use crate::catalogue::{TEAS, Tea};
use crate::problems;
use crate::sessions::CART;
use crate::{Site, problems::Problem};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use std::io;
use web_session::{Flash, Session};

/// What a handler answers.
pub(crate) type Answer = Result<Response, PageError>;

/// What the frame around every page shows.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) person: Option<Person>,
    pub(crate) cart_count: u32,
    pub(crate) flashes: Vec<Flash>,
}

impl Page {
    /// Reads it from the session, and takes the messages out: call it when a page will be shown.
    pub(crate) fn open(session: &Session, site: &Site) -> web_session::Result<Self> {
        Ok(Self {
            person: session.owner()?.and_then(|id| site.accounts.person(&id)),
            cart_count: session.get(CART)?.unwrap_or_default().count(),
            flashes: session.take_flashes()?,
        })
    }
}

/// Answers with a page.
pub(crate) fn show(page: &impl Template) -> Answer {
    Ok(Html(page.render()?).into_response())
}

/// Sends the browser on to another page, so that reloading that one sends no form again.
pub(crate) fn see_other(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// What can go wrong in a handler.
#[derive(Debug)]
pub(crate) enum PageError {
    /// The session layer makes the page for it.
    Session(web_session::Error),
    Render(askama::Error),
    Accounts(io::Error),
}

impl From<web_session::Error> for PageError {
    fn from(error: web_session::Error) -> Self {
        Self::Session(error)
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::Render(error)
    }
}

impl From<io::Error> for PageError {
    fn from(error: io::Error) -> Self {
        Self::Accounts(error)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::Session(error) => return error.into_response(),
            Self::Render(error) => tracing::error!(%error, "render a page"),
            Self::Accounts(error) => tracing::error!(%error, "look an account up"),
        }
        (StatusCode::INTERNAL_SERVER_ERROR, Problem::page(&problems::BROKEN)).into_response()
    }
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    page: Page,
    teas: &'static [Tea],
}

pub(crate) async fn home(State(site): State<Site>, session: Session) -> Answer {
    show(&HomePage { page: Page::open(&session, &site)?, teas: &TEAS })
}

pub(crate) async fn style() -> impl IntoResponse {
    asset("text/css; charset=utf-8", include_str!("../assets/style.css"))
}

pub(crate) async fn icon() -> impl IntoResponse {
    asset("image/svg+xml", include_str!("../assets/favicon.svg"))
}

fn asset(content_type: &'static str, content: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "public, max-age=300")], content)
}
