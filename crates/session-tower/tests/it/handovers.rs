//! One owner after another in one browser: what the first had, the second never sees.

use crate::support::Browser;
use crate::support::app::App;
use crate::support::ids::made_up;
use crate::support::index::IndexedStore;
use crate::support::owners::indexed;
use http::StatusCode;
use session_core::{Bytes, ErrorKind, Lease, MemoryStore, Precondition, Store, StoreKey};
use std::sync::Arc;
use std::time::Duration;

const ANN: &str = "/login:ann/set:note=anns/flash:anns";

#[tokio::test]
async fn new_owner_begins_with_what_is_written_afterwards() {
    // What the request of ann's session does, and what the session holds then.
    let table = [
        ("/login:bob", "_user_id=bob"),
        ("/login:bob/set:b=1", "_user_id=bob b=1"),
        ("/set:a=1/login:bob/set:b=1", "_user_id=bob b=1"),
        ("/set:_user_id=bob", "_user_id=bob"),
        ("/overwrite:_user_id=bob", "_user_id=bob"),
        ("/set:_user_id=7/take", "_user_id=7"),
        ("/regenerate/login:bob", "_user_id=bob"),
        ("/remove:_user_id/login:bob", "_user_id=bob"),
        ("/clear/login:bob", "_user_id=bob"),
        ("/login:bob/set:b=1/login:carl", "_user_id=carl"),
        ("/login:bob/set:b=1/login:ann", "_user_id=ann"),
        ("/update:n/login:bob", "_user_id=bob"),
    ];
    for (path, left) in table {
        let store = Arc::new(MemoryStore::new());
        let app = App::new(store.clone());
        let mut browser = app.visit(ANN).await;
        let before = browser.clone();
        browser.ok(&app.router, path).await;
        assert_ne!(browser.cookie, before.cookie, "{path}: a new id");
        assert_eq!(app.dump(&browser).await, left, "{path}");
        assert_eq!(browser.ok(&app.router, "/take").await, "", "{path}");
        // What is left of ann's is a trace.
        assert_eq!((store.len(), app.dump(&before).await.as_str()), (2, ""), "{path}: ann's ends");
    }
}

#[tokio::test]
async fn same_owner_and_first_owner_keep_the_data() {
    let app = App::new(Arc::new(MemoryStore::new()));
    let mut browser = app.visit("/set:cart=1/login:ann/login:ann").await;
    assert_eq!(app.dump(&browser).await, "cart=1 _user_id=ann");
    browser.ok(&app.router, "/set:note=anns/login:ann").await;
    assert_eq!(app.dump(&browser).await, "cart=1 _user_id=ann note=anns");
    // A session that nobody owns any more is anybody's.
    browser.ok(&app.router, "/remove:_user_id").await;
    browser.ok(&app.router, "/login:bob").await;
    assert_eq!(app.dump(&browser).await, "cart=1 note=anns _user_id=bob");
}

#[tokio::test]
async fn owners_of_a_session_that_is_not_stored_yet_are_kept_apart_too() {
    let app = App::new(Arc::new(MemoryStore::new()));
    let browser = app.visit("/login:ann/set:note=anns/login:bob").await;
    assert_eq!(app.dump(&browser).await, "_user_id=bob");
}

#[tokio::test]
async fn number_and_text_of_one_owner_are_one() {
    let store = Arc::new(MemoryStore::new());
    let app = App::new(store.clone());
    let mut browser = Browser { cookie: Some(format!("session={}", made_up())) };
    replace(&store, &browser, b"\x82\xa8_user_id\x07\xa1a\xa11").await;
    browser.ok(&app.router, "/login:7").await;
    assert_eq!(app.dump(&browser).await, "_user_id=7 a=1");
}

#[tokio::test]
async fn nobody_is_no_owner() {
    let app = App::new(Arc::new(MemoryStore::new()));
    let session = app.manager.create();
    session.set_owner("ann").unwrap();
    session.insert("note", "anns").unwrap();
    let refused = [
        session.set_owner(""),
        session.insert("_user_id", ""),
        session.overwrite("_user_id", ""),
        session.insert("_user_id", None::<String>),
        session.insert("_user_id", ["ann"]),
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("flush"), "{error}");
    }
    assert_eq!(session.owner().unwrap().as_deref(), Some("ann"));
    assert_eq!(session.get::<String>("note").unwrap().as_deref(), Some("anns"));
}

/// A store that keeps its index apart from its records cannot know whose entry goes.
#[tokio::test]
async fn owner_of_a_record_that_ends_is_passed_on() {
    let table = [
        ("/login:ann", "/flush", Some("ann")),
        ("/login:ann", "/set:a=1/flush/set:b=1", Some("ann")),
        ("/login:ann", "/remove:_user_id/flush", Some("ann")),
        ("/login:ann", "/login:bob/flush", Some("ann")),
        ("/login:ann", "/login:bob", Some("ann")),
        ("/login:ann", "/regenerate", Some("ann")),
        ("/login:ann", "/clear", Some("ann")),
        ("/set:a=1", "/login:ann", None),
        ("/set:a=1", "/login:ann/flush", None),
    ];
    for (first, path, told) in table {
        let store = Arc::new(IndexedStore::new(Arc::new(MemoryStore::new())));
        let app = App::with(store.clone(), indexed(), None);
        app.visit(first).await.ok(&app.router, path).await;
        assert_eq!(*store.told.lock().unwrap(), [told.map(str::to_owned)], "{first} {path}");
    }
}

/// A Flask app signs others in without a new id, while requests of the first owner still run.
#[tokio::test]
async fn request_of_one_owner_does_not_write_into_the_session_of_another() {
    let table = [
        ("/login:ann", "/pause/set:note=anns"),
        ("/login:ann", "/pause/update:n"),
        ("/login:ann", "/set:note=anns/regenerate/pause"),
        ("/login:ann", "/remove:_user_id/pause"),
        ("/set:a=1", "/login:ann/pause"),
    ];
    for (first, slow) in table {
        let store = Arc::new(MemoryStore::new());
        let app = App::new(store.clone());
        let browser = app.visit(first).await;
        let slow = app.pause(&browser, slow).await;
        replace(&store, &browser, b"\x82\xa8_user_id\xa3bob\xa1b\xa11").await;
        app.gate.open(1);
        assert_eq!(slow.await.unwrap().status, StatusCode::CONFLICT, "{first}");
        assert_eq!(app.dump(&browser).await, "_user_id=bob b=1", "{first}");
        assert_eq!(store.len(), 1, "{first}");
    }
}

/// Makes the record of `browser` what another program writes.
async fn replace(store: &MemoryStore, browser: &Browser, payload: &'static [u8]) {
    let key = StoreKey::new("session:", browser.id());
    let lease = Lease { ttl: Duration::from_secs(31 * 24 * 3600), owner: None };
    let loaded = store.load(&key).await.unwrap();
    let when = loaded.as_ref().map_or(Precondition::Absent, Precondition::Unchanged);
    let written = store.write(&key, Bytes::from_static(payload), &lease, when).await;
    assert!(written.unwrap().is_written());
}
