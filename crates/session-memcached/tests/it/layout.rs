//! The bytes, lifetimes, limits and commands that the README promises.

use crate::common::{MINUTE, Server, create, key};
use memcache::exp::AsyncMemcache;
use session_core::{Bytes, ErrorKind, Lease, Outcome, Precondition, Record, Store, StoreKey};
use session_memcached::{MemcachedOptions, MemcachedStore};
use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What Flask-Session 0.8 wrote for `{'_permanent': True, 'user_id': 42, 'name': 'Zoë', 'ok': True}`
/// with pymemcache, python-memcached and pylibmc alike: this key and value, flags 0, and for an
/// hour, for 30 days and for its default of 31 days these exptimes (the last is added to the time).
const FLASK_ID: &str = "Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk";
const FLASK_KEY: &str = "session:Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk";
const FLASK_VALUE: &[u8] = b"\x84\xaa_permanent\xc3\xa7user_id\x2a\xa4name\xa4Zo\xc3\xab\xa2ok\xc3";
const FLASK_RELATIVE: [u64; 2] = [3_600, 2_592_000];
const FLASK_ABSOLUTE: u64 = 2_678_400;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn assert_about(left: Duration, expected: u64) {
    let seconds = left.as_secs();
    assert!((expected - 30..=expected + 4).contains(&seconds), "{seconds} s for {expected}");
}

#[tokio::test]
async fn flask_record_is_loaded_as_it_is() {
    let server = Server::start().await;
    let store = MemcachedStore::connect(server.name()).await.unwrap();
    let relative = FLASK_RELATIVE.map(|seconds| (seconds, seconds));
    let absolute = [(FLASK_ABSOLUTE, now() + FLASK_ABSOLUTE)];
    for (seconds, exptime) in relative.into_iter().chain(absolute) {
        server.admin().set(FLASK_KEY, 0, exptime, FLASK_VALUE);
        let record = store.load(&key(FLASK_ID)).await.unwrap().unwrap();
        assert_eq!(record.payload, FLASK_VALUE);
        assert_about(record.ttl, seconds);
    }
}

#[tokio::test]
async fn record_is_written_as_flask_writes_it() {
    let server = Server::start().await;
    let store = MemcachedStore::connect(server.name()).await.unwrap();
    let mut admin = server.admin();
    let id = key(FLASK_ID);
    for seconds in FLASK_RELATIVE.into_iter().chain([FLASK_ABSOLUTE]) {
        let lease = Lease { ttl: Duration::from_secs(seconds), owner: None };
        let mut expect = |payload: &[u8]| {
            let (flags, left, value) = admin.get(FLASK_KEY).unwrap();
            assert_eq!((flags, &value[..]), (0, payload));
            assert_about(Duration::from_secs(left.try_into().unwrap()), seconds);
        };
        let flask = Bytes::from_static(FLASK_VALUE);
        let created = store.write(&id, flask.clone(), &lease, Precondition::Absent).await;
        assert!(created.unwrap().is_written());
        expect(FLASK_VALUE);

        let loaded = store.load(&id).await.unwrap().unwrap();
        let unchanged = Precondition::Unchanged(&loaded);
        assert!(store.write(&id, "x".into(), &lease, unchanged).await.unwrap().is_written());
        expect(b"x");

        let loaded = store.load(&id).await.unwrap().unwrap();
        assert!(store.touch(&id, &lease, &loaded).await.unwrap().is_written());
        expect(b"x");
        assert!(store.delete(&id, None, None).await.unwrap());
    }
}

