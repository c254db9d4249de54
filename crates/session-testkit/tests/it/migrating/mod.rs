//! Two stores as one keep the contract of one, at each step of a move and when it is cut off.

mod stores;

use session_core::store::{Cursor, MigratingStore, Migration};
use session_core::{
    Bytes, ErrorKind, Lease, MemoryStore, Outcome, Precondition, Result, Store, StoreKey,
    async_trait,
};
use session_testkit::{Calls, CountingStore, Fault, FaultyStore, Link, Method, Subject};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use stores::{Moving, Shuffled};
use tokio::task::{JoinSet, yield_now};

const MINUTE: Lease<'static> = Lease { ttl: Duration::from_secs(60), owner: Some("ann") };

#[derive(Clone)]
struct Pair {
    old: Arc<dyn Store>,
    new: Arc<dyn Store>,
}

impl Pair {
    fn of_memory() -> Self {
        Self { old: Arc::new(MemoryStore::new()), new: Arc::new(MemoryStore::new()) }
    }

    fn at(&self, migration: Migration) -> MigratingStore {
        MigratingStore::new(self.old.clone(), self.new.clone(), migration)
    }

    fn moving(&self) -> Moving {
        Moving { accept: self.at(Migration::Accept), migrate: self.at(Migration::Migrate) }
    }
}

struct Both<S>(Arc<S>);

#[async_trait]
impl<S: Store> Subject for Both<S> {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        Ok(self.0.clone())
    }

    fn link(&self) -> Link<'_> {
        Link::None { because: "the records are in this process" }
    }
}

mod accept {
    use super::{Both, Migration, Pair};
    session_testkit::store_conformance!(Both(Pair::of_memory().at(Migration::Accept).into()));
}

mod migrate {
    use super::{Both, Migration, Pair};
    session_testkit::store_conformance!(Both(Pair::of_memory().at(Migration::Migrate).into()));
}

mod moving {
    use super::{Both, Pair};
    session_testkit::store_conformance!(Both(Pair::of_memory().moving().into()));
}

fn key() -> StoreKey {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    StoreKey::new("session:", &NEXT.fetch_add(1, Ordering::Relaxed).to_string())
}

async fn create(store: &dyn Store, key: &StoreKey, payload: &'static str) {
    let written = store.write(key, Bytes::from(payload), &MINUTE, Precondition::Absent).await;
    assert!(written.unwrap().is_written());
}

async fn payload(store: &dyn Store, key: &StoreKey) -> Option<Bytes> {
    store.load(key).await.unwrap().map(|record| record.payload)
}

#[tokio::test]
async fn each_call_costs_what_the_table_says() {
    let old = Arc::new(CountingStore::new(Arc::new(MemoryStore::new())));
    let new = Arc::new(CountingStore::new(Arc::new(MemoryStore::new())));
    let pair = Pair { old: old.clone(), new: new.clone() };
    let (accept, migrate) = (pair.at(Migration::Accept), pair.at(Migration::Migrate));
    let calls = || [old.take_calls(), new.take_calls()];
    let none = Calls::NONE;
    let (load, write) = (Calls { load: 1, ..none }, Calls { write: 1, ..none });
    let (touch, delete) = (Calls { touch: 1, ..none }, Calls { delete: 1, ..none });
    let key = key();

    assert!(accept.load(&key).await.unwrap().is_none());
    assert_eq!(calls(), [load, load], "nothing, before the move");
    assert!(migrate.load(&key).await.unwrap().is_none());
    assert_eq!(calls(), [load, load], "nothing, during the move");
    create(&accept, &key, "a").await;
    assert_eq!(calls(), [write, none], "a new record, before the move");
    let loaded = accept.load(&key).await.unwrap().unwrap();
    assert_eq!(calls(), [load, none], "one that has not moved, before the move");
    assert!(accept.touch(&key, &MINUTE, &loaded).await.unwrap().is_written());
    assert_eq!(calls(), [touch, none], "its renewal");

    let loaded = migrate.load(&key).await.unwrap().unwrap();
    assert_eq!(calls(), [load, load], "one that has not moved");
    assert!(migrate.touch(&key, &MINUTE, &loaded).await.unwrap().is_written());
    assert_eq!(calls(), [write, Calls { write: 2, ..none }], "the renewal that moves it");
    let loaded = migrate.load(&key).await.unwrap().unwrap();
    assert_eq!(calls(), [none, load], "one that has moved");
    assert!(migrate.touch(&key, &MINUTE, &loaded).await.unwrap().is_written());
    assert_eq!(calls(), [none, touch], "its renewal");
    let loaded = accept.load(&key).await.unwrap().unwrap();
    assert_eq!(calls(), [load, load], "one that another instance has moved");
    assert!(accept.delete(&key, Some("ann"), Some(&loaded)).await.unwrap());
    assert_eq!(calls(), [none, delete], "its end");
}

