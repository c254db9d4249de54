//! Where the database is, which table it is, and how long to wait for it.

use crate::name::{Name, TableName};
use session_core::config::{KeyInfo, Kind, Settings};
use session_core::store::{Call, Failure, Timeouts, Url, owner_index};
use session_core::{ErrorKind, Result};
use std::time::Duration;

const URL: &str = "sqlite:///sessions.db";
/// The name of a database in messages, before its kind is known.
pub(crate) const STORE: &str = "a database";

const TABLE: &str = "sessions";
const MAX_CONNECTIONS: usize = 10;

/// Firewalls and servers close connections that rested for minutes.
const REST: Duration = Duration::from_secs(10);

const URL_KEY: &str = "SESSION_SQLALCHEMY";
const FALLBACK_KEY: &str = "SQLALCHEMY_DATABASE_URI";
const TABLE_KEY: &str = "SESSION_SQLALCHEMY_TABLE";
const SCHEMA_KEY: &str = "SESSION_SQLALCHEMY_SCHEMA";
const POOLER_KEY: &str = "SESSION_SQLALCHEMY_TRANSACTION_POOLER";

/// The settings that [`SqlOptions::from_settings`] reads, besides `SESSION_OWNER_INDEX`.
pub const KEYS: &[KeyInfo] = &[
    KeyInfo::new(
        URL_KEY,
        Kind::Url,
        Some(URL),
        "The database, as SQLAlchemy writes it: a `+driver` is skipped, and three slashes make a \
         SQLite path relative.",
    ),
    KeyInfo::new(
        FALLBACK_KEY,
        Kind::Url,
        None,
        "The database where `SESSION_SQLALCHEMY` is not set.",
    ),
    KeyInfo::new(TABLE_KEY, Kind::Text, Some(TABLE), "The table."),
    KeyInfo::new(
        SCHEMA_KEY,
        Kind::Text,
        None,
        "The schema of the table. Without it, the connection's own.",
    ),
    KeyInfo::new(
        POOLER_KEY,
        Kind::Flag,
        Some("false"),
        "Whether a pooler in transaction mode, such as PgBouncer, may be in front of PostgreSQL: \
         statements are then not prepared.",
    ),
];

/// Where the database is, which table holds the sessions, and how long to wait.
///
/// # Examples
///
/// ```
/// use session_sql::SqlOptions;
/// use std::time::Duration;
///
/// let options = SqlOptions::new("postgresql://app@db.internal/shop")
///     .table("web_sessions")
///     .operation_timeout(Duration::from_millis(200));
/// ```
#[derive(Clone, Debug)]
pub struct SqlOptions {
    pub(crate) url: Url,
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
}

impl SqlOptions {
    /// Names the database by `url`, as SQLAlchemy writes it: `postgresql://`, `mysql://` or
    /// `mariadb://`, then `[user[:password]@]host[:port]/database`; `sqlite:///relative/path` or
    /// `sqlite:////absolute/path`.
    ///
    /// A driver's name (`mysql+pymysql://`) is skipped, and so are parameters that only tune the
    /// Python driver; one that means something and is not understood is a `Config` error.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: Url::new(url),
            table: TABLE.to_owned(),
            schema: None,
            owner_index: false,
            way: Way::Prepared,
            max_connections: MAX_CONNECTIONS,
            timeouts: Timeouts::default(),
            rest: REST,
        }
    }

    /// Reads `SESSION_SQLALCHEMY` (else `SQLALCHEMY_DATABASE_URI`), `SESSION_SQLALCHEMY_TABLE`,
    /// `SESSION_SQLALCHEMY_SCHEMA`, `SESSION_SQLALCHEMY_TRANSACTION_POOLER`, `SESSION_OWNER_INDEX` and [`Timeouts::KEYS`].
    ///
    /// # Errors
    ///
    /// `Config` if a value is not of its kind.
    ///
    /// # Examples
    ///
    /// ```
    /// use session_core::config::Settings;
    /// use session_sql::SqlOptions;
    ///
    /// let settings: Settings =
    ///     [("SESSION_SQLALCHEMY", "sqlite:////var/lib/shop/sessions.db")].into_iter().collect();
    /// let options = SqlOptions::from_settings(&settings)?;
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let url = match settings.text(URL_KEY)? {
            Some(url) => Some(url),
            None => settings.text(FALLBACK_KEY)?,
        };
        let options = Self {
            table: settings.text(TABLE_KEY)?.unwrap_or(TABLE).to_owned(),
            schema: settings.text(SCHEMA_KEY)?.map(str::to_owned),
            owner_index: owner_index(settings)?,
            way: way(settings.flag(POOLER_KEY)? == Some(true)),
            timeouts: Timeouts::from_settings(settings)?,
            ..Self::new(url.unwrap_or(URL))
        };
        options.check()?;
        Ok(options)
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

    /// Sets how many connections are open at most; 10 by default.
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
            let failure =
                Failure::Final(ErrorKind::Config, "without a connection no call succeeds");
            return Err(Call::Connect.failed(STORE, failure));
        }
        let schema = self.schema.as_deref().map(|text| Name::new(SCHEMA_KEY, text)).transpose()?;
        let table = Name::new(TABLE_KEY, &self.table)?;
        Ok(Checked {
            name: TableName { schema, table },
            has_owners: self.owner_index,
            timeouts: self.timeouts,
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
    use super::{KEYS, SqlOptions, Way};
    use session_core::ErrorKind;
    use session_core::config::Settings;
    use std::time::Duration;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().copied().collect()
    }

    #[test]
    fn defaults_are_those_of_the_table_of_keys() {
        let defaults: Settings =
            KEYS.iter().filter_map(|key| Some((key.name, key.default?))).collect();
        let none = SqlOptions::from_settings(&Settings::default()).unwrap();
        for options in [SqlOptions::from_settings(&defaults).unwrap(), SqlOptions::default()] {
            assert_eq!(options.url, none.url);
            assert_eq!(format!("{options:?}"), format!("{none:?}"));
        }
    }

    #[test]
    fn settings_are_read() {
        let own = ("SESSION_SQLALCHEMY", "mysql://a/b");
        let fallback = ("SQLALCHEMY_DATABASE_URI", "mysql://c/d");
        for (pairs, url) in [
            (&[own, fallback][..], "mysql://a/b"),
            (&[fallback], "mysql://c/d"),
            (&[("SESSION_SQLALCHEMY", ""), fallback], "mysql://c/d"),
        ] {
            assert_eq!(SqlOptions::from_settings(&settings(pairs)).unwrap().url.as_str(), url);
        }
        let options = SqlOptions::from_settings(&settings(&[
            ("SESSION_SQLALCHEMY_TABLE", "web"),
            ("SESSION_SQLALCHEMY_SCHEMA", "shop"),
            ("SESSION_OWNER_INDEX", "true"),
            ("SESSION_SQLALCHEMY_TRANSACTION_POOLER", "true"),
        ]));
        let options = options.unwrap();
        assert_eq!(options.way, Way::Plain);
        let checked = options.check().unwrap();
        assert_eq!(checked.name.table.as_str(), "web");
        assert_eq!(checked.name.schema.unwrap().as_str(), "shop");
        assert!(checked.has_owners);
    }

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
        let hostile = settings(&[("SESSION_SQLALCHEMY_TABLE", "a\"b")]);
        assert!(SqlOptions::from_settings(&hostile).is_err());
    }

    #[test]
    fn debug_shows_no_url() {
        let shown = format!("{:?}", SqlOptions::new("postgres://u:hunter2@host/db"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
