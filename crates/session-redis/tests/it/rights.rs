//! A user who may do no more than the crate page says, and one who may do less.

#[cfg(feature = "sentinel")]
use crate::common::MINUTE;
use crate::common::{Server, admin, create, eventually, key, tell};
#[cfg(feature = "cluster")]
use crate::common::{in_time, keys_of};
use session_core::{Error, ErrorKind, Lease, Precondition, Store};
use session_redis::{RedisOptions, RedisStore};
#[cfg(feature = "cluster")]
use session_testkit::RedisCluster;
#[cfg(feature = "sentinel")]
use session_testkit::RedisServer;
use std::num::NonZeroUsize;
use std::time::Duration;

const PAGE: NonZeroUsize = NonZeroUsize::new(100).unwrap();
const OWNED: Lease<'static> = Lease { ttl: Duration::from_secs(60), owner: Some("ann") };

/// What the crate page tells administrators to run.
fn documented() -> &'static str {
    let page = include_str!("../../README.md");
    page.lines().find(|line| line.starts_with("ACL SETUSER ")).unwrap()
}

async fn limited_server(acl: &str) -> (Server, RedisOptions) {
    let server = Server::start().await;
    tell(&mut server.admin().await, acl).await;
    let options = options(&server.url());
    (server, options)
}

fn options(url: &str) -> RedisOptions {
    RedisOptions::new(url.replace("//", "//sessions:password@")).owner_index(true)
}

/// What an error tells administrators to run.
fn told(error: &Error) -> String {
    let said = error.to_string();
    let line = said.split_once("; say ").and_then(|(_, rest)| rest.split_once("; the page of"));
    line.expect(&said).0.to_owned()
}

#[test]
fn guide_says_the_same() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/deployment.md");
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.lines().any(|line| line == documented()), "{}", documented());
}

#[tokio::test]
async fn documented_rights_are_enough() {
    let (_server, options) = limited_server(documented()).await;
    let store = RedisStore::connect(options).await.unwrap();
    let key = key("rights");
    let written = store.write(&key, "a".into(), &OWNED, Precondition::Absent).await;
    assert!(written.unwrap().is_written());
    let loaded = store.load(&key).await.unwrap().unwrap();
    let same = Precondition::Unchanged(&loaded);
    assert!(store.write(&key, "a".into(), &OWNED, same).await.unwrap().is_written());
    assert!(store.touch(&key, &OWNED, &loaded).await.unwrap().is_written());
    assert_eq!(store.list_by_owner("ann").await.unwrap(), std::slice::from_ref(&key));
    assert!(store.delete(&key, Some("ann"), Some(&loaded)).await.unwrap());
    assert!(store.list_by_owner("ann").await.unwrap().is_empty());
}

#[tokio::test]
async fn each_missing_right_is_named_at_the_start() {
    let (server, options) = limited_server(documented()).await;
    let mut admin = admin(&server.url()).await;
    let commands = documented().split(' ').filter_map(|word| word.strip_prefix('+'));
    let mut missing = 0;
    for command in commands {
        let mut acl = redis::cmd("ACL");
        acl.arg("SETUSER").arg("sessions");
        acl.clone().arg(format!("-{command}")).query_async::<()>(&mut admin).await.unwrap();
        let error = RedisStore::connect(options.clone()).await.expect_err(command);
        let named =
            format!("{} does not let this user run {};", server.addr(), command.to_uppercase());
        assert!(error.to_string().contains(&named), "{command}: {error:?}");
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        assert_eq!(told(&error), format!("ACL SETUSER sessions +{command}"));
        tell(&mut admin, &told(&error)).await;
        missing += 1;
    }
    assert_eq!(missing, 16);
    RedisStore::connect(options).await.unwrap();
}

#[tokio::test]
async fn all_that_is_missing_is_named_in_one_line() {
    let (server, options) = limited_server("ACL SETUSER sessions on >password +hello").await;
    let error = RedisStore::connect(options.clone()).await.unwrap_err();
    tell(&mut server.admin().await, &told(&error)).await;
    let error = RedisStore::connect(options.clone()).await.unwrap_err();
    assert_eq!(told(&error), "ACL SETUSER sessions ~session:* ~session-owner:*");
    tell(&mut server.admin().await, &told(&error)).await;
    RedisStore::connect(options).await.unwrap();
}