#[tokio::test]
async fn move_takes_the_owner_and_leaves_no_session_behind() {
    let pair = Pair::of_memory();
    let (store, key) = (pair.at(Migration::Migrate), key());
    create(&*pair.old, &key, "a").await;
    assert_eq!(store.list_by_owner("ann").await.unwrap(), std::slice::from_ref(&key));
    let loaded = store.load(&key).await.unwrap().unwrap();
    let when = Precondition::Unchanged(&loaded);
    let written = store.write(&key, Bytes::from("b"), &MINUTE, when).await.unwrap();
    assert!(written.is_written());
    assert_eq!(payload(&*pair.new, &key).await, Some(Bytes::from("b")));
    assert_eq!(store.list_by_owner("ann").await.unwrap(), std::slice::from_ref(&key));
    assert_eq!(pair.new.list_by_owner("ann").await.unwrap(), std::slice::from_ref(&key));
    assert!(pair.old.list_by_owner("ann").await.unwrap().is_empty());
    let left = payload(&*pair.old, &key).await.unwrap();
    assert!(left.starts_with(b"\xde\0\0"), "who knows one store alone must see no session");
    let page = store.scan("session:", None, NonZeroUsize::MAX).await.unwrap();
    assert!(page.records.is_empty() && page.next.is_some(), "a mark was listed");
}

