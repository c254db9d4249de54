//! Handles that outlive their request, and responses that outlive their handler.

use crate::support::app::App;
use crate::support::gate::GatedStore;
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use http::Request;
use http::header::SET_COOKIE;
use http_body_util::BodyExt as _;
use session_core::{Config, ErrorKind, MemoryStore, Session, SessionManager, Store};
use session_testkit::{Fault, FaultyStore, Method};
use session_tower::SessionLayer;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;

/// A handle whose request is over, what opens its session, and where it is stored.
async fn committed(config: Config) -> (Session, Vec<u8>, SessionManager, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new());
    let manager = SessionManager::new(store.clone(), config, None).unwrap();
    let session = manager.create();
    session.insert("n", 1).unwrap();
    let cookie = session.commit().await.unwrap().id_field().unwrap().to_owned();
    (session.clone(), cookie.split(';').next().unwrap().into(), manager, store)
}

#[tokio::test]
async fn handle_is_closed_once_the_response_is_committed() {
    let (session, ..) = committed(Config::default()).await;
    let kinds = [
        session.get::<u64>("n").unwrap_err().kind(),
        session.insert("n", 2).unwrap_err().kind(),
        session.overwrite("n", 2).unwrap_err().kind(),
        session.remove::<u64>("n").unwrap_err().kind(),
        session.clear().unwrap_err().kind(),
        session.flush().unwrap_err().kind(),
        session.regenerate().unwrap_err().kind(),
        session.set_permanent(true).unwrap_err().kind(),
        session.set_owner("ann").unwrap_err().kind(),
        session.flash("info", "late").unwrap_err().kind(),
        session.take_flashes().unwrap_err().kind(),
        session.ttl().unwrap_err().kind(),
        session.update("n", |_: Option<u64>| 2).await.unwrap_err().kind(),
    ];
    assert_eq!(kinds, [ErrorKind::Closed; 13]);
    assert!(!session.is_new() && !session.is_modified() && !session.is_accessed());
}

#[tokio::test]
async fn reopened_handle_writes_what_others_see() {
    let (session, cookie, manager, _) = committed(Config::default()).await;
    let reopened = session.reopen().await.unwrap();
    assert_eq!(reopened.get::<u64>("n").unwrap(), Some(1));
    reopened.insert("n", 2).unwrap();
    assert_eq!(reopened.commit().await.unwrap().id_field(), None);
    let reopened = reopened.reopen().await.unwrap();
    let n = reopened.update("n", |n: Option<u64>| n.unwrap_or(0) + 1).await;
    assert_eq!(n.unwrap(), 3);
    let seen = manager.open().session([&cookie[..]]).await.unwrap().get::<u64>("n").unwrap();
    assert_eq!(seen, Some(3));
}

