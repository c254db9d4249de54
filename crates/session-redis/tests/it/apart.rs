//! The index of owners where entry and record lie in different slots of a cluster.

use crate::common::{MINUTE, WRITTEN, eventually, lone_node};
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use session_core::{Bytes, ErrorKind, Lease, Outcome, Precondition, Record, Store, StoreKey};
use session_redis::{RedisOptions, RedisStore};
use session_testkit::proxy::Proxy;
use session_testkit::server;
use std::sync::Arc;

/// What one test works under: a fresh owner, and keys in any slot.
struct Scene {
    name: &'static str,
    url: String,
    admin: MultiplexedConnection,
}

impl Scene {
    async fn new(name: &'static str) -> Self {
        let url = lone_node().await;
        let client = redis::Client::open(&*url).unwrap();
        Self { name, url, admin: client.get_multiplexed_async_connection().await.unwrap() }
    }

    async fn store(&self) -> RedisStore {
        RedisStore::connect(RedisOptions::new(&self.url).owner_index(true)).await.unwrap()
    }

    async fn proxied(&self) -> (Proxy, RedisStore) {
        let proxy = Proxy::start(server::socket_addr(&self.url, None).unwrap()).await.unwrap();
        let url = format!("redis://{}", proxy.addr());
        let store = RedisStore::connect(RedisOptions::new(url).owner_index(true)).await.unwrap();
        (proxy, store)
    }

    fn lease(&self) -> Lease<'_> {
        Lease { ttl: MINUTE.ttl, owner: Some(self.name) }
    }

    fn key(&self, name: &str) -> StoreKey {
        StoreKey::new(self.name, name)
    }

    async fn create(&self, store: &RedisStore, key: &StoreKey, lease: &Lease<'_>) -> Record {
        let created = store.write(key, "old".into(), lease, Precondition::Absent).await;
        assert_eq!(created.unwrap(), WRITTEN);
        store.load(key).await.unwrap().unwrap()
    }

    /// The number of entries of the owner, live or not.
    async fn entries(&mut self) -> u64 {
        self.admin.zcard(self.index()).await.unwrap()
    }

    fn index(&self) -> String {
        use sha2::{Digest as _, Sha256};
        let digest = Sha256::digest(self.name);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("session-owner:{hex}:keys")
    }
}

#[tokio::test]
async fn entry_and_record_are_a_round_trip_each() {
    let scene = Scene::new("trips").await;
    let (proxy, store) = scene.proxied().await;
    let (key, lease) = (scene.key("a"), scene.lease());
    let loaded = scene.create(&store, &key, &lease).await;
    let same = Precondition::Unchanged(&loaded);
    let mut beside = loaded.clone();
    beside.payload = Bytes::from_static(b"other");
    let stale = Precondition::Unchanged(&beside);

    // The server learns the scripts on the first turn.
    for turn in 0..2 {
        macro_rules! costs {
            ($trips:literal, $call:expr, $expected:expr) => {
                let before = proxy.round_trips();
                assert_eq!($call.await.unwrap(), $expected);
                let trips = proxy.round_trips() - before;
                assert!(turn == 0 || trips == $trips, "{} took {trips}", stringify!($call));
            };
        }
        let delete = |expected| store.delete(&key, lease.owner, expected);
        let write = |when| store.write(&key, "old".into(), &lease, when);
        costs!(2, write(same), WRITTEN);
        costs!(2, write(stale), Outcome::Refused);
        costs!(2, store.touch(&key, &lease, &loaded), WRITTEN);
        costs!(1, delete(Some(&beside)), false);
        costs!(2, delete(Some(&loaded)), true);
        costs!(3, write(same), Outcome::Refused);
        costs!(2, write(Precondition::Absent), WRITTEN);
        costs!(2, delete(None), true);
        costs!(2, write(Precondition::Absent), WRITTEN);
    }
}

