//! How long connections are trusted, and when they are closed.

use crate::common::{
    HOUR, MINUTE, OwnTable, POSTGRES, SERVERS, WRITTEN, behind_proxy_within, create, eventually,
    key, open, seconds,
};
use session_core::{ErrorKind, Precondition, Record, Store, StoreKey};
use session_sql::SqlStore;
use session_testkit::proxy::{Mode, Proxy};
use session_testkit::server;
use sqlx::mysql::MySqlPoolOptions;
use sqlx::postgres::PgPoolOptions;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

#[tokio::test]
async fn one_broken_connection_condemns_those_made_with_it() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let (proxy, store) = behind_proxy_within(&table, seconds(10)).await;
        let loaded = create(&store, &key("many"), "old").await;
        crowd(&proxy, &store, &key("many")).await;
        // All are cut, and the server is back at once.
        proxy.set(Mode::Refuse).await;
        proxy.set(Mode::Forward).await;
        assert!(store.load(&key("many")).await.unwrap().is_some(), "a load asks once more");
        for _ in 0..8 {
            assert_eq!(store.touch(&key("many"), &HOUR, &loaded).await.unwrap(), WRITTEN);
        }
        assert_eq!(proxy.connections(), CROWD + 1);
        table.drop().await;
    }
}

#[tokio::test]
async fn busy_connections_are_waited_for_until_the_deadline() {
    let table = OwnTable::new(POSTGRES);
    open(table.options()).await;
    let (proxy, options) = table.proxied().await;
    let store = SqlStore::connect(options.max_connections(1)).await.unwrap();
    let loaded = create(&store, &key("busy"), "x").await;
    proxy.set(Mode::Freeze).await;
    let (busy, other) = (key("busy"), key("other"));
    let (touched, written) = tokio::join!(
        store.touch(&busy, &MINUTE, &loaded),
        store.write(&other, "x".into(), &MINUTE, Precondition::Absent),
    );
    assert_eq!(touched.unwrap_err().kind(), ErrorKind::Unknown);
    let error = written.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true), "{error}");
    proxy.set(Mode::Forward).await;
    assert_eq!(SqlStore::connect(table.options()).await.unwrap().load(&other).await.unwrap(), None);
    table.drop().await;
}

/// sqlx's own pool would take it back: a ping passes for the end of a statement's preparation.
#[tokio::test]
async fn pool_never_gets_back_a_connection_with_a_reply_to_come() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let direct = open(table.options()).await;
        let url = server::url(variable);
        let proxy = Proxy::start(server::socket_addr(&url, None).unwrap()).await.unwrap();
        let url = server::redirect(&url, proxy.addr());
        let (store, is_idle): (_, Box<dyn Fn() -> bool>) = if variable == POSTGRES {
            let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
            let pool = pool.connect(&url).await.unwrap();
            let store = SqlStore::from_client(pool.clone(), table.options()).await.unwrap();
            (store, Box::new(move || pool.num_idle() == 1))
        } else {
            let pool = MySqlPoolOptions::new().max_connections(1).test_before_acquire(false);
            let pool = pool.connect(&url).await.unwrap();
            let store = SqlStore::from_client(pool.clone(), table.options()).await.unwrap();
            (store, Box::new(move || pool.num_idle() == 1))
        };
        let loaded = create(&direct, &key("a"), "a").await;
        assert_eq!(store.load(&key("a")).await.unwrap().unwrap().payload, "a");
        eventually("the pool has asked its connection", async || is_idle()).await;
        // The first touch is prepared first, and there it stops.
        proxy.set(Mode::Freeze).await;
        let error = store.touch(&key("a"), &HOUR, &loaded).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown);
        proxy.set(Mode::Forward).await;
        eventually("the pool connects anew", async || store.load(&key("a")).await.is_ok()).await;
        for _ in 0..8 {
            assert_eq!(store.touch(&key("a"), &HOUR, &loaded).await.unwrap(), WRITTEN);
            assert_eq!(store.load(&key("a")).await.unwrap().unwrap().payload, "a");
            assert!(!store.delete(&key("b"), None, None).await.unwrap());
        }
        assert_eq!(proxy.connections(), 2);
        table.drop().await;
    }
}

/// How many connections a crowd has.
const CROWD: usize = 3;

/// Opens connections besides the first, and gives them back.
async fn crowd(proxy: &Proxy, store: &SqlStore, key: &StoreKey) {
    let calls = tokio::join!(store.load(key), store.load(key), store.load(key));
    for found in [calls.0, calls.1, calls.2] {
        assert!(found.unwrap().is_some());
    }
    assert_eq!(proxy.connections(), CROWD);
}

/// How many round trips a load takes.
async fn trips_of_load(proxy: &Proxy, store: &SqlStore, key: &StoreKey) -> usize {
    let start = proxy.round_trips();
    assert!(store.load(key).await.unwrap().is_some());
    proxy.round_trips() - start
}

