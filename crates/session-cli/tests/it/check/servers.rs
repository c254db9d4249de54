//! Servers that lose sessions, and users who lack a right, each on a server of its own.

use super::{assert_found, findings, in_order};
use crate::common::Site;
use session_testkit::{MemcachedServer, RedisServer};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

fn at(url: &str) -> Site {
    let mut site = in_order(Site::redis());
    site.set("SESSION_REDIS", url);
    site
}

#[tokio::test]
async fn redis_that_loses_sessions_is_found() {
    let server = RedisServer::durable().await.unwrap();
    let site = at(&server.url());
    for (commands, level, sentence) in [
        (
            &["CONFIG SET maxmemory-policy allkeys-lru"][..],
            "warning",
            "allkeys-lru would end live sessions once…CONFIG SET maxmemory-policy noeviction",
        ),
        (
            &["CONFIG SET maxmemory 100mb"],
            "problem",
            "allkeys-lru ends live sessions to make room: CONFIG SET maxmemory-policy noeviction",
        ),
        (
            &["CONFIG SET maxmemory-policy noeviction", "CONFIG SET appendonly no"],
            "warning",
            "nothing is on disk: a restart ends all sessions: CONFIG SET appendonly yes",
        ),
        (&["CONFIG SET save \"3600 1\""], "note", "snapshots alone are on disk"),
    ] {
        for command in commands {
            server.tell(command).await.unwrap();
        }
        assert_found(&site, level, sentence);
    }
}

#[tokio::test]
async fn replica_is_found() {
    let master = RedisServer::durable().await.unwrap();
    let replica = RedisServer::durable().await.unwrap();
    let port = master.addr().port();
    replica.tell(&format!("REPLICAOF 127.0.0.1 {port}")).await.unwrap();
    let sentence = "the server is a replica, which takes no writes: name its master";
    assert_found(&at(&replica.url()), "problem", sentence);
}

#[tokio::test]
async fn evicted_keys_are_counted() {
    let server = RedisServer::durable().await.unwrap();
    server.tell("SET a b").await.unwrap();
    server.tell("CONFIG SET maxmemory-policy allkeys-lru").await.unwrap();
    server.tell("CONFIG SET maxmemory 1").await.unwrap();
    // Nothing fits: the one key goes.
    let _ = server.tell("SET c d").await;
    server.tell("CONFIG SET maxmemory 0").await.unwrap();
    server.tell("CONFIG SET maxmemory-policy noeviction").await.unwrap();
    let sentence = "keys were evicted since the server started: raise maxmemory";
    assert_found(&at(&server.url()), "warning", sentence);
}

#[tokio::test]
async fn right_that_is_missing_is_named_and_one_to_look_is_a_note() {
    let server = RedisServer::durable().await.unwrap();
    let port = server.addr().port();
    for (user, rights, level, sentence) in [
        ("a", "+@all -eval", "problem", "does not let this user run EVAL; say ACL SETUSER a +eval"),
        ("b", "+@all -info", "note", "the user may not run INFO…: +info in ACL SETUSER"),
        ("c", "+@all -config", "note", "the user may not run CONFIG GET"),
    ] {
        let command = format!("ACL SETUSER {user} on >hunter2 ~* &* {rights}");
        server.tell(&command).await.unwrap();
        let site = at(&format!("redis://{user}:hunter2@127.0.0.1:{port}"));
        assert_found(&site, level, sentence);
    }
}

#[tokio::test]
async fn server_that_is_gone_is_a_problem() {
    let mut server = RedisServer::durable().await.unwrap();
    server.kill().unwrap();
    let site = at(&format!("redis://:hunter2@{}", server.addr()));
    assert_found(&site, "problem", "connect to redis: the server cannot be reached");
}

#[tokio::test]
async fn memcached_with_small_items_is_found() {
    let server = MemcachedServer::start_with(&["-I", "512k"]).await.unwrap();
    let mut site =
        in_order(Site::server("memcached", "SESSION_MEMCACHED", "SESSION_TEST_MEMCACHED"));
    site.set("SESSION_MEMCACHED", &server.url());
    site.set("SESSION_OWNER_INDEX", "false");
    let sentence = "an item holds 524288 bytes at most…start it with memcached -I 1m";
    assert_found(&site, "warning", sentence);
    assert_found(&site, "note", "a restart of the server ends its sessions");
}

#[tokio::test]
async fn pooler_in_front_of_postgres_is_found() {
    let mut site = in_order(Site::postgres());
    drop(site.store().await);
    site.set("SESSION_SQLALCHEMY", &std::env::var("SESSION_TEST_PGBOUNCER").unwrap());
    let sentence = "a pooler such as PgBouncer…SESSION_SQLALCHEMY_TRANSACTION_POOLER=true";
    assert_found(&site, "note", sentence);
    site.set("SESSION_SQLALCHEMY_TRANSACTION_POOLER", "true");
    let told = findings(&site.run(&["check", "--json"]));
    assert!(!told.iter().any(|(_, said)| said.contains("a pooler such as")), "{told:?}");
}

#[tokio::test]
async fn writes_to_mongodb_that_a_failover_undoes_are_found() {
    let mut site = in_order(Site::mongodb());
    let url = format!("{}&w=1", site.vars["SESSION_MONGODB"]);
    site.set("SESSION_MONGODB", &url);
    drop(site.store().await);
    let told = findings(&site.run(&["check", "--json"]));
    // A note where the server is alone, else a warning.
    let is_told = |(level, said): &(String, String)| {
        level != "ok" && said.contains("w=1: a failover may undo sessions that were stored: w=maj")
    };
    assert!(told.iter().any(is_told), "{told:#?}");
    site.set("SESSION_MONGODB", &url.replace("w=1", "w=0"));
    assert_found(&site, "problem", "the parameter w of the url is at least 1");
}

#[tokio::test]
async fn directory_that_is_open_in_memory_or_missing_is_found() {
    let mut site = in_order(Site::files());
    drop(site.store().await);
    let dir = site.vars["SESSION_FILE_DIR"].clone();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
    assert_found(&site, "warning", "the directory has mode 0777…chmod go-rw");
    site.set("SESSION_FILE_DIR", &format!("{dir}/missing"));
    assert_found(&site, "problem", "there is no such directory");
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    site.set("SESSION_FILE_DIR", &memory.path().display().to_string());
    assert_found(
        &site,
        "warning",
        "the directory is in memory: a reboot ends all sessions: name one",
    );
}
