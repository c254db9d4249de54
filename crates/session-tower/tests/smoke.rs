//! A session through a whole life.
#![allow(missing_docs)]

mod support;

use axum::{Router, routing::get};
use session_core::{Config, MemoryStore, SessionManager};
use session_tower::{Session, SessionLayer, SessionRejection};
use std::sync::Arc;
use support::Browser;

async fn visits(session: Session) -> Result<String, SessionRejection> {
    let visits = session.get::<u64>("visits")?.unwrap_or(0) + 1;
    session.insert("visits", visits)?;
    Ok(visits.to_string())
}

fn app() -> Router {
    let manager =
        SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None).unwrap();
    Router::new()
        .route("/", get(visits))
        .route(
            "/login",
            get(|s: Session| async move { s.set_owner("ann").map_err(SessionRejection::from) }),
        )
        .route(
            "/logout",
            get(|s: Session| async move { s.flush().map_err(SessionRejection::from) }),
        )
        .route(
            "/update",
            get(|s: Session| async move {
                let n: u64 = s.update("n", |n| n.unwrap_or(0) + 1).await?;
                Ok::<_, SessionRejection>(n.to_string())
            }),
        )
        .route("/plain", get(|| async { "plain" }))
        .layer(SessionLayer::new(manager))
}

#[tokio::test]
async fn a_session_lives_and_ends() {
    let app = app();
    let mut browser = Browser::default();
    let first = browser.get(&app, "/").await;
    println!("{first:?}");
    assert_eq!(first.body, "1");
    assert_eq!(browser.get(&app, "/").await.body, "2");
    let old = browser.cookie.clone();
    println!("{:?}", browser.get(&app, "/login").await);
    assert_ne!(browser.cookie, old);
    assert_eq!(browser.get(&app, "/").await.body, "3");
    assert_eq!(browser.get(&app, "/update").await.body, "1");
    assert_eq!(browser.get(&app, "/update").await.body, "2");
    println!("{:?}", browser.get(&app, "/logout").await);
    assert_eq!(browser.cookie, None);
    assert_eq!(browser.get(&app, "/update").await.body, "1");
    assert_eq!(browser.get(&app, "/update").await.body, "2");
}
