//! All sessions of a prefix, page by page, in every kind of table.

use crate::common::{
    MARIADB, MINUTE, OwnTable, POSTGRES, SERVERS, WRITTEN, create, file_url, key, open, open_file,
};
use session_core::store::Cursor;
use session_core::{Precondition, Store, StoreKey};
use session_sql::{SqlOptions, SqlStore};
use std::num::NonZeroUsize;

const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// The keys of all pages in byte order, and how many pages there were.
async fn all(store: &SqlStore, prefix: &str, most: NonZeroUsize) -> (Vec<String>, usize) {
    let (mut keys, mut pages, mut after) = (Vec::new(), 0, None::<Cursor>);
    loop {
        let page = store.scan(prefix, after.as_ref(), most).await.unwrap();
        assert!(page.records.len() <= most.get());
        keys.extend(page.records.iter().map(|(key, _)| key.as_str().to_owned()));
        pages += 1;
        after = page.next;
        if after.is_none() {
            keys.sort();
            return (keys, pages);
        }
    }
}

/// Puts one row under each key and looks for those of each prefix.
async fn ensure_prefixes_are_bytes(store: &SqlStore, keys: &[&str]) {
    for key in keys {
        let key = StoreKey::new("", key);
        let created = store.write(&key, "x".into(), &MINUTE, Precondition::Absent).await;
        assert_eq!(created.unwrap(), WRITTEN);
    }
    for prefix in ["", "a", "a:", "A:", "a:b", "a|%_", "\u{e9}", "a:\u{10ffff}", "\u{10ffff}"] {
        let mut expected: Vec<_> = keys.iter().filter(|key| key.starts_with(prefix)).collect();
        expected.sort();
        assert_eq!(
            all(store, prefix, TWO).await.0.iter().collect::<Vec<_>>(),
            expected,
            "{prefix}"
        );
    }
}

/// Spellings that collations take for one, or put elsewhere than bytes do.
const KEYS: [&str; 10] =
    ["a:b", "a:c", "a-bz", "ab", "a|%_x", "a|xyx", "\u{e9}:a", "b", "a:\u{10ffff}x", "a:\tx"];
/// Of these a case-insensitive index takes one or the other.
const OTHER_CASE: [&str; 2] = ["A:B", "A:x"];

#[tokio::test]
async fn prefixes_are_bytes_in_tables_of_every_order_of_postgres() {
    let column = "session_id VARCHAR(255)";
    let tables = [
        (OwnTable::partitioned("{}"), true),
        (OwnTable::collated("{}"), false),
        (
            // Signs do not count, until all else is equal.
            format!(
                "CREATE COLLATION IF NOT EXISTS no_signs (provider = icu, locale = \
                 'und-u-ka-shifted'); CREATE TABLE {{}} (id SERIAL, {column} COLLATE no_signs \
                 UNIQUE, data BYTEA, expiry TIMESTAMP)"
            ),
            true,
        ),
        (
            // To the column some keys are one, to its index none are.
            format!(
                "CREATE COLLATION IF NOT EXISTS any_case (provider = icu, locale = \
                 'und-u-ks-level1', deterministic = false); CREATE TABLE {{}} (id SERIAL, {column} \
                 COLLATE any_case, data BYTEA, expiry TIMESTAMP); \
                 CREATE UNIQUE INDEX ON {{}} (session_id COLLATE \"C\")"
            ),
            true,
        ),
    ];
    for (ddl, has_cases) in tables {
        let table = OwnTable::new(POSTGRES);
        table.tell(&ddl).await;
        let store = SqlStore::connect(table.options()).await.unwrap();
        let more = if has_cases { &OTHER_CASE[..] } else { &[] };
        ensure_prefixes_are_bytes(&store, &[&KEYS[..], more].concat()).await;
        table.drop().await;
    }
}

#[tokio::test]
async fn prefixes_are_bytes_in_tables_of_every_order_of_mariadb() {
    for (collation, has_cases) in [
        ("utf8mb4_bin", true),
        ("utf8mb4_nopad_bin", true),
        ("utf8mb4_general_ci", false),
        ("utf8mb4_czech_ci", false),
    ] {
        let table = OwnTable::new(MARIADB);
        let columns = "id INTEGER AUTO_INCREMENT PRIMARY KEY, data BLOB, expiry DATETIME(6)";
        let ddl = format!(
            "CREATE TABLE {{}} ({columns}, session_id VARCHAR(255) CHARACTER SET utf8mb4 \
             COLLATE {collation} UNIQUE)"
        );
        table.tell(&ddl).await;
        let store = SqlStore::connect(table.options()).await.unwrap();
        let more = if has_cases { &OTHER_CASE[..] } else { &OTHER_CASE[1..] };
        ensure_prefixes_are_bytes(&store, &[&KEYS[..], more].concat()).await;
        table.drop().await;
    }
}

