//! How many connections a server has of a store, and what becomes of the calls beyond.

use crate::common::{Place, create, eventually, key};
use session_core::Store as _;
use session_mongodb::MongoStore;
use session_testkit::proxy::{Mode, Proxy};
use session_testkit::server;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

const MOST: usize = 8;
/// Those by which the driver watches the server, whatever the size of the pool.
const WATCHING: usize = 2;

/// Loads at once; the errors of those that failed.
async fn crowd(store: &Arc<MongoStore>, calls: usize) -> Vec<session_core::Error> {
    let mut crowd = JoinSet::new();
    for _ in 0..calls {
        let store = Arc::clone(store);
        crowd.spawn(async move { store.load(&key("crowd")).await });
    }
    crowd.join_all().await.into_iter().filter_map(Result::err).collect()
}

/// A proxy before the server, and a place behind it with a record in it.
async fn behind_proxy() -> (Proxy, Place) {
    let place = Place::new();
    create(&place.store().await, &key("crowd"), "x").await;
    let proxy = Proxy::start(server::socket_addr(&place.url, None).unwrap()).await.unwrap();
    let url = format!("{}&maxPoolSize={MOST}", server::redirect(&place.url, proxy.addr()));
    (proxy, Place { name: place.name, url })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_beyond_the_connections_wait_in_line() {
    let (proxy, place) = behind_proxy().await;
    let store = Arc::new(MongoStore::connect(place.patient()).await.unwrap());
    for _ in 0..4 {
        let errors = crowd(&store, 100).await;
        assert!(errors.is_empty(), "{} of 100 failed: {}", errors.len(), errors[0]);
    }
    assert!(proxy.connections() <= MOST + WATCHING, "{} connections", proxy.connections());
}

/// What a frozen server has accepted, it has until it goes on, whoever gave up on it.
#[tokio::test]
async fn frozen_server_has_no_more_connections_than_it_may() {
    const CALLERS: usize = 20;
    const ROUNDS: usize = 10;
    let (proxy, place) = behind_proxy().await;
    let hasty = place.options().operation_timeout(Duration::from_millis(400));
    let store = Arc::new(MongoStore::connect(hasty).await.unwrap());
    eventually("the server is quick", async || crowd(&store, CALLERS).await.is_empty()).await;
    let before = proxy.connections();
    proxy.set(Mode::Freeze).await;
    for _ in 0..ROUNDS {
        for error in crowd(&store, CALLERS).await {
            assert!(error.is_retryable(), "{error}");
        }
    }
    let dialled = proxy.connections() - before;
    assert!(dialled <= MOST + WATCHING, "{dialled} connections to a frozen server");

    proxy.set(Mode::Forward).await;
    // No call that was given up stands in the way of those that come after.
    eventually("the server goes on", async || crowd(&store, 1).await.is_empty()).await;
    eventually("all go on", async || crowd(&store, CALLERS).await.is_empty()).await;
}
