//! How many connections a server has of a store, and what keeps them.

#[cfg(feature = "cluster")]
use crate::common::admin;
use crate::common::{Server, calls, eventually, key, tell};
use redis::aio::MultiplexedConnection;
use session_core::{ErrorKind, Store};
use session_redis::RedisStore;
#[cfg(feature = "cluster")]
use session_testkit::RedisCluster;
#[cfg(feature = "sentinel")]
use session_testkit::RedisServer;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
#[tokio::test]
async fn tcp_asks_for_signs_of_life_on_an_idle_connection() {
    let server = Server::start().await;
    let _store = RedisStore::connect(server.url()).await.unwrap();
    let port = server.url().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    // The fourth column is the state, 1 if established; the sixth begins with the kind of timer
    // that runs, 2 for keepalive (Linux, `net/ipv4/tcp_ipv4.c`).
    let timer = || {
        let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let ours = sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let mut ours = ours.filter(|it| it[2].ends_with(&format!(":{port:04X}")) && it[3] == "01");
        ours.next().map(|socket| socket[5][..2].to_owned())
    };
    eventually("the keepalive timer runs", async || timer().as_deref() == Some("02")).await;
}

#[tokio::test]
async fn refused_log_in_is_remembered() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    tell(&mut admin, "CONFIG SET requirepass hunter2").await;
    for query in ["", "?protocol=resp2"] {
        let url = format!("{}{query}", server.url().replace("//", "//:hunter1@"));
        let store = RedisStore::connect_lazy(url).unwrap();
        assert_one_log_in_a_second(&store, &mut admin, 1).await;
        tell(&mut admin, "CONFIG SET requirepass hunter1").await;
        eventually("the password is tried again", async || store.load(&key("auth")).await.is_ok())
            .await;
        tell(&mut admin, "CONFIG SET requirepass hunter2").await;
    }
}

#[cfg(feature = "cluster")]
#[tokio::test]
async fn refused_log_in_to_a_cluster_is_remembered() {
    let cluster = RedisCluster::start(1, false).await.unwrap();
    let mut admin = admin(&cluster.nodes()[0].url()).await;
    tell(&mut admin, "CONFIG SET requirepass hunter2").await;
    let store = RedisStore::connect_lazy(cluster.url().replace("//", "//:hunter1@")).unwrap();
    assert_one_log_in_a_second(&store, &mut admin, 1).await;
}

/// The third of the sentinels is gone, so that not all that is asked is refused.
#[cfg(feature = "sentinel")]
#[tokio::test]
async fn refused_log_in_to_a_service_is_remembered() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    tell(&mut admin, "CONFIG SET requirepass hunter2").await;
    let sentinel = RedisServer::lone_sentinel(server.addr()).await.unwrap();
    let (here, dead) = (sentinel.addr(), crate::common::dead_port());
    let hosts = format!("{here},{here},127.0.0.1:{dead}/mymaster");
    let store = RedisStore::connect_lazy(format!("redis+sentinel://:hunter1@{hosts}")).unwrap();
    assert_one_log_in_a_second(&store, &mut admin, 2).await;

    let mut admin = crate::common::admin(&sentinel.url()).await;
    let login = "sentinel_user=nobody&sentinel_password=hunter1";
    let store = RedisStore::connect_lazy(format!("redis+sentinel://{hosts}?{login}")).unwrap();
    assert_one_log_in_a_second(&store, &mut admin, 2).await;
}

/// Has the server refuse the log-in of a store, and counts how often: `each` time a second.
async fn assert_one_log_in_a_second(
    store: &RedisStore,
    admin: &mut MultiplexedConnection,
    each: u64,
) {
    let before = log_ins(admin).await;
    let started = Instant::now();
    // A cluster is asked about itself every 50 ms at most.
    while started.elapsed() < Duration::from_millis(300) {
        let error = store.load(&key("auth")).await.unwrap_err();
        let seen = (error.kind(), error.is_retryable(), error.to_string());
        let refused =
            "load a session from redis: the server refuses the user or password of the url";
        assert_eq!(seen, (ErrorKind::Unavailable, false, refused.to_owned()));
    }
    let seconds = started.elapsed().as_secs() + 1;
    let log_ins = log_ins(admin).await - before;
    assert!((1..=each * seconds).contains(&log_ins), "{log_ins} log-ins in {seconds} s");
}

/// A sentinel counts no commands; its connections are all of this test.
async fn log_ins(admin: &mut MultiplexedConnection) -> u64 {
    let info: String = redis::cmd("INFO").query_async(admin).await.unwrap();
    if info.contains("redis_mode:sentinel") {
        let count = info.lines().find_map(|l| l.strip_prefix("total_connections_received:"));
        return count.unwrap().parse().unwrap();
    }
    calls(admin, &["auth", "hello"]).await.iter().sum()
}