#[tokio::test]
async fn each_call_is_this_command() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let client = AsyncMemcache::connect([listener.local_addr().unwrap()]).await.unwrap();
    let store = MemcachedStore::from_client(client);
    let loaded = Record { payload: "old".into(), cas: 7, ttl: MINUTE.ttl };
    let unchanged = Precondition::Unchanged(&loaded);
    let key = key("k");

    let calls = async {
        let found = store.load(&key).await.unwrap().unwrap();
        assert_eq!((&found.payload[..], found.cas, found.ttl), (&b"old"[..], 7, MINUTE.ttl));
        let outcomes = [
            store.write(&key, "new".into(), &MINUTE, Precondition::Absent).await.unwrap(),
            store.write(&key, "new".into(), &MINUTE, unchanged).await.unwrap(),
            store.touch(&key, &MINUTE, &loaded).await.unwrap(),
        ];
        let expected = [Outcome::Written { cas: 8 }, Outcome::Written { cas: 9 }, Outcome::Refused];
        assert_eq!(outcomes, expected);
        assert!(!store.delete(&key, None, Some(&loaded)).await.unwrap());
        assert!(store.delete(&key, Some("owner"), None).await.unwrap());
    };
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        for (request, reply) in [
            ("mg session:k v f c t\r\n", "VA 3 f0 c7 t62\r\nold\r\n"),
            ("ms session:k 3 ME c T62\r\nnew\r\n", "HD c8\r\n"),
            ("ms session:k 3 c T62 C7\r\nnew\r\n", "HD c9\r\n"),
            ("ms session:k 3 c T62 C7\r\nold\r\n", "NF\r\n"),
            ("md session:k C7\r\n", "EX\r\n"),
            ("md session:k\r\n", "HD\r\n"),
        ] {
            let mut seen = vec![0; request.len()];
            stream.read_exact(&mut seen).await.unwrap();
            assert_eq!(String::from_utf8(seen).unwrap(), request);
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
    };
    tokio::join!(calls, server);
}

/// Its record was no item of a server, and some servers take the token 0 for none given.
#[tokio::test]
async fn record_without_a_token_is_refused_without_asking() {
    let server = Server::start().await;
    let proxy = server.proxy().await;
    let store = MemcachedStore::connect(proxy.addr().to_string()).await.unwrap();
    let loaded = Record { cas: 0, ..create(&store, &key("zero"), "x").await };
    let before = proxy.round_trips();
    let unchanged = Precondition::Unchanged(&loaded);
    let written = store.write(&key("zero"), "y".into(), &MINUTE, unchanged).await.unwrap();
    assert_eq!(written, Outcome::Refused);
    assert_eq!(store.touch(&key("zero"), &MINUTE, &loaded).await.unwrap(), Outcome::Refused);
    assert!(!store.delete(&key("zero"), None, Some(&loaded)).await.unwrap());
    assert_eq!(proxy.round_trips(), before);
}

#[tokio::test]
async fn record_without_expiry_outlives_any_lifetime() {
    let server = Server::start().await;
    let store = MemcachedStore::connect(server.name()).await.unwrap();
    server.admin().set("session:eternal", 0, 0, b"x");
    assert_eq!(store.load(&key("eternal")).await.unwrap().unwrap().ttl, Duration::MAX);
}

#[tokio::test]
async fn longest_lifetime_ends_with_the_numbers_of_the_server() {
    let server = Server::start().await;
    let store = MemcachedStore::connect(server.name()).await.unwrap();
    let forever = Lease { ttl: Duration::MAX, owner: None };
    let written = store.write(&key("long"), "x".into(), &forever, Precondition::Absent).await;
    assert!(written.unwrap().is_written());
    let left = store.load(&key("long")).await.unwrap().unwrap().ttl;
    assert_about(left, i32::MAX as u64 - now());
}

#[tokio::test]
async fn value_with_client_flags_is_neither_read_nor_touched() {
    let server = Server::start().await;
    let store = MemcachedStore::connect(server.name()).await.unwrap();
    let mut admin = server.admin();
    admin.set("session:pickled", 1, 60, b"x");
    let error = store.load(&key("pickled")).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Decode, false));
    let created = store.write(&key("pickled"), "y".into(), &MINUTE, Precondition::Absent).await;
    assert_eq!(created.unwrap(), Outcome::Refused);
    assert_eq!(admin.get("session:pickled").unwrap().2, b"x");
}

