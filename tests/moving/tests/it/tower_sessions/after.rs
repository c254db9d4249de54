//! On this library.

use axum::extract::Query;
use axum::{Router, routing::get};
use serde::Deserialize;
use std::time::Duration;
use time::OffsetDateTime;
use web_session::{Result, Session, SessionLayer, SessionManager, SignedIn, Timestamp, Value};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn home(session: Session) -> Result<String> {
    let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok(format!("visit {visits}"))
}

async fn raise(session: Session) -> Result<()> {
    session.regenerate()
}

async fn take(session: Session) -> Result<()> {
    session.update("note", |_: Option<String>| "tea".into()).await?;
    session.set_lifetime(DAY)?;
    let t = OffsetDateTime::now_utc() + 2 * DAY;
    session.set_end(Timestamp::new(t.unix_timestamp(), 0).unwrap())?;
    assert!(session.ttl()?.is_some_and(|left| left <= 2 * DAY) && session.end()?.is_some());
    assert!(session.is_modified() && session.handle().is_some());
    Ok(())
}

async fn note(session: Session) -> Result<String> {
    let value = session.get::<Value>("note")?;
    let note = session.remove::<String>("note")?;
    assert_eq!(value.is_some(), note.is_some());
    session.forget("note")?;
    Ok(note.unwrap_or("no note".into()))
}

async fn empty(session: Session) -> Result<()> {
    assert!(!session.is_empty()?);
    session.clear()
}

async fn end(session: Session) -> Result<()> {
    session.flush()
}

#[derive(Deserialize)]
struct User {
    name: String,
}

async fn login(session: Session, Query(user): Query<User>) -> Result<()> {
    session.set_owner(&user.name)?;
    session.insert("name", &user.name)?;
    session.flash("success", format!("Welcome, {}", user.name))
}

async fn account(SignedIn { session, .. }: SignedIn) -> Result<String> {
    let name = session.get::<String>("name")?.unwrap_or_default();
    let messages = session.take_flashes()?.into_iter().map(|flash| flash.message);
    Ok(format!("{name} [{}]", messages.collect::<Vec<_>>().join(", ")))
}

async fn logout(session: Session) -> Result<()> {
    session.flush()
}

/// For stores that do not expire by themselves, where no setting says so.
#[expect(dead_code, reason = "the store in memory needs none in a test")]
fn sweep(manager: &SessionManager) -> web_session::Sweeper {
    manager.spawn_sweeper(Duration::from_secs(60))
}

pub(super) fn app(manager: SessionManager) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/raise", get(raise))
        .route("/take", get(take))
        .route("/note", get(note))
        .route("/empty", get(empty))
        .route("/end", get(end))
        .route("/account", get(account))
        .route("/login", get(login))
        .route("/logout", get(logout))
        .layer(SessionLayer::new(manager).with_sign_in_page("/login").unwrap())
}
