//! Records that are held in this process while their server tells of changes.

#[cfg(feature = "cluster")]
mod cluster;
#[cfg(feature = "sentinel")]
mod sentinel;

use crate::common::{HOUR, MINUTE, Server, WRITTEN, calls, create, eventually, in_time, key, tell};
use redis::aio::MultiplexedConnection;
use session_core::{ErrorKind, Outcome, Precondition, Store};
use session_redis::{RedisOptions, RedisStore};
use session_testkit::proxy::Mode;
use session_testkit::{ChildServer, Place, Program};
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

async fn holding(url: impl Into<String>) -> RedisStore {
    RedisStore::connect(RedisOptions::new(url).near_cache(100)).await.unwrap()
}

/// What a load returns.
async fn read(store: &RedisStore, name: &str) -> Option<String> {
    let record = store.load(&key(name)).await.unwrap();
    record.map(|record| String::from_utf8(record.payload.to_vec()).unwrap())
}

/// How often the server was asked for a record while this was done.
async fn loads_of<T>(admin: &mut MultiplexedConnection, work: impl Future<Output = T>) -> u64 {
    let before = calls(admin, &["get"]).await[0];
    work.await;
    calls(admin, &["get"]).await[0] - before
}

#[tokio::test]
async fn record_is_asked_for_once() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    let store = holding(server.url()).await;
    let plain = RedisStore::connect(server.url()).await.unwrap();
    create(&plain, &key("hot"), "x").await;
    for (store, expected) in [(&store, 1), (&plain, 100)] {
        let reads = async {
            for _ in 0..100 {
                let record = store.load(&key("hot")).await.unwrap().unwrap();
                assert_eq!(record.payload, "x");
                assert!(record.ttl <= MINUTE.ttl && record.ttl > MINUTE.ttl / 2, "{record:?}");
            }
        };
        assert_eq!(loads_of(&mut admin, reads).await, expected);
    }
    let reads = async {
        for _ in 0..10 {
            assert_eq!(read(&store, "none").await, None);
        }
    };
    assert_eq!(loads_of(&mut admin, reads).await, 10, "what there is none of is not held");
}

/// An idle connection is asked whether it still is one, so that its silence means something.
#[tokio::test]
async fn record_stays_while_the_server_gives_signs_of_life() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    // This user may not even PING: the refusal is a sign of life.
    tell(&mut admin, "ACL SETUSER sessions on >password ~* +@all -ping").await;
    for user in ["", "sessions:password@"] {
        let store = holding(server.url().replace("//", &format!("//{user}"))).await;
        create(&store, &key("hot"), "x").await;
        read(&store, "hot").await;
        let started = Instant::now();
        let reads = async {
            eventually("three seconds are over", async || {
                assert_eq!(read(&store, "hot").await.as_deref(), Some("x"));
                started.elapsed() > Duration::from_secs(3)
            })
            .await;
        };
        assert_eq!(loads_of(&mut admin, reads).await, 0, "{user}");
        assert!(store.delete(&key("hot"), None, None).await.unwrap());
    }
}

#[tokio::test]
async fn change_by_anybody_is_seen() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    let store = holding(server.url()).await;
    let other = RedisStore::connect(server.url()).await.unwrap();
    for (change, expected) in [
        ("SET session:hot new PX 60000", Some("new")),
        ("APPEND session:hot er", Some("newer")),
        ("PEXPIRE session:hot 1", None),
        ("SET session:hot flask EX 60", Some("flask")),
        ("RENAME session:hot session:cold", None),
        ("RENAME session:cold session:hot", Some("flask")),
        ("DEL session:hot", None),
        ("SET session:hot again PX 60000", Some("again")),
        ("FLUSHALL", None),
        ("SET session:hot last PX 60000", Some("last")),
    ] {
        read(&store, "hot").await;
        tell(&mut admin, change).await;
        eventually(change, async || read(&store, "hot").await.as_deref() == expected).await;
    }
    let loaded = store.load(&key("hot")).await.unwrap().unwrap();
    let same = Precondition::Unchanged(&loaded);
    assert_eq!(other.write(&key("hot"), "other".into(), &MINUTE, same).await.unwrap(), WRITTEN);
    eventually("another store writes", async || {
        read(&store, "hot").await.as_deref() == Some("other")
    })
    .await;
    let loaded = store.load(&key("hot")).await.unwrap().unwrap();
    assert_eq!(other.touch(&key("hot"), &HOUR, &loaded).await.unwrap(), WRITTEN);
    eventually("another store renews", async || {
        store.load(&key("hot")).await.unwrap().unwrap().ttl > MINUTE.ttl
    })
    .await;
    assert!(other.delete(&key("hot"), None, None).await.unwrap());
    eventually("another store deletes", async || read(&store, "hot").await.is_none()).await;
}

