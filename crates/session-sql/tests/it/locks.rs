//! What calls return while others hold a lock, or all connections.

use crate::common::{
    Held, IN_TIME, MARIADB, MINUTE, OwnTable, POSTGRES, SERVERS, WRITTEN, ask, create, eventually,
    file_url, fresh, key, open, open_file, seconds, tell, writes,
};
use session_core::{ErrorKind, Store};
use session_sql::{SqlOptions, SqlStore};
use session_testkit::proxy::Mode;
use session_testkit::server;
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[tokio::test]
async fn locked_row_is_told_in_time_and_other_calls_go_on() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let store = open(table.options()).await;
        let loaded = create(&store, &key("locked"), "old").await;
        let held = Held::row(&table, &key("locked")).await;
        let began = Instant::now();
        // The server gives up first, and says so.
        let error = store.touch(&key("locked"), &MINUTE, &loaded).await.unwrap_err();
        let seen = (error.kind(), error.is_retryable());
        assert_eq!(seen, (ErrorKind::Unavailable, true), "{error}");
        assert!(began.elapsed() < IN_TIME);
        assert_eq!(store.load(&key("locked")).await.unwrap().unwrap().payload, "old");
        create(&store, &key("other"), "x").await;
        drop(held);
        table.drop().await;
    }
}

#[tokio::test]
async fn locked_sqlite_file_is_unavailable_in_time_and_still_readable() {
    let dir = tempfile::tempdir().unwrap();
    let options = SqlOptions::new(file_url(&dir)).operation_timeout(Duration::from_secs(1));
    let store = open(options).await;
    let loaded = create(&store, &key("locked"), "old").await;
    let mut other = open_file(&dir).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    for result in writes(&store, &key("locked"), &loaded).await {
        let began = Instant::now();
        let error = result.unwrap_err();
        let seen = (error.kind(), error.is_retryable());
        assert_eq!(seen, (ErrorKind::Unavailable, true), "{error}");
        assert!(began.elapsed() < IN_TIME);
    }
    assert_eq!(store.load(&key("locked")).await.unwrap().unwrap().payload, "old");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(store.touch(&key("locked"), &MINUTE, &loaded).await.unwrap(), WRITTEN);
}

/// How many connections the server has of an application.
async fn backends(name: &str) -> usize {
    let sql = "SELECT application_name FROM pg_stat_activity WHERE application_name = ";
    ask(POSTGRES, format!("{sql}'{name}'")).await.len()
}

/// PostgreSQL does not notice that a client left while its statement waits for a lock.
#[tokio::test]
async fn locked_table_costs_the_server_no_more_connections_than_allowed() {
    const MAX: usize = 3;
    let table = OwnTable::new(POSTGRES);
    create(&open(table.options()).await, &key("a"), "a").await;
    let name = fresh("locked");
    let url = format!("{}?application_name={name}", server::url(POSTGRES));
    let options = table.options_at(url).max_connections(MAX);
    let store = Arc::new(SqlStore::connect(options).await.unwrap());
    let lock = format!("LOCK TABLE {}; SELECT pg_sleep(60)", table.name);
    let held =
        tokio::spawn(tell(POSTGRES, format!("SET application_name = '{name}-lock'; {lock}")));
    eventually("the table is locked", async || store.load(&key("a")).await.is_err()).await;
    let loads: Vec<_> = (0..12)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut kinds = Vec::new();
                for _ in 0..6 {
                    kinds.push(store.load(&key("a")).await.unwrap_err());
                }
                kinds
            })
        })
        .collect();
    let mut most = 0;
    while !loads.iter().all(tokio::task::JoinHandle::is_finished) {
        most = most.max(backends(&name).await);
    }
    for load in loads {
        for error in load.await.unwrap() {
            assert!(error.is_retryable(), "{error}");
        }
    }
    assert!((1..=MAX).contains(&most), "{most} connections");
    let end =
        "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE application_name = ";
    ask(POSTGRES, format!("{end}'{name}-lock'")).await;
    held.await.unwrap_err();
    eventually("the table is free", async || store.load(&key("a")).await.is_ok()).await;
    table.drop().await;
}

/// Nor does MariaDB.
#[tokio::test]
async fn mariadb_waits_for_no_lock_long_after_its_callers_have_left() {
    let table = OwnTable::new(MARIADB);
    create(&open(table.options()).await, &key("a"), "a").await;
    let store = Arc::new(open(table.options()).await);
    let mut other = MySqlConnection::connect(&server::url(MARIADB)).await.unwrap();
    let lock = format!("LOCK TABLES {} WRITE", table.name);
    sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut other).await.unwrap();
    for _ in 0..8 {
        store.load(&key("a")).await.unwrap_err();
    }
    let waiting = format!(
        "SELECT CAST(id AS CHAR) FROM information_schema.processlist \
         WHERE info LIKE 'SELECT data%{}%' AND state LIKE 'Waiting for%'",
        table.name
    );
    eventually("the server has given up", async || ask(MARIADB, waiting.clone()).await.is_empty())
        .await;
    assert!(store.load(&key("a")).await.is_err(), "the table is still locked");
    sqlx::raw_sql("UNLOCK TABLES").execute(&mut other).await.unwrap();
    eventually("the table is free", async || store.load(&key("a")).await.is_ok()).await;
    table.drop().await;
}

/// As where a machine is suspended, or the network swallows everything.
#[tokio::test]
async fn silent_server_is_given_no_more_connections_than_allowed() {
    const MAX: usize = 3;
    let table = OwnTable::new(POSTGRES);
    create(&open(table.options()).await, &key("a"), "a").await;
    let (proxy, options) = table.proxied().await;
    let options = options.max_connections(MAX).connect_timeout(seconds(20));
    let store = SqlStore::connect(options).await.unwrap();
    assert!(store.load(&key("a")).await.unwrap().is_some());
    proxy.set(Mode::Freeze).await;
    let (before, began) = (proxy.connections(), Instant::now());
    for _ in 0..4 {
        let (a, b, c) = (key("a"), key("b"), key("c"));
        let calls = tokio::join!(store.load(&a), store.load(&b), store.load(&c), store.load(&a));
        for call in [calls.0, calls.1, calls.2, calls.3] {
            assert_eq!(call.unwrap_err().kind(), ErrorKind::Timeout);
        }
    }
    // One attempt for each place, and one more where a connection was forsaken.
    let made = proxy.connections() - before;
    assert!(made <= MAX, "{made} connections in {:?}", began.elapsed());
    proxy.set(Mode::Forward).await;
    eventually("it answers again", async || store.load(&key("a")).await.is_ok()).await;
    table.drop().await;
}
