//! A table in which a key could have two rows is refused before anything is written.

use crate::common::{MARIADB, MYSQL, OwnTable, POSTGRES, file_url, open_file};
use session_core::{ErrorKind, Result};
use session_sql::{SqlOptions, SqlStore};
use sqlx::AssertSqlSafe;

/// What stands after the columns of a table, and whether it makes keys unique.
const TABLES: [(&str, bool); 4] = [
    ("", false),
    (", UNIQUE (session_id, id)", false),
    (", UNIQUE (id), UNIQUE (session_id)", true),
    (", PRIMARY KEY (session_id)", true),
];

fn assert_is(opened: Result<SqlStore>, is_unique: bool, table: &str) {
    match opened {
        Ok(_) => assert!(is_unique, "{table} was taken"),
        Err(error) => {
            assert!(!is_unique, "{table}: {error}");
            assert_eq!(error.kind(), ErrorKind::Config);
            let message = error.to_string();
            assert!(message.ends_with("its column session_id has no unique index"), "{message}");
        }
    }
}

async fn open_each_on(variable: &'static str, blob: &str, time: &str) {
    for (rest, is_unique) in TABLES {
        let table = OwnTable::new(variable);
        let columns = format!("id INTEGER, session_id VARCHAR(255), data {blob}, expiry {time}");
        table.tell(&format!("CREATE TABLE {{}} ({columns}{rest})")).await;
        assert_is(SqlStore::connect(table.options()).await, is_unique, rest);
        table.drop().await;
    }
}

#[tokio::test]
async fn postgres_table_without_unique_keys_is_refused() {
    open_each_on(POSTGRES, "BYTEA", "TIMESTAMP").await;
}

#[tokio::test]
async fn mariadb_table_without_unique_keys_is_refused() {
    open_each_on(MARIADB, "BLOB", "DATETIME").await;
}

#[tokio::test]
async fn mysql_table_without_unique_keys_is_refused() {
    open_each_on(MYSQL, "BLOB", "DATETIME").await;
}

#[tokio::test]
async fn sqlite_table_without_unique_keys_is_refused() {
    let partial = "; CREATE UNIQUE INDEX u ON sessions (session_id) WHERE id > 1";
    for (rest, is_unique) in TABLES.into_iter().chain([(partial, false)]) {
        let (rest, more) = rest.split_once(';').unwrap_or((rest, ""));
        let dir = tempfile::tempdir().unwrap();
        let columns = "id INTEGER, session_id VARCHAR(255), data BLOB, expiry DATETIME";
        let sql = format!("CREATE TABLE sessions ({columns}{rest}); {more}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut open_file(&dir).await).await.unwrap();
        assert_is(SqlStore::connect(SqlOptions::new(file_url(&dir))).await, is_unique, rest);
    }
}

#[tokio::test]
async fn partial_index_makes_no_key_unique() {
    let table = OwnTable::of_flask(POSTGRES).await;
    table.tell("ALTER TABLE {} DROP CONSTRAINT {}_session_id_key").await;
    table.tell("CREATE UNIQUE INDEX {}_u ON {} (session_id) WHERE id > 1").await;
    assert_is(SqlStore::connect(table.options()).await, false, "a partial index");
    table.drop().await;
}

/// As `init` looks at a table that was made after `connect`.
#[tokio::test]
async fn table_that_came_later_is_looked_at_too() {
    let table = OwnTable::new(MARIADB);
    let store = SqlStore::connect(table.options()).await.unwrap();
    table
        .tell("CREATE TABLE {} (id INTEGER, session_id VARCHAR(255), data BLOB, expiry DATETIME)")
        .await;
    assert_is(store.init().await.map(|()| store), false, "a table made meanwhile");
    table.drop().await;
}
