//! How many connections a server has of a store, and what keeps them.

#[cfg(feature = "cluster")]
use crate::common::admin;
use crate::common::{DEADLINE, MINUTE, Server, calls, connections, eventually, key, tell, writes};
use redis::aio::MultiplexedConnection;
use session_core::{ErrorKind, Record, Store};
use session_redis::RedisStore;
#[cfg(feature = "cluster")]
use session_testkit::RedisCluster;
#[cfg(feature = "sentinel")]
use session_testkit::RedisServer;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

#[cfg(target_os = "linux")]
#[tokio::test]
async fn tcp_asks_for_signs_of_life_on_an_idle_connection() {
    let server = Server::start().await;
    let _store = RedisStore::connect(server.url()).await.unwrap();
    eventually("the keepalive timer runs", async || timers(&server) == ["02"]).await;
}

#[tokio::test]
async fn many_first_calls_share_one_connection() {
    let server = Server::start().await;
    let store = Arc::new(RedisStore::connect_lazy(server.url()).unwrap());
    let mut admin = server.admin().await;
    let started = Instant::now();
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.load(&key("none")).await.unwrap() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), None);
    }
    assert!(started.elapsed() < DEADLINE);
    assert_eq!(connections(&mut admin).await, 1);
}

#[tokio::test]
async fn refused_log_in_is_remembered() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    for query in ["", "?protocol=resp2"] {
        tell(&mut admin, "CONFIG SET requirepass hunter1").await;
        let url = format!("{}{query}", server.url().replace("//", "//:hunter1@"));
        let store = RedisStore::connect(url).await.unwrap();
        change_password(&mut admin).await;
        assert_one_log_in_a_second(&store, &mut admin, 1).await;
        tell(&mut admin, "CONFIG SET requirepass hunter1").await;
        eventually("the password is tried again", async || store.load(&key("auth")).await.is_ok())
            .await;
    }
}

#[cfg(feature = "cluster")]
#[tokio::test]
async fn refused_log_in_to_a_cluster_is_remembered() {
    let cluster = RedisCluster::start(1, false).await.unwrap();
    let mut admin = admin(&cluster.nodes()[0].url()).await;
    tell(&mut admin, "CONFIG SET requirepass hunter1").await;
    let store = RedisStore::connect(cluster.url().replace("//", "//:hunter1@")).await.unwrap();
    change_password(&mut admin).await;
    assert_one_log_in_a_second(&store, &mut admin, 1).await;
}

/// The third of the sentinels is gone, so that not all that is asked is refused.
#[cfg(feature = "sentinel")]
#[tokio::test]
async fn refused_log_in_to_a_service_is_remembered() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    tell(&mut admin, "CONFIG SET requirepass hunter1").await;
    let sentinel = RedisServer::lone_sentinel(server.addr()).await.unwrap();
    let (here, dead) = (sentinel.addr(), crate::common::dead_port());
    let hosts = format!("{here},{here},127.0.0.1:{dead}/mymaster");
    let url = format!("redis+sentinel://:hunter1@{hosts}");
    let store = RedisStore::connect(url).await.unwrap();
    change_password(&mut admin).await;
    assert_one_log_in_a_second(&store, &mut admin, 2).await;

    let mut admin = crate::common::admin(&sentinel.url()).await;
    let login = "sentinel_user=nobody&sentinel_password=hunter1";
    let store = RedisStore::connect_lazy(format!("redis+sentinel://{hosts}?{login}")).unwrap();
    assert_one_log_in_a_second(&store, &mut admin, 2).await;
}

