//! The columns, bytes and times that the README promises.

use crate::common::{
    Flask, HOUR, MARIADB, MINUTE, OwnTable, POSTGRES, SERVERS, WRITTEN, ask_file, create, file_url,
    key, make_in_file, open, open_file, seconds,
};
use session_core::{Bytes, Lease, Outcome, Precondition, Store};
use session_sql::{SqlOptions, SqlStore};
use std::time::{Duration, SystemTime};

/// What Flask-Session 0.8 wrote for `{'_permanent': True, 'user_id': 42, 'name': 'Zoë', 'ok': True}`
/// under this id.
const FLASK_ID: &str = "Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk";
const FLASK_DATA: &[u8] = b"\x84\xaa_permanent\xc3\xa7user_id\x2a\xa4name\xa4Zo\xc3\xab\xa2ok\xc3";
const FLASK_HEX: &str = "84aa5f7065726d616e656e74c3a7757365725f69642aa46e616d65a45a6fc3aba26f6bc3";

#[tokio::test]
async fn flask_row_in_sqlite_is_loaded_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    make_in_file(&dir, Flask::SQLITE).await;
    let sql = format!(
        "INSERT INTO sessions (session_id, data, expiry) VALUES ('session:{FLASK_ID}', \
         x'{FLASK_HEX}', strftime('%Y-%m-%d %H:%M:%S', 'now', '+100 seconds') || '.123456')"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut open_file(&dir).await).await.unwrap();
    let store = SqlStore::connect(file_url(&dir)).await.unwrap();
    let record = store.load(&key(FLASK_ID)).await.unwrap().unwrap();
    assert_eq!((&record.payload[..], record.cas), (FLASK_DATA, 0));
    assert!(seconds(70) < record.ttl && record.ttl <= seconds(101), "{:?}", record.ttl);
}

#[tokio::test]
async fn flask_row_on_a_server_is_loaded_as_it_is() {
    for (variable, data, soon) in [
        (POSTGRES, format!("'\\x{FLASK_HEX}'"), "(now() at time zone 'utc') + interval '100 s'"),
        (MARIADB, format!("x'{FLASK_HEX}'"), "UTC_TIMESTAMP() + INTERVAL 100 SECOND"),
    ] {
        let table = OwnTable::of_flask(variable).await;
        let insert = format!(
            "INSERT INTO {{}} (session_id, data, expiry) VALUES ('session:{FLASK_ID}', {data}, \
             {soon})"
        );
        table.tell(&insert).await;
        let store = SqlStore::connect(table.options()).await.unwrap();
        let record = store.load(&key(FLASK_ID)).await.unwrap().unwrap();
        assert_eq!((&record.payload[..], record.cas), (FLASK_DATA, 0));
        assert!(seconds(70) < record.ttl && record.ttl <= seconds(101), "{:?}", record.ttl);
        table.drop().await;
    }
}

#[tokio::test]
async fn row_in_sqlite_is_written_as_flask_writes_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(SqlOptions::new(file_url(&dir))).await;
    let data = Bytes::from_static(FLASK_DATA);
    let written = store.write(&key(FLASK_ID), data, &HOUR, Precondition::Absent).await;
    assert_eq!(written.unwrap(), WRITTEN);
    let row = ask_file(
        &dir,
        "SELECT id || ' ' || session_id || ' ' || lower(hex(data)) || ' ' || typeof(data) || ' ' \
         || typeof(expiry) FROM sessions",
    )
    .await;
    assert_eq!(row, [format!("1 session:{FLASK_ID} {FLASK_HEX} blob text")]);
    // As SQLAlchemy reads it: microseconds have six digits.
    let form = "SELECT 'x' FROM sessions WHERE expiry GLOB \
                '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9].\
                [0-9][0-9][0-9][0-9][0-9][0-9]' \
                AND abs((julianday(expiry) - julianday('now')) * 86400 - 3600) < 30";
    assert_eq!(ask_file(&dir, form).await, ["x"]);
}

#[tokio::test]
async fn row_on_a_server_is_written_as_flask_writes_it() {
    for (variable, question) in [
        (
            POSTGRES,
            "SELECT session_id || ' ' || encode(data, 'hex') || ' ' || \
             (abs(extract(epoch FROM expiry - timezone('utc', now())) - 3600) < 30)::text FROM {}",
        ),
        (
            MARIADB,
            "SELECT CONCAT(session_id, ' ', LOWER(HEX(data)), ' ', IF(ABS(TIMESTAMPDIFF(SECOND, \
             UTC_TIMESTAMP(), expiry) - 3600) < 30, 'true', 'false')) FROM {}",
        ),
    ] {
        let table = OwnTable::new(variable);
        let store = open(table.options()).await;
        let data = Bytes::from_static(FLASK_DATA);
        let written = store.write(&key(FLASK_ID), data, &HOUR, Precondition::Absent).await;
        assert_eq!(written.unwrap(), WRITTEN);
        assert_eq!(table.ask(question).await, [format!("session:{FLASK_ID} {FLASK_HEX} true")]);
        table.drop().await;
    }
}

