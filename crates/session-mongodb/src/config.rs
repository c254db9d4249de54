//! Where the server is, which collection it is, and how long to wait.

use crate::name::Namespace;
use mongodb::options::ClientOptions;
use session_core::config::{KeyInfo, Kind, Settings};
use session_core::store::Timeouts;
use session_core::{Error, ErrorKind, Result};
use std::fmt;
use std::time::Duration;

const URL: &str = "mongodb://127.0.0.1:27017";
const DATABASE: &str = "flask_session";
const COLLECTION: &str = "sessions";
const MAX_IDLE: Duration = Duration::from_secs(60);
/// Enough for thousands of calls a second, and few for a server that many processes share: the
/// driver's own 100 are all opened by one burst, and each costs the server a handshake.
const MAX_POOL: u32 = 16;

const URL_KEY: &str = "SESSION_MONGODB";
const DATABASE_KEY: &str = "SESSION_MONGODB_DB";
const COLLECTION_KEY: &str = "SESSION_MONGODB_COLLECT";

/// The settings that [`MongoOptions::from_settings`] reads, besides `SESSION_OWNER_INDEX`.
pub const KEYS: &[KeyInfo] = &[
    KeyInfo::new(URL_KEY, Kind::Url, Some(URL), "The server, or the members of a replica set."),
    KeyInfo::new(DATABASE_KEY, Kind::Text, Some(DATABASE), "The database."),
    KeyInfo::new(COLLECTION_KEY, Kind::Text, Some(COLLECTION), "The collection."),
];

/// Where the MongoDB server is, which collection holds the sessions, and how long to wait.
///
/// `Debug` leaves the URL out: it may hold a password.
///
/// # Examples
///
/// ```
/// use session_mongodb::MongoOptions;
/// use std::time::Duration;
///
/// let options = MongoOptions::new("mongodb://db1.internal,db2.internal/?replicaSet=shop")
///     .database("shop")
///     .operation_timeout(Duration::from_millis(200));
/// ```
#[derive(Clone)]
pub struct MongoOptions {
    url: String,
    database: String,
    collection: String,
    owner_index: bool,
    timeouts: Timeouts,
}

/// Options that were checked, but for the URL.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) namespace: Namespace,
    pub(crate) has_owners: bool,
    pub(crate) timeouts: Timeouts,
}

impl MongoOptions {
    /// Names the server by `url`, as every MongoDB driver reads it:
    /// `mongodb://[user[:password]@]host[:port][,host[:port]...][/auth database][?options]`.
    ///
    /// `mongodb+srv://` needs the feature `srv`. Of the options, `retryWrites`, `retryReads` and
    /// `readPreference` have no effect, and no wait is longer than the timeouts of this type.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            database: DATABASE.to_owned(),
            collection: COLLECTION.to_owned(),
            owner_index: false,
            timeouts: Timeouts::default(),
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
    /// use session_core::config::Settings;
    /// use session_mongodb::MongoOptions;
    ///
    /// let settings: Settings =
    ///     [("SESSION_MONGODB", "mongodb://db.internal")].into_iter().collect();
    /// let options = MongoOptions::from_settings(&settings)?;
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let mut options = settings.text(URL_KEY)?.map_or_else(Self::default, Self::new);
        options.timeouts = Timeouts::from_settings(settings)?;
        if let Some(database) = settings.text(DATABASE_KEY)? {
            options = options.database(database);
        }
        if let Some(collection) = settings.text(COLLECTION_KEY)? {
            options = options.collection(collection);
        }
        if let Some(owner_index) = settings.flag("SESSION_OWNER_INDEX")? {
            options = options.owner_index(owner_index);
        }
        options.check()?;
        Ok(options)
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

    /// Checks all but the URL.
    pub(crate) fn check(&self) -> Result<Checked> {
        self.timeouts.check("mongodb")?;
        Ok(Checked {
            namespace: Namespace::new(&self.database, &self.collection)?,
            has_owners: self.owner_index,
            timeouts: self.timeouts,
        })
    }

    /// Reads the URL; `mongodb+srv` asks DNS.
    pub(crate) async fn driver(&self) -> Result<ClientOptions> {
        let is_srv = self.url.starts_with("mongodb+srv:");
        if is_srv && !cfg!(feature = "srv") {
            return Err(refuse("mongodb+srv:// needs the feature `srv` of session-mongodb"));
        }
        let parsing = ClientOptions::parse(self.url.as_str());
        let parsed = tokio::time::timeout(self.timeouts.connect(), async { parsing.await }).await;
        let options = match parsed {
            Ok(Ok(options)) => options,
            Ok(Err(error))
                if !matches!(*error.kind, mongodb::error::ErrorKind::DnsResolve { .. }) =>
            {
                return Err(refuse(
                    "the url cannot be used; expected \
                     mongodb://[user[:password]@]host[:port][,host...][/auth database][?options]",
                ));
            }
            Ok(Err(_)) | Err(_) => {
                let message = "connect to mongodb: no answer from DNS about the servers of the url";
                return Err(Error::new(ErrorKind::Unavailable, message).with_retryable(true));
            }
        };
        Ok(self.bounded(options))
    }

