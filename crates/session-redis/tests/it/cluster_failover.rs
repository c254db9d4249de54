//! A node of a cluster ends or freezes while sessions are read and written.

use crate::common::writers::Writers;
use crate::common::{MINUTE, WRITTEN, create, eventually, in_time, key, keys_of, writes};
use session_core::{ErrorKind, Precondition, Store};
use session_redis::{RedisOptions, RedisStore};
use session_testkit::proxy::{CutReport, Proxy};
use session_testkit::{RedisCluster, RedisServer};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[tokio::test]
async fn killed_master_loses_nothing_that_its_replica_has() {
    fail_over(|master| master.kill().unwrap(), |_| ()).await;
}

#[tokio::test]
async fn frozen_master_loses_nothing_that_its_replica_has() {
    fail_over(|master| master.freeze().unwrap(), |master| master.thaw().unwrap()).await;
}

async fn fail_over(fault: impl Fn(&mut RedisServer), end: impl Fn(&mut RedisServer)) {
    let mut cluster = RedisCluster::start(3, true).await.unwrap();
    let mut names = keys_of(&cluster, 0, 4).await;
    let marker = format!("session:{}", names.pop().unwrap());
    let mut of_others = keys_of(&cluster, 1, 2).await;
    of_others.extend(keys_of(&cluster, 2, 2).await);
    let store = RedisStore::connect(cluster.url()).await.unwrap();
    let writers = Writers::start(store, &names).await;
    // They wait long, so that their errors are no matter of how busy this machine is.
    let patient = RedisOptions::new(cluster.url()).operation_timeout(MINUTE.ttl);
    let others = Writers::start(RedisStore::connect(patient).await.unwrap(), &of_others).await;
    let admin = crate::common::admin(&cluster.nodes()[0].url()).await;
    let watch = writers.watch_replication(admin, marker);
    writers.go_on(50).await;
    writers.be_replicated().await;

    fault(cluster.node_mut(0));
    // Frozen, it answers no more, as dead.
    watch.abort();
    let replica = &cluster.nodes()[3];
    eventually("the replica takes over", async || {
        replica.tell("INFO replication").await.unwrap().contains("role:master")
    })
    .await;
    for all in [&writers, &others] {
        all.go_on(50).await;
    }
    end(cluster.node_mut(0));
    for all in [&writers, &others] {
        all.go_on(50).await;
    }
    for (has_failed, all) in [(true, &writers), (false, &others)] {
        for progress in &all.progress {
            let errors = progress.errors.load(Ordering::SeqCst);
            assert_eq!(errors > 0, has_failed, "{errors} errors of one writer");
        }
    }
    others.stop().await;
    let last = writers.stop().await;
    for (name, last) in names.iter().zip(&last) {
        let found = cluster.nodes()[3].tell(&format!("GET session:{name}")).await.unwrap();
        assert_eq!(found, last.to_string(), "what is acknowledged is on the new master");
    }
}