#[tokio::test]
async fn missing_keys_of_the_index_are_named_at_the_start() {
    let (_server, options) = limited_server(&documented().replace("~session-owner:* ", "")).await;
    let error = RedisStore::connect(options.clone()).await.unwrap_err();
    assert!(error.to_string().contains("session-owner:*"), "{error:?}");
    RedisStore::connect(options.owner_index(false)).await.unwrap();
}

#[tokio::test]
async fn missing_right_to_the_database_is_named_with_server_and_user() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    let connect = async |protocol: &str| {
        let url = format!("redis://{}/1?protocol={protocol}", server.addr());
        RedisStore::connect(options(&url)).await
    };
    for protocol in ["resp2", "resp3"] {
        tell(&mut admin, documented()).await;
        let error = connect(protocol).await.unwrap_err();
        let named = format!("the server at {} does not let this user run SELECT;", server.addr());
        assert!(error.to_string().contains(&named), "{protocol}: {error}");
        assert_eq!(told(&error), "ACL SETUSER sessions +select", "{protocol}");
        tell(&mut admin, &told(&error)).await;
        connect(protocol).await.unwrap();
        tell(&mut admin, "ACL SETUSER sessions -select").await;
    }
}

/// Requests never scan, so that right is no condition of a start.
#[tokio::test]
async fn rights_to_scan_are_named_by_the_scan() {
    let (server, options) = limited_server(documented()).await;
    let mut admin = server.admin().await;
    let store = RedisStore::connect(options).await.unwrap();
    create(&store, &key("rights"), "x").await;
    for command in ["scan", "info"] {
        let error = store.scan("session:", None, PAGE).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        assert_eq!(told(&error), format!("ACL SETUSER sessions +{command}"), "{error}");
        tell(&mut admin, &told(&error)).await;
    }
    assert_eq!(store.scan("session:", None, PAGE).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn lazy_store_asks_at_the_first_call() {
    let (server, options) = limited_server(&documented().replace(" +zscan", "")).await;
    let store = RedisStore::connect_lazy(options).unwrap();
    let error = store.load(&key("rights")).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
    assert_eq!(told(&error), "ACL SETUSER sessions +zscan");
    tell(&mut server.admin().await, &told(&error)).await;
    eventually("the store is open", async || store.load(&key("rights")).await.is_ok()).await;
}

#[cfg(feature = "cluster")]
#[tokio::test]
async fn every_master_of_a_cluster_is_asked() {
    let cluster = RedisCluster::start(3, false).await.unwrap();
    for node in cluster.nodes() {
        let acl = format!("{} +cluster|slots +asking", documented());
        tell(&mut admin(&node.url()).await, &acl).await;
    }
    let options = options(&cluster.url());
    for node in cluster.nodes() {
        let mut admin = admin(&node.url()).await;
        for command in ["evalsha", "zscan", "asking"] {
            tell(&mut admin, &format!("ACL SETUSER sessions -{command}")).await;
            let error = RedisStore::connect(options.clone()).await.unwrap_err();
            assert!(
                error.to_string().contains(&format!("the server at {} ", node.addr())),
                "{error}"
            );
            assert_eq!(told(&error), format!("ACL SETUSER sessions +{command}"));
            tell(&mut admin, &told(&error)).await;
        }
    }
    let store = RedisStore::connect(options).await.unwrap();
    create(&store, &key("rights"), "x").await;
}

#[cfg(feature = "cluster")]
#[tokio::test]
async fn master_that_is_silent_at_the_start_is_not_asked_but_named_by_the_call() {
    let cluster = RedisCluster::start(3, false).await.unwrap();
    for node in cluster.nodes() {
        let acl = format!("{} +cluster|slots +asking", documented());
        tell(&mut admin(&node.url()).await, &acl).await;
    }
    let silent = &cluster.nodes()[1];
    let theirs = key(&keys_of(&cluster, 1, 1).await[0]);
    let others = key(&keys_of(&cluster, 2, 1).await[0]);
    tell(&mut admin(&silent.url()).await, "ACL SETUSER sessions -set").await;
    silent.freeze().unwrap();
    let opened = in_time(RedisStore::connect(options(&cluster.url()))).await;
    let store = opened.unwrap();
    create(&store, &others, "x").await;
    silent.thaw().unwrap();
    eventually("it answers again", async || store.load(&theirs).await.is_ok()).await;
    let written = store.write(&theirs, "x".into(), &OWNED, Precondition::Absent).await;
    let error = written.unwrap_err();
    assert!(error.to_string().contains(&format!("the server at {} ", silent.addr())), "{error}");
    assert_eq!(told(&error), "ACL SETUSER sessions +set");
}

#[cfg(feature = "cluster")]
#[tokio::test]
async fn right_to_ask_a_cluster_for_its_nodes_is_named_by_the_scan() {
    let cluster = RedisCluster::start(1, false).await.unwrap();
    let mut admin = admin(&cluster.nodes()[0].url()).await;
    tell(&mut admin, &format!("{} +cluster|slots +asking +scan +info", documented())).await;
    let store = RedisStore::connect(options(&cluster.url())).await.unwrap();
    let error = store.scan("session:", None, PAGE).await.unwrap_err();
    assert!(error.to_string().contains("run CLUSTER NODES;"), "{error}");
    assert_eq!(told(&error), "ACL SETUSER sessions +cluster|nodes");
    tell(&mut admin, &told(&error)).await;
    assert!(store.scan("session:", None, PAGE).await.unwrap().records.is_empty());
}

#[cfg(feature = "sentinel")]
#[tokio::test]
async fn master_behind_sentinels_is_asked_and_its_successor_named_by_the_call() {
    let (old, new) = (RedisServer::start().await.unwrap(), RedisServer::start().await.unwrap());
    let sentinel = RedisServer::lone_sentinel(old.addr()).await.unwrap();
    let acl = documented();
    tell(&mut admin(&old.url()).await, acl).await;
    tell(&mut admin(&new.url()).await, &format!("{acl} +role -set")).await;
    let url = format!("redis+sentinel://{}/mymaster", sentinel.addr());

    let error = RedisStore::connect(options(&url)).await.unwrap_err();
    assert!(error.to_string().contains("does not let this user run ROLE;"), "{error}");
    tell(&mut admin(&old.url()).await, "ACL SETUSER sessions +role -set").await;
    let error = RedisStore::connect(options(&url)).await.unwrap_err();
    let at = |server: &RedisServer| format!("the server at {} does not let", server.addr());
    assert!(error.to_string().contains(&at(&old)), "{error}");
    assert_eq!(told(&error), "ACL SETUSER sessions +set");
    tell(&mut admin(&old.url()).await, &told(&error)).await;

    let store = RedisStore::connect(options(&url)).await.unwrap();
    create(&store, &key("old"), "x").await;
    old.tell("REPLICAOF 127.0.0.1 1").await.unwrap();
    sentinel.tell("SENTINEL REMOVE mymaster").await.unwrap();
    let port = new.addr().port();
    sentinel.tell(&format!("SENTINEL MONITOR mymaster 127.0.0.1 {port} 2")).await.unwrap();
    let written = store.write(&key("new"), "x".into(), &MINUTE, Precondition::Absent).await;
    let error = written.unwrap_err();
    assert!(error.to_string().contains(&at(&new)), "{error}");
    assert_eq!(told(&error), "ACL SETUSER sessions +set");
}

#[tokio::test]
async fn right_that_is_taken_away_is_named_by_the_call() {
    let (server, options) = limited_server(documented()).await;
    let store = RedisStore::connect(options).await.unwrap();
    let mut admin = admin(&server.url()).await;
    let loaded = create(&store, &key("rights"), "old").await;
    for (taken, named) in [("-pexpire", "ACL LOG"), ("-evalsha", "run EVALSHA;")] {
        let mut acl = redis::cmd("ACL");
        acl.arg("SETUSER").arg("sessions").arg(taken);
        acl.query_async::<()>(&mut admin).await.unwrap();
        let error = store.touch(&key("rights"), &OWNED, &loaded).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        assert!(error.to_string().contains(named), "{taken}: {error:?}");
    }
}