    /// No retries, for a write must never be sent twice; no wait beyond our own.
    fn bounded(&self, mut options: ClientOptions) -> ClientOptions {
        options.retry_writes = Some(false);
        options.retry_reads = Some(false);
        let connect = self.timeouts.connect();
        options.connect_timeout =
            Some(options.connect_timeout.map_or(connect, |own| own.min(connect)));
        // Shorter than the call, so that one that found no server provably sent nothing.
        let select = selection_timeout(self.timeouts.operation());
        options.server_selection_timeout =
            Some(options.server_selection_timeout.map_or(select, |own| own.min(select)));
        // What rested for longer, a balancer or firewall may have cut without a word.
        options.max_idle_time = options.max_idle_time.or(Some(MAX_IDLE));
        options.max_pool_size = options.max_pool_size.or(Some(MAX_POOL));
        options
    }
}

fn selection_timeout(operation: Duration) -> Duration {
    (operation / 5 * 4).min(Duration::from_secs(1))
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

impl fmt::Debug for MongoOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoOptions")
            .field("database", &self.database)
            .field("collection", &self.collection)
            .field("owner_index", &self.owner_index)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

fn refuse(what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("connect to mongodb: {what}"))
}

#[cfg(test)]
mod tests {
    use super::{KEYS, MongoOptions, URL};
    use session_core::ErrorKind;
    use session_core::config::Settings;
    use std::time::Duration;

    #[tokio::test]
    async fn bad_url_is_a_config_error_that_does_not_repeat_it() {
        for url in [
            "",
            "127.0.0.1:27017",
            "http://app:hunter2@host",
            "mongodb://app:hunter2@host:port",
            "mongodb://app:hunter2@",
            "mongodb://app:hunter2@host/?w=hunter2&journal=hunter2",
            "mongodb://app:hunter2@host/?authMechanism=hunter2",
            "mongodb://app:hunter2@host/?tls=hunter2",
            "mongodb://app:hunter2@host/?directConnection=true&directConnection=hunter2",
            "mongodb://app:hun/ter2@host",
        ] {
            let error = MongoOptions::new(url).driver().await.expect_err(url);
            assert_eq!(error.kind(), ErrorKind::Config, "{url}");
            let shown = format!("{error:#} {error:?}");
            assert!(!shown.contains("hunter2") && !shown.contains("ter2"), "{shown}");
        }
    }

    #[cfg(not(feature = "srv"))]
    #[tokio::test]
    async fn srv_without_its_feature_says_which() {
        let error = MongoOptions::new("mongodb+srv://db.internal").driver().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("feature `srv`"), "{error}");
    }

    #[tokio::test]
    async fn options_of_the_url_are_kept_but_for_retries_and_longer_waits() {
        let url = "mongodb://app:secret@a:1,b/admin?replicaSet=rs&w=majority&retryWrites=true\
                   &retryReads=true&connectTimeoutMS=60000&serverSelectionTimeoutMS=60000\
                   &appName=shop&maxPoolSize=7";
        let options = MongoOptions::new(url).driver().await.unwrap();
        assert_eq!((options.retry_writes, options.retry_reads), (Some(false), Some(false)));
        assert_eq!(options.connect_timeout, Some(Duration::from_secs(1)));
        assert_eq!(options.server_selection_timeout, Some(Duration::from_millis(400)));
        assert_eq!(options.hosts.len(), 2);
        assert_eq!(options.repl_set_name.as_deref(), Some("rs"));
        assert_eq!(options.app_name.as_deref(), Some("shop"));
        assert_eq!(options.max_pool_size, Some(7));
        assert!(options.write_concern.is_some() && options.credential.is_some());

        let url = "mongodb://a/?connectTimeoutMS=50&serverSelectionTimeoutMS=60";
        let slow = MongoOptions::new(url).operation_timeout(Duration::from_secs(30));
        let options = slow.driver().await.unwrap();
        assert_eq!(options.connect_timeout, Some(Duration::from_millis(50)));
        assert_eq!(options.server_selection_timeout, Some(Duration::from_millis(60)));
        let options = slow.clone().operation_timeout(Duration::MAX).bounded(Default::default());
        assert_eq!(options.server_selection_timeout, Some(Duration::from_secs(1)));
    }

    #[test]
    fn settings_are_read_or_the_documented_ones() {
        let read = |pairs: &[(&'static str, &'static str)]| {
            MongoOptions::from_settings(&pairs.iter().copied().collect::<Settings>())
        };
        let default = read(&[]).unwrap();
        assert_eq!(default.url, URL);
        let documented: Vec<_> = KEYS.iter().map(|key| key.default.unwrap()).collect();
        assert_eq!(documented, [default.url, default.database, default.collection]);
        let options = read(&[
            ("SESSION_MONGODB", "mongodb://a"),
            ("SESSION_MONGODB_DB", "shop"),
            ("SESSION_MONGODB_COLLECT", "web.sessions"),
            ("SESSION_OWNER_INDEX", "true"),
        ])
        .unwrap();
        assert_eq!(options.url, "mongodb://a");
        let checked = options.check().unwrap();
        assert_eq!(checked.namespace.database, "shop");
        assert_eq!(checked.namespace.collection, "web.sessions");
        assert!(checked.has_owners);
        for pair in [
            ("SESSION_MONGODB_DB", "a.b"),
            ("SESSION_MONGODB_COLLECT", "$cmd"),
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
            assert_eq!(options.check().err().map(|e| e.kind()), Some(ErrorKind::Config));
        }
    }

    #[test]
    fn debug_shows_no_url() {
        let shown = format!("{:?}", MongoOptions::new("mongodb://app:hunter2@host"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
