//! A counter with a login and messages on tower-sessions, axum-login and axum-messages, then on
//! this library.

mod after;
mod before;
mod login;
mod settings;

use crate::browser::Browser;
use axum::Router;
use session_tower_sessions::TowerSessionsStore;
use tower_sessions::MemoryStore;
use web_session::SessionManager;
use web_session::config::Settings;

/// What all answer.
async fn counts(app: Router) {
    let mut ann = Browser::default();
    assert_eq!(ann.get(&app, "/").await, "visit 1");
    assert_eq!(ann.get(&app, "/").await, "visit 2");
    let before = ann.cookies();
    ann.get(&app, "/raise").await;
    assert_ne!(ann.cookies(), before, "a new id");
    assert_eq!(ann.get(&app, "/").await, "visit 3");
    assert_eq!(ann.get(&app, "/note").await, "no note");
    ann.get(&app, "/take").await;
    assert_eq!(ann.get(&app, "/note").await, "tea");
    assert_eq!(ann.get(&app, "/note").await, "no note");
    ann.get(&app, "/empty").await;
    assert_eq!(ann.get(&app, "/").await, "visit 1");
    ann.get(&app, "/end").await;
    assert_eq!(ann.get(&app, "/").await, "visit 1");
}

/// What those with a login answer.
async fn logs_in(app: Router) {
    let mut ann = Browser::default();
    let sent = ann.get(&app, "/account").await;
    assert_eq!(sent.replace("%2F", "/"), "to /login?next=/account");
    ann.get(&app, "/login?name=ann").await;
    assert_eq!(ann.get(&app, "/account").await, "ann [Welcome, ann]");
    assert_eq!(ann.get(&app, "/account").await, "ann []");
    ann.get(&app, "/logout").await;
    assert_eq!(ann.get(&app, "/account").await, sent);
}

async fn manager() -> SessionManager {
    let settings = [("SESSION_TYPE", "memory"), ("SESSION_COOKIE_NAME", "id")];
    let settings: Settings = settings.into_iter().chain([("SESSION_ID_LENGTH", "16")]).collect();
    web_session::manager(&settings).await.unwrap()
}

/// The first step of the page.
async fn our_store() -> TowerSessionsStore {
    TowerSessionsStore::new(manager().await)
}

#[tokio::test]
async fn before() {
    counts(before::on_0_15::app(MemoryStore::default())).await;
}

#[tokio::test]
async fn with_our_store() {
    counts(before::on_0_15::app(our_store().await)).await;
    counts(before::on_0_14::app(our_store().await)).await;
}

#[tokio::test]
async fn after() {
    counts(after::app(manager().await)).await;
}

#[tokio::test]
async fn login_before() {
    logs_in(login::app(our_store().await)).await;
}

#[tokio::test]
async fn login_after() {
    logs_in(after::app(manager().await)).await;
}

/// Both layers on one store, one release after the other.
#[tokio::test]
async fn a_session_goes_on_when_the_layer_changes() {
    let manager = manager().await;
    let mut ann = Browser::default();
    let before = before::on_0_15::app(TowerSessionsStore::new(manager.clone()));
    assert_eq!(ann.get(&before, "/").await, "visit 1");
    assert_eq!(ann.get(&after::app(manager), "/").await, "visit 2");
    assert_eq!(ann.get(&before, "/").await, "visit 3");
}
