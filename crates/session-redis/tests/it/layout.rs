//! The bytes, lifetimes and commands that the README promises.

use crate::common::{HOUR, MINUTE, Server, WRITTEN, calls, create, key};
use redis::{AsyncCommands as _, SetExpiry, SetOptions};
use session_core::{Bytes, ErrorKind, Lease, Outcome, Precondition, Store};
use session_redis::RedisStore;
use std::time::Duration;

/// What Flask-Session 0.8 wrote for `{'_permanent': True, 'user_id': 42, 'name': 'Zoë', 'ok': True}`
/// with its defaults: this key, one of these values, `EX 2678400`.
const FLASK_KEY: &str = "Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk";
const FLASK_SECONDS: u64 = 2_678_400;
const FLASK_VALUES: [&[u8]; 2] = [
    b"\x84\xaa_permanent\xc3\xa7user_id\x2a\xa4name\xa4Zo\xc3\xab\xa2ok\xc3",
    b"{\"_permanent\":true,\"user_id\":42,\"name\":\"Zo\xc3\xab\",\"ok\":true}",
];

#[tokio::test]
async fn flask_record_is_loaded_as_it_is() {
    let server = Server::start().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    let mut admin = server.admin().await;
    for value in FLASK_VALUES {
        let expiry = SetOptions::default().with_expiration(SetExpiry::EX(FLASK_SECONDS));
        let name = format!("session:{FLASK_KEY}");
        let () = admin.set_options(name, value, expiry).await.unwrap();

        let record = store.load(&key(FLASK_KEY)).await.unwrap().unwrap();
        assert_eq!(record.payload, value);
        assert_eq!(record.cas, 0);
        let left = Duration::from_secs(FLASK_SECONDS).checked_sub(record.ttl).unwrap();
        assert!(left < Duration::from_secs(30), "{left:?}");
    }
}

#[tokio::test]
async fn record_is_written_as_flask_writes_it() {
    let server = Server::start().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    let mut admin = server.admin().await;
    let lease = Lease { ttl: Duration::from_secs(FLASK_SECONDS), owner: None };
    let name = format!("session:{FLASK_KEY}");
    let key = key(FLASK_KEY);

    let [first, second] = FLASK_VALUES.map(Bytes::from_static);
    let absent = Precondition::Absent;
    assert_eq!(store.write(&key, first.clone(), &lease, absent).await.unwrap(), WRITTEN);
    for value in [first, second.clone()] {
        let stored: Vec<u8> = admin.get(&name).await.unwrap();
        assert_eq!(stored, value);
        let kind: String = redis::cmd("TYPE").arg(&name).query_async(&mut admin).await.unwrap();
        assert_eq!(kind, "string");
        let seconds: u64 = admin.ttl(&name).await.unwrap();
        assert!((FLASK_SECONDS - 30..=FLASK_SECONDS).contains(&seconds), "{seconds}");
        let keys: u64 = redis::cmd("DBSIZE").query_async(&mut admin).await.unwrap();
        assert_eq!(keys, 1, "nothing is kept beside the record");

        let loaded = store.load(&key).await.unwrap().unwrap();
        let unchanged = Precondition::Unchanged(&loaded);
        let written = store.write(&key, second.clone(), &lease, unchanged).await.unwrap();
        assert_eq!(written, WRITTEN);
    }
}