#[tokio::test]
async fn entry_comes_before_the_record() {
    let mut scene = Scene::new("before").await;
    let (proxy, store) = scene.proxied().await;
    let warm = scene.create(&store, &scene.key("warm"), &scene.lease()).await;

    // The reply to the entry is lost, so the record is never sent.
    proxy.cut_reply_to(scene.index().as_bytes());
    let absent = Precondition::Absent;
    let created = store.write(&scene.key("a"), "new".into(), &scene.lease(), absent).await;
    let error = created.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    assert_eq!(store.load(&scene.key("a")).await.unwrap(), None);
    assert_eq!(scene.entries().await, 2);

    // The index cannot be entered, so nothing is renewed either.
    let index = scene.index();
    let () = scene.admin.del(&index).await.unwrap();
    let () = scene.admin.set(&index, "someone else's").await.unwrap();
    let touched = store.touch(&scene.key("warm"), &scene.lease(), &warm).await;
    assert_eq!(touched.unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(store.delete(&scene.key("warm"), Some(scene.name), None).await.unwrap());
}

#[tokio::test]
async fn refused_call_takes_back_what_it_added() {
    let mut scene = Scene::new("back").await;
    let store = scene.store().await;
    let loaded = scene.create(&store, &scene.key("a"), &MINUTE).await;
    let absent = Precondition::Absent;
    let refused = store.write(&scene.key("a"), "new".into(), &scene.lease(), absent).await;
    assert_eq!(refused.unwrap(), Outcome::Refused);
    assert_eq!(scene.entries().await, 0);

    // What was there before stays.
    assert_eq!(store.touch(&scene.key("a"), &scene.lease(), &loaded).await.unwrap(), WRITTEN);
    let refused = store.write(&scene.key("a"), "new".into(), &scene.lease(), absent).await;
    assert_eq!(refused.unwrap(), Outcome::Refused);
    assert_eq!(scene.entries().await, 1);
    assert_eq!(store.list_by_owner(scene.name).await.unwrap(), [scene.key("a")]);
}

/// The losers of a race must not take away the entry that the winner relies on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn winner_of_a_race_is_listed() {
    let scene = Arc::new(Scene::new("race").await);
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(Arc::new(scene.store().await));
    }
    for round in 0..200 {
        let key = scene.key(&round.to_string());
        // Without an entry, as before the index was turned on.
        let loaded = scene.create(&stores[0], &key, &MINUTE).await;
        let writers: Vec<_> = stores
            .iter()
            .enumerate()
            .map(|(n, store)| {
                let (scene, store) = (Arc::clone(&scene), Arc::clone(store));
                let (key, loaded) = (key.clone(), loaded.clone());
                tokio::spawn(async move {
                    let same = Precondition::Unchanged(&loaded);
                    let payload = format!("{round}-{n}").into();
                    store.write(&key, payload, &scene.lease(), same).await.unwrap()
                })
            })
            .collect();
        let mut won = 0;
        for writer in writers {
            won += u32::from(writer.await.unwrap() == WRITTEN);
        }
        assert_eq!(won, 1);
        assert_eq!(stores[0].list_by_owner(scene.name).await.unwrap(), std::slice::from_ref(&key));
        assert!(stores[0].delete(&key, Some(scene.name), None).await.unwrap());
    }
}

/// A process that dies here looks the same to the server.
#[tokio::test]
async fn call_dropped_between_entry_and_record_leaves_no_unlisted_record() {
    let scene = Scene::new("dropped").await;
    let store = Arc::new(scene.store().await);
    scene.create(&store, &scene.key("warm"), &scene.lease()).await;
    for round in 0..100 {
        let key = scene.key(&round.to_string());
        let lease = scene.lease();
        {
            let mut writing =
                std::pin::pin!(store.write(&key, "new".into(), &lease, Precondition::Absent));
            for _ in 0..round % 10 {
                tokio::select! { biased; _ = &mut writing => {}, () = tokio::task::yield_now() => continue }
                break;
            }
        }
        if store.load(&key).await.unwrap().is_some() {
            assert!(store.list_by_owner(scene.name).await.unwrap().contains(&key), "{round}");
        }
    }
    eventually("the store goes on", async || store.load(&scene.key("warm")).await.is_ok()).await;
}
