//! What calls return when the server, the connection or a lock fails them.

#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]
#![allow(clippy::large_futures, reason = "a test connects once")]

mod common;

use common::{
    HOUR, MARIADB, MINUTE, OwnTable, POSTGRES, WRITTEN, create, eventually, file_url, key, open,
    open_file,
};
use session_core::{Bytes, Error, ErrorKind, Precondition, Record, Store, StoreKey};
use session_sql::{SqlOptions, SqlStore};
use session_testkit::proxy::{CutReport, Mode, Proxy};
use session_testkit::server;
use sqlx::mysql::MySqlPoolOptions;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection};
use std::time::{Duration, Instant};

const SERVERS: [&str; 2] = [POSTGRES, MARIADB];
/// More than an operation takes, on a machine that does much else.
const IN_TIME: Duration = Duration::from_secs(3);

/// A store behind a proxy, in a table of its own.
async fn behind_proxy(table: &OwnTable) -> (Proxy, SqlStore) {
    open(table.options()).await;
    let url = server::url(table.variable);
    let proxy = Proxy::start(server::socket_addr(&url, None).unwrap()).await.unwrap();
    let options = table.options_at(server::redirect(&url, proxy.addr()));
    (proxy, SqlStore::connect(options).await.unwrap())
}

/// Every call that changes a record.
async fn writes(store: &SqlStore, key: &StoreKey, loaded: &Record) -> Vec<Result<(), Error>> {
    let new = || Bytes::from("new");
    vec![
        store.write(key, new(), &MINUTE, Precondition::Absent).await.map(drop),
        store.write(key, new(), &MINUTE, Precondition::Unchanged(loaded)).await.map(drop),
        store.touch(key, &MINUTE, loaded).await.map(drop),
        store.delete(key, None, Some(loaded)).await.map(drop),
        store.delete(key, None, None).await.map(drop),
        store.delete_expired().await.map(drop),
    ]
}

#[tokio::test]
async fn dead_server_is_unavailable_and_nothing_is_unknown_once_that_is_known() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let (proxy, store) = behind_proxy(&table).await;
        let loaded = create(&store, &key("dead"), "old").await;
        proxy.set(Mode::Refuse).await;
        let error = store.load(&key("dead")).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
        // The load found the connections broken, so no write is entrusted to one.
        for result in writes(&store, &key("dead"), &loaded).await {
            let error = result.unwrap_err();
            let seen = (error.kind(), error.is_retryable());
            assert_eq!(seen, (ErrorKind::Unavailable, true), "{error}");
        }
        proxy.set(Mode::Forward).await;
        assert_eq!(store.load(&key("dead")).await.unwrap().unwrap().payload, "old");
        table.drop().await;
    }
}

#[tokio::test]
async fn one_broken_connection_condemns_those_made_with_it() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let (proxy, store) = behind_proxy(&table).await;
        let loaded = create(&store, &key("many"), "old").await;
        let many = key("many");
        let calls = tokio::join!(
            store.load(&many),
            store.load(&many),
            store.load(&many),
            store.load(&many),
        );
        for found in [calls.0, calls.1, calls.2, calls.3] {
            assert!(found.unwrap().is_some());
        }
        assert!(proxy.connections() > 1);
        // All connections are cut, and the server is back at once.
        proxy.set(Mode::Refuse).await;
        proxy.set(Mode::Forward).await;
        assert!(store.load(&key("many")).await.unwrap().is_some(), "a load asks once more");
        for _ in 0..8 {
            assert_eq!(store.touch(&key("many"), &HOUR, &loaded).await.unwrap(), WRITTEN);
        }
        table.drop().await;
    }
}

