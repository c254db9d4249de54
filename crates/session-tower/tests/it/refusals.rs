//! What is not stored: of a handler that fails, over a record that is broken, beyond a limit.

use crate::support::bench::Bench;
use crate::support::{Browser, request};
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse as _;
use axum::routing::get;
use http::StatusCode;
use http::header::LOCATION;
use session_core::{
    Bytes, Config, Lease, MemoryStore, Precondition, Session, SessionManager, Store, StoreKey,
    Undecodable,
};
use session_tower::SessionLayer;
use std::sync::Arc;
use std::time::Duration;

/// Puts a record of these bytes in the place of the session's.
async fn replace(bench: &Bench, browser: &Browser, payload: &'static [u8]) {
    let key = StoreKey::new("session:", browser.id());
    let old = bench.memory.load(&key).await.unwrap().unwrap();
    let lease = Lease { ttl: old.ttl, owner: None };
    let when = Precondition::Unchanged(&old);
    let _ = bench.memory.write(&key, Bytes::from(payload), &lease, when).await.unwrap();
}

#[tokio::test]
async fn handler_that_fails_stores_nothing_and_keeps_the_old_id() {
    for end in ["status:500", "status:503", "status:408", "panic"] {
        let bench = Bench::new();
        let browser = bench.app.visit("/set:a=1").await;
        for begin in ["regenerate/set:a=2", "login:ann", "flush", "clear", "flush/set:b=1"] {
            let answer = bench.app.start(&browser, &format!("/{begin}/{end}")).await;
            assert_eq!(answer.is_err(), end == "panic");
            if let Ok(answer) = answer {
                assert!(end.ends_with(answer.status.as_str()), "{end}: {}", answer.status);
                assert_eq!(answer.set_cookies(), [""; 0]);
            }
            assert_eq!(bench.app.dump(&browser).await, "a=1", "{begin} {end}");
        }
    }
}

#[tokio::test]
async fn handler_that_a_timeout_layer_drops_halfway_stores_nothing() {
    let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None);
    let slow = get(|session: Session| async move {
        session.insert("first", 1)?;
        std::future::pending::<()>().await;
        session.insert("second", 2)
    });
    let app = Router::new()
        .route("/slow", slow)
        .layer(from_fn(async |request: Request, next: Next| {
            let answered = tokio::time::timeout(Duration::from_millis(1), next.run(request)).await;
            answered.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
        }))
        .layer(SessionLayer::new(manager.unwrap()));
    let answer = request(&app, "/slow", &[]).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(answer.set_cookies(), [""; 0]);
    assert_eq!(answer.field("vary").as_deref(), Some("Cookie"));
}

#[tokio::test]
async fn handler_that_returns_an_error_in_a_redirect_stores_nothing() {
    let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None);
    let broken = get(|session: Session| async move {
        let read = session.insert("a", "text").and_then(|()| session.get::<u64>("a"));
        read.map(drop).map_err(|error| (StatusCode::SEE_OTHER, [(LOCATION, "/")], error))
    });
    let app = Router::new().route("/", broken).layer(SessionLayer::new(manager.unwrap()));
    let answer = request(&app, "/", &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.field("location").as_deref(), Some("/"));
    assert_eq!(answer.set_cookies(), [""; 0]);
}

#[tokio::test]
async fn undecodable_record_is_left_alone_but_by_a_logout() {
    let bench = Bench::new();
    let browser = bench.app.visit("/set:a=1").await;
    replace(&bench, &browser, b"\xc1 no session").await;
    for path in ["/get:a", "/optional", "/new"] {
        let answer = bench.get(&mut browser.clone(), path).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.set_cookies(), [""; 0]);
        assert!(["none", "true"].contains(&answer.body.as_str()), "{path}");
    }
    let mut writer = browser.clone();
    assert_eq!(writer.ok(&bench.app.router, "/get:a/set:b=1").await, "none");
    assert_ne!(writer.cookie, browser.cookie);
    assert_eq!(bench.memory.len(), 2);
    let answer = bench.get(&mut browser.clone(), "/flush").await;
    assert!(answer.set_cookie().contains("Max-Age=0"));
    assert_eq!(bench.memory.len(), 1);
}

#[tokio::test]
async fn undecodable_record_is_an_error_if_configured() {
    let config = Config::builder().undecodable(Undecodable::Error).build().unwrap();
    let bench = Bench::with(config);
    let mut browser = bench.app.visit("/set:a=1").await;
    replace(&bench, &browser, b"").await;
    let answer = bench.get(&mut browser, "/get:a").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.set_cookies(), [""; 0]);
    for path in ["/set:a=2", "/modify:n", "/update:n", "/login:ann", "/regenerate", "/take"] {
        let answer = bench.get(&mut browser, path).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
    assert_eq!(bench.memory.len(), 1);
    // Whoever asks for it and does not use it is served.
    assert_eq!(browser.ok(&bench.app.router, "/new").await, "true");
    assert_eq!(browser.ok(&bench.app.router, "/extract").await, "");
    for (path, left) in [("/flush", 0), ("/flush/set:b=1", 1)] {
        let mut leaving = browser.clone();
        assert!(bench.get(&mut leaving, path).await.status.is_success(), "{path}");
        assert_eq!(bench.memory.len(), left, "{path}");
        if left == 0 {
            browser = bench.app.visit("/set:a=1").await;
            replace(&bench, &browser, b"").await;
        } else {
            assert_eq!(bench.app.dump(&leaving).await, "b=1");
        }
    }
}

#[tokio::test]
async fn oversized_session_is_refused_before_any_write() {
    let config = Config::builder().max_payload(1000).build().unwrap();
    for path in
        ["/big:b=1001", "/big:b=990/set:c=12345", "/big:b=990/login:ann", "/flush/big:b=995"]
    {
        let bench = Bench::with(config.clone());
        let mut browser = bench.app.visit("/set:a=1").await;
        bench.counting.take_calls();
        let answer = bench.get(&mut browser, path).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert_eq!(answer.set_cookies(), [""; 0]);
        assert_eq!(bench.counting.take_calls().total(), 1, "{path}");
        assert_eq!(bench.app.dump(&browser).await, "a=1");
    }
}
