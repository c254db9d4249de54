//! What a store's own tests, beside the clauses, begin with and wait for.

#[cfg(all(feature = "servers", unix))]
use crate::{ChildServer, Program};
#[cfg(all(feature = "servers", unix))]
use session_core::ErrorKind;
use session_core::{Bytes, Lease, Precondition, Record, Result, Store, StoreKey};
use std::time::{Duration, Instant};

/// A lease without an owner.
pub const MINUTE: Lease<'static> = Lease { ttl: Duration::from_secs(60), owner: None };

/// The key of a record that is named `name`, as the default prefix makes it.
pub fn key(name: &str) -> StoreKey {
    StoreKey::new("session:", name)
}

/// Creates a record for a [`MINUTE`] and returns it as loaded.
///
/// # Panics
///
/// If the store refuses it, or has it no more.
pub async fn create(store: &impl Store, key: &StoreKey, payload: &'static str) -> Record {
    let created = store.write(key, Bytes::from(payload), &MINUTE, Precondition::Absent).await;
    assert!(created.expect("a record is created").is_written(), "the key was taken");
    store.load(key).await.expect("a record is loaded").expect("the record is there")
}

/// Every call that changes the record of `key`, in turn: its error, if it failed.
pub async fn writes(store: &impl Store, key: &StoreKey, loaded: &Record) -> [Result<()>; 5] {
    let unchanged = Precondition::Unchanged(loaded);
    [
        store.write(key, "new".into(), &MINUTE, Precondition::Absent).await.map(drop),
        store.write(key, "new".into(), &MINUTE, unchanged).await.map(drop),
        store.touch(key, &MINUTE, loaded).await.map(drop),
        store.delete(key, None, Some(loaded)).await.map(drop),
        store.delete(key, None, None).await.map(drop),
    ]
}

/// Sees `store`, which was made while `server` was dead, through the start of it: no call is in
/// doubt before, and all work after it.
///
/// # Panics
///
/// If a call fails otherwise than `Unavailable`, or after the start.
#[cfg(all(feature = "servers", unix))]
pub async fn opens_late<P: Program + ?Sized>(store: &impl Store, server: &mut ChildServer<P>) {
    let loaded = Record { payload: Bytes::from("old"), cas: 1, ttl: MINUTE.ttl };
    let mut ends = Vec::from(writes(store, &key("late"), &loaded).await);
    ends.push(store.load(&key("late")).await.map(drop));
    for end in ends {
        let error = end.expect_err("the server is dead");
        let seen = (error.kind(), error.is_retryable());
        assert_eq!(seen, (ErrorKind::Unavailable, true), "{error:#}");
    }
    server.restart().await.expect("the server starts");
    eventually("the store is open", async || store.load(&key("late")).await.is_ok()).await;
    let loaded = create(store, &key("late"), "old").await;
    for end in writes(store, &key("late"), &loaded).await {
        end.expect("the store is open");
    }
}

/// Asks until the condition holds.
///
/// # Panics
///
/// After a minute, with `what` was waited for: on a machine that does other things, Redis's
/// sentinels may do nothing for half of one (`TILT`).
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < MINUTE.ttl, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
