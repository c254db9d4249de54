//! What calls return when the server refuses them.

use crate::common::{
    MARIADB, MINUTE, OwnTable, PGBOUNCER, POSTGRES, SERVERS, create, file_url, key, open, open_file,
};
use session_core::{ErrorKind, Precondition, Store};
use session_sql::{SqlOptions, SqlStore};
use session_testkit::server;
use sqlx::AssertSqlSafe;
use sqlx::mysql::MySqlPoolOptions;

#[tokio::test]
async fn wrong_password_is_not_retryable_and_not_shown() {
    for variable in SERVERS.into_iter().chain([PGBOUNCER]) {
        let url = server::url(variable).replace(":session@", ":hunter2@");
        let error = SqlStore::connect(url).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_retryable()),
            (ErrorKind::Unavailable, false),
            "{error}"
        );
        assert!(!format!("{error:#} {error:?}").contains("hunter2"), "{error:?}");
    }
}

/// As after a restore that left the sequence behind.
#[tokio::test]
async fn number_that_repeats_is_not_a_taken_key() {
    for (variable, rewind) in [
        (POSTGRES, "ALTER SEQUENCE {}_id_seq RESTART WITH 1"),
        (MARIADB, "ALTER TABLE {} MODIFY id INTEGER NOT NULL DEFAULT 1"),
    ] {
        let table = OwnTable::new(variable);
        let store = open(table.options()).await;
        create(&store, &key("first"), "x").await;
        table.tell(rewind).await;
        let created = store.write(&key("second"), "x".into(), &MINUTE, Precondition::Absent).await;
        let error = created.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        assert!(!format!("{error:#} {error:?}").contains("second"), "{error:?}");
        table.drop().await;
    }
}

#[tokio::test]
async fn unique_index_that_is_dropped_later_is_a_config_error() {
    let dir = tempfile::tempdir().unwrap();
    let columns = "(id INTEGER PRIMARY KEY, session_id VARCHAR(255), data %, expiry TIMESTAMP)";
    let mut file = open_file(&dir).await;
    let ddl = format!(
        "CREATE TABLE sessions {}; CREATE UNIQUE INDEX u ON sessions (session_id)",
        columns.replace('%', "BLOB")
    );
    sqlx::raw_sql(AssertSqlSafe(ddl)).execute(&mut file).await.unwrap();
    let in_file = open(SqlOptions::new(file_url(&dir))).await;
    sqlx::raw_sql("DROP INDEX u").execute(&mut file).await.unwrap();
    let table = OwnTable::of_flask(POSTGRES).await;
    let on_server = open(table.options()).await;
    table.tell("ALTER TABLE {} DROP CONSTRAINT {}_session_id_key").await;
    for store in [in_file, on_server] {
        let created = store.write(&key("a"), "x".into(), &MINUTE, Precondition::Absent).await;
        let error = created.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().ends_with("session_id has no unique index"), "{error}");
    }
    table.drop().await;
}

#[tokio::test]
async fn dropped_table_is_a_config_error() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let store = open(table.options()).await;
        create(&store, &key("a"), "a").await;
        table.tell("DROP TABLE {}").await;
        let error = store.load(&key("a")).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Config, false), "{error}");
        store.init().await.unwrap();
        assert_eq!(store.load(&key("a")).await.unwrap(), None);
        table.drop().await;
    }
}

#[tokio::test]
async fn directory_that_is_missing_is_not_retryable() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:///{}/missing/sessions.db", dir.path().display());
    let error = SqlStore::connect(url).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false), "{error}");
}

#[tokio::test]
async fn pool_on_which_nothing_is_committed_is_refused() {
    let table = OwnTable::new(MARIADB);
    create(&open(table.options()).await, &key("a"), "a").await;
    let pool = MySqlPoolOptions::new().after_connect(|connection, _| {
        Box::pin(
            async move { sqlx::raw_sql("SET autocommit = 0").execute(connection).await.map(drop) },
        )
    });
    let pool = pool.connect(&server::url(MARIADB)).await.unwrap();
    let error = SqlStore::from_client(pool, table.options()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("SET autocommit = 1"), "{error}");
    table.drop().await;
}