#[tokio::test]
async fn write_whose_reply_is_lost_is_unknown_and_sent_once() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let (proxy, store) = behind_proxy(&table).await;
        // Each statement is prepared before a reply to it is cut.
        for is_cut in [false, true] {
            for call in 0..4 {
                let key = key(&format!("cut-{is_cut}-{call}"));
                let loaded = if call == 0 {
                    Record { payload: "old".into(), cas: 0, ttl: Duration::ZERO }
                } else {
                    create(&store, &key, "old").await
                };
                if is_cut {
                    proxy.cut_reply_to(key.as_bytes());
                }
                let same = Precondition::Unchanged(&loaded);
                let result = match call {
                    0 => store
                        .write(&key, "new".into(), &MINUTE, Precondition::Absent)
                        .await
                        .map(drop),
                    1 => store.write(&key, "new".into(), &MINUTE, same).await.map(drop),
                    2 => store.touch(&key, &MINUTE, &loaded).await.map(drop),
                    _ => store.delete(&key, None, Some(&loaded)).await.map(drop),
                };
                if is_cut {
                    let error = result.unwrap_err();
                    let seen = (error.kind(), error.is_retryable());
                    assert_eq!(seen, (ErrorKind::Unknown, false), "{call}: {error}");
                    assert_eq!(proxy.cut_report(), CutReport { requests: 1, is_cut: true });
                } else {
                    result.unwrap();
                }
                let left = store.load(&key).await.unwrap().map(|record| record.payload);
                let expected = [Some("new"), Some("new"), Some("old"), None][call];
                assert_eq!(left.as_deref(), expected.map(str::as_bytes), "{call}");
            }
        }
        table.drop().await;
    }
}

/// A store that found no table looks for it before it writes.
#[tokio::test]
async fn write_that_came_no_further_than_a_look_at_the_table_is_not_unknown() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let url = server::url(variable);
        let proxy = Proxy::start(server::socket_addr(&url, None).unwrap()).await.unwrap();
        let options = table.options_at(server::redirect(&url, proxy.addr()));
        let store = SqlStore::connect(options.connect_timeout(IN_TIME)).await.unwrap();
        proxy.set(Mode::Freeze).await;
        let error = store.delete(&key("a"), None, None).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true), "{error}");
    }
}

#[tokio::test]
async fn locked_row_is_unknown_in_time_and_other_calls_go_on() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let store = open(table.options()).await;
        let loaded = create(&store, &key("locked"), "old").await;
        let lock =
            format!("SELECT id FROM {} WHERE session_id = 'session:locked' FOR UPDATE", table.name);
        let held = Held::take(variable, lock).await;
        let began = Instant::now();
        let error = store.touch(&key("locked"), &MINUTE, &loaded).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown);
        assert!(began.elapsed() < IN_TIME);
        assert_eq!(store.load(&key("locked")).await.unwrap().unwrap().payload, "old");
        create(&store, &key("other"), "x").await;
        drop(held);
        table.drop().await;
    }
}

