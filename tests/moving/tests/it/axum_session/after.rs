//! On this library.

use axum::{Router, routing::get};
use std::time::Duration;
use web_session::config::Settings;
use web_session::{Result, Session, SessionLayer};

async fn home(session: Session) -> Result<String> {
    let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    let name = session.owner()?.unwrap_or("nobody".into());
    Ok(format!("{name}, visit {visits}"))
}

async fn login(session: Session) -> Result<String> {
    session.set_owner("ann")?;
    session.set_lifetime(Duration::from_secs(60 * 24 * 60 * 60))?;
    session.insert("note", "tea")?;
    session.insert("other", 1)?;
    Ok(session.handle().map_or_else(String::new, |handle| handle.to_string()))
}

async fn note(session: Session) -> Result<String> {
    session.forget("other")?;
    Ok(session.remove("note")?.unwrap_or("no note".into()))
}

async fn empty(session: Session) -> Result<String> {
    let note = session.get("note")?.unwrap_or("no note".into());
    session.clear()?;
    Ok(note)
}

async fn logout(session: Session) -> Result<()> {
    session.flush()
}

/// A new id without a login.
async fn raise(session: Session) -> Result<()> {
    session.regenerate()
}

pub(super) async fn app() -> Router {
    let settings: Settings =
        [("SESSION_TYPE", "memory"), ("PERMANENT_SESSION_LIFETIME", "21600")].into_iter().collect();
    let manager = web_session::manager(&settings).await.unwrap();
    Router::new()
        .route("/", get(home))
        .route("/login", get(login))
        .route("/note", get(note))
        .route("/empty", get(empty))
        .route("/logout", get(logout))
        .route("/raise", get(raise))
        .layer(SessionLayer::new(manager))
}
