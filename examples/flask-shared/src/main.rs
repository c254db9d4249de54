//! The axum side of the shared login: the routes of `flask/app.py`, on the same sessions.
//!
//! Where the sessions are, and how their cookies are signed, stands in the environment; `run` sets
//! it for both sides.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;
use std::error::Error;
use std::sync::Arc;
use web_session::{Flash, Result, Session, SessionLayer};

/// The template is the Flask side's as well: both engines read this much of Jinja.
#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    here: &'static str,
    there: &'static str,
    there_url: &'a str,
    flashes: Vec<Flash>,
    user: String,
    seen_flask: u64,
    seen_axum: u64,
}

async fn home(State(flask_url): State<Arc<str>>, session: Session) -> Result<Response> {
    // `update` counts in the store, so that no two pages count as one.
    let seen_axum = session.update("seen_axum", |seen: Option<u64>| seen.unwrap_or(0) + 1).await?;
    let page = Page {
        here: "axum",
        there: "Flask",
        there_url: &flask_url,
        flashes: session.take_flashes()?,
        user: session.owner()?.unwrap_or_default(),
        seen_flask: session.get("seen_flask")?.unwrap_or(0),
        seen_axum,
    };
    Ok(match page.render() {
        Ok(page) => Html(page).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    })
}

#[derive(Deserialize)]
struct SignIn {
    name: String,
}

async fn sign_in(session: Session, Form(form): Form<SignIn>) -> Result<Redirect> {
    // A new owner gets a new id by itself.
    session.set_owner(&form.name)?;
    Ok(Redirect::to("/"))
}

async fn sign_out(session: Session) -> Result<Redirect> {
    session.flush()?;
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
struct Message {
    text: String,
}

async fn message(
    State(flask_url): State<Arc<str>>,
    session: Session,
    Form(form): Form<Message>,
) -> Result<Redirect> {
    session.flash("message", form.text)?;
    Ok(Redirect::to(&flask_url))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt::init();
    let address = std::env::var("AXUM_ADDRESS")?;
    let flask_url: Arc<str> = std::env::var("FLASK_URL")?.into();
    let manager = web_session::manager_from_env().await?;
    let app = Router::new()
        .route("/", get(home))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/message", post(message))
        .layer(SessionLayer::new(manager))
        .with_state(flask_url);
    let listener = tokio::net::TcpListener::bind(address).await?;
    Ok(axum::serve(listener, app).await?)
}
