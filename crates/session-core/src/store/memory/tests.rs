use super::{MemoryLimits, MemoryStore};
use crate::error::ErrorKind;
use crate::store::{Lease, Outcome, Precondition, Store, StoreKey};
use bytes::Bytes;
use std::time::Duration;

const WRITTEN: Outcome = Outcome::Written { cas: 0 };

fn lease(seconds: u64) -> Lease<'static> {
    Lease { ttl: Duration::from_secs(seconds), owner: None }
}

fn key(name: &str) -> StoreKey {
    StoreKey::new("", name)
}

async fn create(
    store: &MemoryStore,
    name: &str,
    size: usize,
    seconds: u64,
) -> Result<Outcome, ErrorKind> {
    let (key, lease) = (key(name), lease(seconds));
    let payload = Bytes::from(vec![7; size]);
    let written = store.write(&key, payload, &lease, Precondition::Absent).await;
    written.map_err(|error| error.kind())
}

#[tokio::test(start_paused = true)]
async fn full_store_refuses_new_records_and_keeps_the_living() {
    let limits = MemoryLimits { max_records: 2, ..MemoryLimits::default() };
    let store = MemoryStore::with_limits(limits);
    assert_eq!(create(&store, "a", 1, 60).await, Ok(WRITTEN));
    assert_eq!(create(&store, "b", 1, 60).await, Ok(WRITTEN));
    assert_eq!(create(&store, "c", 1, 60).await, Err(ErrorKind::Unavailable));
    // A taken key is an answer even then.
    assert_eq!(create(&store, "a", 1, 60).await, Ok(Outcome::Refused));

    let loaded = store.load(&key("a")).await.unwrap().unwrap();
    let update = store
        .write(&key("a"), Bytes::from("x"), &lease(60), Precondition::Unchanged(&loaded))
        .await;
    assert_eq!(update.unwrap(), WRITTEN);
    assert!(store.delete(&key("b"), None, None).await.unwrap());
    assert_eq!(create(&store, "c", 1, 60).await, Ok(WRITTEN));
}

#[tokio::test(start_paused = true)]
async fn expired_records_make_room() {
    let limits = MemoryLimits { max_records: 2, ..MemoryLimits::default() };
    let store = MemoryStore::with_limits(limits);
    assert_eq!(create(&store, "a", 1, 5).await, Ok(WRITTEN));
    assert_eq!(create(&store, "b", 1, 60).await, Ok(WRITTEN));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(create(&store, "c", 1, 60).await, Ok(WRITTEN));
    assert_eq!(create(&store, "d", 1, 60).await, Err(ErrorKind::Unavailable));
    assert!(store.load(&key("b")).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn bytes_are_bounded_and_given_back() {
    let limits = MemoryLimits { max_bytes: 10_000, ..MemoryLimits::default() };
    let store = MemoryStore::with_limits(limits);
    assert_eq!(create(&store, "a", 4_000, 60).await, Ok(WRITTEN));
    let loaded = store.load(&key("a")).await.unwrap().unwrap();
    let grown = Bytes::from(vec![7; 20_000]);
    let update = store.write(&key("a"), grown, &lease(60), Precondition::Unchanged(&loaded)).await;
    assert_eq!(update.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(store.load(&key("a")).await.unwrap().unwrap().payload.len(), 4_000);

    for _ in 0..100 {
        assert_eq!(create(&store, "b", 5_000, 60).await, Ok(WRITTEN));
        assert_eq!(create(&store, "c", 5_000, 60).await, Err(ErrorKind::Unavailable));
        assert!(store.delete(&key("b"), None, None).await.unwrap());
    }
    let held = store.usage.bytes();
    let when = Precondition::Unchanged(&loaded);
    let shrunk = store.write(&key("a"), Bytes::new(), &lease(60), when).await;
    assert_eq!(shrunk.unwrap(), WRITTEN);
    assert_eq!(held - store.usage.bytes(), 4_000);

    assert!(store.delete(&key("a"), None, None).await.unwrap());
    assert_eq!((store.len(), store.usage.bytes()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn sweep_gives_back_what_expired_records_held() {
    let store = MemoryStore::new();
    for name in ["a", "b", "c"] {
        assert_eq!(create(&store, name, 10, 5).await, Ok(WRITTEN));
    }
    assert_eq!(create(&store, "d", 10, 60).await, Ok(WRITTEN));
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(store.delete_expired().await.unwrap(), 3);
    assert_eq!(store.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn touch_lists_for_the_owner_it_names_and_nothing_leaks() {
    let store = MemoryStore::new();
    let _ = create(&store, "a", 1, 60).await.unwrap();
    let unowned = store.usage.bytes();
    let loaded = store.load(&key("a")).await.unwrap().unwrap();
    for (owner, extra) in [(Some("ann"), 3), (Some("robert"), 6), (None, 0)] {
        let lease = Lease { owner, ..lease(60) };
        assert_eq!(store.touch(&key("a"), &lease, &loaded).await.unwrap(), WRITTEN);
        assert_eq!(store.usage.bytes(), unowned + extra);
        for name in ["ann", "robert"] {
            let listed = store.list_by_owner(name).await.unwrap();
            assert_eq!(listed.len(), usize::from(owner == Some(name)), "{name} of {owner:?}");
        }
    }
    let lease = Lease { owner: Some("ann"), ..lease(5) };
    assert_eq!(store.touch(&key("a"), &lease, &loaded).await.unwrap(), WRITTEN);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(store.delete_expired().await.unwrap(), 1);
    assert_eq!(store.usage.bytes(), 0);
    assert!(store.shards.iter().all(|shard| shard.lock().unwrap().has_no_owners()));
}
