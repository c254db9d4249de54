//! Where the server is, which collection it is, and how long to wait.

use crate::name;
use session_core::config::{KeyInfo, Kind, Settings};
use session_core::store::{Call, Failure, Timeouts, Url, owner_index};
use session_core::{ErrorKind, Result};
use std::time::Duration;

/// The store's name in messages.
pub(crate) const STORE: &str = "mongodb";

const URL: &str = "mongodb://127.0.0.1:27017";
const DATABASE: &str = "flask_session";
const COLLECTION: &str = "sessions";

/// Enough for thousands of calls a second, and few for a server that many processes share: the
/// driver's own 100 are all opened by one burst, and each costs the server a handshake.
const MAX_CONNECTIONS: usize = 16;

/// What rested for longer, a balancer or firewall may have cut without a word.
const REST: Duration = Duration::from_secs(60);

const URL_KEY: &str = "SESSION_MONGODB";
const DATABASE_KEY: &str = "SESSION_MONGODB_DB";
const COLLECTION_KEY: &str = "SESSION_MONGODB_COLLECT";
const CONNECTIONS_KEY: &str = "SESSION_MONGODB_MAX_CONNECTIONS";

/// The settings that [`MongoOptions::from_settings`] reads, besides `SESSION_OWNER_INDEX`.
pub const KEYS: &[KeyInfo] = &[
    KeyInfo::new(URL_KEY, Kind::Url, Some(URL), "The server, or the members of a replica set."),
    KeyInfo::new(DATABASE_KEY, Kind::Text, Some(DATABASE), "The database."),
    KeyInfo::new(COLLECTION_KEY, Kind::Text, Some(COLLECTION), "The collection."),
    KeyInfo::new(
        CONNECTIONS_KEY,
        Kind::Number,
        Some("16"),
        "How many connections one process has open at most, at least 1; further calls wait in line. \
         In place of `maxPoolSize` in the URL.",
    ),
];

/// Where the MongoDB server is, which collection holds the sessions, and how long to wait.
///
/// # Examples
///
/// ```
/// # mod web_session { pub mod stores { pub use session_mongodb as mongodb; } }
/// use std::time::Duration;
/// use web_session::stores::mongodb::MongoOptions;
///
/// let options = MongoOptions::new("mongodb://db1.internal,db2.internal/?replicaSet=shop")
///     .database("shop")
///     .operation_timeout(Duration::from_millis(200));
/// ```
#[derive(Clone, Debug)]
pub struct MongoOptions {
    pub(crate) url: Url,
    pub(crate) database: String,
    pub(crate) collection: String,
    pub(crate) owner_index: bool,
    pub(crate) max_connections: Option<usize>,
    pub(crate) timeouts: Timeouts,
    pub(crate) rest: Duration,
}

