//! How many connections a server has of a store, and what becomes of the calls beyond.

use crate::common::{DEADLINE, Place, create, eventually, key};
use mongodb::bson::doc;
use session_core::Store as _;
use session_mongodb::MongoStore;
use session_testkit::proxy::{Mode, Proxy};
use session_testkit::server;
use std::sync::Arc;
use std::time::{Duration, Instant};
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
    waits_in_line(MongoStore::connect(place.patient()).await.unwrap(), &proxy, MOST).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_as_many_as_the_setting_says() {
    const FEW: usize = 2;
    let (proxy, place) = behind_proxy().await;
    let url = place.url.replace(&format!("&maxPoolSize={MOST}"), "");
    let unbounded = Place { name: place.name, url };
    let few = unbounded.patient().max_connections(FEW);
    waits_in_line(MongoStore::connect(few).await.unwrap(), &proxy, FEW).await;
}

/// The rest of its pool is for the application.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_on_a_client_of_the_application_take_as_many_connections_as_the_setting_says() {
    const FEW: usize = 2;
    let (proxy, place) = behind_proxy().await;
    let few = place.patient().max_connections(FEW);
    let store = MongoStore::from_client(place.client().await, few).await.unwrap();
    waits_in_line(store, &proxy, FEW).await;
}

/// A crowd of calls, again and again, over `most` connections.
async fn waits_in_line(store: MongoStore, proxy: &Proxy, most: usize) {
    let store = Arc::new(store);
    for _ in 0..4 {
        let errors = crowd(&store, 100).await;
        assert!(errors.is_empty(), "{} of 100 failed: {}", errors.len(), errors[0]);
    }
    assert!(proxy.connections() <= most + WATCHING, "{} connections", proxy.connections());
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

/// Somebody else's calls stand in the driver's line, and ours are not to stay there for good.
#[tokio::test]
async fn calls_on_a_pool_that_others_filled_end_in_time_and_go_on_afterwards() {
    const CALLERS: usize = 100;
    let (proxy, place) = behind_proxy().await;
    let client = place.client().await;
    let hasty = place.options().operation_timeout(Duration::from_millis(400));
    let store = Arc::new(MongoStore::from_client(client.clone(), hasty).await.unwrap());
    eventually("the server is quick", async || crowd(&store, 1).await.is_empty()).await;
    proxy.set(Mode::Freeze).await;
    let mut others = JoinSet::new();
    for _ in 0..MOST {
        let database = client.database("session_tests");
        others.spawn(async move { database.run_command(doc! { "ping": 1 }).await });
    }
    for _ in 0..5 {
        let began = Instant::now();
        assert_eq!(crowd(&store, CALLERS).await.len(), CALLERS);
        assert!(began.elapsed() < DEADLINE, "{:?}", began.elapsed());
    }
    proxy.set(Mode::Forward).await;
    eventually("the server goes on", async || crowd(&store, 1).await.is_empty()).await;
    eventually("all go on", async || crowd(&store, MOST).await.is_empty()).await;
}
