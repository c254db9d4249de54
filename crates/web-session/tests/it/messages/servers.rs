//! Servers that are not there, or will not have us.

mod databases;

use super::{Row, check, is_like, printed};
use session_testkit::{RedisServer, server};

const REFUSED: &str = "Connection refused (os error …)";
const UNKNOWN_HOST: &str = "failed to lookup address information: …";

/// Where a server of the tests is, as `host:port`.
fn at(name: &str) -> String {
    server::socket_addr(&server::url(name), None).unwrap().to_string()
}

/// Each row says the setting's value, what went wrong with the store, and the address and cause.
async fn check_urls(kind: &str, store: &str, key: &str, rows: &[(&str, &str, &str)]) {
    for (url, what, then) in rows {
        let expected = format!("connect to {store}: {what} ({key}: {then}");
        check(kind, &[(&[(key, url)], &expected)]).await;
    }
}

#[tokio::test]
async fn redis() {
    let (here, other) = (at("SESSION_TEST_REDIS"), at("SESSION_TEST_MEMCACHED"));
    let rows = [
        (
            "redis://:hunter2@127.0.0.1:1/3",
            "the server cannot be reached",
            &*format!("redis://127.0.0.1:1/3): {REFUSED}"),
        ),
        (
            "redis://:hunter2@session.invalid",
            "the server cannot be reached",
            &format!("redis://session.invalid): {UNKNOWN_HOST}"),
        ),
        (
            &format!("redis://nobody:hunter2@{here}"),
            "the server refuses the user or password of the url",
            &format!("redis://{here})"),
        ),
        (
            &format!("redis://{here}/9999"),
            "the server refuses the database of the url; `databases` in its configuration says how \
             many there are",
            &format!("redis://{here}/9999)"),
        ),
        (
            &format!("redis://{here}/shop"),
            "the database of the url is no number",
            &format!("redis://{here}/shop)"),
        ),
        (
            &format!("redis://{other}"),
            "the answer is not one of redis's; another server may be at this address",
            &format!("redis://{other})"),
        ),
        (
            &format!("redis+cluster://{here}"),
            "the server is no node of a cluster; redis:// in place of redis+cluster:// names it",
            &format!("redis+cluster://{here})"),
        ),
        (
            "redis+sentinel://127.0.0.1:1/shop",
            "the server cannot be reached",
            &format!("redis+sentinel://127.0.0.1:1/shop): {REFUSED}"),
        ),
        (
            &format!("rediss://{here}"),
            "the server cannot be reached",
            &format!("rediss://{here}): timed out"),
        ),
        (
            "redis://127.0.0.1:1?socket_timeout=5",
            "the url has the parameter socket_timeout: set SESSION_OPERATION_TIMEOUT in its place",
            "redis://127.0.0.1:1)",
        ),
    ];
    check_urls("redis", "redis", "SESSION_REDIS", &rows).await;
}

/// What has no address that could be shown without a part of the password.
#[tokio::test]
async fn passwords_that_are_not_encoded() {
    for (kind, key, url, expected) in [
        (
            "redis",
            "SESSION_REDIS",
            "redis://u:hunter2#@host",
            "connect to redis: the url has a #; in a user or password it is %23 (SESSION_REDIS)",
        ),
        (
            "redis",
            "SESSION_REDIS",
            "redis://u:hun/ter2@host",
            "connect to redis: not a redis url; …, and in a user or password %2F for /, %3F for ?, \
             %40 for @ (SESSION_REDIS)",
        ),
        (
            "sql",
            "SESSION_SQLALCHEMY",
            "postgres://u:hun/ter2@host/db",
            "connect to a database: the port of the url is no number; in a user or password / is \
             %2F, ? is %3F and @ is %40 (SESSION_SQLALCHEMY)",
        ),
        (
            "mongodb",
            "SESSION_MONGODB",
            "mongodb://u:hun/ter2@host/",
            "connect to mongodb: the url cannot be used; …, a password in percent-encoding, and …",
        ),
        (
            "memcached",
            "SESSION_MEMCACHED",
            "u:hunter2@127.0.0.1:1",
            "connect to memcached: a server in SESSION_MEMCACHED has a user; leave it out: there \
             is no log-in, so servers belong on a private network (SESSION_MEMCACHED: 127.0.0.1:1)",
        ),
        (
            "dynamodb",
            "SESSION_DYNAMODB",
            "http://u:hunter2@host",
            "read SESSION_DYNAMODB: the endpoint has a user; leave it out: …",
        ),
    ] {
        check(kind, &[(&[(key, url)], expected)]).await;
        assert!(!printed(&[("SESSION_TYPE", kind), (key, url)]).await.contains("ter2"), "{url}");
    }
}

#[tokio::test]
async fn redis_that_knows_its_users() {
    let server = RedisServer::start().await.unwrap();
    let url = server.url();
    let at = url.trim_start_matches("redis://");
    server.tell("ACL SETUSER app on >hunter2 ~* +@connection +get +eval").await.unwrap();
    let app = format!("redis://app:hunter2@{at}");
    let said = printed(&[("SESSION_TYPE", "redis"), ("SESSION_REDIS", &app)]).await;
    let expected = format!(
        "connect to redis: the server at {at} does not let this user run PTTL, run …; say ACL \
         SETUSER app +pttl …; the page of session-redis lists the rights it needs (SESSION_REDIS: \
         redis://{at})"
    );
    assert!(is_like(&said, &expected) && !said.contains("hunter2"), "{said}");
    server.tell("CONFIG SET requirepass hunter2").await.unwrap();
    let said = printed(&[("SESSION_TYPE", "redis"), ("SESSION_REDIS", &url)]).await;
    assert!(said.starts_with("connect to redis: the server "), "{said}");
}

#[tokio::test]
async fn memcached() {
    let other = at("SESSION_TEST_REDIS");
    let rows = [
        ("127.0.0.1:1", "the server cannot be reached", &*format!("127.0.0.1:1): {REFUSED}")),
        (
            "session.invalid",
            "the server cannot be reached",
            &format!("session.invalid): {UNKNOWN_HOST}"),
        ),
        (
            &other,
            "the answer is not one of memcached's; another server may be at this address",
            &format!("{other})"),
        ),
    ];
    check_urls("memcached", "memcached", "SESSION_MEMCACHED", &rows).await;
}

#[tokio::test]
async fn filesystem() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = file.path().to_str().unwrap();
    let rows: &[Row<'_>] = &[
        (
            &[("SESSION_FILE_DIR", "/proc/nowhere")],
            "connect to the session directory /proc/nowhere (SESSION_FILE_DIR): the directory \
             cannot be made: No such file or directory (os error …)",
        ),
        (
            &[("SESSION_FILE_DIR", file)],
            &format!(
                "connect to the session directory {file} (SESSION_FILE_DIR): the path is not a \
                 directory; name another one: File exists (os error …)"
            ),
        ),
        (
            &[("SESSION_FILE_MODE", "0400")],
            "connect to the session directory: SESSION_FILE_MODE keeps the owner from reading or \
             writing; it needs at least 0600…",
        ),
    ];
    check("filesystem", rows).await;
}