/// Redis answers a write before it tells of the change; two threads may read in between.
#[tokio::test(flavor = "multi_thread")]
async fn own_change_is_seen_at_once() {
    let server = Server::start().await;
    for has_owners in [false, true] {
        let options = RedisOptions::new(server.url()).near_cache(100).owner_index(has_owners);
        let store = RedisStore::connect(options).await.unwrap();
        let lease = session_core::Lease { owner: Some("ann"), ..MINUTE };
        for count in 0..1_000_u32 {
            let payload = count.to_string();
            let loaded = store.load(&key("own")).await.unwrap();
            let when = loaded.as_ref().map_or(Precondition::Absent, Precondition::Unchanged);
            let write = store.write(&key("own"), payload.clone().into(), &lease, when).await;
            assert_eq!(write.unwrap(), WRITTEN);
            let loaded = store.load(&key("own")).await.unwrap().unwrap();
            assert_eq!(loaded.payload, payload);
            let lease = session_core::Lease { ttl: HOUR.ttl, ..lease };
            assert_eq!(store.touch(&key("own"), &lease, &loaded).await.unwrap(), WRITTEN);
            let loaded = store.load(&key("own")).await.unwrap().unwrap();
            assert!(loaded.ttl > MINUTE.ttl);
            if count % 2 == 0 {
                assert!(store.delete(&key("own"), Some("ann"), Some(&loaded)).await.unwrap());
                assert_eq!(read(&store, "own").await, None);
            }
        }
        store.delete(&key("own"), None, None).await.unwrap();
    }
}

/// What is held is what a write compares with, so one that is out of date is refused, and then
/// nobody reads it again.
#[tokio::test]
async fn record_that_is_out_of_date_is_written_over_by_nobody() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    let store = holding(server.url()).await;
    create(&store, &key("hot"), "old").await;
    let held = store.load(&key("hot")).await.unwrap().unwrap();
    tell(&mut admin, "SET session:hot new PX 60000").await;
    let same = Precondition::Unchanged(&held);
    let write = store.write(&key("hot"), "mine".into(), &MINUTE, same).await;
    assert_eq!(write.unwrap(), Outcome::Refused);
    assert_eq!(read(&store, "hot").await.as_deref(), Some("new"));
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_beside_a_writer_never_go_back() {
    let server = Server::start().await;
    let store = Arc::new(holding(server.url()).await);
    let writer = RedisStore::connect(server.url()).await.unwrap();
    let mut loaded = create(&writer, &key("count"), "0").await;
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut last = 0_u32;
                while last < 2_000 {
                    let found = read(&store, "count").await.unwrap().parse().unwrap();
                    assert!(found >= last, "{found} after {last}");
                    last = found;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for count in 1..=2_000_u32 {
        let same = Precondition::Unchanged(&loaded);
        let payload = count.to_string();
        let write = writer.write(&key("count"), payload.clone().into(), &MINUTE, same).await;
        assert_eq!(write.unwrap(), WRITTEN);
        loaded.payload = payload.into();
    }
    for reader in readers {
        in_time(reader).await.unwrap();
    }
}

#[tokio::test]
async fn lost_connection_takes_what_it_read_along() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    let store = holding(server.url()).await;
    create(&store, &key("hot"), "old").await;
    read(&store, "hot").await;
    for round in 0..5 {
        tell(&mut admin, "CLIENT KILL TYPE normal SKIPME yes").await;
        tell(&mut admin, &format!("SET session:hot {round} PX 60000")).await;
        eventually("the new record is read", async || {
            read(&store, "hot").await == Some(round.to_string())
        })
        .await;
    }
    let reads = async {
        for _ in 0..10 {
            read(&store, "hot").await;
        }
    };
    assert_eq!(loads_of(&mut admin, reads).await, 0, "the next connection is told of changes, too");
}

/// Time stands still here, so that none passes while a record is still believed.
#[tokio::test]
async fn connection_that_ends_is_believed_no_longer() {
    let server = Server::start().await;
    let (proxy, url) = server.proxy().await;
    let store = holding(url).await;
    create(&store, &key("hot"), "old").await;
    read(&store, "hot").await;
    proxy.set(Mode::Refuse).await;
    let refused = Instant::now();
    tokio::time::pause();
    while store.load(&key("hot")).await.is_ok() {
        assert!(refused.elapsed() < MINUTE.ttl, "the end of the connection is noticed");
        tokio::task::yield_now().await;
    }
}

