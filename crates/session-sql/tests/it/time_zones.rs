//! Times in the table are UTC, wherever the server, its sessions and this process are.

use crate::common::{HOUR, MARIADB, OwnTable, POSTGRES, WRITTEN, file_url, key, open, open_file};
use session_core::{Lease, Precondition, Store};
use session_sql::{SqlOptions, SqlStore};
use session_testkit::server;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Executor as _};
use std::process::Command;
use std::str::FromStr as _;
use std::time::Duration;

/// Far from UTC, and from each other.
const PROCESS: &str = "America/Los_Angeles";
const POSTGRES_SESSION: &str = "Pacific/Kiritimati";
const MARIADB_SESSION: &str = "+12:45";

/// A process is in one time zone from its start, so the tests run in one of their own.
#[test]
fn expiry_is_utc_in_every_time_zone() {
    let tests = Command::new(std::env::current_exe().unwrap())
        .args(["time_zones::", "--ignored", "--test-threads=1"])
        .env("TZ", PROCESS)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&tests.stdout);
    assert!(tests.status.success() && output.contains("3 passed"), "{output}");
}

#[tokio::test]
#[ignore = "expiry_is_utc_in_every_time_zone runs it"]
async fn sqlite() {
    assert_eq!(std::env::var("TZ").unwrap(), PROCESS);
    let dir = tempfile::tempdir().unwrap();
    let store = open(SqlOptions::new(file_url(&dir))).await;
    check(&store).await;
    let utc: i64 = sqlx::query_scalar(
        "SELECT abs((julianday(expiry) - julianday('now')) * 86400 - 3600) < 60 FROM sessions",
    )
    .fetch_one(&mut open_file(&dir).await)
    .await
    .unwrap();
    assert_eq!(utc, 1);
}

#[tokio::test]
#[ignore = "expiry_is_utc_in_every_time_zone runs it"]
async fn postgres() {
    let table = OwnTable::of_flask(POSTGRES).await;
    let pool = PgPoolOptions::new().after_connect(|connection, _| {
        Box::pin(async move {
            let zone = format!("SET TIME ZONE '{POSTGRES_SESSION}'");
            connection.execute(AssertSqlSafe(zone)).await.map(drop)
        })
    });
    let pool = pool.connect(&server::url(POSTGRES)).await.unwrap();
    let zone: String = sqlx::query_scalar("SHOW TimeZone").fetch_one(&pool).await.unwrap();
    assert_eq!(zone, POSTGRES_SESSION);
    let far = SqlStore::from_client(pool, table.options()).await.unwrap();
    check(&far).await;
    let near = SqlStore::connect(table.options()).await.unwrap();
    let left = near.load(&key("zone")).await.unwrap().unwrap().ttl;
    assert!(is_about_an_hour(left), "{left:?}");
    table.drop().await;
}

#[tokio::test]
#[ignore = "expiry_is_utc_in_every_time_zone runs it"]
async fn mariadb() {
    let table = OwnTable::of_flask(MARIADB).await;
    let options = MySqlConnectOptions::from_str(&server::url(MARIADB)).unwrap();
    let options = options.timezone(MARIADB_SESSION.to_owned());
    let pool = MySqlPoolOptions::new().connect_with(options).await.unwrap();
    let zone: String = sqlx::query_scalar("SELECT @@time_zone").fetch_one(&pool).await.unwrap();
    assert_eq!(zone, MARIADB_SESSION);
    let far = SqlStore::from_client(pool, table.options()).await.unwrap();
    check(&far).await;
    let near = SqlStore::connect(table.options()).await.unwrap();
    let left = near.load(&key("zone")).await.unwrap().unwrap().ttl;
    assert!(is_about_an_hour(left), "{left:?}");
    table.drop().await;
}

/// Leaves a record of an hour under `zone`.
async fn check(store: &SqlStore) {
    let written = store.write(&key("zone"), "x".into(), &HOUR, Precondition::Absent).await;
    assert_eq!(written.unwrap(), WRITTEN);
    let loaded = store.load(&key("zone")).await.unwrap().unwrap();
    assert!(is_about_an_hour(loaded.ttl), "{:?}", loaded.ttl);
    assert_eq!(store.touch(&key("zone"), &HOUR, &loaded).await.unwrap(), WRITTEN);

    let short = Lease { ttl: Duration::from_millis(50), owner: None };
    let written = store.write(&key("short"), "x".into(), &short, Precondition::Absent).await;
    assert_eq!(written.unwrap(), WRITTEN);
    // Flask's DATETIME in MariaDB has whole seconds.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(store.load(&key("short")).await.unwrap(), None);
    assert_eq!(store.delete_expired().await.unwrap(), 1);
}

fn is_about_an_hour(left: Duration) -> bool {
    (Duration::from_secs(3_540)..=Duration::from_secs(3_602)).contains(&left)
}
