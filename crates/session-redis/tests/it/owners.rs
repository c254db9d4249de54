//! The index of owners: its key, its entries and what they cost, where one script holds both keys.

use crate::common::{MINUTE, Server, WRITTEN, calls, key, tell};
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use session_core::{ErrorKind, Lease, Outcome, Precondition, Record, Store, StoreKey};
use session_redis::{RedisOptions, RedisStore};
use session_testkit::proxy::CutReport;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const OWNER: &str = "42";
/// `printf 42 | sha256sum`
const INDEX: &str =
    "session-owner:73475cb40a568e8da8a045ced110137e159f890ac4da883b6b17dc651b3a8049:keys";
const OWNED: Lease<'static> = Lease { ttl: MINUTE.ttl, owner: Some(OWNER) };
/// How much longer than its record an entry stays.
const SPARE_MS: u64 = 600_000;

async fn open(url: String) -> RedisStore {
    RedisStore::connect(RedisOptions::new(url).owner_index(true)).await.unwrap()
}

async fn create(store: &RedisStore, key: &StoreKey, lease: &Lease<'_>) -> Record {
    let created = store.write(key, "old".into(), lease, Precondition::Absent).await;
    assert_eq!(created.unwrap(), WRITTEN);
    store.load(key).await.unwrap().unwrap()
}

async fn entries(admin: &mut MultiplexedConnection) -> Vec<String> {
    admin.zrange(INDEX, 0, -1).await.unwrap()
}

#[tokio::test]
async fn record_has_an_entry_in_the_sorted_set_of_its_owner() {
    let server = Server::start().await;
    let store = open(server.url()).await;
    let mut admin = server.admin().await;
    create(&store, &key("a"), &OWNED).await;
    create(&store, &key("nobodys"), &MINUTE).await;

    assert_eq!(entries(&mut admin).await, ["session:a"]);
    let plain: Vec<u8> = admin.get("session:a").await.unwrap();
    assert_eq!(plain, b"old", "the record is as it is without an index");
    let keys: u64 = redis::cmd("DBSIZE").query_async(&mut admin).await.unwrap();
    assert_eq!(keys, 3, "two records and one index");

    let score: f64 = admin.zscore(INDEX, "session:a").await.unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let beyond = score - now.as_secs_f64() * 1_000.0 - OWNED.ttl.as_secs_f64() * 1_000.0;
    assert!((SPARE_MS as f64 - 30_000.0..=SPARE_MS as f64).contains(&beyond), "{beyond}");
}

#[tokio::test]
async fn index_lives_as_long_as_its_longest_entry() {
    let server = Server::start().await;
    let store = open(server.url()).await;
    let mut admin = server.admin().await;
    let lease = |seconds| Lease { ttl: Duration::from_secs(seconds), owner: Some(OWNER) };
    for (name, seconds, longest) in [("a", 60, 60), ("b", 7_200, 7_200), ("c", 1, 7_200)] {
        create(&store, &key(name), &lease(seconds)).await;
        let left: u64 = admin.pttl(INDEX).await.unwrap();
        let longest = longest * 1_000 + SPARE_MS;
        assert!((longest - 30_000..=longest).contains(&left), "{name}: {left}");
    }
}

#[tokio::test]
async fn each_call_with_an_owner_is_one_round_trip() {
    let server = Server::start().await;
    let (proxy, url) = server.proxy().await;
    let store = open(url).await;
    let loaded = create(&store, &key("a"), &OWNED).await;
    let same = Precondition::Unchanged(&loaded);
    let absent = Precondition::Absent;
    let delete = async |expected| store.delete(&key("a"), Some(OWNER), expected).await.unwrap();

    // The server learns the scripts on the first turn.
    for turn in 0..2 {
        macro_rules! costs_one {
            ($call:expr, $expected:expr) => {
                let before = proxy.round_trips();
                assert_eq!($call, $expected);
                let trips = proxy.round_trips() - before;
                assert!(turn == 0 || trips == 1, "{} took {trips}", stringify!($call));
            };
        }
        let write = async |when| store.write(&key("a"), "old".into(), &OWNED, when).await.unwrap();
        costs_one!(write(same).await, WRITTEN);
        costs_one!(write(absent).await, Outcome::Refused);
        costs_one!(store.touch(&key("a"), &OWNED, &loaded).await.unwrap(), WRITTEN);
        costs_one!(delete(Some(&loaded)).await, true);
        costs_one!(write(same).await, Outcome::Refused);
        costs_one!(write(absent).await, WRITTEN);
        costs_one!(delete(None).await, true);
        costs_one!(write(absent).await, WRITTEN);
    }
    let before = proxy.round_trips();
    assert_eq!(store.list_by_owner(OWNER).await.unwrap(), [key("a")]);
    assert_eq!(proxy.round_trips() - before, 2, "the entries, then their records");
}

