//! Databases for a test.

use session_core::store::Timeouts;
use session_core::{Lease, Outcome, Record, Result, Store, StoreKey};
use session_sql::{SqlOptions, SqlStore};
use session_testkit::proxy::Proxy;
use session_testkit::{server, steps};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use sqlx::{MySqlConnection, PgConnection, SqliteConnection};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

pub(crate) use session_testkit::steps::{MINUTE, create, eventually, key};

pub(crate) const HOUR: Lease<'static> = Lease { ttl: Duration::from_secs(3_600), owner: None };
pub(crate) const WRITTEN: Outcome = Outcome::Written { cas: 0 };

/// More than an operation takes, on a machine that does much else.
pub(crate) const IN_TIME: Duration = Duration::from_secs(3);

pub(crate) const POSTGRES: &str = "SESSION_TEST_POSTGRES";
/// The same server behind a pooler in session mode.
pub(crate) const PGBOUNCER: &str = "SESSION_TEST_PGBOUNCER";
pub(crate) const MARIADB: &str = "SESSION_TEST_MARIADB";
/// The same server as the one before where there is no MySQL.
pub(crate) const MYSQL: &str = "SESSION_TEST_MYSQL";
pub(crate) const SERVERS: [&str; 2] = [POSTGRES, MARIADB];

/// A table as Flask-Session 0.8 makes it, its statement to the letter but for the name.
#[derive(Clone, Copy)]
pub(crate) struct Flask {
    pub(crate) table: &'static str,
    ddl: &'static str,
}

impl Flask {
    pub(crate) const SQLITE: Self = Self {
        table: "sessions",
        ddl: "CREATE TABLE sessions (\n\tid INTEGER NOT NULL, \n\tsession_id VARCHAR(255), \n\t\
              data BLOB, \n\texpiry DATETIME, \n\tPRIMARY KEY (id), \n\tUNIQUE (session_id)\n)",
    };
    pub(crate) const POSTGRES: Self = Self {
        table: "flask_sessions",
        ddl: "CREATE TABLE sessions (\n\tid SERIAL NOT NULL, \n\tsession_id VARCHAR(255), \n\t\
              data BYTEA, \n\texpiry TIMESTAMP WITHOUT TIME ZONE, \n\tPRIMARY KEY (id), \n\t\
              UNIQUE (session_id)\n)",
    };
    pub(crate) const MYSQL: Self = Self {
        table: "flask_sessions",
        ddl: "CREATE TABLE sessions (\n\tid INTEGER NOT NULL AUTO_INCREMENT, \n\t\
              session_id VARCHAR(255), \n\tdata BLOB, \n\texpiry DATETIME, \n\t\
              PRIMARY KEY (id), \n\tUNIQUE (session_id)\n)",
    };

    /// The statement, for a table of another name that may be there.
    pub(crate) fn ddl(&self, table: &str) -> String {
        self.ddl.replace("TABLE sessions", &format!("TABLE IF NOT EXISTS {table}"))
    }

    /// Makes the table on the server at the address in `variable`.
    pub(crate) async fn make(&self, variable: &str) {
        let mut sql = self.ddl(self.table);
        if variable == POSTGRES {
            // `IF NOT EXISTS` fails while another test, in this process or not, makes the same.
            sql.insert_str(0, "SELECT pg_advisory_xact_lock(20120125); ");
        }
        tell(variable, sql).await;
    }
}

/// The same server behind the same pooler in transaction mode.
pub(crate) fn transaction_mode() -> String {
    let url = server::url(PGBOUNCER);
    format!("{}/transaction", url.strip_suffix("/session").unwrap())
}

/// Runs a statement on the server at the address in `variable`.
pub(crate) async fn tell(variable: &str, sql: String) {
    let url = server::url(variable);
    let sql = sqlx::raw_sql(AssertSqlSafe(sql));
    if url.starts_with("mysql:") {
        sql.execute(&mut MySqlConnection::connect(&url).await.unwrap()).await.unwrap();
    } else {
        sql.execute(&mut PgConnection::connect(&url).await.unwrap()).await.unwrap();
    }
}

pub(crate) fn file_url(dir: &TempDir) -> String {
    format!("sqlite:///{}/sessions.db", dir.path().display())
}

/// A connection to the database in `dir`, apart from those of the store.
pub(crate) async fn open_file(dir: &TempDir) -> SqliteConnection {
    sqlx::sqlite::SqliteConnectOptions::new()
        .filename(dir.path().join("sessions.db"))
        .create_if_missing(true)
        .connect()
        .await
        .unwrap()
}

pub(crate) async fn make_in_file(dir: &TempDir, flask: Flask) {
    sqlx::raw_sql(flask.ddl).execute(&mut open_file(dir).await).await.unwrap();
}

/// A name nobody used before.
pub(crate) fn fresh(stem: &str) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    format!("{stem}_{}", now.as_nanos())
}

/// Opens a store in a table of its own.
pub(crate) async fn open(options: SqlOptions) -> SqlStore {
    let store = SqlStore::connect(options).await.unwrap();
    store.init().await.unwrap();
    store
}