#[tokio::test]
async fn connection_that_rested_is_asked_before_a_statement_is_entrusted_to_it() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let (proxy, store) = behind_proxy_within(&table, seconds(10)).await;
        create(&store, &key("idle"), "x").await;
        assert_eq!(trips_of_load(&proxy, &store, &key("idle")).await, 1);
        let_pass(seconds(11)).await;
        assert_eq!(trips_of_load(&proxy, &store, &key("idle")).await, 2);
        assert_eq!(trips_of_load(&proxy, &store, &key("idle")).await, 1);
        assert_eq!(proxy.connections(), 1);
        table.drop().await;
    }
}

/// The clock of the store goes on by so much.
async fn let_pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// So those that a crowd needed once rest, and are asked before they are used.
#[tokio::test]
async fn connection_used_last_is_used_first() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let (proxy, store) = behind_proxy_within(&table, seconds(10)).await;
        create(&store, &key("last"), "x").await;
        crowd(&proxy, &store, &key("last")).await;
        for _ in 0..4 {
            let_pass(seconds(6)).await;
            assert_eq!(trips_of_load(&proxy, &store, &key("last")).await, 1);
        }
        assert_eq!(proxy.connections(), CROWD);
        table.drop().await;
    }
}

#[tokio::test]
async fn silent_connection_casts_doubt_on_the_others() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let (proxy, store) = behind_proxy_within(&table, seconds(1)).await;
        let loaded = create(&store, &key("silent"), "x").await;
        crowd(&proxy, &store, &key("silent")).await;
        assert_eq!(store.touch(&key("silent"), &MINUTE, &loaded).await.unwrap(), WRITTEN);
        proxy.set(Mode::Freeze).await;
        let error = store.touch(&key("silent"), &MINUTE, &loaded).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown);
        let (made, trips) = (proxy.connections(), proxy.round_trips());
        proxy.set(Mode::Forward).await;
        eventually("the late answer is there", async || proxy.round_trips() > trips).await;
        assert_eq!(trips_of_load(&proxy, &store, &key("silent")).await, 2);
        assert_eq!(trips_of_load(&proxy, &store, &key("silent")).await, 1);
        assert_eq!(proxy.connections(), made);
        table.drop().await;
    }
}

/// Makes as many calls at once as there are connections, by default.
async fn ten_at_once<F>(call: impl Fn() -> F) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        calls.spawn(call());
    }
    calls.join_all().await
}

/// A store with ten connections, which take a rest.
async fn ten_idle(table: &OwnTable, rest: Duration) -> (Proxy, Arc<SqlStore>, Record) {
    open(table.options()).await;
    let (proxy, options) = table.proxied().await;
    let store = Arc::new(
        SqlStore::connect(options.idle_check(rest).operation_timeout(seconds(3))).await.unwrap(),
    );
    let loaded = create(&*store, &key("a"), "a").await;
    let found = ten_at_once(|| {
        let store = Arc::clone(&store);
        async move { store.load(&key("a")).await }
    });
    assert!(found.await.into_iter().all(|found| found.unwrap().is_some()));
    assert_eq!(proxy.connections(), 10);
    (proxy, store, loaded)
}

/// As behind a NAT that forgot all of them.
#[tokio::test]
async fn connections_that_vanished_while_they_rested_fail_no_call() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let (proxy, store, loaded) = ten_idle(&table, Duration::ZERO).await;
        proxy.silence();
        let touched = ten_at_once(|| {
            let (store, loaded) = (Arc::clone(&store), loaded.clone());
            async move { store.touch(&key("a"), &MINUTE, &loaded).await }
        });
        for touched in touched.await {
            assert_eq!(touched.unwrap(), WRITTEN, "{variable}");
        }
        table.drop().await;
    }
}

/// It costs the call that finds out its deadline, and none of those after it.
#[tokio::test]
async fn server_that_vanished_costs_one_deadline() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let (proxy, store, loaded) = ten_idle(&table, seconds(10)).await;
        proxy.silence();
        let error = store.touch(&key("a"), &MINUTE, &loaded).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown, "{variable}");
        for _ in 0..10 {
            assert_eq!(store.touch(&key("a"), &MINUTE, &loaded).await.unwrap(), WRITTEN);
        }
        assert_eq!(proxy.connections(), 11);
        table.drop().await;
    }
}

#[tokio::test]
async fn attempt_to_connect_outlives_its_caller_and_serves_the_next() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        open(table.options()).await;
        let (proxy, options) = table.proxied().await;
        let store = SqlStore::connect(options.max_connections(1)).await.unwrap();
        proxy.set(Mode::Refuse).await;
        proxy.set(Mode::Freeze).await;
        let made = proxy.connections();
        let error = store.load(&key("a")).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true), "{error}");
        proxy.set(Mode::Forward).await;
        eventually("the attempt succeeds", async || store.load(&key("a")).await.is_ok()).await;
        assert_eq!(proxy.connections(), made + 1);
        table.drop().await;
    }
}