#[tokio::test]
async fn record_without_an_owner_costs_what_it_does_without_an_index() {
    let server = Server::start().await;
    let store = open(server.url()).await;
    let mut admin = server.admin().await;
    tell(&mut admin, "CONFIG RESETSTAT").await;
    let loaded = create(&store, &key("a"), &MINUTE).await;
    assert_eq!(store.touch(&key("a"), &MINUTE, &loaded).await.unwrap(), WRITTEN);
    assert!(store.delete(&key("a"), None, Some(&loaded)).await.unwrap());
    assert_eq!(calls(&mut admin, &["set", "zadd", "zrem", "time"]).await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn entry_goes_with_the_record() {
    let server = Server::start().await;
    let store = open(server.url()).await;
    let mut admin = server.admin().await;
    let loaded = create(&store, &key("a"), &OWNED).await;
    create(&store, &key("b"), &OWNED).await;
    assert!(store.delete(&key("a"), Some(OWNER), Some(&loaded)).await.unwrap());
    assert_eq!(entries(&mut admin).await, ["session:b"]);

    // Another request removed the record, and only that.
    create(&store, &key("a"), &OWNED).await;
    let () = admin.del("session:a").await.unwrap();
    let expected = Some(&loaded);
    assert!(!store.delete(&key("a"), Some(OWNER), expected).await.unwrap());
    assert_eq!(entries(&mut admin).await, ["session:b"]);

    assert!(store.delete(&key("b"), Some(OWNER), None).await.unwrap());
    let is_there: bool = admin.exists(INDEX).await.unwrap();
    assert!(!is_there, "an empty index is no key");
}

#[tokio::test]
async fn ended_entries_are_trimmed_when_one_is_made() {
    let server = Server::start().await;
    let store = open(server.url()).await;
    let mut admin = server.admin().await;
    let ended: Vec<(f64, String)> = (0..150).map(|n| (f64::from(n), format!("gone-{n}"))).collect();
    let () = admin.zadd_multiple(INDEX, &ended).await.unwrap();
    let loaded = create(&store, &key("a"), &OWNED).await;
    assert_eq!(entries(&mut admin).await.len(), 51);
    assert_eq!(store.touch(&key("a"), &OWNED, &loaded).await.unwrap(), WRITTEN);
    assert_eq!(entries(&mut admin).await, ["session:a"]);
}

#[tokio::test]
async fn shorter_lease_does_not_end_an_entry_that_a_longer_one_needs() {
    let server = Server::start().await;
    let store = open(server.url()).await;
    let mut admin = server.admin().await;
    let loaded = create(&store, &key("a"), &OWNED).await;
    let before: f64 = admin.zscore(INDEX, "session:a").await.unwrap();
    let second = Lease { ttl: Duration::from_secs(1), owner: Some(OWNER) };
    assert_eq!(store.touch(&key("a"), &second, &loaded).await.unwrap(), WRITTEN);
    let after: f64 = admin.zscore(INDEX, "session:a").await.unwrap();
    assert!(after > before, "whoever needs an entry gives it a new score");
}

#[tokio::test]
async fn owner_of_any_bytes_has_an_index_of_its_own() {
    let server = Server::start().await;
    let store = open(server.url()).await;
    let long = "x".repeat(1 << 20);
    let owners = ["a", "A", "a ", "a\0", "\r\n:*[]{}\\", "zoë@example.org", &long];
    for (n, owner) in owners.iter().enumerate() {
        let lease = Lease { ttl: MINUTE.ttl, owner: Some(owner) };
        create(&store, &key(&format!("of-{n}")), &lease).await;
    }
    for (n, owner) in owners.iter().enumerate() {
        assert_eq!(store.list_by_owner(owner).await.unwrap(), [key(&format!("of-{n}"))]);
    }
    let mut admin = server.admin().await;
    let names: Vec<String> = admin.keys("*").await.unwrap();
    assert!(names.iter().all(|name| name.len() < 100 && !name.contains("example")));
}

#[tokio::test]
async fn every_record_of_a_large_index_is_listed_once() {
    let server = Server::start().await;
    let store = Arc::new(open(server.url()).await);
    let mut admin = server.admin().await;
    let count = 2_000;
    let names: Vec<String> = (0..count).map(|n| format!("{n:04}")).collect();
    for some in names.chunks(200) {
        let creating: Vec<_> = some
            .iter()
            .map(|name| {
                let (store, key) = (Arc::clone(&store), key(name));
                tokio::spawn(async move { create(&store, &key, &OWNED).await })
            })
            .collect();
        for created in creating {
            created.await.unwrap();
        }
    }
    // Entries without a live record are no keys.
    for n in (0..count).step_by(2) {
        let () = admin.del(format!("session:{n:04}")).await.unwrap();
    }
    let expected: Vec<_> = names.iter().skip(1).step_by(2).map(|name| key(name)).collect();
    assert_eq!(store.list_by_owner(OWNER).await.unwrap(), expected);
}

#[tokio::test]
async fn record_from_before_the_index_is_listed_once_it_is_renewed() {
    let server = Server::start().await;
    let without = RedisStore::connect(server.url()).await.unwrap();
    let store = open(server.url()).await;
    let loaded = create(&without, &key("a"), &OWNED).await;
    assert_eq!(without.list_by_owner(OWNER).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(store.list_by_owner(OWNER).await.unwrap().is_empty());
    assert_eq!(store.touch(&key("a"), &OWNED, &loaded).await.unwrap(), WRITTEN);
    assert_eq!(store.list_by_owner(OWNER).await.unwrap(), [key("a")]);
}

#[tokio::test]
async fn index_of_another_type_stops_what_needs_an_entry_and_nothing_else() {
    let server = Server::start().await;
    let store = open(server.url()).await;
    let mut admin = server.admin().await;
    let loaded = create(&store, &key("a"), &OWNED).await;
    let () = admin.set(INDEX, "someone else's").await.unwrap();

    let changed = Precondition::Unchanged(&loaded);
    let failures = [
        store.write(&key("b"), "new".into(), &OWNED, Precondition::Absent).await.map(drop),
        store.write(&key("a"), "new".into(), &OWNED, changed).await.map(drop),
        store.touch(&key("a"), &OWNED, &loaded).await.map(drop),
        store.list_by_owner(OWNER).await.map(drop),
    ];
    for failure in failures {
        let error = failure.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        assert!(error.to_string().contains("index"), "{error}");
        assert!(!error.to_string().contains(INDEX), "{error}");
    }
    assert_eq!(store.load(&key("b")).await.unwrap(), None, "nothing was written");
    assert_eq!(store.load(&key("a")).await.unwrap().unwrap().payload, "old");
    assert!(store.delete(&key("a"), Some(OWNER), Some(&loaded)).await.unwrap(), "a logout ends it");
    let foreign: String = admin.get(INDEX).await.unwrap();
    assert_eq!(foreign, "someone else's");
}

#[tokio::test]
async fn lost_reply_leaves_both_or_none() {
    let server = Server::start().await;
    let (proxy, url) = server.proxy().await;
    let store = open(url).await;
    let beside = open(server.url()).await;
    create(&beside, &key("warm"), &OWNED).await;
    assert!(beside.delete(&key("warm"), Some(OWNER), None).await.unwrap());

    proxy.cut_reply_to(b"session:cut");
    let created = store.write(&key("cut"), "new".into(), &OWNED, Precondition::Absent).await;
    assert_eq!(created.unwrap_err().kind(), ErrorKind::Unknown);
    assert_eq!(proxy.cut_report(), CutReport { requests: 1, is_cut: true });
    assert_eq!(beside.list_by_owner(OWNER).await.unwrap(), [key("cut")]);

    store.load(&key("cut")).await.unwrap();
    proxy.cut_reply_to(b"session:cut");
    let deleted = store.delete(&key("cut"), Some(OWNER), None).await;
    assert_eq!(deleted.unwrap_err().kind(), ErrorKind::Unknown);
    assert!(entries(&mut server.admin().await).await.is_empty());
}

#[tokio::test]
async fn list_whose_reply_is_lost_asks_once_more() {
    let server = Server::start().await;
    let (proxy, url) = server.proxy().await;
    let store = open(url).await;
    create(&store, &key("a"), &OWNED).await;
    for needle in [INDEX.as_bytes(), b"session:a"] {
        proxy.cut_reply_to(needle);
        assert_eq!(store.list_by_owner(OWNER).await.unwrap(), [key("a")]);
        assert_eq!(proxy.cut_report(), CutReport { requests: 2, is_cut: true });
    }
}

#[tokio::test]
async fn full_server_takes_neither_entry_nor_record() {
    let server = Server::start().await;
    let store = open(server.url()).await;
    let mut admin = server.admin().await;
    let loaded = create(&store, &key("a"), &OWNED).await;
    tell(&mut admin, "CONFIG SET maxmemory 1").await;
    let error = store.write(&key("b"), "new".into(), &OWNED, Precondition::Absent).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(entries(&mut admin).await, ["session:a"]);
    assert!(store.delete(&key("a"), Some(OWNER), Some(&loaded)).await.unwrap());
    assert!(entries(&mut admin).await.is_empty(), "a full server still ends sessions");
}
