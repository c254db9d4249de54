//! Writes to a SQLite file: those of the store beside sqlx's prepared statements, and beside a sweep.
//!
//! Compares within one run and takes the best of several rounds, since a machine that does more has
//! other figures each time. The file is made below the directory of temporary files.

#![allow(clippy::unwrap_used, reason = "a benchmark fails where it stands")]
#![allow(clippy::print_stdout, reason = "it prints what it found")]

use session_core::{Lease, Precondition, Record, Store, StoreKey};
use session_sql::{SqlOptions, SqlStore};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::sleep;

const ROUNDS: usize = 7;
const RECORDS: usize = 10_000;
const PAYLOAD: [u8; 500] = [7; 500];
const EXPIRED: u32 = 300_000;
const LEASE: Lease<'static> = Lease { ttl: Duration::from_secs(3_600), owner: None };

/// What the store says to write a record.
const UPDATE: &str = "UPDATE sessions SET data = ?, expiry = strftime('%Y-%m-%d %H:%M:%f', 'now', \
                      ((? + 1) / 1000.0) || ' seconds') || '000' WHERE session_id = ? \
                      AND CAST(data AS BLOB) = ? \
                      AND expiry > strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'";

fn key(n: usize) -> StoreKey {
    StoreKey::new("session:", &format!("{n:043}"))
}

/// As the store connects.
async fn connect(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).journal_mode(SqliteJournalMode::Wal);
    options.synchronous(SqliteSynchronous::Normal).connect().await.unwrap()
}

async fn open(file: &Path) -> Arc<SqlStore> {
    let options = SqlOptions::new(format!("sqlite:///{}", file.display()));
    Arc::new(SqlStore::set_up(options.operation_timeout(Duration::from_secs(20))).await.unwrap())
}

/// Writes a second of sqlx alone, by one task.
async fn raw(file: PathBuf) -> f64 {
    let mut connection = connect(&file).await;
    let began = Instant::now();
    for n in 0..RECORDS {
        let key = key(n);
        let query = sqlx::query(UPDATE).bind(&PAYLOAD[..]).bind(3_600_000_i64);
        let query = query.bind(key.as_str()).bind(&PAYLOAD[..]);
        assert_eq!(query.execute(&mut connection).await.unwrap().rows_affected(), 1);
    }
    rate(RECORDS, began)
}

/// Writes a second of the store, by as many tasks.
async fn stored(file: PathBuf, tasks: usize) -> f64 {
    let store = open(&file).await;
    let began = Instant::now();
    let mut writers = JoinSet::new();
    for task in 0..tasks {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            for n in (task..RECORDS).step_by(tasks) {
                write(&store, n).await;
            }
        });
    }
    writers.join_all().await;
    rate(RECORDS, began)
}

async fn write(store: &SqlStore, n: usize) {
    let loaded = Record { payload: PAYLOAD[..].into(), cas: 0, ttl: LEASE.ttl };
    let when = Precondition::Unchanged(&loaded);
    let written = store.write(&key(n), PAYLOAD[..].into(), &LEASE, when).await.unwrap();
    assert!(written.is_written());
}

fn rate(count: usize, began: Instant) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / began.elapsed().as_secs_f64()
}

/// How long writes take, in order, of which one begins each two milliseconds while `is_over` is not.
async fn paced(store: &SqlStore, is_over: impl Fn() -> bool) -> Vec<Duration> {
    let mut took = Vec::new();
    while !is_over() {
        let began = Instant::now();
        write(store, took.len() % RECORDS).await;
        took.push(began.elapsed());
        sleep(Duration::from_millis(2)).await;
    }
    took.sort();
    took
}

fn tell(what: &str, took: &[Duration]) {
    let (middle, p99) = (took[took.len() / 2], took[took.len() * 99 / 100]);
    println!("{what:28} {:>6} writes, median {middle:.1?}, p99 {p99:.1?}", took.len());
}

#[tokio::main]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sessions.db");
    let store = open(&file).await;
    let mut connection = connect(&file).await;
    let fill = "INSERT INTO sessions (session_id, data, expiry) WITH RECURSIVE n AS \
                (SELECT 0 AS n UNION ALL SELECT n + 1 FROM n WHERE n + 1 < ?) \
                SELECT printf(?, n), ?, ? FROM n";
    let live = sqlx::query(fill).bind(i64::try_from(RECORDS).unwrap()).bind("session:%043d");
    let live = live.bind(&PAYLOAD[..]).bind("2999-01-01 00:00:00.000000");
    live.execute(&mut connection).await.unwrap();

    let (mut floor, mut one, mut many) = (0.0_f64, 0.0_f64, 0.0_f64);
    for _ in 0..ROUNDS {
        floor = floor.max(tokio::spawn(raw(file.clone())).await.unwrap());
        one = one.max(tokio::spawn(stored(file.clone(), 1)).await.unwrap());
        many = many.max(tokio::spawn(stored(file.clone(), 64)).await.unwrap());
    }
    println!("sqlx, prepared, one task     {floor:>8.0} writes/s");
    println!("store, one task              {one:>8.0} writes/s, {:.2} of it", one / floor);
    println!("store, 64 tasks              {many:>8.0} writes/s, {:.2} of it", many / floor);

    let expired = sqlx::query(fill).bind(EXPIRED).bind("expired:%043d");
    let expired = expired.bind(&PAYLOAD[..]).bind("2000-01-01 00:00:00.000000");
    expired.execute(&mut connection).await.unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    tell("store, alone", &paced(&store, || Instant::now() > until).await);
    let sweeper = Arc::clone(&store);
    let began = Instant::now();
    let sweep = tokio::spawn(async move { sweeper.delete_expired().await });
    tell("store, beside a sweep", &paced(&store, || sweep.is_finished()).await);
    println!("sweep                        {:>8.0} rows/s", rate(EXPIRED as usize, began));
    assert_eq!(sweep.await.unwrap().unwrap(), u64::from(EXPIRED));
}