#[tokio::test]
async fn full_server_is_asked_again_after_pauses_and_named() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    let gone = Record { payload: "old".into(), cas: 0, ttl: MINUTE.ttl };
    tell(&mut admin, "CONFIG SET requirepass hunter2").await;
    let url = server.url().replace("//", "//:hunter2@");
    for query in ["", "?db=1", "?protocol=resp2", "?db=1&protocol=resp2"] {
        let store = RedisStore::connect(format!("{url}{query}")).await.unwrap();
        tell(&mut admin, "CONFIG SET maxclients 1").await;
        tell(&mut admin, "CLIENT KILL TYPE normal SKIPME yes").await;
        let before = stat(&mut admin, "rejected_connections").await;
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(300) {
            let error = store.load(&key("full")).await.unwrap_err();
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
            assert!(error.to_string().contains("maxclients"), "{query}: {error:?}");
        }
        // Three in 80 ms: that long are the pauses between them.
        let bound = 3 * (started.elapsed().as_millis() as u64 / 80 + 1);
        let rejected = stat(&mut admin, "rejected_connections").await - before;
        assert!(
            (1..=bound).contains(&rejected),
            "{query}: {rejected}, and not {bound}: {:?}",
            store.load(&key("full")).await
        );
        for error in writes(&store, &key("full"), &gone).await {
            let error = error.unwrap_err();
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
            assert!(error.to_string().contains("maxclients"), "{query}: {error:?}");
        }
        tell(&mut admin, "CONFIG SET maxclients 100").await;
        assert_eq!(store.load(&key("full")).await.unwrap(), None);
    }
}

/// Stopped processes accept nothing, so what the kernel holds for them is counted.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn frozen_server_has_two_connections_of_a_store_at_most() {
    let server = Server::start().await;
    let store = Arc::new(RedisStore::connect(server.url()).await.unwrap());
    server.freeze();
    let mut callers = JoinSet::new();
    for _ in 0..20 {
        let store = Arc::clone(&store);
        callers.spawn(async move {
            for _ in 0..4 {
                store.load(&key("frozen")).await.unwrap_err();
            }
        });
    }
    let mut most = 0;
    while !callers.is_empty() {
        most = most.max(timers(&server).len());
        if let Some(ended) = callers.try_join_next() {
            ended.unwrap();
        }
        tokio::task::yield_now().await;
    }
    assert!(most <= 2, "{most} connections");
    server.thaw();
    eventually("the store goes on", async || store.load(&key("frozen")).await.is_ok()).await;
    let mut admin = server.admin().await;
    eventually("one is left", async || connections(&mut admin).await == 1).await;
}

/// Has whoever is connected, and said `hunter1`, log in again.
async fn change_password(admin: &mut MultiplexedConnection) {
    tell(admin, "CONFIG SET requirepass hunter2").await;
    tell(admin, "CLIENT KILL TYPE normal SKIPME yes").await;
}

/// Has the server refuse the log-in of a store, and counts how often: `each` time a second.
async fn assert_one_log_in_a_second(
    store: &impl Store,
    admin: &mut MultiplexedConnection,
    each: u64,
) {
    let before = log_ins(admin).await;
    let started = Instant::now();
    // A cluster is asked about itself every 50 ms at most.
    while started.elapsed() < Duration::from_millis(300) {
        let error = store.load(&key("auth")).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        let refused = "the server refuses the user or password of the url";
        assert!(error.to_string().ends_with(refused), "{error}");
    }
    let seconds = started.elapsed().as_secs() + 1;
    let log_ins = log_ins(admin).await - before;
    assert!((1..=each * seconds).contains(&log_ins), "{log_ins} log-ins in {seconds} s");
}

/// A sentinel counts no commands; its connections are all of this test.
async fn log_ins(admin: &mut MultiplexedConnection) -> u64 {
    let info: String = redis::cmd("INFO").query_async(admin).await.unwrap();
    if info.contains("redis_mode:sentinel") {
        return stat(admin, "total_connections_received").await;
    }
    calls(admin, &["auth", "hello"]).await.iter().sum()
}

async fn stat(admin: &mut MultiplexedConnection, name: &str) -> u64 {
    let info: String = redis::cmd("INFO").arg("stats").query_async(admin).await.unwrap();
    let count = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    count.unwrap().parse().unwrap()
}

/// The kinds of timer that run on the connections which this machine has to the server: 02 is
/// keepalive (Linux, `net/ipv4/tcp_ipv4.c`, of which the third column is the peer, the fourth the
/// state, 1 if established, and the sixth begins with the kind of timer).
#[cfg(target_os = "linux")]
fn timers(server: &Server) -> Vec<String> {
    let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let peer = format!(":{:04X}", server.addr().port());
    let sockets = sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let ours = sockets.filter(|socket| socket[2].ends_with(&peer) && socket[3] == "01");
    ours.map(|socket| socket[5][..2].to_owned()).collect()
}