#[tokio::test]
async fn too_large_payload_is_refused_before_it_is_sent() {
    let server = Server::start().await;
    let proxy = server.proxy().await;
    let store = MemcachedStore::connect(proxy.addr().to_string()).await.unwrap();
    let limit = store.capabilities().max_payload.unwrap();
    let loaded = create(&store, &key("large"), "x").await;
    let before = proxy.round_trips();
    for when in [Precondition::Absent, Precondition::Unchanged(&loaded)] {
        let payload = Bytes::from(vec![0; limit + 1]);
        let error = store.write(&key("large"), payload, &MINUTE, when).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    }
    assert_eq!(proxy.round_trips(), before);
    assert_eq!(store.load(&key("large")).await.unwrap().unwrap().payload, "x");
}

#[tokio::test]
async fn limit_is_the_smallest_that_a_server_tells() {
    let small = Server::start_with(&["-I", "512k"]).await;
    let large = Server::start_with(&["-I", "2m"]).await;
    for (servers, item) in
        [(vec![&small], 512 << 10), (vec![&large], 2 << 20), (vec![&large, &small], 512 << 10)]
    {
        let options = MemcachedOptions::new(servers.iter().map(|server| server.name()));
        // What servers tell goes before what is only supposed.
        let store = MemcachedStore::connect(options.item_size_max(1)).await.unwrap();
        let limit = store.capabilities().max_payload.unwrap();
        assert_eq!(limit, item - 512);

        // The longest key leaves the least to the value.
        let key = StoreKey::new("session:", &servers.len().to_string().repeat(242));
        let payload = Bytes::from(vec![b'x'; limit]);
        let store = store.operation_timeout(Duration::from_secs(10));
        let created = store.write(&key, payload, &MINUTE, Precondition::Absent).await;
        assert!(created.unwrap().is_written());
        assert_eq!(store.load(&key).await.unwrap().unwrap().payload.len(), limit);
    }
}

#[tokio::test]
async fn key_that_the_protocol_cannot_hold_is_refused_before_it_is_sent() {
    let server = Server::start().await;
    let proxy = server.proxy().await;
    let store = MemcachedStore::connect(proxy.addr().to_string()).await.unwrap();
    let before = proxy.round_trips();
    for (name, kind) in
        [("k".repeat(251), ErrorKind::TooLarge), ("a b\r\n".to_owned(), ErrorKind::Unsupported)]
    {
        let key = StoreKey::new("", &name);
        assert_eq!(store.load(&key).await.unwrap_err().kind(), kind);
        let written = store.write(&key, "x".into(), &MINUTE, Precondition::Absent).await;
        assert_eq!(written.unwrap_err().kind(), kind);
        assert_eq!(store.delete(&key, None, None).await.unwrap_err().kind(), kind);
    }
    assert_eq!(proxy.round_trips(), before);
}

#[tokio::test]
async fn owners_are_not_indexed() {
    let server = Server::start().await;
    let store = MemcachedStore::connect(server.name()).await.unwrap();
    assert!(!store.capabilities().owner_index);
    let error = store.list_by_owner("owner").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(store.delete_expired().await.unwrap(), 0);
}

/// What a cache client marks so, it serves until someone makes it anew; a session has no such time.
#[tokio::test]
async fn invalidated_item_is_no_session() {
    let server = Server::start().await;
    let store = MemcachedStore::connect(server.name()).await.unwrap();
    create(&store, &key("stale"), "x").await;
    assert_eq!(server.admin().tell("md session:stale I T60"), "HD");
    assert!(server.admin().get("session:stale").is_some(), "the server still has it");
    assert_eq!(store.load(&key("stale")).await.unwrap(), None);
}
