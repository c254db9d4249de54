//! Where the server is, and how long to wait for it.

use crate::address::{self, Place};
use crate::error::STORE;
use redis::ProtocolVersion;
use session_core::config::{KeyInfo, Kind, Settings};
use session_core::store::{self, Call, Timeouts, Url};
use session_core::{ErrorKind, Result};
use std::num::NonZeroUsize;
use std::time::Duration;

const URL: &str = "redis://127.0.0.1:6379";

/// NATs forget a connection after minutes; a question every ten seconds costs nobody anything.
const REST: Duration = Duration::from_secs(10);

/// The settings that [`RedisOptions::from_settings`] reads, besides `SESSION_OWNER_INDEX`.
pub const KEYS: &[KeyInfo] = &[
    KeyInfo::new(
        "SESSION_REDIS",
        Kind::Url,
        Some(URL),
        "The server, the nodes of a cluster, or the sentinels.",
    ),
    KeyInfo::new(
        "SESSION_REDIS_NEAR_CACHE",
        Kind::Number,
        Some("0"),
        "How many sessions are held in this process while the server tells of their changes.",
    ),
];

/// Where the Redis server is, and how long to wait for it.
///
/// `Debug` leaves the URL out: it may hold a password.
///
/// # Examples
///
/// ```
/// # mod web_session { pub mod stores { pub use session_redis as redis; } }
/// use std::time::Duration;
/// use web_session::stores::redis::RedisOptions;
///
/// let options = RedisOptions::new("redis://cache.internal:6379/2")
///     .operation_timeout(Duration::from_millis(200));
/// ```
#[derive(Clone, Debug)]
pub struct RedisOptions {
    url: Url,
    timeouts: Timeouts,
    rest: Duration,
    owner_index: bool,
    near_cache: usize,
}

impl RedisOptions {
    /// Names the server by `url`.
    ///
    /// | what it names | form |
    /// |---|---|
    /// | one server | `redis://[user[:password]@]host[:port][/db]` |
    /// | one server on this machine | `unix:///path[?db=0]` |
    /// | some nodes of a cluster, which name the others | `redis+cluster://[user[:password]@]host[:port],..` |
    /// | sentinels, and the service whose master holds the sessions | `redis+sentinel://[user[:password]@]host[:port],../service[/db]` |
    ///
    /// `rediss` in place of `redis` is TLS, to every server. User and password are those of the
    /// servers that hold sessions; sentinels are sent `?sentinel_user=` and `sentinel_password=`,
    /// percent-encoded, if they want any.
    ///
    /// Parameters are those of redis-py, percent-encoded (`+` stands for itself). One that is not
    /// here is an error that names it:
    ///
    /// | parameter | what it does |
    /// |---|---|
    /// | `protocol` | `resp3`, by which a closed connection is noticed before the next call needs it, or `resp2` for servers before Redis 6 and proxies without `HELLO` |
    /// | `db`, `username`, `password` | the same as before and after the host |
    /// | `ssl_ca_certs` | a file of certificates in PEM: the authorities that are trusted in place of the public ones |
    /// | `ssl_certfile`, `ssl_keyfile` | files in PEM: what a server is shown that wants a certificate |
    /// | `ssl_cert_reqs`, `ssl_check_hostname` | `required` and `true`, and nothing less |
    /// | `decode_responses`, `encoding`, `encoding_errors`, `health_check_interval`, `max_connections`, `socket_keepalive`, `allowUsernameInURI` | nothing: bytes are read as they are, over one connection that is looked after |
    pub fn new(url: impl Into<String>) -> Self {
        let timeouts = Timeouts::default();
        Self { url: Url::new(url), timeouts, rest: REST, owner_index: false, near_cache: 0 }
    }

