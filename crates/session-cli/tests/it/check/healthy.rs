//! Stores that are set up right, and what a check leaves there.

use super::{findings, in_order};
use crate::common::{Site, session, snapshot};
use session_testkit::{MemcachedServer, RedisServer};
use sqlx::{Connection as _, SqliteConnection};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// `0.4 ms` becomes `N ms`.
fn without_times(text: &str) -> String {
    let line = |line: &str| match line.rsplit_once(": ") {
        Some((before, time)) if time.ends_with(" ms") => format!("{before}: N ms\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// Runs the check and fails if it warns of anything.
#[track_caller]
fn assert_healthy(site: &Site) {
    let run = site.run(&["check", "--strict", "--json"]);
    assert_eq!(run.code, Some(0), "{:#?} {}", findings(&run), run.stderr);
    let tried = findings(&run).iter().filter(|(_, said)| said.starts_with("delete: ")).count();
    assert_eq!(tried, 1, "{}", run.stdout);
    let has_clock =
        site.vars.get("SESSION_SQLALCHEMY").is_none_or(|url| !url.starts_with("sqlite"));
    let is_compared = findings(&run).iter().any(|(_, said)| said.contains("clock agrees"));
    assert_eq!(is_compared, has_clock, "{}", run.stdout);
}

fn named(kind: &str, setting: &'static str, variable: &str) -> Site {
    in_order(Site::server(kind, setting, variable))
}

#[tokio::test]
async fn healthy_sqlite_looks_like_this() {
    let site = in_order(Site::sqlite());
    drop(site.store().await);
    assert_healthy(&site);
    let run = site.run(&["check"]);
    snapshot("check", &without_times(&run.shown(&site)));
    assert!(site.all().await.is_empty(), "its session is removed again");
}

#[tokio::test]
async fn healthy_stores_give_no_warning() {
    let redis = RedisServer::durable().await.unwrap();
    let mut site = in_order(Site::redis());
    site.set("SESSION_REDIS", &redis.url());
    assert_healthy(&site);
    assert_eq!(redis.keys().await.unwrap(), 0, "its session is removed again");

    let memcached = MemcachedServer::start().await.unwrap();
    let mut site = named("memcached", "SESSION_MEMCACHED", "SESSION_TEST_MEMCACHED");
    site.set("SESSION_MEMCACHED", &memcached.url());
    site.set("SESSION_OWNER_INDEX", "false");
    assert_healthy(&site);

    let mut files = in_order(Site::files());
    // Where temporary files are in memory, that would be a finding.
    let here = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    files.set("SESSION_FILE_DIR", &here.path().join("sessions").display().to_string());
    drop(files.store().await);
    assert_healthy(&files);
    assert!(files.all().await.is_empty());

    for (kind, setting, variable, table) in [
        ("sqlalchemy", "SESSION_SQLALCHEMY", "SESSION_TEST_POSTGRES", "SESSION_SQLALCHEMY_TABLE"),
        ("sqlalchemy", "SESSION_SQLALCHEMY", "SESSION_TEST_MARIADB", "SESSION_SQLALCHEMY_TABLE"),
        ("mongodb", "SESSION_MONGODB", "SESSION_TEST_MONGODB", "SESSION_MONGODB_COLLECT"),
        ("dynamodb", "SESSION_DYNAMODB", "SESSION_TEST_DYNAMODB", "SESSION_DYNAMODB_TABLE"),
    ] {
        let mut site = named(kind, setting, variable);
        site.set(table, &format!("cli_{:016x}", rand::random::<u64>()));
        drop(site.store().await);
        assert_healthy(&site);
        assert!(site.all().await.is_empty(), "{kind}: its session is removed again");
    }
}

#[tokio::test]
async fn check_that_is_stopped_leaves_no_session_behind() {
    let site = in_order(Site::sqlite());
    drop(site.store().await);
    let url = site.vars["SESSION_SQLALCHEMY"].replacen("sqlite:///", "sqlite://", 1);
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    // So many are expired that the check is still sweeping when it is stopped.
    let expired = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400000) \
                   INSERT INTO sessions (session_id, data, expiry) \
                   SELECT 'session:old' || i, x'00', '2020-01-01 00:00:00.000000' FROM n";
    sqlx::raw_sql(expired).execute(&mut connection).await.unwrap();
    let live = "SELECT COUNT(*) FROM sessions WHERE expiry > '2021-01-01'";
    let mut child =
        site.command(&["check"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while sqlx::query_scalar::<_, u32>(live).fetch_one(&mut connection).await.unwrap() == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it is over before it was stopped");
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let left: u32 = sqlx::query_scalar(live).fetch_one(&mut connection).await.unwrap();
    assert_eq!(left, 0, "its session is still there");
}

#[tokio::test]
async fn both_stores_of_a_move_are_looked_at_and_revoked() {
    let old = in_order(Site::files());
    let mut site = in_order(Site::sqlite());
    old.put(old.store().await.as_ref(), &session(1, Some("ann"))).await;
    site.put(site.store().await.as_ref(), &session(2, Some("ann"))).await;
    let dir = old.vars["SESSION_FILE_DIR"].clone();
    site.set("SESSION_MIGRATE_FROM", &format!("file://{dir}"));
    let report = site.run(&["check", "--json"]).json();
    let about: Vec<_> =
        report["sections"].as_array().unwrap().iter().map(|s| &s["about"]).collect();
    assert_eq!(about.len(), 3, "{about:?}");
    assert!(about[2].as_str().unwrap().starts_with("filesystem at "), "{about:?}");

    let stats = site.run(&["stats", "--json"]).json();
    assert_eq!(stats["live"], 2);
    assert!(stats["address"].as_str().unwrap().contains(&format!(" and {dir}")), "{stats}");
    let one = site.run(&["stats", "--json", "--store", &format!("file://{dir}")]).json();
    assert_eq!(one["live"], 1, "a store that is named is looked at alone");
    let ended = site.run(&["revoke", "--owner", "ann", "--yes", "--json"]).json();
    assert_eq!(ended["ended"], 2);
    assert!(old.all().await.is_empty());
}
