//! What a request gives up, and what it says of itself before.

use http::HeaderMap;
use http::header::COOKIE;
use session_core::{Config, Exchange, MemoryStore, Session, SessionManager};
use std::sync::Arc;

/// An exchange of a session with a visit, and the cookie that opens it.
async fn visited() -> (SessionManager, Arc<MemoryStore>, HeaderMap) {
    let store = Arc::new(MemoryStore::new());
    let manager = SessionManager::new(store.clone(), Config::default(), None).unwrap();
    let created = manager.create();
    created.insert("visits", 1).unwrap();
    let cookie = created.commit().await.unwrap().id_field().unwrap().to_owned();
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, cookie.split(';').next().unwrap().parse().unwrap());
    (manager, store, headers)
}

async fn open(manager: &SessionManager, headers: &HeaderMap) -> (Exchange, Session) {
    let exchange = manager.open();
    let session = exchange.session_of(headers).await.unwrap();
    (exchange, session)
}

#[tokio::test]
async fn request_that_abandons_its_session_stores_nothing_but_its_updates() {
    let (manager, _, headers) = visited().await;
    for end in [false, true] {
        let (exchange, session) = open(&manager, &headers).await;
        session.insert("draft", 1).unwrap();
        session.update("tries", |tries: Option<u64>| tries.unwrap_or(0) + 1).await.unwrap();
        if end {
            session.flush().unwrap();
        }
        session.abandon().unwrap();
        session.insert("later", 1).unwrap();
        assert!(session.is_accessed() && !session.is_modified());
        assert_eq!(exchange.commit().await.unwrap().id_field(), None);
    }
    let (_, session) = open(&manager, &headers).await;
    assert_eq!(session.keys().unwrap(), ["visits", "tries"]);
    assert_eq!(session.get("tries").unwrap(), Some(2));
}

#[tokio::test]
async fn session_that_update_created_keeps_its_cookie_when_abandoned() {
    let (manager, store, _) = visited().await;
    let (exchange, session) = open(&manager, &HeaderMap::new()).await;
    session.update("tries", |_: Option<u64>| 1).await.unwrap();
    session.abandon().unwrap();
    assert!(exchange.commit().await.unwrap().id_field().is_some());
    assert_eq!(store.len(), 2);
}

#[tokio::test]
async fn reading_what_is_absent_is_reading() {
    let (manager, _, headers) = visited().await;
    for headers in [HeaderMap::new(), headers] {
        let (_, session) = open(&manager, &headers).await;
        assert!(!session.is_accessed());
        assert_eq!(session.get::<u64>("absent").unwrap(), None);
        assert!(session.is_accessed() && !session.is_modified());
    }
}

#[tokio::test]
async fn end_of_a_session_is_a_change_of_it() {
    let (manager, store, headers) = visited().await;
    let (_, session) = open(&manager, &headers).await;
    session.flush().unwrap();
    assert!(session.is_modified() && session.is_accessed());
    // Of several cookies none is believed, and all end.
    let second = manager.create();
    second.insert("visits", 2).unwrap();
    let second = second.commit().await.unwrap().id_field().unwrap().to_owned();
    let mut both = headers.clone();
    both.append(COOKIE, second.split(';').next().unwrap().parse().unwrap());
    let (exchange, session) = open(&manager, &both).await;
    assert!(!session.is_modified());
    session.flush().unwrap();
    assert!(session.is_modified() && session.is_accessed());
    exchange.commit().await.unwrap();
    assert!(store.is_empty());
    // Without a record there is nothing that ends.
    let (_, session) = open(&manager, &HeaderMap::new()).await;
    session.flush().unwrap();
    assert!(session.is_accessed() && !session.is_modified());
}
