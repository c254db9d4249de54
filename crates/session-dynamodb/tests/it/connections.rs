//! How many connections a server has of a store, and what becomes of the calls beyond.

use crate::common::{create, eventually, fresh_name, key, patient, store, url};
use session_core::{ErrorKind, Store as _};
use session_dynamodb::{DynamoDbOptions, DynamoDbStore};
use session_testkit::proxy::{Mode, Proxy};
use session_testkit::server;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

const MOST: usize = 8;

/// Loads at once; the errors of those that failed.
async fn crowd(store: &Arc<DynamoDbStore>, calls: usize) -> Vec<session_core::Error> {
    let mut crowd = JoinSet::new();
    for _ in 0..calls {
        let store = Arc::clone(store);
        crowd.spawn(async move { store.load(&key("crowd")).await });
    }
    crowd.join_all().await.into_iter().filter_map(Result::err).collect()
}

/// A proxy before the server, a patient store behind it, and the options of its table.
async fn behind_proxy(table: &str) -> (Proxy, Arc<DynamoDbStore>, DynamoDbOptions) {
    let proxy = Proxy::start(server::socket_addr(&url(), None).unwrap()).await.unwrap();
    let through = server::redirect(&url(), proxy.addr());
    let options = patient(&through).table(fresh_name(table)).max_connections(MOST);
    let store = Arc::new(store(options.clone()).await);
    create(&*store, &key("crowd"), "x").await;
    (proxy, store, options)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_beyond_the_connections_wait_in_line() {
    let (proxy, store, _) = behind_proxy("Crowd").await;
    for _ in 0..4 {
        let errors = crowd(&store, 100).await;
        assert!(errors.is_empty(), "{} of 100 failed: {}", errors.len(), errors[0]);
    }
    // The client may dial for a call that an idle connection then serves; hundreds without a bound.
    assert!(proxy.connections() <= 2 * MOST, "{} connections", proxy.connections());
}

/// What a frozen server has accepted, it has until it goes on, whoever gave up on it.
#[tokio::test]
async fn frozen_server_has_no_more_connections_than_it_may() {
    const CALLERS: usize = 20;
    const ROUNDS: usize = 10;
    let (proxy, patient, options) = behind_proxy("Frozen").await;
    drop(patient);
    let hasty = options.operation_timeout(Duration::from_millis(200));
    let store = Arc::new(DynamoDbStore::connect(hasty).await.unwrap());
    eventually("the server is quick", async || crowd(&store, 1).await.is_empty()).await;
    let before = proxy.connections();
    proxy.set(Mode::Freeze).await;
    for _ in 0..ROUNDS {
        for error in crowd(&store, CALLERS).await {
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true));
        }
    }
    // A call that was given up hands its turn on, maybe to one whose time is nearly up, too.
    let dialled = proxy.connections() - before;
    assert!(dialled <= MOST + 2 * ROUNDS, "{dialled} connections to a frozen server");

    proxy.set(Mode::Forward).await;
    eventually("the server goes on", async || crowd(&store, 1).await.is_empty()).await;
    eventually("all go on", async || crowd(&store, CALLERS).await.is_empty()).await;
}
