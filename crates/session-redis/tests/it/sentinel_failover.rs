//! The master ends or freezes while sessions are read and written, and sentinels name another.

use crate::common::writers::Writers;
use crate::common::{MINUTE, create, dead_port, eventually, in_time, key, tell};
use redis::aio::MultiplexedConnection;
use session_core::{ErrorKind, Precondition, Store};
use session_redis::RedisStore;
use session_testkit::proxy::Proxy;
use session_testkit::{RedisSentinels, RedisServer};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn killed_master_loses_nothing_that_its_replica_has() {
    fail_over(|master| master.kill().unwrap(), |_| ()).await;
}

#[tokio::test]
async fn frozen_master_loses_nothing_that_its_replica_has() {
    fail_over(|master| master.freeze().unwrap(), |master| master.thaw().unwrap()).await;
}

async fn fail_over(fault: impl Fn(&mut RedisServer), end: impl Fn(&mut RedisServer)) {
    let mut service = RedisSentinels::start().await.unwrap();
    let names: Vec<_> = (0..4).map(|index| format!("writer-{index}")).collect();
    let store = RedisStore::connect(service.url()).await.unwrap();
    let writers = Writers::start(store, &names).await;
    let admin = crate::common::admin(&service.servers()[0].url()).await;
    let watch = writers.watch_replication(admin, "marker".to_owned());
    writers.go_on(50).await;
    writers.be_replicated().await;

    fault(service.server_mut(0));
    watch.abort();
    writers.go_on(50).await;
    let info = service.servers()[1].tell("INFO replication").await.unwrap();
    assert!(info.contains("role:master"), "{info}");
    end(service.server_mut(0));
    writers.go_on(50).await;
    for progress in &writers.progress {
        assert!(progress.errors.load(Ordering::SeqCst) > 0, "a failover takes a while");
    }
    let last = writers.stop().await;
    for (name, last) in names.iter().zip(&last) {
        let found = service.servers()[1].tell(&format!("GET session:{name}")).await.unwrap();
        assert_eq!(found, last.to_string(), "what is acknowledged is on the new master");
    }
}

/// Sentinels leave a master that they replaced while it was up alone for eight seconds, and it
/// keeps its connections meanwhile.
#[tokio::test]
async fn replaced_master_is_left_before_it_is_demoted() {
    let service = RedisSentinels::start().await.unwrap();
    let store = RedisStore::connect(service.url()).await.unwrap();
    create(&store, &key("before"), "x").await;
    let [old, new] = service.servers();
    service.sentinels()[0].tell("SENTINEL FAILOVER mymaster").await.unwrap();
    // A sentinel that promotes a replica also ends its connections.
    eventually("the replica takes over", async || {
        new.tell("INFO replication").await.is_ok_and(|info| info.contains("role:master"))
    })
    .await;
    let mut count = 0;
    eventually("writes reach the new master", async || {
        count += 1;
        let name = format!("after-{count}");
        // What reaches neither master is no failure of this test, nor what only the old one has.
        let _ = store.write(&key(&name), "x".into(), &MINUTE, Precondition::Absent).await;
        new.tell(&format!("EXISTS session:{name}")).await.is_ok_and(|found| found == "1")
    })
    .await;
    let info = old.tell("INFO replication").await.unwrap();
    assert!(info.contains("role:master"), "it was left before it was demoted: {info}");
}

/// A write that a replica turned away is sent to the master within the same call.
#[tokio::test]
async fn write_to_a_server_that_became_a_replica_finds_the_master() {
    let (old, new) = (RedisServer::start().await.unwrap(), RedisServer::start().await.unwrap());
    let sentinel = RedisServer::lone_sentinel(old.addr()).await.unwrap();
    let url = format!("redis+sentinel://{}/mymaster", sentinel.addr());
    let store = RedisStore::connect(url.as_str()).await.unwrap();
    create(&store, &key("moved"), "old").await;

    old.tell(&format!("REPLICAOF 127.0.0.1 {}", dead_port())).await.unwrap();
    sentinel.tell("SENTINEL REMOVE mymaster").await.unwrap();
    let port = new.addr().port();
    sentinel.tell(&format!("SENTINEL MONITOR mymaster 127.0.0.1 {port} 2")).await.unwrap();
    create(&store, &key("moved"), "new").await;
    assert_eq!(new.keys().await.unwrap(), 1);
}

#[tokio::test]
async fn replica_that_sentinels_name_is_not_taken() {
    let server = RedisServer::start().await.unwrap();
    let sentinel = RedisServer::lone_sentinel(server.addr()).await.unwrap();
    server.tell(&format!("REPLICAOF 127.0.0.1 {}", dead_port())).await.unwrap();
    let url = format!("redis+sentinel://{}/mymaster", sentinel.addr());
    let error = in_time(RedisStore::connect(url.as_str())).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    let store = RedisStore::connect_lazy(url).unwrap();
    let error = in_time(store.load(&key("replica"))).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    server.tell("REPLICAOF NO ONE").await.unwrap();
    eventually("it is taken", async || store.load(&key("replica")).await.is_ok()).await;
}

