//! Where the database is, which table it is, and how long to wait for it.

use crate::name::{Name, TableName};
use session_core::config::{KeyInfo, Kind, Settings};
use session_core::store::{Call, Timeouts};
use session_core::{Error, ErrorKind, Result};
use std::fmt;
use std::time::Duration;

const URL: &str = "sqlite:///sessions.db";
/// The name of a database in messages, before its kind is known.
const STORE: &str = "a database";

const TABLE: &str = "sessions";
const MAX_CONNECTIONS: usize = 10;

const URL_KEY: &str = "SESSION_SQLALCHEMY";
const FALLBACK_KEY: &str = "SQLALCHEMY_DATABASE_URI";
const TABLE_KEY: &str = "SESSION_SQLALCHEMY_TABLE";
const SCHEMA_KEY: &str = "SESSION_SQLALCHEMY_SCHEMA";

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
];

/// Where the database is, which table holds the sessions, and how long to wait.
///
/// `Debug` leaves the URL out: it may hold a password.
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
#[derive(Clone)]
pub struct SqlOptions {
    pub(crate) url: String,
    table: String,
    schema: Option<String>,
    owner_index: bool,
    limits: Limits,
}

/// How many connections there are, and how long to wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_connections: usize,
    pub(crate) timeouts: Timeouts,
}

/// Options that were checked.
pub(crate) struct Checked {
    pub(crate) name: TableName,
    pub(crate) has_owners: bool,
    pub(crate) limits: Limits,
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
            url: url.into(),
            table: TABLE.to_owned(),
            schema: None,
            owner_index: false,
            limits: Limits { max_connections: MAX_CONNECTIONS, timeouts: Timeouts::default() },
        }
    }

    /// Reads `SESSION_SQLALCHEMY` (else `SQLALCHEMY_DATABASE_URI`), `SESSION_SQLALCHEMY_TABLE`,
    /// `SESSION_SQLALCHEMY_SCHEMA`, `SESSION_OWNER_INDEX` and [`Timeouts::KEYS`].
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
        let mut options = url.map_or_else(Self::default, Self::new);
        options.limits.timeouts = Timeouts::from_settings(settings)?;
        if let Some(table) = settings.text(TABLE_KEY)? {
            options = options.table(table);
        }
        if let Some(schema) = settings.text(SCHEMA_KEY)? {
            options = options.schema(schema);
        }
        if let Some(owner_index) = settings.flag("SESSION_OWNER_INDEX")? {
            options = options.owner_index(owner_index);
        }
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

    /// Sets how many connections are open at most; 10 by default.
    ///
    /// They are made when needed, and a call that finds all in use waits for one.
    #[must_use]
    pub fn max_connections(mut self, max: usize) -> Self {
        self.limits.max_connections = max;
        self
    }

    /// Bounds one attempt to connect, with name look-up, TLS and log-in; 1 s by default, a day at
    /// most.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeouts = self.limits.timeouts.with_connect(timeout);
        self
    }

    /// Bounds each call of the store, with any wait for a connection; 500 ms by default, a day
    /// at most.
    ///
    /// A sweep takes this long per batch at most.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeouts = self.limits.timeouts.with_operation(timeout);
        self
    }

    /// Checks all but the URL.
    pub(crate) fn check(&self) -> Result<Checked> {
        let limits = self.limits;
        limits.timeouts.check(STORE)?;
        if limits.max_connections == 0 {
            return Err(refuse("without a connection no call succeeds"));
        }
        let schema = self.schema.as_deref().map(|text| Name::new(SCHEMA_KEY, text)).transpose()?;
        let table = Name::new(TABLE_KEY, &self.table)?;
        Ok(Checked { name: TableName { schema, table }, has_owners: self.owner_index, limits })
    }
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

impl fmt::Debug for SqlOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlOptions")
            .field("table", &self.table)
            .field("schema", &self.schema)
            .field("owner_index", &self.owner_index)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

fn refuse(complaint: &str) -> Error {
    Call::Connect.error(STORE, ErrorKind::Config, complaint)
}

#[cfg(test)]
mod tests {
    use super::{KEYS, SqlOptions};
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
            assert_eq!(
                (options.url.as_str(), format!("{options:?}")),
                (none.url.as_str(), format!("{none:?}"))
            );
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
            assert_eq!(SqlOptions::from_settings(&settings(pairs)).unwrap().url, url);
        }
        let options = SqlOptions::from_settings(&settings(&[
            ("SESSION_SQLALCHEMY_TABLE", "web"),
            ("SESSION_SQLALCHEMY_SCHEMA", "shop"),
            ("SESSION_OWNER_INDEX", "true"),
        ]));
        let checked = options.unwrap().check().unwrap();
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