/// A transaction that holds a lock until it is dropped.
enum Held {
    Postgres(#[expect(dead_code, reason = "its end is what counts")] PgConnection),
    MySql(#[expect(dead_code, reason = "its end is what counts")] MySqlConnection),
}

impl Held {
    async fn take(variable: &str, lock: String) -> Self {
        let url = server::url(variable);
        let sql = sqlx::raw_sql(AssertSqlSafe(format!("BEGIN; {lock}")));
        if variable == POSTGRES {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            sql.execute(&mut connection).await.unwrap();
            Self::Postgres(connection)
        } else {
            let mut connection = MySqlConnection::connect(&url).await.unwrap();
            sql.execute(&mut connection).await.unwrap();
            Self::MySql(connection)
        }
    }
}

/// sqlx's own pool would take it back: a ping passes for the end of a statement's preparation.
#[tokio::test]
async fn pool_never_gets_back_a_connection_with_a_reply_to_come() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let direct = open(table.options()).await;
        let url = server::url(variable);
        let proxy = Proxy::start(server::socket_addr(&url, None).unwrap()).await.unwrap();
        let url = server::redirect(&url, proxy.addr());
        let (store, is_idle): (_, Box<dyn Fn() -> bool>) = if variable == POSTGRES {
            let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
            let pool = pool.connect(&url).await.unwrap();
            let store = SqlStore::from_client(pool.clone(), table.options()).await.unwrap();
            (store, Box::new(move || pool.num_idle() == 1))
        } else {
            let pool = MySqlPoolOptions::new().max_connections(1).test_before_acquire(false);
            let pool = pool.connect(&url).await.unwrap();
            let store = SqlStore::from_client(pool.clone(), table.options()).await.unwrap();
            (store, Box::new(move || pool.num_idle() == 1))
        };
        let loaded = create(&direct, &key("a"), "a").await;
        assert_eq!(store.load(&key("a")).await.unwrap().unwrap().payload, "a");
        eventually("the pool has asked its connection", async || is_idle()).await;
        // The first touch is prepared first, and there it stops.
        proxy.set(Mode::Freeze).await;
        let error = store.touch(&key("a"), &HOUR, &loaded).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown);
        proxy.set(Mode::Forward).await;
        eventually("the pool connects anew", async || store.load(&key("a")).await.is_ok()).await;
        for _ in 0..8 {
            assert_eq!(store.touch(&key("a"), &HOUR, &loaded).await.unwrap(), WRITTEN);
            assert_eq!(store.load(&key("a")).await.unwrap().unwrap().payload, "a");
            assert!(!store.delete(&key("b"), None, None).await.unwrap());
        }
        assert_eq!(proxy.connections(), 2);
        table.drop().await;
    }
}

#[tokio::test]
async fn busy_connections_are_waited_for_until_the_deadline() {
    let table = OwnTable::new(POSTGRES);
    let store = open(table.options().max_connections(1)).await;
    let loaded = create(&store, &key("busy"), "x").await;
    let lock =
        format!("SELECT id FROM {} WHERE session_id = 'session:busy' FOR UPDATE", table.name);
    let held = Held::take(POSTGRES, lock).await;
    let (busy, other) = (key("busy"), key("other"));
    let (touched, written) = tokio::join!(
        store.touch(&busy, &MINUTE, &loaded),
        store.write(&other, "x".into(), &MINUTE, Precondition::Absent),
    );
    assert_eq!(touched.unwrap_err().kind(), ErrorKind::Unknown);
    let error = written.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true), "{error}");
    drop(held);
    assert_eq!(SqlStore::connect(table.options()).await.unwrap().load(&other).await.unwrap(), None);
    table.drop().await;
}

#[tokio::test]
async fn wrong_password_is_not_retryable_and_not_shown() {
    for variable in SERVERS {
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
async fn locked_sqlite_file_is_unavailable_in_time_and_still_readable() {
    let dir = tempfile::tempdir().unwrap();
    let options = SqlOptions::new(file_url(&dir)).operation_timeout(Duration::from_secs(1));
    let store = open(options).await;
    let loaded = create(&store, &key("locked"), "old").await;
    let mut other = open_file(&dir).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    for result in writes(&store, &key("locked"), &loaded).await {
        let began = Instant::now();
        let error = result.unwrap_err();
        let seen = (error.kind(), error.is_retryable());
        assert_eq!(seen, (ErrorKind::Unavailable, true), "{error}");
        assert!(began.elapsed() < IN_TIME);
    }
    assert_eq!(store.load(&key("locked")).await.unwrap().unwrap().payload, "old");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(store.touch(&key("locked"), &MINUTE, &loaded).await.unwrap(), WRITTEN);
}

#[tokio::test]
async fn directory_that_is_missing_is_not_retryable() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:///{}/missing/sessions.db", dir.path().display());
    let error = SqlStore::connect(url).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false), "{error}");
}

#[tokio::test]
async fn limits_without_bounds_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let options = SqlOptions::new(file_url(&dir))
        .max_connections(usize::MAX)
        .connect_timeout(Duration::MAX)
        .operation_timeout(Duration::MAX);
    create(&open(options).await, &key("a"), "a").await;
}
