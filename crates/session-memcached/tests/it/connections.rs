//! How many connections a server has of a store, and what becomes of the calls beyond.

use crate::common::{MINUTE, Server, create, eventually, key};
use session_core::{ErrorKind, Store as _};
use session_memcached::{MemcachedOptions, MemcachedStore};
use session_testkit::proxy::{Mode, Proxy};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Loads at once, and what became of them: how many failed, and an error.
async fn crowd(store: &Arc<MemcachedStore>, calls: usize) -> Vec<session_core::Error> {
    let mut crowd = JoinSet::new();
    for _ in 0..calls {
        let store = Arc::clone(store);
        crowd.spawn(async move { store.load(&key("crowd")).await });
    }
    crowd.join_all().await.into_iter().filter_map(Result::err).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_beyond_the_connections_wait_in_line() {
    let server = Server::start_with(&["-c", "128"]).await;
    let options = MemcachedOptions::new([server.name()]).operation_timeout(MINUTE.ttl);
    let store = Arc::new(MemcachedStore::connect(options).await.unwrap());
    create(&*store, &key("crowd"), "x").await;
    for _ in 0..5 {
        let errors = crowd(&store, 400).await;
        assert!(errors.is_empty(), "{} of 400 failed: {}", errors.len(), errors[0]);
    }
}

#[tokio::test]
async fn server_without_a_free_connection_is_unavailable_until_it_has_one() {
    let server = Server::start_with(&["-c", "64"]).await;
    let store = MemcachedStore::connect(server.name()).await.unwrap();
    let mut others = Vec::new();
    let error = loop {
        assert!(others.len() < 128, "the server has 64 connections");
        others.push(server.admin());
        let store = MemcachedStore::connect(server.name()).await;
        if let Err(error) = store {
            break error;
        }
    };
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true), "{error}");
    assert!(error.to_string().contains("memcached -c"), "{error}");
    // Those of the stores before, which the server may still be about to close.
    others.extend((0..16).map(|_| server.admin()));
    let error = store.load(&key("full")).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true), "{error}");
    let absent = session_core::Precondition::Absent;
    let error = store.write(&key("full"), "x".into(), &MINUTE, absent).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true), "{error}");
    drop(others);
    eventually("the server has room again", async || store.load(&key("full")).await.is_ok()).await;
}

/// What a frozen server has accepted, it has until it goes on, whoever gave up on it.
#[tokio::test]
async fn frozen_server_has_no_more_connections_than_it_may() {
    const MOST: usize = 8;
    const CALLERS: usize = 20;
    const ROUNDS: usize = 10;
    let server = Server::start().await;
    let proxy = Proxy::start(server.addr()).await.unwrap();
    let options = MemcachedOptions::new([proxy.addr().to_string()])
        .max_connections(MOST)
        .operation_timeout(Duration::from_millis(100));
    let store = Arc::new(MemcachedStore::connect(options).await.unwrap());
    create(&*store, &key("crowd"), "x").await;
    let before = proxy.connections();
    proxy.set(Mode::Freeze).await;
    for _ in 0..ROUNDS {
        for error in crowd(&store, CALLERS).await {
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true));
        }
    }
    let dialled = proxy.connections() - before;
    assert!(dialled <= MOST + ROUNDS, "{dialled} connections to a frozen server");

    proxy.set(Mode::Forward).await;
    eventually("the server goes on", async || store.load(&key("crowd")).await.is_ok()).await;
    assert_eq!(crowd(&store, CALLERS).await.len(), 0, "all connections are there again");
}
