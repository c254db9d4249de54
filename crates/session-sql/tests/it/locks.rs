//! What calls return while others hold a lock, or all connections.

use crate::common::{
    IN_TIME, MINUTE, OwnTable, POSTGRES, SERVERS, WRITTEN, create, file_url, key, open, open_file,
    writes,
};
use session_core::{ErrorKind, Precondition, Store};
use session_sql::{SqlOptions, SqlStore};
use session_testkit::server;
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection};
use std::time::{Duration, Instant};

#[tokio::test]
async fn locked_row_is_unknown_in_time_and_other_calls_go_on() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let store = open(table.options()).await;
        let loaded = create(&store, &key("locked"), "old").await;
        let lock =
            format!("SELECT id FROM {} WHERE session_id = 'session:locked' FOR UPDATE", table.name);
        let held = Held::take(variable, lock).await;
        let began = Instant::now();
        let error = store.touch(&key("locked"), &MINUTE, &loaded).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown);
        assert!(began.elapsed() < IN_TIME);
        assert_eq!(store.load(&key("locked")).await.unwrap().unwrap().payload, "old");
        create(&store, &key("other"), "x").await;
        drop(held);
        table.drop().await;
    }
}

#[tokio::test]
async fn busy_connections_are_waited_for_until_the_deadline() {
    let table = OwnTable::new(POSTGRES);
    let store = open(table.options().max_connections(1)).await;
    let loaded = create(&store, &key("busy"), "x").await;
    let lock =
        format!("SELECT id FROM {} WHERE session_id = 'session:busy' FOR UPDATE", table.name);
    let held = Held::take(POSTGRES, lock).await;
    let (busy, other) = (key("busy"), key("other"));
    let (touched, written) = tokio::join!(
        store.touch(&busy, &MINUTE, &loaded),
        store.write(&other, "x".into(), &MINUTE, Precondition::Absent),
    );
    assert_eq!(touched.unwrap_err().kind(), ErrorKind::Unknown);
    let error = written.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true), "{error}");
    drop(held);
    assert_eq!(SqlStore::connect(table.options()).await.unwrap().load(&other).await.unwrap(), None);
    table.drop().await;
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

/// A transaction that holds a lock until it is dropped.
enum Held {
    Postgres(#[expect(dead_code, reason = "its end is what counts")] PgConnection),
    MySql(#[expect(dead_code, reason = "its end is what counts")] MySqlConnection),
}

impl Held {
    async fn take(variable: &str, lock: String) -> Self {
        let url = server::url(variable);
        let sql = sqlx::raw_sql(AssertSqlSafe(format!("BEGIN; {lock}")));
        if variable == POSTGRES {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            sql.execute(&mut connection).await.unwrap();
            Self::Postgres(connection)
        } else {
            let mut connection = MySqlConnection::connect(&url).await.unwrap();
            sql.execute(&mut connection).await.unwrap();
            Self::MySql(connection)
        }
    }
}
