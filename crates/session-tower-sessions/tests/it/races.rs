//! Requests of one session at once, through the layer of tower-sessions 0.15.

use crate::browser::Browser;
use crate::stores::{Place, memory, redis};
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use session_core::Store;
use session_tower_sessions::TowerSessionsStore;
use std::sync::Arc;
use tokio::sync::Barrier;
use tower_sessions::{Session, SessionManagerLayer};

/// `/set/KEY` sets a key; `/late/KEY` reads its session first and waits twice for the test.
fn app(store: Arc<dyn Store>, barrier: &Arc<Barrier>) -> Router {
    let barrier = barrier.clone();
    let late = async move |Path(key): Path<String>, session: Session| {
        session.get::<bool>("any").await.unwrap();
        barrier.wait().await;
        barrier.wait().await;
        session.insert(&key, true).await.unwrap();
    };
    let set = async |Path(key): Path<String>, session: Session| {
        session.insert(&key, true).await.unwrap();
    };
    let keys = async |session: Session| {
        let a = session.get::<bool>("a").await.unwrap().is_some();
        let b = session.get::<bool>("b").await.unwrap().is_some();
        format!("{a} {b}")
    };
    let end = async |session: Session| session.flush().await.unwrap();
    let store = TowerSessionsStore::new(Place::new(store).manager(|c| c));
    Router::new()
        .route("/set/{key}", get(set))
        .route("/late/{key}", get(late))
        .route("/keys", get(keys))
        .route("/end", get(end))
        .layer(SessionManagerLayer::new(store))
}

/// Starts `/late/b` of a session that has been opened, answers `path` meanwhile, then lets it end.
async fn meanwhile(store: Arc<dyn Store>, path: &str) -> (StatusCode, Browser) {
    let barrier = Arc::new(Barrier::new(2));
    let mut browser = Browser::new(&app(store, &barrier));
    browser.get("/set/any").await;
    let mut slow = browser.clone();
    let request = tokio::spawn(async move { slow.ask("/late/b").await.0 });
    barrier.wait().await;
    let witness = browser.clone();
    browser.get(path).await;
    barrier.wait().await;
    (request.await.unwrap(), witness)
}

#[tokio::test]
async fn session_does_not_come_back_after_logout() {
    for store in [memory(), redis().await] {
        let (status, mut witness) = meanwhile(store, "/end").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(witness.get("/keys").await, "false false");
    }
}

/// The trait hands over whole sessions, so the second one replaces the first.
#[tokio::test]
async fn of_two_writers_of_different_keys_the_second_survives() {
    for store in [memory(), redis().await] {
        let (status, mut witness) = meanwhile(store, "/set/a").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(witness.get("/keys").await, "false true");
    }
}
