//! A user who may do no more than the crate page says, and one who may do less.

use crate::common::{Server, admin, create, key};
use session_core::{ErrorKind, Lease, Precondition, Store};
use session_redis::{RedisOptions, RedisStore};
use std::time::Duration;

const OWNED: Lease<'static> = Lease { ttl: Duration::from_secs(60), owner: Some("ann") };

/// What the crate page tells administrators to run.
fn documented() -> &'static str {
    let page = include_str!("../../README.md");
    page.lines().find(|line| line.starts_with("ACL SETUSER ")).unwrap()
}

async fn server(acl: &str) -> (Server, RedisOptions) {
    let server = Server::start().await;
    let mut words = acl.split(' ');
    let mut cmd = redis::cmd(words.next().unwrap());
    cmd.arg(words.collect::<Vec<_>>());
    cmd.query_async::<()>(&mut admin(&server.url()).await).await.unwrap();
    let url = server.url().replace("//", "//sessions:password@");
    (server, RedisOptions::new(url).owner_index(true))
}

#[test]
fn guide_says_the_same() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/deployment.md");
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.lines().any(|line| line == documented()), "{}", documented());
}

#[tokio::test]
async fn documented_rights_are_enough() {
    let (_server, options) = server(documented()).await;
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
    let (server, options) = server(documented()).await;
    let mut admin = admin(&server.url()).await;
    let commands = documented().split(' ').filter_map(|word| word.strip_prefix('+'));
    let mut missing = 0;
    for command in commands {
        let mut acl = redis::cmd("ACL");
        acl.arg("SETUSER").arg("sessions");
        acl.clone().arg(format!("-{command}")).query_async::<()>(&mut admin).await.unwrap();
        let error = RedisStore::connect(options.clone()).await.expect_err(command);
        let named = format!("run {};", command.to_uppercase());
        assert!(error.to_string().contains(&named), "{command}: {error:?}");
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        acl.arg(format!("+{command}")).query_async::<()>(&mut admin).await.unwrap();
        missing += 1;
    }
    assert_eq!(missing, 16);
    RedisStore::connect(options).await.unwrap();
}

#[tokio::test]
async fn missing_keys_of_the_index_are_named_at_the_start() {
    let (_server, options) = server(&documented().replace("~session-owner:* ", "")).await;
    let error = RedisStore::connect(options.clone()).await.unwrap_err();
    assert!(error.to_string().contains("session-owner:*"), "{error:?}");
    RedisStore::connect(options.owner_index(false)).await.unwrap();
}

#[tokio::test]
async fn right_that_is_taken_away_is_named_by_the_call() {
    let (server, options) = server(documented()).await;
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
