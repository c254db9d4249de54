//! When it is opened, how often, and what callers are told.

use super::{LazyStore, PAUSE};
use crate::error::Error;
use crate::error::ErrorKind::{self, Config, Decode, Timeout, Unavailable, Unknown, Unsupported};
use crate::store::{MemoryStore, Store, StoreKey, Timeouts};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;
use tokio::time::advance;

/// What attempts come to, one after another; the last one holds for all that follow.
fn lazy(outcomes: &'static [Result<(), ErrorKind>]) -> (LazyStore<MemoryStore>, Arc<AtomicUsize>) {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let store = LazyStore::new(MemoryStore::new().capabilities(), Timeouts::default(), move || {
        let nth = counted.fetch_add(1, Ordering::Relaxed).min(outcomes.len() - 1);
        async move {
            match outcomes[nth] {
                Ok(()) => Ok(MemoryStore::new()),
                Err(kind) => Err(Error::new(kind, "connect to it: refused")),
            }
        }
    });
    (store, attempts)
}

fn key() -> StoreKey {
    StoreKey::new("session:", "k")
}

#[tokio::test]
async fn store_is_opened_once_for_all_callers() {
    let (store, attempts) = lazy(&[Ok(())]);
    assert_eq!(attempts.load(Ordering::Relaxed), 0, "nothing is done before the first call");
    let (key, other) = (key(), key());
    let (one, another) = tokio::join!(store.load(&key), store.load(&other));
    assert!(one.unwrap().is_none() && another.unwrap().is_none());
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn failure_is_told_for_a_second_and_then_tried_again() {
    let (store, attempts) = lazy(&[Err(Unavailable), Ok(())]);
    for _ in 0..3 {
        let error = store.load(&key()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (Unavailable, true));
        assert!(error.to_string().ends_with("not open yet: connect to it: refused"), "{error}");
    }
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
    advance(PAUSE).await;
    assert!(store.load(&key()).await.unwrap().is_none());
    assert_eq!(attempts.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn callers_are_told_all_that_was_added() {
    let (store, _) = lazy(&[Err(Unavailable)]);
    let store =
        store.map_err(|error| error.with_note("ONE")).map_err(|error| error.with_note("TWO"));
    let said = store.load(&key()).await.unwrap_err().to_string();
    assert!(said.ends_with("connect to it: refused (ONE) (TWO)"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn call_that_was_not_sent_is_never_in_doubt() {
    let table: [(&[_], _); 6] = [
        (&[Err(Config)], (Config, false)),
        (&[Err(Unsupported)], (Unsupported, false)),
        (&[Err(Unavailable)], (Unavailable, true)),
        (&[Err(Timeout)], (Unavailable, true)),
        (&[Err(Unknown)], (Unavailable, true)),
        (&[Err(Decode)], (Unavailable, true)),
    ];
    for (outcomes, expected) in table {
        let (store, _) = lazy(outcomes);
        for error in [
            store.load(&key()).await.unwrap_err(),
            store.delete(&key(), None, None).await.unwrap_err(),
            store.delete_expired().await.unwrap_err(),
        ] {
            assert_eq!((error.kind(), error.is_retryable()), expected, "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn opening_outlives_the_callers_who_could_not_wait() {
    let (go_on, attempts) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (waits, counted) = (Arc::clone(&go_on), Arc::clone(&attempts));
    let store = LazyStore::new(MemoryStore::new().capabilities(), Timeouts::default(), move || {
        counted.fetch_add(1, Ordering::Relaxed);
        let waits = Arc::clone(&waits);
        async move {
            waits.notified().await;
            Ok(MemoryStore::new())
        }
    });
    for _ in 0..2 {
        let error = store.delete(&key(), None, None).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (Unavailable, true), "{error}");
    }
    go_on.notify_one();
    assert!(store.load(&key()).await.unwrap().is_none());
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
}
