//! The cookie of a test, and stores that fail for as long as they are told.

use session_core::{Config, ErrorKind, MemoryStore, SessionManager, Signer, Store, StoreKey};
use session_testkit::{Browser, Fault, FaultyStore, Method};
use std::sync::Arc;

fn hardened(store: Arc<dyn Store>) -> SessionManager {
    let signer = Signer::new("a secret of at least thirty-two bytes").unwrap();
    SessionManager::new(store, Config::hardened().build().unwrap(), signer).unwrap()
}

#[tokio::test]
async fn cookie_is_as_the_configuration_says_and_opens_what_was_put_in() {
    let store = Arc::new(MemoryStore::new());
    let manager = hardened(store.clone());
    let mut ann = Browser::signed_in(&manager, "ann").await.unwrap();
    assert!(ann.cookie().starts_with("__Host-session="), "{}", ann.cookie());
    let id = &ann.cookie()["__Host-session=".len()..][..43];
    assert!(store.load(&StoreKey::new("session:", id)).await.unwrap().is_none(), "it is hashed");
    ann.change(|session| session.insert("cart", ["tea"])).await.unwrap();
    let session = ann.session().await.unwrap();
    assert_eq!(session.owner().unwrap().as_deref(), Some("ann"));
    assert_eq!(session.get::<Vec<String>>("cart").unwrap().unwrap(), ["tea"]);
    let forged = ann.cookie().replace('.', ".A");
    let mut thief = Browser::new(&manager);
    thief.heed([forged]);
    assert!(thief.session().await.unwrap().is_new());
}

#[tokio::test]
async fn browser_follows_its_session_from_id_to_id_and_to_its_end() {
    let manager = hardened(Arc::new(MemoryStore::new()));
    let mut browser = Browser::new(&manager);
    assert_eq!(browser.cookie(), "");
    assert!(browser.session().await.unwrap().is_new());
    browser.change(|session| session.insert("n", 1)).await.unwrap();
    let stranger = browser.clone();
    browser.change(|session| session.set_owner("ann")).await.unwrap();
    assert_ne!(browser.cookie(), stranger.cookie());
    assert!(stranger.session().await.unwrap().is_new());
    assert_eq!(browser.session().await.unwrap().get("n").unwrap(), Some(1));
    browser.change(|session| session.flush()).await.unwrap();
    assert_eq!(browser.cookie(), "");
}

#[test]
fn cookies_of_other_names_are_passed_over() {
    let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None);
    let mut browser = Browser::new(&manager.unwrap());
    browser.heed(["theme=dark; Path=/", "sessions=1", "session=abc; Path=/; HttpOnly", "x"]);
    assert_eq!(browser.cookie(), "session=abc");
    browser.heed([b"session-2=; Max-Age=0".as_slice(), b"session=\xff"]);
    assert_eq!(browser.cookie(), "session=abc");
    assert_eq!(format!("{browser:?}"), "Browser { has_cookie: true }");
    browser.heed(["session=; Max-Age=0; Path=/"]);
    assert_eq!(browser.cookie(), "");
}

#[tokio::test]
async fn change_that_fails_is_told_and_stores_nothing() {
    let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
    let manager = hardened(store.clone());
    let mut ann = Browser::signed_in(&manager, "ann").await.unwrap();
    store.push(Method::Write, Fault::Fail(ErrorKind::Conflict));
    let failed = ann.change(|session| session.insert("n", 1)).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Conflict);
    assert_eq!(ann.session().await.unwrap().get::<u8>("n").unwrap(), None);
}

#[tokio::test]
async fn outage_lasts_until_it_is_over_and_one_fault_comes_before_it() {
    let store = FaultyStore::new(Arc::new(MemoryStore::new()));
    let key = StoreKey::new("session:", "a");
    store.always(Fault::Fail(ErrorKind::Unavailable));
    store.push(Method::Load, Fault::Fail(ErrorKind::Timeout));
    for kind in [ErrorKind::Timeout, ErrorKind::Unavailable, ErrorKind::Unavailable] {
        assert_eq!(store.load(&key).await.unwrap_err().kind(), kind);
    }
    assert_eq!(store.list_by_owner("ann").await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(store.pending(), 0);
    store.always(Fault::Pass);
    assert!(store.load(&key).await.unwrap().is_none());
}
