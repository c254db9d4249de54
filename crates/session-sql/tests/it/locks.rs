//! What calls return while others hold a lock, or all connections.

use crate::common::{
    Held, IN_TIME, MINUTE, OwnTable, SERVERS, WRITTEN, create, file_url, key, open, open_file,
    writes,
};
use session_core::{ErrorKind, Store};
use session_sql::SqlOptions;
use std::time::{Duration, Instant};

#[tokio::test]
async fn locked_row_is_unknown_in_time_and_other_calls_go_on() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let store = open(table.options()).await;
        let loaded = create(&store, &key("locked"), "old").await;
        let held = Held::row(&table, &key("locked")).await;
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