/// Every call that changes a record, and a sweep.
pub(crate) async fn writes(store: &SqlStore, key: &StoreKey, loaded: &Record) -> Vec<Result<()>> {
    let mut ends = Vec::from(steps::writes(store, key, loaded).await);
    ends.push(store.delete_expired().await.map(drop));
    ends
}

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The answer to a question that has one text, from the server at the address in `variable`.
pub(crate) async fn ask(variable: &str, sql: String) -> Vec<String> {
    let url = server::url(variable);
    let sql = AssertSqlSafe(sql);
    if url.starts_with("mysql:") {
        let mut connection = MySqlConnection::connect(&url).await.unwrap();
        sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
    } else {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
    }
}

pub(crate) async fn ask_file(dir: &TempDir, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(&mut open_file(dir).await).await.unwrap()
}

/// A table on a server, dropped with the test.
pub(crate) struct OwnTable {
    pub(crate) variable: &'static str,
    pub(crate) name: String,
}

impl OwnTable {
    /// A name without a table.
    pub(crate) fn new(variable: &'static str) -> Self {
        Self { variable, name: fresh("sessions") }
    }

    /// A table as Flask makes it.
    pub(crate) async fn of_flask(variable: &'static str) -> Self {
        let table = Self::new(variable);
        let flask = if variable == POSTGRES { Flask::POSTGRES } else { Flask::MYSQL };
        tell(variable, flask.ddl(&table.name)).await;
        table
    }

    /// What makes a table in hash partitions, on PostgreSQL.
    pub(crate) fn partitioned(name: &str) -> String {
        format!(
            "CREATE TABLE {name} (id SERIAL, session_id VARCHAR(255) UNIQUE, data BYTEA, \
             expiry TIMESTAMP, owner VARCHAR(255)) PARTITION BY HASH (session_id); \
             CREATE TABLE {name}_0 PARTITION OF {name} FOR VALUES WITH (MODULUS 2, REMAINDER 0); \
             CREATE TABLE {name}_1 PARTITION OF {name} FOR VALUES WITH (MODULUS 2, REMAINDER 1)"
        )
    }

    /// What makes a table, on PostgreSQL, to whose collation a letter of another case, or with an
    /// accent, is the same.
    pub(crate) fn collated(name: &str) -> String {
        format!(
            "CREATE COLLATION IF NOT EXISTS any_case (provider = icu, locale = 'und-u-ks-level1', \
             deterministic = false); \
             CREATE TABLE {name} (id SERIAL PRIMARY KEY, session_id VARCHAR(255) \
             COLLATE any_case UNIQUE, data BYTEA, expiry TIMESTAMP, owner VARCHAR(255) \
             COLLATE any_case)"
        )
    }

    pub(crate) fn options(&self) -> SqlOptions {
        self.options_at(server::url(self.variable))
    }

    pub(crate) fn options_at(&self, url: String) -> SqlOptions {
        // Logging in takes its time on a busy machine.
        SqlOptions::new(url).table(&self.name).connect_timeout(Duration::from_secs(10))
    }

    /// A proxy in front of the server, and options that lead through it.
    pub(crate) async fn proxied(&self) -> (Proxy, SqlOptions) {
        let url = server::url(self.variable);
        let proxy = Proxy::start(server::socket_addr(&url, None).unwrap()).await.unwrap();
        let options = self.options_at(server::redirect(&url, proxy.addr()));
        (proxy, options)
    }

    /// Runs a statement in which `{}` is the table.
    pub(crate) async fn tell(&self, sql: &str) {
        tell(self.variable, sql.replace("{}", &self.name)).await;
    }

    /// Asks a question in which `{}` is the table.
    pub(crate) async fn ask(&self, sql: &str) -> Vec<String> {
        ask(self.variable, sql.replace("{}", &self.name)).await
    }

    pub(crate) async fn drop(self) {
        self.tell("DROP TABLE {}").await;
    }
}

/// A store behind a proxy, in a table of its own.
pub(crate) async fn behind_proxy(table: &OwnTable) -> (Proxy, SqlStore) {
    behind_proxy_within(table, Timeouts::default().operation()).await
}

/// The same, with a timeout for its calls.
pub(crate) async fn behind_proxy_within(table: &OwnTable, timeout: Duration) -> (Proxy, SqlStore) {
    open(table.options()).await;
    let (proxy, options) = table.proxied().await;
    (proxy, SqlStore::connect(options.operation_timeout(timeout)).await.unwrap())
}

/// A transaction that holds a lock until it is dropped.
pub(crate) enum Held {
    Postgres(#[expect(dead_code, reason = "its end is what counts")] PgConnection),
    MySql(#[expect(dead_code, reason = "its end is what counts")] MySqlConnection),
}

impl Held {
    /// Locks the row of `key`.
    pub(crate) async fn row(table: &OwnTable, key: &StoreKey) -> Self {
        let url = server::url(table.variable);
        let lock = format!(
            "BEGIN; SELECT id FROM {} WHERE session_id = '{}' FOR UPDATE",
            table.name,
            key.as_str()
        );
        let sql = sqlx::raw_sql(AssertSqlSafe(lock));
        if table.variable == POSTGRES {
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