impl MongoOptions {
    /// Names the server by `url`, as every MongoDB driver reads it:
    /// `mongodb://[user[:password]@]host[:port][,host[:port]...][/auth database][?options]`.
    ///
    /// `mongodb+srv://` needs the feature `srv`. Options that do not hold are refused by name; no
    /// command is retried, and no wait is longer than the timeouts of this type.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: Url::new(url),
            database: DATABASE.to_owned(),
            collection: COLLECTION.to_owned(),
            owner_index: false,
            max_connections: None,
            timeouts: Timeouts::default(),
            rest: REST,
        }
    }

    /// Reads [`KEYS`], [`Timeouts::KEYS`] and `SESSION_OWNER_INDEX`.
    ///
    /// # Errors
    ///
    /// `Config` if a value is not of its kind, or no name that MongoDB takes; the URL itself is
    /// checked when the store is made.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod web_session {
    /// #     pub use session_core::*;
    /// #     pub mod stores { pub use session_mongodb as mongodb; }
    /// # }
    /// use web_session::config::Settings;
    /// use web_session::stores::mongodb::MongoOptions;
    ///
    /// let settings: Settings =
    ///     [("SESSION_MONGODB", "mongodb://db.internal")].into_iter().collect();
    /// let options = MongoOptions::from_settings(&settings)?;
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let options = Self {
            database: settings.text(DATABASE_KEY)?.unwrap_or(DATABASE).to_owned(),
            collection: settings.text(COLLECTION_KEY)?.unwrap_or(COLLECTION).to_owned(),
            owner_index: owner_index(settings)?,
            max_connections: settings.number(CONNECTIONS_KEY)?,
            timeouts: Timeouts::from_settings(settings)?,
            ..Self::new(settings.text(URL_KEY)?.unwrap_or(URL))
        };
        options.checked()
    }

    /// Names the database; `flask_session` by default (`SESSION_MONGODB_DB`).
    ///
    /// The one in the URL is where the user is looked up, not where sessions are.
    #[must_use]
    pub fn database(mut self, database: impl Into<String>) -> Self {
        self.database = database.into();
        self
    }

    /// Names the collection; `sessions` by default (`SESSION_MONGODB_COLLECT`).
    #[must_use]
    pub fn collection(mut self, collection: impl Into<String>) -> Self {
        self.collection = collection.into();
        self
    }

    /// Keeps an index of owners in one more field; off by default (`SESSION_OWNER_INDEX`).
    ///
    /// [`MongoStore::init`](crate::MongoStore::init) makes the index. A session that Flask creates
    /// has no owner in it until this store writes or renews it; Flask-Session 0.8 keeps the field,
    /// 0.4 replaces the document and loses it.
    #[must_use]
    pub fn owner_index(mut self, owner_index: bool) -> Self {
        self.owner_index = owner_index;
        self
    }

    /// Bounds the connections of one process; 16 by default, at least 1
    /// (`SESSION_MONGODB_MAX_CONNECTIONS`).
    ///
    /// Further calls wait in line, within their deadline. `maxPoolSize` in the URL says the same. On
    /// [a client of the application](crate::MongoStore::from_client), whose pool is its own, so many
    /// of our calls are in the driver's line at once.
    #[must_use]
    pub fn max_connections(mut self, max: usize) -> Self {
        self.max_connections = Some(max);
        self
    }

    /// Bounds one attempt to connect, with name look-up, TLS and log-in; 1 s by default, a day at
    /// most.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts = self.timeouts.with_connect(timeout);
        self
    }

    /// Bounds each call of the store, with any wait for a connection; 500 ms by default, a day at
    /// most.
    ///
    /// A sweep takes this long per command at most.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts = self.timeouts.with_operation(timeout);
        self
    }

    /// After how long without a call a connection is replaced rather than used, unless the URL says
    /// `maxIdleTimeMS`; a minute. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn idle_check(mut self, rest: Duration) -> Self {
        self.rest = rest;
        self
    }

    pub(crate) fn max_connections_or_default(&self) -> usize {
        self.max_connections.unwrap_or(MAX_CONNECTIONS)
    }

    /// Checks all but the URL.
    pub(crate) fn checked(self) -> Result<Self> {
        self.timeouts.check(STORE)?;
        let complaint = if self.max_connections == Some(0) {
            Err("SESSION_MONGODB_MAX_CONNECTIONS is at least 1")
        } else {
            name::check(&self.database, &self.collection)
        };
        complaint
            .map_err(|what| Call::Connect.failed(STORE, Failure::Final(ErrorKind::Config, what)))?;
        Ok(self)
    }
}

impl Default for MongoOptions {
    /// A server on this machine: `mongodb://127.0.0.1:27017`.
    fn default() -> Self {
        Self::new(URL)
    }
}

impl From<&str> for MongoOptions {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<String> for MongoOptions {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}

#[cfg(test)]
mod tests {
    use super::{KEYS, MongoOptions, URL};
    use session_core::ErrorKind;
    use session_core::config::Settings;
    use std::time::Duration;

    #[test]
    fn settings_are_read_or_the_documented_ones() {
        let read = |pairs: &[(&'static str, &'static str)]| {
            MongoOptions::from_settings(&pairs.iter().copied().collect::<Settings>())
        };
        let default = read(&[]).unwrap();
        assert_eq!(default.url.as_str(), URL);
        let documented: Vec<_> = KEYS.iter().map(|key| key.default.unwrap()).collect();
        let connections = default.max_connections_or_default().to_string();
        assert_eq!(
            documented,
            [default.url.as_str(), &default.database, &default.collection, &connections]
        );
        let options = read(&[
            ("SESSION_MONGODB", "mongodb://a"),
            ("SESSION_MONGODB_DB", "shop"),
            ("SESSION_MONGODB_COLLECT", "web.sessions"),
            ("SESSION_MONGODB_MAX_CONNECTIONS", "3"),
            ("SESSION_OWNER_INDEX", "true"),
        ])
        .unwrap();
        assert_eq!(options.url.as_str(), "mongodb://a");
        assert_eq!((&*options.database, &*options.collection), ("shop", "web.sessions"));
        assert_eq!(options.max_connections_or_default(), 3);
        assert!(options.owner_index);
        for pair in [
            ("SESSION_MONGODB_DB", "a.b"),
            ("SESSION_MONGODB_COLLECT", "$cmd"),
            ("SESSION_MONGODB_MAX_CONNECTIONS", "0"),
            ("SESSION_MONGODB_MAX_CONNECTIONS", "many"),
            ("SESSION_OWNER_INDEX", "perhaps"),
        ] {
            assert_eq!(read(&[pair]).unwrap_err().kind(), ErrorKind::Config, "{pair:?}");
        }
    }

    #[test]
    fn zero_timeout_is_a_config_error() {
        for options in [
            MongoOptions::default().connect_timeout(Duration::ZERO),
            MongoOptions::default().operation_timeout(Duration::ZERO),
        ] {
            assert_eq!(options.checked().err().map(|e| e.kind()), Some(ErrorKind::Config));
        }
    }

    #[test]
    fn debug_shows_no_url() {
        let shown = format!("{:?}", MongoOptions::new("mongodb://app:hunter2@host"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
