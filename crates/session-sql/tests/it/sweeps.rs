//! Sweeps beside those of others.

use crate::common::{Held, OwnTable, SERVERS, create, file_url, key, open, open_file, seconds};
use session_core::Store;
use session_sql::SqlOptions;
use std::sync::Arc;
use tokio::task::{JoinSet, yield_now};

const EXPIRED: usize = 20;

/// Fills the table with rows that have expired.
async fn fill(table: &OwnTable, store: &impl Store) {
    for n in 0..EXPIRED {
        create(store, &key(&format!("old-{n}")), "x").await;
    }
    table.tell("UPDATE {} SET expiry = NULL").await;
}

#[tokio::test]
async fn sweep_passes_over_rows_that_others_have_locked() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let store = open(table.options()).await;
        fill(&table, &store).await;
        let held = Held::row(&table, &key("old-0")).await;
        assert_eq!(store.delete_expired().await.unwrap(), EXPIRED as u64 - 1, "{variable}");
        drop(held);
        table.drop().await;
    }
}

/// Each process has a store of its own.
#[tokio::test(flavor = "multi_thread")]
async fn eight_sweeps_at_once_share_the_work() {
    const ROWS: u64 = 8_000;
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let mut sweepers = Vec::new();
        for _ in 0..8 {
            sweepers.push(open(table.options().operation_timeout(seconds(2))).await);
        }
        let live = create(&sweepers[0], &key("live"), "x").await;
        let fill = "INSERT INTO {} (session_id, expiry) \
                    WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 1000), \
                    m AS (SELECT 1 AS m UNION ALL SELECT m + 1 FROM m WHERE m < 8) \
                    SELECT CONCAT(n, '-', m), CASE WHEN m < 2 THEN NULL ELSE TIMESTAMP '2020-02-02 00:00:00' END \
                    FROM n, m";
        table.tell(fill).await;
        let mut sweeps = JoinSet::new();
        for sweeper in sweepers {
            sweeps.spawn(async move { sweeper.delete_expired().await });
        }
        let mut removed = 0;
        for swept in sweeps.join_all().await {
            removed += swept.unwrap();
        }
        assert_eq!(removed, ROWS, "{variable}");
        let store = open(table.options()).await;
        assert_eq!(store.load(&key("live")).await.unwrap().unwrap().payload, live.payload);
        table.drop().await;
    }
}

/// All others wait for a statement that writes to a file.
#[tokio::test]
async fn writes_go_between_the_statements_of_a_sweep_of_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let options = SqlOptions::new(file_url(&dir)).operation_timeout(seconds(60));
    let store = Arc::new(open(options).await);
    let mut other = open_file(&dir).await;
    let fill = "INSERT INTO sessions (session_id) WITH RECURSIVE n AS (SELECT 1 AS n \
                UNION ALL SELECT n + 1 FROM n WHERE n < 2000) SELECT n FROM n; \
                CREATE TABLE seen (left INTEGER); \
                CREATE TRIGGER look AFTER INSERT ON sessions BEGIN INSERT INTO seen \
                SELECT COUNT(*) FROM sessions WHERE expiry IS NULL; END; BEGIN IMMEDIATE";
    sqlx::raw_sql(fill).execute(&mut other).await.unwrap();
    let sweeper = Arc::clone(&store);
    let sweep = tokio::spawn(async move { sweeper.delete_expired().await });
    let mut writes = JoinSet::new();
    for n in 0..8 {
        yield_now().await;
        let store = Arc::clone(&store);
        writes.spawn(async move { create(&*store, &key(&n.to_string()), "x").await });
    }
    yield_now().await;
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    writes.join_all().await;
    assert_eq!(sweep.await.unwrap().unwrap(), 2_000);
    let seen = sqlx::query_scalar("SELECT left FROM seen").fetch_all(&mut other);
    // Behind the first statement of the sweep, before its second.
    let seen: Vec<i64> = seen.await.unwrap();
    assert_eq!(seen, [1_900; 8]);
}
