//! Where the database is, which table it is, and how long to wait for it.

mod settings;

pub use settings::KEYS;

use crate::name::{Name, TableName};
use session_core::store::{Call, Timeouts, Url};
use session_core::{ErrorKind, Result};
use settings::{MAX_CONNECTIONS, MAX_CONNECTIONS_KEY, SCHEMA_KEY, TABLE, TABLE_KEY, URL};
use std::time::Duration;

/// The name of a database in messages, before its kind is known.
pub(crate) const STORE: &str = "a database";

/// Firewalls and servers close connections that rested for minutes.
const REST: Duration = Duration::from_secs(10);

/// Where the database is, which table holds the sessions, and how long to wait.
///
/// # Examples
///
/// ```
/// # mod web_session { pub mod stores { pub use session_sql as sql; } }
/// use std::time::Duration;
/// use web_session::stores::sql::SqlOptions;
///
/// let options = SqlOptions::new("postgresql://app@db.internal/shop")
///     .table("web_sessions")
///     .operation_timeout(Duration::from_millis(200));
/// ```
#[derive(Clone, Debug)]
pub struct SqlOptions {
    pub(crate) url: Url,
    /// Whether a file of SQLite that is missing is made.
    pub(crate) makes_file: bool,
    table: String,
    schema: Option<String>,
    owner_index: bool,
    pub(crate) way: Way,
    pub(crate) max_connections: usize,
    pub(crate) timeouts: Timeouts,
    pub(crate) rest: Duration,
}

/// How statements are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Prepared once on each connection.
    Prepared,
    /// With their values written into them, on whichever connection a pooler has; PostgreSQL alone.
    Plain,
}

/// Options that were checked, all but the URL.
pub(crate) struct Checked {
    pub(crate) name: TableName,
    pub(crate) has_owners: bool,
    pub(crate) timeouts: Timeouts,
    /// What the settings say of a pooler.
    pub(crate) way: Way,
}

impl SqlOptions {
    /// Names the database by `url`, as SQLAlchemy writes it: `postgresql://`, `mysql://` or
    /// `mariadb://`, then `[user[:password]@]host[:port]/database`; `sqlite:///relative/path` or
    /// `sqlite:////absolute/path`.
    ///
    /// A driver's name (`mysql+pymysql://`) is skipped. Parameters are honoured as the crate page
    /// has it; one that cannot be is a `Config` error that names it.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: Url::new(url),
            makes_file: true,
            table: TABLE.to_owned(),
            schema: None,
            owner_index: false,
            way: Way::Prepared,
            max_connections: MAX_CONNECTIONS,
            timeouts: Timeouts::default(),
            rest: REST,
        }
    }

    /// Names the table; `sessions` by default (`SESSION_SQLALCHEMY_TABLE`).
    #[must_use]
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.table = table.into();
        self
    }

    /// Names the schema of the table, in MySQL a database; by default the connection's own
    /// (`SESSION_SQLALCHEMY_SCHEMA`).
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Keeps an index of owners in one more column; off by default (`SESSION_OWNER_INDEX`).
    ///
    /// [`SqlStore::init`](crate::SqlStore::init) adds the column, also to a table that Flask made.
    /// A session that Flask writes has no owner in it until this store writes or renews it.
    #[must_use]
    pub fn owner_index(mut self, owner_index: bool) -> Self {
        self.owner_index = owner_index;
        self
    }

    /// Says that a pooler in transaction mode may be in front of PostgreSQL, which executes each
    /// statement on another connection; false by default
    /// (`SESSION_SQLALCHEMY_TRANSACTION_POOLER`).
    ///
    /// Nothing is prepared then, and nothing set on a connection: each call is still one round
    /// trip, and the server parses and plans its statement anew. PgBouncer as it is shipped is
    /// noticed without it. Other databases do not look at it.
    #[must_use]
    pub fn transaction_pooler(mut self, is_there: bool) -> Self {
        self.way = way(is_there);
        self
    }

    /// Sets how many connections are open at most; 10 by default
    /// (`SESSION_SQLALCHEMY_MAX_CONNECTIONS`).
    ///
    /// They are made when needed, and a call that finds all in use waits for one.
    #[must_use]
    pub fn max_connections(mut self, max: usize) -> Self {
        self.max_connections = max;
        self
    }

    /// Bounds one attempt to connect, with name look-up, TLS and log-in; 1 s by default, a day at
    /// most.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts = self.timeouts.with_connect(timeout);
        self
    }

    /// Bounds each call of the store, with any wait for a connection; 500 ms by default, a day
    /// at most.
    ///
    /// A sweep takes this long per batch at most.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts = self.timeouts.with_operation(timeout);
        self
    }

    /// After how long without a call a connection is asked whether it still stands, before a
    /// statement is entrusted to it; 10 s. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn idle_check(mut self, rest: Duration) -> Self {
        self.rest = rest;
        self
    }

    /// Checks all but the URL.
    pub(crate) fn check(&self) -> Result<Checked> {
        self.timeouts.check(STORE)?;
        if self.max_connections == 0 {
            let what = format!("{MAX_CONNECTIONS_KEY} is at least 1");
            return Err(Call::Connect.error(STORE, ErrorKind::Config, &what));
        }
        let schema = self.schema.as_deref().map(|text| Name::new(SCHEMA_KEY, text)).transpose()?;
        let table = Name::new(TABLE_KEY, &self.table)?;
        Ok(Checked {
            name: TableName { schema, table },
            has_owners: self.owner_index,
            timeouts: self.timeouts,
            way: self.way,
        })
    }
}

fn way(has_transaction_pooler: bool) -> Way {
    if has_transaction_pooler { Way::Plain } else { Way::Prepared }
}

impl Default for SqlOptions {
    /// The file `sessions.db` under the current directory: `sqlite:///sessions.db`.
    fn default() -> Self {
        Self::new(URL)
    }
}

impl From<&str> for SqlOptions {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<String> for SqlOptions {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}

#[cfg(test)]
mod tests {
    use super::SqlOptions;
    use session_core::ErrorKind;
    use std::time::Duration;

    #[test]
    fn options_without_sense_are_config_errors() {
        for options in [
            SqlOptions::default().table("a; DROP TABLE b"),
            SqlOptions::default().table(""),
            SqlOptions::default().schema("a.b"),
            SqlOptions::default().max_connections(0),
            SqlOptions::default().connect_timeout(Duration::ZERO),
            SqlOptions::default().operation_timeout(Duration::ZERO),
        ] {
            assert_eq!(options.check().err().map(|e| e.kind()), Some(ErrorKind::Config));
        }
    }

    #[test]
    fn debug_shows_no_url() {
        let shown = format!("{:?}", SqlOptions::new("postgres://u:hunter2@host/db"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
