//! Tables that were made wrongly.

use super::{assert_found, findings, in_order};
use crate::common::{Site, run_with};
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection, SqliteConnection};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Whoever owns nothing.
const NOBODY: u32 = 65_534;

const COLUMNS: &str = "id INTEGER PRIMARY KEY, session_id VARCHAR(255)";

#[tokio::test]
async fn table_of_sqlite_without_what_it_needs_is_found() {
    for (statement, level, sentence) in [
        ("SELECT 1".to_owned(), "warning", "missing: CREATE TABLE…session init makes it"),
        ("SELECT 1".to_owned(), "problem", "write: …the table is missing"),
        (
            format!("CREATE TABLE sessions ({COLUMNS}, data BLOB, expiry DATETIME, owner TEXT)"),
            "problem",
            "its column session_id has no unique index",
        ),
        (
            format!("CREATE TABLE sessions ({COLUMNS} UNIQUE, data BLOB, owner TEXT)"),
            "problem",
            "it has no column expiry",
        ),
        (
            format!("CREATE TABLE sessions ({COLUMNS} UNIQUE, data BLOB, expiry DATETIME)"),
            "warning",
            "missing: ALTER TABLE…ADD COLUMN owner…session init makes it",
        ),
        (
            format!(
                "CREATE TABLE sessions ({COLUMNS} UNIQUE, data BLOB, expiry DATETIME, owner TEXT)"
            ),
            "warning",
            "missing: CREATE INDEX…(expiry): session init makes it",
        ),
    ] {
        let site = in_order(Site::sqlite());
        let path = site.folder().join("sessions.db");
        let url = format!("sqlite://{}?mode=rwc", path.display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql("PRAGMA user_version = 1").execute(&mut connection).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        assert_found(&site, level, sentence);
    }
}

#[tokio::test]
async fn unlogged_table_of_postgres_is_found() {
    let site = in_order(Site::postgres());
    drop(site.store().await);
    let table = &site.vars["SESSION_SQLALCHEMY_TABLE"];
    let url = &site.vars["SESSION_SQLALCHEMY"];
    let mut connection = Box::pin(PgConnection::connect(url)).await.unwrap();
    let change = format!("ALTER TABLE {table} SET UNLOGGED");
    sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut connection).await.unwrap();
    assert_found(&site, "warning", "the table is unlogged…ALTER TABLE .. SET LOGGED");
    let change = format!("ALTER TABLE {table} SET LOGGED; DROP INDEX {table}_expiry_idx");
    sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut connection).await.unwrap();
    assert_found(&site, "warning", "missing: CREATE INDEX…session init makes it");
}

#[tokio::test]
async fn table_of_mariadb_in_an_engine_that_loses_rows_is_found() {
    let mut site =
        in_order(Site::server("sqlalchemy", "SESSION_SQLALCHEMY", "SESSION_TEST_MARIADB"));
    let table = format!("cli_{:016x}", rand::random::<u64>());
    site.set("SESSION_SQLALCHEMY_TABLE", &table);
    drop(site.store().await);
    let url = &site.vars["SESSION_SQLALCHEMY"];
    let mut connection = Box::pin(MySqlConnection::connect(url)).await.unwrap();
    for (change, level, sentence) in [
        (
            "MODIFY session_id VARCHAR(255) COLLATE utf8mb4_general_ci",
            "note",
            "collation of session_id is not utf8mb4_bin…COLLATE utf8mb4_bin",
        ),
        ("ENGINE=MyISAM", "warning", "ENGINE=MyISAM…ALTER TABLE .. ENGINE=InnoDB"),
    ] {
        let change = format!("ALTER TABLE {table} {change}");
        sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut connection).await.unwrap();
        assert_found(&site, level, sentence);
    }
}

#[tokio::test]
async fn collation_of_postgres_that_takes_two_ids_for_one_is_found() {
    let site = in_order(Site::postgres());
    drop(site.store().await);
    let table = &site.vars["SESSION_SQLALCHEMY_TABLE"];
    let url = &site.vars["SESSION_SQLALCHEMY"];
    let mut connection = Box::pin(PgConnection::connect(url)).await.unwrap();
    let change = format!(
        "CREATE COLLATION {table} (provider = icu, locale = 'und-u-ks-level2', \
         deterministic = false); \
         ALTER TABLE {table} ALTER session_id TYPE VARCHAR(255) COLLATE {table}"
    );
    sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut connection).await.unwrap();
    assert_found(&site, "note", "collation of session_id is not deterministic…COLLATE \"C\"");
}

#[tokio::test]
async fn file_or_folder_of_sqlite_that_cannot_be_written_is_found() {
    let site = in_order(Site::sqlite());
    drop(site.store().await);
    let (folder, file) = (site.folder(), site.folder().join("sessions.db"));
    // Root may write everything, and somebody else may not see where this was built.
    let program = folder.join("session");
    fs::copy(env!("CARGO_BIN_EXE_session"), &program).unwrap();
    for (folder_mode, file_mode) in [(0o555, 0o666), (0o777, 0o444)] {
        fs::set_permissions(folder, Permissions::from_mode(folder_mode)).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(file_mode)).unwrap();
        let mut command = Command::new(&program);
        command.args(["check", "--json"]).env_clear().envs(&site.vars);
        if folder.metadata().unwrap().uid() == 0 {
            command.uid(NOBODY);
        }
        let run = run_with(&mut command, "");
        let told = findings(&run);
        let is_told = |(level, said): &(String, String)| {
            level == "problem"
                && said.contains("is read-only; let the user of this process write both")
        };
        assert!(told.iter().any(is_told), "{folder_mode:o} {file_mode:o}: {told:#?}");
        assert_eq!(run.code, Some(1));
    }
    fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
}
