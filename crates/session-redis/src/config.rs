//! Where the server is, and how long to wait for it.

use crate::address::{self, Place};
use session_core::config::{KeyInfo, Kind, Settings};
use session_core::{Error, ErrorKind, Result};
use std::fmt;
use std::time::Duration;

pub(crate) const OPERATION_TIMEOUT: Duration = Duration::from_millis(500);
/// Longer ones are cut to it: a deadline must be a time that the clock can tell.
pub(crate) const LONGEST_TIMEOUT: Duration = Duration::from_secs(86_400);

const URL: &str = "redis://127.0.0.1:6379";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The settings that [`RedisOptions::from_settings`] reads.
pub const KEYS: &[KeyInfo] = &[KeyInfo::new(
    "SESSION_REDIS",
    Kind::Url,
    Some(URL),
    "The server, the nodes of a cluster, or the sentinels.",
)];

/// Where the Redis server is, and how long to wait for it.
///
/// `Debug` leaves the URL out: it may hold a password.
///
/// # Examples
///
/// ```
/// use session_redis::RedisOptions;
/// use std::time::Duration;
///
/// let options = RedisOptions::new("redis://cache.internal:6379/2")
///     .operation_timeout(Duration::from_millis(200));
/// ```
#[derive(Clone)]
pub struct RedisOptions {
    url: String,
    connect_timeout: Duration,
    operation_timeout: Duration,
}

impl RedisOptions {
    /// Names the server by `url`.
    ///
    /// | form | what it names |
    /// |---|---|
    /// | `redis://[user[:password]@]host[:port][/db]` | one server |
    /// | `unix:///path[?db=0]` | one server on this machine |
    /// | `redis+cluster://[user[:password]@]host[:port],..` | some nodes of a cluster, which name the others |
    /// | `redis+sentinel://[user[:password]@]host[:port],../service[/db]` | sentinels, and the service whose master holds the sessions |
    ///
    /// `rediss` in place of `redis` is TLS, to every server. User and password are those of the
    /// servers that hold sessions; sentinels are sent `?sentinel_user=` and `sentinel_password=`,
    /// percent-encoded, if they want any.
    ///
    /// Connections speak RESP3, by which a closed one is noticed before the next call needs it.
    /// `?protocol=resp2` in the URL is for servers before Redis 6 and proxies without `HELLO`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connect_timeout: CONNECT_TIMEOUT,
            operation_timeout: OPERATION_TIMEOUT,
        }
    }

    /// Reads [`KEYS`].
    ///
    /// # Errors
    ///
    /// `Config` if a value is no text; the URL itself is checked when the store is made.
    ///
    /// # Examples
    ///
    /// ```
    /// use session_core::config::Settings;
    /// use session_redis::{RedisOptions, RedisStore};
    ///
    /// let settings: Settings = [("SESSION_REDIS", "redis://cache.internal")].into_iter().collect();
    /// let store = RedisStore::connect_lazy(RedisOptions::from_settings(&settings)?)?;
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        Ok(settings.text("SESSION_REDIS")?.map_or_else(Self::default, Self::new))
    }

    /// Bounds one attempt to connect, with name look-up, TLS and log-in; 1 s by default.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Bounds each call of the store, with any wait for a connection; 500 ms by default, a day at most.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.operation_timeout = timeout.min(LONGEST_TIMEOUT);
        self
    }

    /// Checks the options.
    pub(crate) fn check(&self) -> Result<Target> {
        if self.connect_timeout.is_zero() || self.operation_timeout.is_zero() {
            return Err(Error::new(
                ErrorKind::Config,
                "connect to redis: a timeout of zero lets no call succeed",
            ));
        }
        Ok(Target {
            place: address::parse(&self.url)?,
            connect_timeout: self.connect_timeout,
            operation_timeout: self.operation_timeout,
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

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("connect_timeout", &self.connect_timeout)
            .field("operation_timeout", &self.operation_timeout)
            .finish_non_exhaustive()
    }
}

/// Options that were checked.
pub(crate) struct Target {
    pub(crate) place: Place,
    pub(crate) connect_timeout: Duration,
    pub(crate) operation_timeout: Duration,
}

#[cfg(test)]
mod tests {
    use super::{KEYS, RedisOptions, URL};
    use session_core::ErrorKind;
    use session_core::config::Settings;
    use std::time::Duration;

    #[test]
    fn url_comes_from_the_setting_or_is_the_documented_one() {
        let read = |settings: &Settings| RedisOptions::from_settings(settings).unwrap().url;
        assert_eq!(read(&[("SESSION_REDIS", "redis://a")].into_iter().collect()), "redis://a");
        assert_eq!(read(&Settings::default()), URL);
        assert_eq!(KEYS[0].default, Some(URL));
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
    fn deadline_of_the_longest_timeout_is_a_time() {
        let options = RedisOptions::default().operation_timeout(Duration::MAX);
        assert!(std::time::Instant::now().checked_add(options.operation_timeout).is_some());
        assert!(options.check().is_ok());
    }
}
