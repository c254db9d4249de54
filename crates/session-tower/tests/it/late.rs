//! A store that is opened by its first call, and turns out to hold something else than was thought.

use session_core::store::{LazyStore, Timeouts};
use session_core::{Capabilities, Config, ErrorKind, MemoryStore, SessionManager, Store, StoreKey};
use session_testkit::Browser;
use std::sync::Arc;
use std::time::Duration;

type Late = Arc<LazyStore<MemoryStore>>;

fn late(before: Capabilities) -> (Late, SessionManager) {
    let open = async || Ok(MemoryStore::new());
    let store = Arc::new(LazyStore::new(before, Timeouts::default(), open));
    (store.clone(), SessionManager::new(store, Config::default(), None).unwrap())
}

async fn ttl(store: &Late, browser: &Browser) -> Duration {
    let (_, id) = browser.cookie().split_once('=').unwrap();
    store.load(&StoreKey::new("session:", id)).await.unwrap().unwrap().ttl
}

#[tokio::test(start_paused = true)]
async fn lease_keeps_its_end_by_the_step_of_the_opened_store() {
    let before = MemoryStore::new().capabilities();
    let step = Duration::from_secs(1);
    let (store, manager) = late(Capabilities { ttl_resolution: step, ..before });
    let mut browser = Browser::new(&manager);
    browser.change(|session| session.insert("a", 1)).await.unwrap();
    let full = ttl(&store, &browser).await;
    for n in 0..10 {
        browser.change(|session| session.insert("a", n)).await.unwrap();
    }
    assert_eq!(ttl(&store, &browser).await, full, "half a step is lost with each write");
}

#[tokio::test(start_paused = true)]
async fn session_holds_what_the_opened_store_does() {
    let before = MemoryStore::new().capabilities();
    let (store, manager) = late(Capabilities { max_payload: Some(100), ..before });
    let mut browser = Browser::new(&manager);
    let text = "x".repeat(200);
    let error = browser.change(|session| session.insert("a", &text)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    store.open().await.unwrap();
    browser.change(|session| session.insert("a", &text)).await.unwrap();
}
