//! Stores that were made before their database could be reached.

use crate::common::{OwnTable, POSTGRES, file_url, key};
use crate::servers::{mariadb, postgres};
use session_core::{ErrorKind, Store};
use session_sql::SqlStore;
use session_testkit::steps::opens_late;

#[tokio::test]
async fn postgres_that_starts_late_gets_its_table_by_the_first_call() {
    let mut server = postgres().await;
    server.kill().unwrap();
    opens_late(&SqlStore::connect_lazy(server.url()).unwrap(), &mut server).await;
}

#[tokio::test]
async fn mariadb_that_starts_late_gets_its_table_by_the_first_call() {
    let mut server = mariadb(&[]).await;
    server.kill().unwrap();
    opens_late(&SqlStore::connect_lazy(server.url()).unwrap(), &mut server).await;
}

#[tokio::test]
async fn what_is_malformed_is_refused_at_once() {
    for url in ["", "oracle://host/db", "postgresql://host:port/db", "sqlite://"] {
        let error = SqlStore::connect_lazy(url).expect_err(url);
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
}

#[tokio::test]
async fn file_of_sqlite_is_made_by_the_first_call() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqlStore::connect_lazy(file_url(&dir)).unwrap();
    assert!(!dir.path().join("sessions.db").exists());
    assert_eq!(store.load(&key("none")).await.unwrap(), None);
    assert!(dir.path().join("sessions.db").exists());
}

#[tokio::test]
async fn table_that_will_not_do_stays_a_config_error() {
    let table = OwnTable::new(POSTGRES);
    table.tell("CREATE TABLE {} (session_id VARCHAR(255) UNIQUE, expiry TIMESTAMP)").await;
    let patience = std::time::Duration::from_secs(10);
    let store = SqlStore::connect_lazy(table.options().operation_timeout(patience)).unwrap();
    for error in [
        store.load(&key("none")).await.unwrap_err(),
        store.delete(&key("none"), None, None).await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Config, false), "{error}");
        assert!(error.to_string().contains("it has no column data"), "{error}");
    }
    table.drop().await;
}