#[tokio::test]
async fn prefixes_are_bytes_in_tables_of_every_order_of_sqlite() {
    for (column, index, has_cases) in [
        ("", "session_id", true),
        ("COLLATE NOCASE", "session_id", false),
        ("COLLATE NOCASE", "session_id COLLATE BINARY", true),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let ddl = format!(
            "CREATE TABLE sessions (id INTEGER PRIMARY KEY, session_id VARCHAR(255) {column}, \
             data BLOB, expiry DATETIME); CREATE UNIQUE INDEX u ON sessions ({index})"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(ddl)).execute(&mut open_file(&dir).await).await.unwrap();
        let store = SqlStore::connect(file_url(&dir)).await.unwrap();
        let more = if has_cases { &OTHER_CASE[..] } else { &OTHER_CASE[1..] };
        ensure_prefixes_are_bytes(&store, &[&KEYS[..], more].concat()).await;
    }
}

/// A page is what is looked at: the last live row is not searched for among a thousand others.
#[tokio::test]
async fn expired_rows_count_for_a_page_and_are_not_listed() {
    const ROWS: usize = 1_000;
    let most = NonZeroUsize::new(100).unwrap();
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let store = open(table.options()).await;
        let fill = "INSERT INTO {} (session_id, data, expiry) \
                    WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 1000) \
                    SELECT CONCAT('session:', n), 'x', CASE WHEN n < 500 THEN NULL \
                    ELSE TIMESTAMP '2020-02-02 00:00:00' END FROM n";
        table.tell(fill).await;
        create(&store, &key("~"), "x").await;
        let first = store.scan("session:", None, most).await.unwrap();
        assert!(first.records.is_empty() && first.next.is_some(), "{variable}");
        let (keys, pages) = all(&store, "session:", most).await;
        assert_eq!(keys, ["session:~"], "{variable}");
        assert_eq!(pages, ROWS / most + 1, "{variable}");
        table.drop().await;
    }
}

/// Rows without data hold no session, and text is what Flask-Sessionstore writes into SQLite.
#[tokio::test]
async fn rows_are_listed_as_they_are_loaded() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(SqlOptions::new(file_url(&dir))).await;
    let rows = "INSERT INTO sessions (session_id, data, expiry) VALUES \
                ('session:text', '{\"a\":1}', '9999-12-31 00:00:00.000000'), \
                ('session:empty', x'', '9999-12-31 00:00:00.000000'), \
                ('session:null', NULL, '9999-12-31 00:00:00.000000'), \
                (NULL, x'00', '9999-12-31 00:00:00.000000')";
    sqlx::raw_sql(rows).execute(&mut open_file(&dir).await).await.unwrap();
    let page = store.scan("session:", None, TWO.saturating_add(9)).await.unwrap();
    assert!(page.next.is_none());
    let listed: Vec<_> = page.records.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(listed, ["session:empty", "session:text"]);
    for (key, record) in &page.records {
        let loaded = store.load(key).await.unwrap().unwrap();
        assert_eq!((&record.payload, record.cas), (&loaded.payload, loaded.cas));
        assert!(record.ttl >= loaded.ttl);
    }
}

/// Also where values are written into statements.
#[tokio::test]
async fn cursor_is_a_value_and_never_sql() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let bound = open(table.options()).await;
        let written = SqlStore::connect(table.options().transaction_pooler(true)).await.unwrap();
        create(&bound, &key("a"), "x").await;
        for store in [bound, written] {
            for text in ["' OR 1=1 --", "\\", "'; DROP TABLE sessions; --", "$1", "%", "?"] {
                let after = Cursor::after_key(&format!("session:z{text}"));
                let page = store.scan("session:", Some(&after), TWO).await.unwrap();
                assert!(page.records.is_empty() && page.next.is_none(), "{text}");
                assert!(store.scan(text, None, TWO).await.unwrap().records.is_empty(), "{text}");
            }
            assert_eq!(all(&store, "session:", TWO).await.0, ["session:a"]);
        }
        table.drop().await;
    }
}
