//! Writes that wait for the one writer of a SQLite file, and go together.

use crate::common::{HOUR, WRITTEN, create, eventually, file_url, key, open, open_file, seconds};
use session_core::{Bytes, ErrorKind, Outcome, Precondition, Record, Result, Store, StoreKey};
use session_sql::{SqlOptions, SqlStore};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::sleep;

/// A file with records, a store on it, and somebody who can lock it.
struct File {
    dir: TempDir,
    store: Arc<SqlStore>,
    records: Vec<(StoreKey, Record)>,
    other: SqliteConnection,
}

type Ends = Vec<JoinHandle<Result<Outcome>>>;

impl File {
    /// Calls of its store wait for long.
    async fn new(records: usize) -> Self {
        Self::within(seconds(60), records).await
    }

    async fn within(timeout: Duration, records: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = SqlOptions::new(file_url(&dir)).operation_timeout(timeout);
        let store = Arc::new(open(options).await);
        let other = open_file(&dir).await;
        let mut file = Self { dir, store, records: Vec::new(), other };
        for n in 0..records {
            let key = key(&format!("{n:03}"));
            let loaded = create(&*file.store, &key, "old").await;
            file.records.push((key, loaded));
        }
        file
    }

    /// The same file through a pool of an application, which waits for a lock as long as it takes.
    async fn through_pool(&mut self, timeout: Duration, preamble: String) -> SqlitePool {
        let place = SqliteConnectOptions::new().filename(self.dir.path().join("sessions.db"));
        let pool = SqlitePoolOptions::new().after_connect(move |connection, _| {
            let preamble = AssertSqlSafe(preamble.clone());
            Box::pin(async move { sqlx::raw_sql(preamble).execute(connection).await.map(drop) })
        });
        let pool = pool.connect_with(place.busy_timeout(seconds(60))).await.unwrap();
        let options = SqlOptions::default().operation_timeout(timeout);
        self.store = Arc::new(SqlStore::from_client(pool.clone(), options).await.unwrap());
        pool
    }

    async fn tell(&mut self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut self.other).await.unwrap();
    }

    /// Updates every record at once; all of them are under way when this returns.
    async fn update_all(&self, payload: impl Into<Bytes>) -> Ends {
        let payload = payload.into();
        let mut ends = Vec::new();
        for (key, loaded) in self.records.clone() {
            let (store, payload) = (Arc::clone(&self.store), payload.clone());
            ends.push(tokio::spawn(async move {
                store.write(&key, payload, &HOUR, Precondition::Unchanged(&loaded)).await
            }));
            yield_now().await;
        }
        ends
    }

    async fn payload(&self, nth: usize) -> Bytes {
        self.store.load(&self.records[nth].0).await.unwrap().unwrap().payload
    }

    /// How many transactions its journal has: frames that tell the size of the database
    /// (<https://www.sqlite.org/fileformat2.html#walformat>).
    fn commits(&self) -> usize {
        let journal = std::fs::read(self.dir.path().join("sessions.db-wal")).unwrap();
        let (header, frames) = journal.split_at(32);
        let frames = frames.chunks_exact(24 + 4_096);
        frames.filter(|frame| frame[8..16] == header[16..24] && frame[4..8] != [0; 4]).count()
    }
}

async fn told(ends: Ends) -> Vec<Result<Outcome>> {
    let mut told = Vec::new();
    for end in ends {
        told.push(end.await.unwrap());
    }
    told
}

#[tokio::test]
async fn waiting_writes_share_transactions_and_each_has_its_own_answer() {
    let mut file = File::new(40).await;
    for (_, loaded) in file.records.iter_mut().skip(5).step_by(5) {
        loaded.payload = "another".into();
    }
    let before = file.commits();
    file.tell("BEGIN IMMEDIATE").await;
    let ends = file.update_all("new").await;
    file.tell("ROLLBACK").await;
    for (n, end) in told(ends).await.into_iter().enumerate() {
        let is_refused = n > 0 && n % 5 == 0;
        let expected = if is_refused { (Outcome::Refused, "old") } else { (WRITTEN, "new") };
        assert_eq!((end.unwrap(), &*file.payload(n).await), (expected.0, expected.1.as_bytes()));
    }
    // One by itself, 32 of the 39 that came meanwhile, then 4, 2 and 1.
    assert_eq!(file.commits() - before, 5);
}

/// Whether SQLite undoes the statement alone or, as by itself where a disk is full, all of them.
#[tokio::test]
async fn write_that_fails_fails_alone() {
    for undone in ["ABORT", "ROLLBACK"] {
        let mut file = File::new(17).await;
        let trigger = format!(
            "CREATE TRIGGER bad BEFORE UPDATE ON sessions WHEN NEW.session_id LIKE '%007' \
             BEGIN SELECT RAISE({undone}, 'bad'); END; BEGIN IMMEDIATE"
        );
        sqlx::raw_sql(AssertSqlSafe(trigger)).execute(&mut file.other).await.unwrap();
        let ends = file.update_all("new").await;
        file.tell("ROLLBACK").await;
        for (n, end) in told(ends).await.into_iter().enumerate() {
            if n == 7 {
                let error = end.unwrap_err();
                assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
                assert_eq!(file.payload(n).await, "old");
            } else {
                assert_eq!(end.unwrap(), WRITTEN, "{undone} {n}");
                assert_eq!(file.payload(n).await, "new");
            }
        }
        assert_eq!(told(file.update_all("newer").await).await.len(), 17);
    }
}