#[tokio::test]
async fn reopened_handle_cannot_get_a_new_id() {
    let (session, _, _, store) = committed(Config::default()).await;
    for act in [
        |s: &Session| s.regenerate(),
        |s: &Session| s.set_owner("ann"),
        |s: &Session| s.flush().and_then(|()| s.insert("late", 1)),
    ] {
        let reopened = session.reopen().await.unwrap();
        act(&reopened).unwrap();
        assert_eq!(reopened.commit().await.unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(store.len(), 1);
    }
    let reopened = session.reopen().await.unwrap();
    reopened.flush().unwrap();
    reopened.commit().await.unwrap();
    assert_eq!(store.len(), 0);
    assert_eq!(session.reopen().await.unwrap_err().kind(), ErrorKind::Gone);
}

#[tokio::test]
async fn handle_of_a_discarded_request_is_reopened() {
    let (_, cookie, manager, _) = committed(Config::default()).await;
    let exchange = manager.open();
    let session = exchange.session([&cookie[..]]).await.unwrap();
    session.insert("n", 2).unwrap();
    assert_eq!(exchange.discard().id_field(), None);
    let reopened = session.reopen().await.unwrap();
    assert_eq!(reopened.get::<u64>("n").unwrap(), Some(1));
}

#[tokio::test]
async fn handle_of_an_ended_session_is_not_reopened() {
    let (session, cookie, manager, _) = committed(Config::default()).await;
    let exchange = manager.open();
    exchange.session([&cookie[..]]).await.unwrap().flush().unwrap();
    exchange.commit().await.unwrap();
    assert_eq!(session.reopen().await.unwrap_err().kind(), ErrorKind::Gone);
    let never_stored = manager.create();
    never_stored.commit().await.unwrap();
    assert_eq!(never_stored.reopen().await.unwrap_err().kind(), ErrorKind::Gone);
}

#[tokio::test]
async fn second_commit_says_that_it_stores_nothing() {
    let (session, _, manager, _) = committed(Config::default()).await;
    let reopened = session.reopen().await.unwrap();
    reopened.insert("n", 2).unwrap();
    reopened.commit().await.unwrap();
    for _ in 0..2 {
        assert_eq!(reopened.insert("n", 3).unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(reopened.commit().await.unwrap_err().kind(), ErrorKind::Closed);
    }
    let exchange = manager.open();
    exchange.discard();
    assert_eq!(exchange.commit().await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn handle_is_reopened_whatever_became_of_its_commit() {
    let (_, cookie, manager, memory) = committed(Config::default()).await;
    let faulty = Arc::new(FaultyStore::new(memory));
    let store = Arc::new(GatedStore::new(faulty.clone()));
    let same = SessionManager::new(store.clone(), manager.config().clone(), None).unwrap();
    for fails in [false, true] {
        let exchange = same.open();
        let session = exchange.session([&cookie[..]]).await.unwrap();
        session.insert("n", 2 + u8::from(fails)).unwrap();
        if fails {
            faulty.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
        }
        store.hold_writes();
        let commit = tokio::spawn(exchange.commit());
        store.gate.arrived(1).await;
        session.reopen().await.unwrap();
        store.let_go();
        assert_eq!(commit.await.unwrap().is_err(), fails);
        if fails {
            assert_eq!(exchange.commit().await.unwrap_err().kind(), ErrorKind::Closed);
            exchange.discard();
        }
        let reopened = session.reopen().await.unwrap();
        assert_eq!(reopened.get::<u8>("n").unwrap(), Some(2));
    }
}

/// A record that a long connection renewed would hide that the browser's cookie is about to end.
#[tokio::test(start_paused = true)]
async fn long_connection_leaves_the_renewal_to_requests() {
    let hour = Duration::from_secs(3600);
    let config = Config::builder().lifetime(hour).build().unwrap();
    let (session, cookie, manager, _) = committed(config).await;
    let connection = session.reopen().await.unwrap();
    for minute in 1..=59 {
        tokio::time::advance(Duration::from_secs(60)).await;
        connection.update("n", |n: Option<u64>| n.unwrap_or(0) + 1).await.unwrap();
        let left = connection.ttl().unwrap().unwrap();
        assert_eq!(left.as_secs().div_ceil(60), 60 - minute, "writes keep the record's end");
    }
    let request = manager.open();
    request.session([&cookie[..]]).await.unwrap();
    assert!(
        request.commit().await.unwrap().id_field().unwrap().to_owned().contains("Max-Age=3600")
    );
}

/// Without an end of its own the cookie cannot die first.
#[tokio::test(start_paused = true)]
async fn long_connection_keeps_a_browser_session_alive() {
    let hour = Duration::from_secs(3600);
    let config = Config::builder().lifetime(hour).permanent(false).build().unwrap();
    let (session, ..) = committed(config).await;
    let connection = session.reopen().await.unwrap();
    for _ in 0..24 * 2 {
        tokio::time::advance(hour / 2).await;
        connection.update("n", |n: Option<u64>| n.unwrap_or(0) + 1).await.unwrap();
    }
    assert_eq!(connection.get::<u64>("n").unwrap(), Some(49));
}

#[tokio::test]
async fn head_of_a_streamed_body_waits_for_the_commit() {
    let store = Arc::new(GatedStore::new(Arc::new(MemoryStore::new())));
    let inner: Arc<dyn Store> = store.clone();
    let manager = SessionManager::new(inner, Config::default(), None).unwrap();
    let (parts, body) = tokio::sync::mpsc::unbounded_channel::<Bytes>();
    let body = Arc::new(std::sync::Mutex::new(Some(body)));
    let app: Router = Router::new()
        .route(
            "/",
            get(move |session: Session| {
                let mut body = body.lock().unwrap().take().unwrap();
                async move {
                    session.insert("n", 1).unwrap();
                    let frames = futures_util::stream::poll_fn(move |cx| {
                        body.poll_recv(cx).map(|frame| frame.map(Ok::<_, std::io::Error>))
                    });
                    Body::from_stream(frames)
                }
            }),
        )
        .layer(SessionLayer::new(manager));
    store.hold_writes();
    let request = Request::get("/").body(Body::empty()).unwrap();
    let response = tokio::spawn(app.oneshot(request));
    store.gate.arrived(1).await;
    parts.send(Bytes::from("first")).unwrap();
    tokio::task::yield_now().await;
    assert!(!response.is_finished(), "the head left before the session was stored");
    store.let_go();
    let response = response.await.unwrap().unwrap();
    assert!(response.headers().contains_key(SET_COOKIE));
    // The body is passed on frame by frame, not gathered.
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "first");
    drop(parts);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn writing_reserved_keys_is_refused() {
    let app = App::new(Arc::new(MemoryStore::new()));
    let session = app.manager.create();
    for key in ["_permanent", "_created", "_lifetime", "_end", "_flashes"] {
        let refused = session.insert(key, 1).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unsupported);
        assert!(refused.to_string().contains(key));
        assert_eq!(session.remove::<u8>(key).unwrap_err().kind(), ErrorKind::Unsupported);
        let update = session.update(key, |_: Option<u8>| 1).await;
        assert_eq!(update.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    let update = session.update("_user_id", |_: Option<u8>| 1).await;
    assert_eq!(update.unwrap_err().kind(), ErrorKind::Unsupported);
}