#[tokio::test]
async fn dead_and_frozen_sentinels_are_passed_over() {
    let mut service = RedisSentinels::start().await.unwrap();
    service.sentinel_mut(0).kill().unwrap();
    service.sentinel_mut(1).freeze().unwrap();
    let store = in_time(RedisStore::connect(service.url())).await.unwrap();
    create(&store, &key("sentinels"), "x").await;
    service.sentinel_mut(2).kill().unwrap();
    create(&store, &key("without"), "the connection is there").await;
    let error = in_time(RedisStore::connect(service.url())).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
}

#[tokio::test]
async fn unknown_service_says_so() {
    let service = RedisSentinels::start().await.unwrap();
    let url = service.url().replace("mymaster", "hunter2");
    let error = RedisStore::connect(url).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
    assert!(error.to_string().contains("no service of the name"), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn sentinels_have_a_password_of_their_own() {
    let server = RedisServer::start().await.unwrap();
    let sentinel = RedisServer::lone_sentinel(server.addr()).await.unwrap();
    let mut admin = crate::common::admin(&sentinel.url()).await;
    let mut master = crate::common::admin(&server.url()).await;
    tell(&mut master, "CONFIG SET requirepass hunter1").await;
    tell(&mut admin, "ACL SETUSER asker on >hunter2 +@all").await;
    tell(&mut admin, "ACL SETUSER default off").await;
    let host = sentinel.addr();
    let url = format!(
        "redis+sentinel://:hunter1@{host}/mymaster?sentinel_user=asker&sentinel_password=hunter2"
    );
    let store = RedisStore::connect(url.as_str()).await.unwrap();
    create(&store, &key("log-in"), "x").await;
    for wrong in [url.replace("hunter1", "hunter3"), url.replace("hunter2", "hunter3")] {
        let error = RedisStore::connect(wrong).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
    }
}

/// It was cut off before a failover, and goes on naming the old master.
#[tokio::test]
async fn sentinel_that_missed_a_failover_costs_no_connection() {
    let (old, new) = (RedisServer::start().await.unwrap(), RedisServer::start().await.unwrap());
    old.tell(&format!("REPLICAOF 127.0.0.1 {}", new.addr().port())).await.unwrap();
    let stale = RedisServer::lone_sentinel(old.addr()).await.unwrap();
    let fresh = RedisServer::lone_sentinel(new.addr()).await.unwrap();
    let proxy = Proxy::start(stale.addr()).await.unwrap();
    let url = format!("redis+sentinel://{},{}/mymaster", proxy.addr(), fresh.addr());
    let store = RedisStore::connect(url).await.unwrap();
    create(&store, &key("stale"), "x").await;
    let mut admin = crate::common::admin(&new.url()).await;
    let before = clients(&mut admin).await;
    let asked = proxy.round_trips();
    eventually("it is asked again and again", async || {
        store.load(&key("stale")).await.unwrap();
        proxy.round_trips() >= asked + 9
    })
    .await;
    assert_eq!(clients(&mut admin).await, before, "the connection is still the first");
}

/// Its successor cannot be reached from here, and what it acknowledges would be lost.
#[tokio::test]
async fn master_that_sentinels_have_replaced_is_left_without_its_successor() {
    let server = RedisServer::start().await.unwrap();
    let sentinel = RedisServer::lone_sentinel(server.addr()).await.unwrap();
    let url = format!("redis+sentinel://{}/mymaster", sentinel.addr());
    let store = RedisStore::connect(url.as_str()).await.unwrap();
    create(&store, &key("replaced"), "x").await;
    sentinel.tell("SENTINEL REMOVE mymaster").await.unwrap();
    let port = dead_port();
    sentinel.tell(&format!("SENTINEL MONITOR mymaster 127.0.0.1 {port} 2")).await.unwrap();
    eventually("it is left", async || store.load(&key("replaced")).await.is_err()).await;
}

#[tokio::test]
async fn master_is_found_again_while_no_sentinel_answers() {
    let server = RedisServer::start().await.unwrap();
    let mut sentinel = RedisServer::lone_sentinel(server.addr()).await.unwrap();
    let url = format!("redis+sentinel://{}/mymaster", sentinel.addr());
    let store = RedisStore::connect(url.as_str()).await.unwrap();
    create(&store, &key("alone"), "x").await;
    sentinel.kill().unwrap();
    let mut admin = crate::common::admin(&server.url()).await;
    tell(&mut admin, "CLIENT KILL TYPE normal SKIPME yes").await;
    assert!(in_time(store.load(&key("alone"))).await.unwrap().is_some());

    server.tell(&format!("REPLICAOF 127.0.0.1 {}", dead_port())).await.unwrap();
    tell(&mut admin, "CLIENT KILL TYPE normal SKIPME yes").await;
    let error = in_time(store.load(&key("alone"))).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
}

/// Who is connected, but for sentinels and replicas.
async fn clients(admin: &mut MultiplexedConnection) -> Vec<String> {
    let list: String = redis::cmd("CLIENT").arg("LIST").query_async(admin).await.unwrap();
    let others = list.lines().filter(|line| !line.contains("name=sentinel-"));
    let others = others.filter(|line| !line.contains("flags=S"));
    others.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}