#[tokio::test]
async fn frozen_node_holds_up_no_slot_but_its_own() {
    let cluster = RedisCluster::start(3, false).await.unwrap();
    let store = RedisStore::connect(cluster.url()).await.unwrap();
    let names = [0, 1, 2].map(async |index| keys_of(&cluster, index, 1).await.remove(0));
    let [frozen, others @ ..] = names.map(async |name| key(&name.await));
    let frozen = frozen.await;
    let loaded = create(&store, &frozen, "old").await;
    cluster.nodes()[0].freeze().unwrap();
    let stuck = async {
        for _ in 0..2 {
            let error = in_time(store.load(&frozen)).await.unwrap_err();
            let is_right = matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unavailable);
            assert!(is_right && error.is_retryable(), "{error:?}");
            let same = Precondition::Unchanged(&loaded);
            let write = store.write(&frozen, "new".into(), &MINUTE, same);
            let error = in_time(write).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Unknown | ErrorKind::Unavailable));
        }
    };
    let busy = async {
        for other in others {
            let other = other.await;
            let mut loaded = create(&store, &other, "0").await;
            for count in 0..200 {
                let same = Precondition::Unchanged(&loaded);
                let written = store.write(&other, count.to_string().into(), &MINUTE, same).await;
                assert_eq!(written.unwrap(), WRITTEN);
                loaded = store.load(&other).await.unwrap().unwrap();
                assert_eq!(loaded.payload, count.to_string());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    };
    tokio::join!(stuck, busy);
    cluster.nodes()[0].thaw().unwrap();
    eventually("its slots are served again", async || store.load(&frozen).await.is_ok()).await;
}

#[tokio::test]
async fn dead_node_is_unavailable_and_served_again_after_its_restart() {
    let mut cluster = RedisCluster::start(3, false).await.unwrap();
    let store = RedisStore::connect(cluster.url()).await.unwrap();
    let dead = key(&keys_of(&cluster, 1, 1).await[0]);
    let other = key(&keys_of(&cluster, 2, 1).await[0]);
    let loaded = create(&store, &dead, "old").await;
    cluster.node_mut(1).kill().unwrap();
    let error = in_time(store.load(&dead)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    for result in in_time(writes(&store, &dead, &loaded)).await {
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    }
    create(&store, &other, "new").await;
    cluster.node_mut(1).restart().await.unwrap();
    eventually("its slots are served again", async || {
        store.load(&dead).await.is_ok_and(|record| record.is_none())
    })
    .await;
}

#[tokio::test]
async fn cluster_that_is_gone_is_unavailable_and_the_store_outlives_it() {
    let mut cluster = RedisCluster::start(1, false).await.unwrap();
    let store = RedisStore::connect(cluster.url()).await.unwrap();
    create(&store, &key("gone"), "old").await;
    cluster.node_mut(0).kill().unwrap();
    let late = RedisStore::connect_lazy(cluster.url()).unwrap();
    for opened in [&store as &dyn Store, &late] {
        let error = in_time(opened.load(&key("gone"))).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
        let error = opened.delete(&key("gone"), None, None).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
        cluster.node_mut(0).restart().await.unwrap();
        eventually("it is back", async || opened.load(&key("gone")).await.is_ok()).await;
        cluster.node_mut(0).kill().unwrap();
    }
    let error = in_time(RedisStore::connect(cluster.url())).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
}

#[tokio::test]
async fn server_outside_a_cluster_says_so() {
    let server = RedisServer::start().await.unwrap();
    let url = server.url().replace("redis://", "redis+cluster://");
    let error = RedisStore::connect(url).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
    assert!(error.to_string().contains("no node of a cluster"), "{error}");
}

/// Nodes that were reset, or never joined, name no one.
#[tokio::test]
async fn node_that_left_the_cluster_is_not_believed() {
    let cluster = RedisCluster::start(2, false).await.unwrap();
    let url = format!("redis+cluster://{}", cluster.nodes()[0].addr());
    let store = RedisStore::connect(url.as_str()).await.unwrap();
    let gone = key(&keys_of(&cluster, 0, 1).await[0]);
    let other = key(&keys_of(&cluster, 1, 1).await[0]);
    create(&store, &other, "x").await;
    cluster.nodes()[0].tell("CLUSTER RESET").await.unwrap();
    for _ in 0..4 {
        let error = in_time(store.load(&gone)).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
        assert!(in_time(store.load(&other)).await.unwrap().is_some());
    }
    let error = in_time(RedisStore::connect(url)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
}

/// When the answer is lost the node goes by another address, as the slot's next master would.
#[tokio::test]
async fn write_whose_answer_is_lost_is_not_sent_to_the_next_master() {
    let cluster = RedisCluster::start(1, false).await.unwrap();
    let node = &cluster.nodes()[0];
    let proxy = Proxy::start(node.addr()).await.unwrap();
    let announce = async |addr: SocketAddr| {
        let announce = format!("CONFIG SET cluster-announce-port {}", addr.port());
        node.tell(&announce).await.unwrap();
    };
    announce(proxy.addr()).await;
    let store = RedisStore::connect(format!("redis+cluster://{}", proxy.addr())).await.unwrap();
    let loaded = create(&store, &key("cut"), "old").await;
    let write = async |payload: &'static str, loaded| {
        let same = Precondition::Unchanged(loaded);
        store.write(&key("cut"), payload.into(), &MINUTE, same).await
    };
    // The node learns the script, so that the call is one command.
    assert_eq!(write("old", &loaded).await.unwrap(), WRITTEN);
    announce(node.addr()).await;
    // So soon after the first question the store would make do with that answer.
    tokio::time::sleep(Duration::from_millis(100)).await;
    proxy.cut_reply_to(b"session:cut");
    let error = write("new", &loaded).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unknown, false));
    assert_eq!(proxy.cut_report(), CutReport { requests: 1, is_cut: true });
    assert_eq!(store.load(&key("cut")).await.unwrap().unwrap().payload, "new");
}