/// Every call that a move makes fails in every way; the session is whole and what was told is true.
#[tokio::test(start_paused = true)]
async fn move_that_is_cut_off_loses_nothing() {
    let faults = [
        Fault::Fail(ErrorKind::Unavailable),
        Fault::FailAfterApplying(ErrorKind::Unknown),
        Fault::Hang,
        Fault::HangAfterApplying,
    ];
    for (is_old, nth) in [(true, 0), (false, 0), (false, 1)] {
        for fault in faults {
            let case = format!(
                "call {nth} of the {} store: {fault:?}",
                if is_old { "old" } else { "new" }
            );
            let [old, new] =
                [(), ()].map(|()| Arc::new(FaultyStore::new(Arc::new(MemoryStore::new()))));
            let pair = Pair { old: old.clone(), new: new.clone() };
            let (store, key) = (pair.at(Migration::Migrate), key());
            create(&*pair.old, &key, "before").await;
            let loaded = store.load(&key).await.unwrap().unwrap();
            let faulty = if is_old { &old } else { &new };
            (0..nth).for_each(|_| faulty.push(Method::Write, Fault::Pass));
            faulty.push(Method::Write, fault);
            let when = Precondition::Unchanged(&loaded);
            let write = store.write(&key, Bytes::from("after"), &MINUTE, when);
            let told = tokio::time::timeout(Duration::from_secs(1), write).await;
            assert_eq!(faulty.pending(), 0, "{case}: it was not called");

            for migration in [Migration::Accept, Migration::Migrate] {
                let other = pair.at(migration);
                let is = payload(&other, &key).await;
                let is_told = match &told {
                    Ok(Ok(Outcome::Written { .. })) => is == Some("after".into()),
                    Ok(Ok(Outcome::Refused)) => is == Some("before".into()),
                    Ok(Err(error)) if error.kind() != ErrorKind::Unknown => {
                        is == Some("before".into())
                    }
                    _ => is == Some("before".into()) || is == Some("after".into()),
                };
                assert!(is_told, "{case}: told {told:?}, and there is {is:?}");
            }
            // A claim that was left is in nobody's way: the work is done where the record is.
            let loaded = store.load(&key).await.unwrap().unwrap();
            let when = Precondition::Unchanged(&loaded);
            let written = store.write(&key, Bytes::from("later"), &MINUTE, when).await.unwrap();
            assert!(written.is_written(), "{case}");
            assert_eq!(payload(&store, &key).await, Some("later".into()), "{case}");
            assert!(store.delete(&key, Some("ann"), None).await.unwrap(), "{case}");
            assert_eq!(payload(&store, &key).await, None, "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn move_that_another_ends_keeps_the_lease_and_the_owner() {
    let new = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
    let pair = Pair { old: Arc::new(MemoryStore::new()), new: new.clone() };
    let (store, key) = (pair.at(Migration::Migrate), key());
    create(&*pair.old, &key, "before").await;
    let loaded = store.load(&key).await.unwrap().unwrap();
    new.push(Method::Write, Fault::Pass);
    new.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
    let lease = Lease { ttl: Duration::from_secs(10_000), owner: Some("ann") };
    let when = Precondition::Unchanged(&loaded);
    let written = store.write(&key, Bytes::from("after"), &lease, when).await.unwrap();
    assert!(written.is_written(), "the mark stands, so the record has moved");

    assert_eq!(store.list_by_owner("ann").await.unwrap(), std::slice::from_ref(&key));
    tokio::time::advance(Duration::from_secs(100)).await;
    let page = store.scan("session:", Some(&Cursor::new("new:")), NonZeroUsize::MAX).await.unwrap();
    assert_eq!(page.records.len(), 1, "a claim that counts was not listed");
    let record = store.load(&key).await.unwrap().unwrap();
    assert_eq!(record.payload, "after");
    assert_eq!(record.ttl, Duration::from_secs(9_900));
    assert_eq!(store.list_by_owner("ann").await.unwrap(), [key]);
}

#[tokio::test]
async fn session_that_has_moved_needs_no_old_store() {
    let old = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
    let pair = Pair { old: old.clone(), new: Arc::new(MemoryStore::new()) };
    let (store, key) = (pair.at(Migration::Migrate), key());
    create(&store, &key, "a").await;
    old.always(Fault::Fail(ErrorKind::Unavailable));
    let loaded = store.load(&key).await.unwrap().unwrap();
    assert!(store.touch(&key, &MINUTE, &loaded).await.unwrap().is_written());
    assert!(store.delete(&key, Some("ann"), Some(&loaded)).await.unwrap());
    let error = store.load(&key).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "nothing is no answer of one store alone");
}

fn shuffled(seed: u64) -> Pair {
    let order = Arc::new(Mutex::new(seed));
    let store = || Arc::new(Shuffled { inner: MemoryStore::new(), order: order.clone() });
    Pair { old: store(), new: store() }
}

/// Adds one, as often as it takes; `false` if the session has ended.
async fn add(store: &dyn Store, key: &StoreKey) -> bool {
    loop {
        let Some(loaded) = store.load(key).await.unwrap() else { return false };
        let count: u64 = std::str::from_utf8(&loaded.payload).unwrap().parse().unwrap();
        let next = Bytes::from((count + 1).to_string());
        let when = Precondition::Unchanged(&loaded);
        if store.write(key, next, &MINUTE, when).await.unwrap().is_written() {
            return true;
        }
    }
}

#[tokio::test]
async fn no_update_is_lost_while_instances_of_both_steps_run() {
    for seed in 0..100 {
        let (pair, key) = (shuffled(seed), key());
        create(&*pair.old, &key, "0").await;
        let mut writers = JoinSet::new();
        for migration in [Migration::Accept, Migration::Migrate].repeat(3) {
            let (store, key) = (pair.at(migration), key.clone());
            writers.spawn(async move {
                for _ in 0..5 {
                    assert!(add(&store, &key).await, "it was not seen");
                }
            });
        }
        while let Some(ended) = writers.join_next().await {
            ended.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
        let stored = payload(&pair.at(Migration::Migrate), &key).await;
        assert_eq!(stored, Some("30".into()), "seed {seed}");
        assert_eq!(payload(&*pair.new, &key).await, Some("30".into()), "seed {seed}: not moved");
    }
}

#[tokio::test]
async fn session_that_has_ended_stays_so_whoever_moves_it() {
    for seed in 0..100 {
        let (pair, key) = (shuffled(seed), key());
        create(&*pair.old, &key, "0").await;
        let mut writers = JoinSet::new();
        for migration in [Migration::Accept, Migration::Migrate, Migration::Migrate] {
            let (store, key) = (pair.at(migration), key.clone());
            writers.spawn(async move { while add(&store, &key).await {} });
        }
        let migration = if seed % 2 == 0 { Migration::Accept } else { Migration::Migrate };
        let ending = pair.at(migration);
        for _ in 0..seed % 7 {
            yield_now().await;
        }
        assert!(ending.delete(&key, Some("ann"), None).await.unwrap(), "seed {seed}");
        assert_eq!(payload(&ending, &key).await, None, "seed {seed}: it lives on");
        while let Some(ended) = writers.join_next().await {
            ended.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
        for migration in [Migration::Accept, Migration::Migrate] {
            assert_eq!(payload(&pair.at(migration), &key).await, None, "seed {seed}: it came back");
        }
    }
}