/// A network that loses everything without a word.
#[tokio::test]
async fn silent_connection_is_believed_for_a_second() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    let (proxy, url) = server.proxy().await;
    let store = holding(url).await;
    create(&store, &key("hot"), "old").await;
    read(&store, "hot").await;
    let silenced = Instant::now();
    proxy.silence();
    tell(&mut admin, "SET session:hot new PX 60000").await;
    let mut last = silenced;
    loop {
        let asked = Instant::now();
        match store.load(&key("hot")).await {
            Ok(Some(record)) if record.payload == "old" => last = asked,
            Ok(Some(record)) => {
                assert_eq!(record.payload, "new");
                break;
            }
            Ok(None) => panic!("there is a record"),
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let believed = last - silenced;
    assert!(believed <= Duration::from_secs(1), "{believed:?}");
}

/// A server that remembers fewer keys than were read says of those it drops that they have changed.
#[tokio::test]
async fn server_may_remember_few_keys() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    tell(&mut admin, "CONFIG SET tracking-table-max-keys 1").await;
    let store = holding(server.url()).await;
    for name in ["a", "b", "c"] {
        create(&store, &key(name), "old").await;
    }
    for round in 0..20 {
        for name in ["a", "b", "c"] {
            read(&store, name).await;
        }
        for name in ["a", "b", "c"] {
            tell(&mut admin, &format!("SET session:{name} {round} PX 60000")).await;
            eventually("the new record is read", async || {
                read(&store, name).await == Some(round.to_string())
            })
            .await;
        }
    }
}

#[tokio::test]
async fn room_is_bounded() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    let store = RedisStore::connect(RedisOptions::new(server.url()).near_cache(4)).await.unwrap();
    let names = ["a", "b", "c", "d"];
    for name in names {
        create(&store, &key(name), "x").await;
    }
    let all = async || {
        for name in names {
            read(&store, name).await;
        }
    };
    all().await;
    assert_eq!(loads_of(&mut admin, all()).await, 0);
    let large = "x".repeat(3 * 4096 + 1);
    tell(&mut admin, &format!("SET session:a {large} PX 60000")).await;
    eventually("the large one is read", async || read(&store, "a").await == Some(large.clone()))
        .await;
    assert_eq!(loads_of(&mut admin, all()).await, 3, "it is the only one that is left");
    assert_eq!(loads_of(&mut admin, all()).await, 4, "it makes room for any other");
}

#[tokio::test]
async fn right_that_is_missing_is_named() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    tell(&mut admin, "ACL SETUSER sessions on >password ~* +@all -client").await;
    let url = server.url().replace("//", "//sessions:password@");
    RedisStore::connect(url.as_str()).await.unwrap();
    let error = RedisStore::connect(RedisOptions::new(&url).near_cache(1)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
    let way = "say ACL SETUSER sessions +client|tracking;";
    assert!(error.to_string().contains(way), "{error}");
    tell(&mut admin, "ACL SETUSER sessions +client|tracking").await;
    holding(url).await;
}

/// What many proxies are, too.
#[derive(Debug)]
struct WithoutClient;

#[session_core::async_trait]
impl Program for WithoutClient {
    fn command(&self, place: &Place) -> io::Result<Command> {
        let path = std::env::var_os("SESSION_TEST_REDIS_SERVER");
        let mut command = Command::new(path.unwrap_or_else(|| "redis-server".into()));
        command.args(["--bind", "127.0.0.1", "--save", "", "--dir"]).arg(place.dir());
        command.args(["--port", &place.addr().port().to_string()]);
        command.args(["--rename-command", "CLIENT", ""]);
        Ok(command)
    }

    async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>> {
        let opened = RedisStore::connect(self.url(addr)).await;
        opened.map(|_| None).map_err(io::Error::other)
    }

    fn url(&self, addr: SocketAddr) -> String {
        format!("redis://{addr}")
    }
}

#[tokio::test]
async fn server_that_does_not_tell_of_changes_is_refused() {
    let server = ChildServer::launch(|_| Ok(WithoutClient)).await.unwrap();
    let options = RedisOptions::new(server.url()).near_cache(1);
    let error = in_time(RedisStore::connect(options)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
    assert!(error.to_string().contains("leave SESSION_REDIS_NEAR_CACHE out"), "{error}");
}
