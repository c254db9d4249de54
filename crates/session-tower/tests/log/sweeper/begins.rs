//! When sweeps begin, and whether they do.

use super::{EVERY, HOUR, Stores, pass};
use crate::support::capture::{Capture, listen};
use session_core::store::{LazyStore, Timeouts};
use session_core::{
    Capabilities, Config, Lease, MemoryStore, Precondition, SessionManager, Store as _, StoreKey,
};
use session_null::NullStore;
use session_testkit::CountingStore;
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn store_that_expires_by_itself_is_not_swept() {
    let log = Capture::start();
    let store = Arc::new(CountingStore::new(Arc::new(NullStore)));
    let manager = SessionManager::new(store.clone(), Config::default(), None).unwrap();
    let sweeper = manager.spawn_sweeper(EVERY);
    pass(EVERY * 2).await;
    sweeper.stop().await;
    assert_eq!(store.calls().delete_expired, 0);
    assert!(log.text().contains("no sweeps: the store expires"), "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn store_that_is_opened_late_is_swept_if_it_turns_out_to_need_that() {
    listen();
    let before = Capabilities { needs_sweep: false, ..MemoryStore::new().capabilities() };
    let open = async || Ok(MemoryStore::new());
    let store = Arc::new(LazyStore::new(before, Timeouts::default(), open));
    let manager = SessionManager::new(store.clone(), Config::default(), None).unwrap();
    let _sweeper = manager.spawn_sweeper(EVERY);
    pass(EVERY * 2).await;
    assert!(store.get().is_none(), "a sweep that was not needed opened it");
    let lease = Lease { ttl: EVERY / 2, owner: None };
    let key = StoreKey::new("session:", "short");
    let _ = store.write(&key, "x".into(), &lease, Precondition::Absent).await.unwrap();
    pass(EVERY * 3).await;
    assert_eq!(store.get().unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn configured_interval_counts_from_the_first_request() {
    let stores = Stores::new();
    let config = Config::builder().cleanup_interval(EVERY).build().unwrap();
    let manager = stores.manager_with(config);
    pass(HOUR).await;
    assert_eq!(stores.sweeps(), 0);
    for _ in 0..3 {
        drop(manager.open());
    }
    pass(EVERY * 10).await;
    assert!((9..=12).contains(&stores.sweeps()), "one timer: {}", stores.sweeps());
    drop(manager);
    let swept = stores.sweeps();
    pass(EVERY * 10).await;
    assert_eq!(stores.sweeps(), swept);
}

#[test]
fn configured_interval_outlives_a_runtime() {
    let stores = Stores::new();
    let config = Config::builder().cleanup_interval(EVERY).build().unwrap();
    let manager = stores.manager_with(config);
    for round in 1..=2 {
        let before = stores.sweeps();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            drop(manager.open());
            pass(EVERY).await;
        });
        assert!(stores.sweeps() > before, "round {round}");
    }
}