    /// Reads [`KEYS`], [`Timeouts::KEYS`] and `SESSION_OWNER_INDEX`.
    ///
    /// # Errors
    ///
    /// `Config` if a value is not of its kind; the URL itself is checked when the store is made.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod web_session {
    /// #     pub use session_core::*;
    /// #     pub mod stores { pub use session_redis as redis; }
    /// # }
    /// use web_session::config::Settings;
    /// use web_session::stores::redis::{RedisOptions, RedisStore};
    ///
    /// let settings: Settings = [("SESSION_REDIS", "redis://cache.internal")].into_iter().collect();
    /// let store = RedisStore::connect_lazy(RedisOptions::from_settings(&settings)?)?;
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        Ok(Self {
            timeouts: Timeouts::from_settings(settings)?,
            owner_index: store::owner_index(settings)?,
            near_cache: settings.number("SESSION_REDIS_NEAR_CACHE")?.unwrap_or_default(),
            ..settings.text("SESSION_REDIS")?.map_or_else(Self::default, Self::new)
        })
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
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts = self.timeouts.with_operation(timeout);
        self
    }

    /// Keeps an index of owners beside the records; off by default (`SESSION_OWNER_INDEX`).
    ///
    /// A session from before it was turned on, or of Flask, is listed once this store writes or
    /// renews it.
    #[must_use]
    pub fn owner_index(mut self, owner_index: bool) -> Self {
        self.owner_index = owner_index;
        self
    }

    /// Holds up to `sessions` sessions of each server in this process's memory, so that reading one
    /// costs no round trip until it changes (`SESSION_REDIS_NEAR_CACHE`); 0, the default, holds none.
    ///
    /// The server tells of every change, whoever makes it (`CLIENT TRACKING`), which takes Redis 6 or
    /// Valkey and RESP3. They take `sessions` times 4 KiB at most: a larger session counts as
    /// several. The section "Near-cache" of the crate's page says what a read may miss.
    #[must_use]
    pub fn near_cache(mut self, sessions: usize) -> Self {
        self.near_cache = sessions;
        self
    }

    /// After how long without a call a connection is asked whether it still works, before it is
    /// used; 10 s. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn idle_check(mut self, rest: Duration) -> Self {
        self.rest = rest;
        self
    }

    /// Checks the options.
    pub(crate) fn check(&self) -> Result<Target> {
        self.timeouts.check(STORE)?;
        let place = address::parse(self.url.as_str())?;
        let near = NonZeroUsize::new(self.near_cache);
        if near.is_some() && place.protocol() == ProtocolVersion::RESP2 {
            let what = "SESSION_REDIS_NEAR_CACHE needs RESP3: leave protocol=resp2 out of the url";
            return Err(Call::Connect.error(STORE, ErrorKind::Config, what));
        }
        Ok(Target {
            place,
            timeouts: self.timeouts,
            rest: self.rest,
            has_owners: self.owner_index,
            near,
        })
    }
}

impl Default for RedisOptions {
    /// A server on this machine: `redis://127.0.0.1:6379`.
    fn default() -> Self {
        Self::new(URL)
    }
}

impl From<&str> for RedisOptions {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<String> for RedisOptions {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}

/// Options that were checked.
pub(crate) struct Target {
    pub(crate) place: Place,
    pub(crate) timeouts: Timeouts,
    pub(crate) rest: Duration,
    pub(crate) has_owners: bool,
    pub(crate) near: Option<NonZeroUsize>,
}

#[cfg(test)]
mod tests {
    use super::{KEYS, RedisOptions, URL};
    use session_core::ErrorKind;
    use session_core::config::Settings;
    use std::time::Duration;

    #[test]
    fn url_comes_from_the_setting_or_is_the_documented_one() {
        let read = |settings: &Settings| {
            RedisOptions::from_settings(settings).unwrap().url.as_str().to_owned()
        };
        assert_eq!(read(&[("SESSION_REDIS", "redis://a")].into_iter().collect()), "redis://a");
        assert_eq!(read(&Settings::default()), URL);
        assert_eq!(KEYS[0].default, Some(URL));
    }

    #[test]
    fn owner_index_is_off_unless_the_setting_turns_it_on() {
        for (value, expected) in [(None, false), (Some("false"), false), (Some("true"), true)] {
            let settings: Settings =
                value.map(|value| ("SESSION_OWNER_INDEX", value)).into_iter().collect();
            let options = RedisOptions::from_settings(&settings).unwrap();
            assert_eq!(options.check().unwrap().has_owners, expected, "{value:?}");
        }
        let settings = [("SESSION_OWNER_INDEX", "maybe")].into_iter().collect();
        assert!(RedisOptions::from_settings(&settings).is_err());
    }

    #[test]
    fn near_cache_needs_a_server_that_tells_of_changes() {
        let near = |sessions, url| RedisOptions::new(url).near_cache(sessions).check();
        assert_eq!(near(0, URL).unwrap().near, None);
        assert_eq!(near(7, URL).unwrap().near.map(usize::from), Some(7));
        let resp2 = "redis://a?protocol=resp2";
        assert!(near(0, resp2).is_ok());
        let refused = near(7, resp2).err().map(|error| (error.kind(), error.to_string()));
        assert!(
            refused.is_some_and(|(kind, text)| kind == ErrorKind::Config
                && text.contains("leave protocol=resp2 out")),
        );
        let settings = [("SESSION_REDIS_NEAR_CACHE", "1000")].into_iter().collect();
        assert_eq!(RedisOptions::from_settings(&settings).unwrap().near_cache, 1000);
    }

    #[test]
    fn zero_timeout_is_a_config_error() {
        for options in [
            RedisOptions::default().connect_timeout(Duration::ZERO),
            RedisOptions::default().operation_timeout(Duration::ZERO),
        ] {
            assert_eq!(options.check().err().map(|e| e.kind()), Some(ErrorKind::Config));
        }
    }

    #[test]
    fn debug_shows_no_url() {
        let shown = format!("{:?}", RedisOptions::new("redis://:hunter2@host"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn timeouts_come_from_the_settings_of_every_store() {
        let settings: Settings =
            [("SESSION_CONNECT_TIMEOUT", "3"), ("SESSION_OPERATION_TIMEOUT", "0.25")]
                .into_iter()
                .collect();
        let timeouts = RedisOptions::from_settings(&settings).unwrap().check().unwrap().timeouts;
        assert_eq!(timeouts.connect(), Duration::from_secs(3));
        assert_eq!(timeouts.operation(), Duration::from_millis(250));
    }
}