#[tokio::test]
async fn table_in_sqlite_has_flask_columns_and_an_index() {
    let dir = tempfile::tempdir().unwrap();
    open(SqlOptions::new(file_url(&dir))).await;
    let columns = ask_file(&dir, "SELECT name || ' ' || type FROM pragma_table_info('sessions')");
    assert_eq!(
        columns.await,
        ["id INTEGER", "session_id VARCHAR(255)", "data BLOB", "expiry DATETIME"]
    );
    let indexes = ask_file(
        &dir,
        "SELECT l.\"unique\" || ' ' || i.name FROM pragma_index_list('sessions') AS l \
         JOIN pragma_index_info(l.name) AS i ORDER BY i.name",
    );
    assert_eq!(indexes.await, ["0 expiry", "1 session_id"]);
    assert_eq!(ask_file(&dir, "PRAGMA journal_mode").await, ["wal"]);
}

#[tokio::test]
async fn table_on_a_server_has_flask_columns_and_an_index() {
    for (variable, question, columns) in [
        (
            POSTGRES,
            "SELECT column_name || ' ' || data_type || coalesce(' ' || character_maximum_length, \
             '') FROM information_schema.columns WHERE table_name = '{}' ORDER BY ordinal_position",
            [
                "id integer",
                "session_id character varying 255",
                "data bytea",
                "expiry timestamp without time zone",
            ],
        ),
        (
            MARIADB,
            "SELECT CONCAT_WS(' ', column_name, column_type, collation_name) FROM \
             information_schema.columns WHERE table_name = '{}' ORDER BY ordinal_position",
            [
                "id int(11)",
                "session_id varchar(255) utf8mb4_bin",
                "data mediumblob",
                "expiry datetime(6)",
            ],
        ),
    ] {
        let table = OwnTable::new(variable);
        let store = open(table.options()).await;
        assert_eq!(table.ask(question).await, columns);
        create(&store, &key("a"), "a").await;
        let indexes = match variable {
            POSTGRES => {
                "SELECT a.attname::text FROM pg_index i JOIN pg_attribute a \
                 ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
                 WHERE i.indrelid = '{}'::regclass ORDER BY 1"
            }
            _ => {
                "SELECT column_name FROM information_schema.statistics \
                 WHERE table_name = '{}' ORDER BY 1"
            }
        };
        assert_eq!(table.ask(indexes).await, ["expiry", "id", "session_id"]);
        table.drop().await;
    }
}

#[tokio::test]
async fn row_without_expiry_is_expired() {
    for variable in SERVERS {
        let table = OwnTable::of_flask(variable).await;
        table.tell("INSERT INTO {} (session_id, data) VALUES ('session:null', 'x')").await;
        let store = open(table.options()).await;
        assert_eq!(store.load(&key("null")).await.unwrap(), None);
        let created = store.write(&key("null"), "y".into(), &MINUTE, Precondition::Absent).await;
        assert_eq!(created.unwrap(), Outcome::Refused);
        assert!(!store.delete(&key("null"), None, None).await.unwrap());
        assert_eq!(store.delete_expired().await.unwrap(), 1);
        table.drop().await;
    }
}

#[tokio::test]
async fn sweep_removes_more_than_a_batch_and_spares_the_living() {
    let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) ";
    for (variable, insert) in [
        (
            POSTGRES,
            format!(
                "INSERT INTO {{}} (session_id, expiry) {rows} SELECT 's' || i, timezone('utc', now()) - interval '1 s' FROM n"
            ),
        ),
        (
            MARIADB,
            format!(
                "INSERT INTO {{}} (session_id, expiry) {rows} SELECT CONCAT('s', i), UTC_TIMESTAMP(6) - INTERVAL 1 SECOND FROM n"
            ),
        ),
    ] {
        let table = OwnTable::new(variable);
        let options = table.options().operation_timeout(seconds(10));
        let store = open(options).await;
        table.tell(&insert).await;
        create(&store, &key("live"), "x").await;
        assert_eq!(store.delete_expired().await.unwrap(), 900);
        assert_eq!(store.delete_expired().await.unwrap(), 0);
        assert!(store.load(&key("live")).await.unwrap().is_some());
        table.drop().await;
    }
}

#[tokio::test]
async fn longest_lifetime_is_a_century() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let store = open(table.options()).await;
        let forever = Lease { ttl: Duration::MAX, owner: None };
        let written = store.write(&key("long"), "x".into(), &forever, Precondition::Absent).await;
        assert_eq!(written.unwrap(), WRITTEN);
        let years = store.load(&key("long")).await.unwrap().unwrap().ttl.as_secs() / (365 * 86_400);
        assert!((99..=100).contains(&years), "{years}");
        table.drop().await;
    }
}

/// Its clock has whole milliseconds, cut off.
#[tokio::test]
async fn sqlite_never_cuts_a_lease_short() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(SqlOptions::new(file_url(&dir))).await;
    let loaded = create(&store, &key("edge"), "x").await;
    let mut connection = open_file(&dir).await;
    for _ in 0..100 {
        let before = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(store.touch(&key("edge"), &MINUTE, &loaded).await.unwrap(), WRITTEN);
        let question = "SELECT CAST(round((julianday(expiry) - 2440587.5) * 86400000) AS INTEGER) \
                        FROM sessions";
        let ends_ms: i64 = sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap();
        let ends = Duration::from_millis(ends_ms.try_into().unwrap());
        assert!(ends >= before + MINUTE.ttl, "{:?} too early", before + MINUTE.ttl - ends);
    }
}
