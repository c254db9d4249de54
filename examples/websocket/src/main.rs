//! A chat over a WebSocket that knows the session, and ends with it.
//!
//! ```text
//! cargo run -p websocket                            in memory
//! SESSION_TYPE=filesystem cargo run -p websocket    in ./flask_session, across restarts
//! ```
//!
//! Open <http://localhost:3000> in two tabs. A new name in one is seen in the other; a logout in one
//! closes the socket of the other.

mod chat;
#[cfg(test)]
mod tests;

use axum::extract::{Form, Request};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, ORIGIN, UPGRADE};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Router, routing::get, routing::post};
use chat::{NAME, chat};
use serde::Deserialize;
use std::sync::Arc;
use web_session::{
    Config, MemoryStore, Result, Session, SessionLayer, SessionManager, SignedIn, Signer,
};

/// Where browsers reach this program. Behind a proxy it is the proxy's, as `https://chat.example`.
const OURS: &str = "http://localhost:3000";

/// Refuses what another site sends in the visitor's name. Browsers let every site open a WebSocket
/// to every other, so that counts as well.
async fn from_our_pages(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let changes_something = !request.method().is_safe() || headers.contains_key(UPGRADE);
    let is_ours = match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin" || site == "none",
        None => headers.get(ORIGIN).is_some_and(|origin| origin == OURS),
    };
    if changes_something && !is_ours {
        return (StatusCode::FORBIDDEN, "That came from another site.").into_response();
    }
    next.run(request).await
}

async fn page(signed_in: Option<SignedIn>) -> impl IntoResponse {
    let page = match signed_in {
        Some(_) => include_str!("chat.html"),
        None => {
            "<!doctype html><title>Log in</title>
             <form method=post action=/login>
             <input name=name placeholder=Ann required>
             <input name=password type=password placeholder='open sesame' required>
             <button>Log in</button></form>"
        }
    };
    ([(CONTENT_SECURITY_POLICY, "default-src 'self'")], Html(page))
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript")], include_str!("chat.js"))
}

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

async fn login(session: Session, Form(login): Form<Login>) -> Result<Response> {
    // Stands for a look into your table of users, where passwords are hashed.
    if login.password != "open sesame" {
        return Ok((StatusCode::UNAUTHORIZED, "Wrong name or password.").into_response());
    }
    session.set_owner(&login.name)?;
    session.insert(NAME, &login.name)?;
    Ok(Redirect::to("/").into_response())
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

async fn rename(SignedIn { session, .. }: SignedIn, Form(form): Form<Name>) -> Result<Redirect> {
    session.insert(NAME, &form.name)?;
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Result<Redirect> {
    session.flush()?;
    Ok(Redirect::to("/"))
}

fn app(manager: SessionManager) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/chat", get(chat))
        .route("/login", post(login))
        .route("/name", post(rename))
        .route("/logout", post(logout))
        .layer(SessionLayer::new(manager))
        .route("/chat.js", get(script))
        .layer(from_fn(from_our_pages))
}

/// As the environment says, or hardened and in memory, signed with a key of this run.
async fn sessions() -> Result<SessionManager> {
    if std::env::var_os("SESSION_TYPE").is_some() {
        return web_session::manager_from_env().await;
    }
    let key: [u8; 32] = rand::random();
    let config = Config::hardened().build()?;
    SessionManager::new(Arc::new(MemoryStore::new()), config, Some(Signer::new(key)?))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let app = app(sessions().await?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    eprintln!("{OURS} is a chat");
    Ok(axum::serve(listener, app).await?)
}