#[tokio::test]
async fn each_call_is_these_commands_in_one_round_trip() {
    let server = Server::start().await;
    let (proxy, url) = server.proxy().await;
    let store = RedisStore::connect(url).await.unwrap();
    let mut admin = server.admin().await;
    let key = key("commands");

    // The scripts become known, and the count of round trips starts from here.
    let loaded = create(&store, &key, "a").await;
    let same = Precondition::Unchanged(&loaded);
    assert_eq!(store.write(&key, "a".into(), &MINUTE, same).await.unwrap(), WRITTEN);
    assert_eq!(store.touch(&key, &MINUTE, &loaded).await.unwrap(), WRITTEN);
    assert!(store.delete(&key, None, Some(&loaded)).await.unwrap());

    let names = ["get", "pttl", "set", "evalsha", "pexpire", "del", "eval", "multi", "ping"];
    let mut seen = (calls(&mut admin, &names).await, proxy.round_trips());
    macro_rules! assert_costs {
        ($call:expr, $($name:literal)+) => {
            $call;
            let now = (calls(&mut admin, &names).await, proxy.round_trips());
            for (index, name) in names.iter().enumerate() {
                let expected = u64::from([$($name),+].contains(name));
                assert_eq!(now.0[index] - seen.0[index], expected, "{name} in {}", stringify!($call));
            }
            assert_eq!(now.1 - seen.1, 1, "round trips of {}", stringify!($call));
            seen = now;
        };
    }
    let absent = Precondition::Absent;
    assert_costs!(assert!(store.load(&key).await.unwrap().is_none()), "get" "pttl");
    assert_costs!(
        assert_eq!(store.write(&key, "a".into(), &MINUTE, absent).await.unwrap(), WRITTEN),
        "set"
    );
    assert_costs!(
        assert_eq!(store.write(&key, "b".into(), &MINUTE, absent).await.unwrap(), Outcome::Refused),
        "set"
    );
    assert_costs!(assert!(store.load(&key).await.unwrap().is_some()), "get" "pttl");
    assert_costs!(assert_eq!(store.write(&key, "a".into(), &MINUTE, same).await.unwrap(), WRITTEN), "evalsha" "get" "set");
    assert_costs!(assert_eq!(store.touch(&key, &MINUTE, &loaded).await.unwrap(), WRITTEN), "evalsha" "get" "pexpire");
    assert_costs!(assert!(store.delete(&key, None, Some(&loaded)).await.unwrap()), "evalsha" "get" "del");
    assert_costs!(assert_eq!(store.write(&key, "a".into(), &MINUTE, same).await.unwrap(), Outcome::Refused), "evalsha" "get");
    assert_costs!(assert!(!store.delete(&key, Some("owner"), None).await.unwrap()), "del");
    assert_eq!(seen.1, proxy.round_trips());
}

#[tokio::test]
async fn unknown_script_costs_one_more_round_trip_once() {
    let server = Server::start().await;
    let (proxy, url) = server.proxy().await;
    let store = RedisStore::connect(url).await.unwrap();
    let loaded = create(&store, &key("flushed"), "a").await;
    for round_trips in [2, 1, 1] {
        let before = proxy.round_trips();
        assert_eq!(store.touch(&key("flushed"), &HOUR, &loaded).await.unwrap(), WRITTEN);
        assert_eq!(proxy.round_trips() - before, round_trips);
    }
}

#[tokio::test]
async fn record_without_expiry_outlives_any_lifetime() {
    let server = Server::start().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    let () = server.admin().await.set("session:eternal", "x").await.unwrap();
    let record = store.load(&key("eternal")).await.unwrap().unwrap();
    assert_eq!(record.ttl, Duration::MAX);
}

#[tokio::test]
async fn longest_lifetime_is_a_century() {
    let server = Server::start().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    let forever = Lease { ttl: Duration::MAX, owner: None };
    let loaded = create(&store, &key("long"), "x").await;
    let same = Precondition::Unchanged(&loaded);
    assert_eq!(store.write(&key("long"), "x".into(), &forever, same).await.unwrap(), WRITTEN);
    assert_eq!(store.touch(&key("long"), &forever, &loaded).await.unwrap(), WRITTEN);
    let years = store.load(&key("long")).await.unwrap().unwrap().ttl.as_secs() / (365 * 86_400);
    assert!((99..=100).contains(&years), "{years}");
}

#[tokio::test]
async fn key_of_another_type_is_neither_read_nor_overwritten() {
    let server = Server::start().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    let mut admin = server.admin().await;
    let loaded = create(&store, &key("list"), "x").await;
    let () = admin.del("session:list").await.unwrap();
    let () = admin.rpush("session:list", "x").await.unwrap();

    let key = key("list");
    let error = store.load(&key).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Decode, false));
    for when in [Precondition::Absent, Precondition::Unchanged(&loaded)] {
        let outcome = store.write(&key, "y".into(), &MINUTE, when).await.unwrap();
        assert_eq!(outcome, Outcome::Refused);
    }
    assert_eq!(store.touch(&key, &MINUTE, &loaded).await.unwrap(), Outcome::Refused);
    assert!(!store.delete(&key, None, Some(&loaded)).await.unwrap());
    let length: u64 = admin.llen("session:list").await.unwrap();
    assert_eq!(length, 1);
}

#[tokio::test]
async fn too_large_payload_is_refused_before_it_is_sent() {
    let server = Server::start().await;
    let (proxy, url) = server.proxy().await;
    let store = RedisStore::connect(url).await.unwrap();
    let limit = store.capabilities().max_payload.unwrap();
    let before = proxy.round_trips();
    let payload = Bytes::from(vec![0; limit + 1]);
    let error = store.write(&key("large"), payload, &MINUTE, Precondition::Absent).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::TooLarge);
    assert_eq!(proxy.round_trips(), before);
}

#[tokio::test]
async fn owners_are_not_indexed() {
    let server = Server::start().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    assert!(!store.capabilities().owner_index);
    let error = store.list_by_owner("owner").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(store.delete_expired().await.unwrap(), 0);
}