#[tokio::test]
async fn writes_that_a_full_disk_takes_are_written() {
    const SIZE: usize = 5 * 4_096;
    let mut file = File::new(9).await;
    let pages = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut file.other).await;
    let pages: i64 = pages.unwrap();
    let pool = file.through_pool(seconds(60), format!("PRAGMA max_page_count = {}", pages + 12));
    let _pool = pool.await;
    file.tell("BEGIN IMMEDIATE").await;
    let ends = file.update_all(vec![b'x'; SIZE]).await;
    file.tell("ROLLBACK").await;
    let mut written = 0;
    for (n, end) in told(ends).await.into_iter().enumerate() {
        match end {
            Ok(end) => {
                assert_eq!((end, file.payload(n).await.len()), (WRITTEN, SIZE));
                written += 1;
            }
            Err(error) => {
                let seen = (error.kind(), error.is_retryable());
                assert_eq!(seen, (ErrorKind::Unavailable, true), "{error}");
                assert_eq!(file.payload(n).await, "old");
            }
        }
    }
    assert_eq!(written, 2);
}

/// A row that is checked when a transaction ends.
#[tokio::test]
async fn commit_that_fails_is_told_to_each_and_wrote_nothing() {
    let mut file = File::new(17).await;
    file.tell(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY); \
         CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED); \
         CREATE TRIGGER bad AFTER UPDATE ON sessions WHEN NEW.session_id LIKE '%007' \
         BEGIN INSERT INTO child VALUES (7); END; BEGIN IMMEDIATE",
    )
    .await;
    let ends = file.update_all("new").await;
    file.tell("ROLLBACK").await;
    for (n, end) in told(ends).await.into_iter().enumerate() {
        if n == 0 {
            assert_eq!(end.unwrap(), WRITTEN, "it went by itself");
            continue;
        }
        let error = end.unwrap_err();
        let seen = (error.kind(), error.is_retryable());
        assert_eq!(seen, (ErrorKind::Unavailable, false), "{n}: {error}");
        assert_eq!(file.payload(n).await, "old", "{n}");
    }
    file.tell("DROP TRIGGER bad").await;
    for end in told(file.update_all("new").await).await.into_iter().skip(1) {
        assert_eq!(end.unwrap(), WRITTEN);
    }
}

#[tokio::test]
async fn write_that_is_taken_out_of_the_line_too_late_is_not_executed() {
    let mut file = File::new(8).await;
    let _pool = file.through_pool(Duration::from_millis(300), String::new()).await;
    file.tell("BEGIN IMMEDIATE").await;
    for (n, end) in told(file.update_all("new").await).await.into_iter().enumerate() {
        let error = end.unwrap_err();
        let expected = match n {
            // It waits inside of SQLite.
            0 => (ErrorKind::Unknown, false),
            _ => (ErrorKind::Unavailable, true),
        };
        assert_eq!((error.kind(), error.is_retryable()), expected, "{n}: {error}");
    }
    file.tell("ROLLBACK").await;
    eventually("the first is written", async || file.payload(0).await == "new").await;
    create(&*file.store, &key("next"), "x").await;
    for n in 1..8 {
        assert_eq!(file.payload(n).await, "old", "{n}");
    }
}

#[tokio::test]
async fn writes_that_wait_for_a_lock_in_vain_are_known_to_have_written_nothing() {
    let mut file = File::within(Duration::from_millis(600), 8).await;
    file.tell("BEGIN IMMEDIATE").await;
    for (n, end) in told(file.update_all("new").await).await.into_iter().enumerate() {
        let error = end.unwrap_err();
        let seen = (error.kind(), error.is_retryable());
        assert_eq!(seen, (ErrorKind::Unavailable, true), "{n}: {error}");
    }
    file.tell("ROLLBACK").await;
    create(&*file.store, &key("next"), "x").await;
    for n in 0..8 {
        assert_eq!(file.payload(n).await, "old", "{n}");
    }
}

#[tokio::test]
async fn caller_who_leaves_harms_no_other() {
    let mut file = File::new(17).await;
    file.tell("BEGIN IMMEDIATE").await;
    let mut ends = file.update_all("new").await;
    for left in [9, 8, 1, 0] {
        ends.remove(left).abort();
    }
    yield_now().await;
    file.tell("ROLLBACK").await;
    for end in told(ends).await {
        assert_eq!(end.unwrap(), WRITTEN);
    }
    // What was begun goes on without its caller, as everywhere.
    for n in [9, 8, 1, 0] {
        assert_eq!(file.payload(n).await, "new", "{n}");
    }
}

/// As where an application stops while its writes wait for a lock.
#[test]
fn end_of_the_runtime_leaves_no_transaction() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let (ours, others) = (runtime(), runtime());
    let file = ours.block_on(async {
        let mut file = File::within(seconds(1), 9).await;
        file.tell("BEGIN IMMEDIATE").await;
        let mut ends = file.update_all("new").await;
        ends.remove(0).await.unwrap().unwrap_err();
        // Those behind it are being sent.
        for _ in 0..100 {
            yield_now().await;
        }
        file
    });
    drop(ours);
    let File { dir, other: holder, .. } = file;
    drop(holder);
    others.block_on(async {
        // What was being sent has had its time, and may have locked the file.
        sleep(seconds(1)).await;
        let lock = sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK");
        lock.execute(&mut open_file(&dir).await).await.unwrap();
    });
}
