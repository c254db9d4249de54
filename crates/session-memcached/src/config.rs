//! Where the servers are, how long to wait for them, and how large their items are.

use crate::address;
use session_core::config::{KeyInfo, Kind, Settings};
use session_core::store::{Call, Failure, Timeouts};
use session_core::{ErrorKind, Result};
use std::collections::BTreeSet;
use std::time::Duration;

/// The store's name in messages.
pub(crate) const STORE: &str = "memcached";

/// What a server holds as shipped (`-I 1m`).
pub(crate) const ITEM_SIZE_MAX: usize = 1 << 20;

const SERVERS: &str = "127.0.0.1:11211";
const MAX_CONNECTIONS: usize = 64;

/// Firewalls forget idle connections without a word.
const REST: Duration = Duration::from_secs(10);

/// The settings that [`MemcachedOptions::from_settings`] reads.
pub const KEYS: &[KeyInfo] = &[
    KeyInfo::new(
        "SESSION_MEMCACHED",
        Kind::List,
        Some(SERVERS),
        "The servers, each `host` or `host:port`; every process names the same ones in the same words.",
    ),
    KeyInfo::new(
        "SESSION_MEMCACHED_MAX_CONNECTIONS",
        Kind::Number,
        Some("64"),
        "How many connections to each server one process has open at most, at least 1; further calls wait in line.",
    ),
];

/// Where the Memcached servers are, and how long to wait for them.
///
/// # Examples
///
/// ```
/// # mod web_session { pub mod stores { pub use session_memcached as memcached; } }
/// use std::time::Duration;
/// use web_session::stores::memcached::MemcachedOptions;
///
/// let options = MemcachedOptions::new(["10.0.0.1:11211", "10.0.0.2:11211"])
///     .operation_timeout(Duration::from_millis(200));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemcachedOptions {
    pub(crate) servers: Vec<String>,
    pub(crate) timeouts: Timeouts,
    pub(crate) max_connections: usize,
    pub(crate) item_size_max: usize,
    pub(crate) rest: Duration,
}

impl MemcachedOptions {
    /// Names the servers, each `host`, `host:port` or `[IPv6]:port`; without a port it is 11211.
    ///
    /// A name is part of where keys lie, so every process spells it alike; the order is free. It is
    /// resolved at the first contact, and again when a server cannot be reached.
    pub fn new<S: Into<String>>(servers: impl IntoIterator<Item = S>) -> Self {
        Self {
            servers: servers.into_iter().map(Into::into).collect(),
            timeouts: Timeouts::default(),
            max_connections: MAX_CONNECTIONS,
            item_size_max: ITEM_SIZE_MAX,
            rest: REST,
        }
    }

    /// Reads [`KEYS`] and [`Timeouts::KEYS`].
    ///
    /// # Errors
    ///
    /// `Config` if a value is not of its kind. The servers are checked when the store connects.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod web_session {
    /// #     pub use session_core::*;
    /// #     pub mod stores { pub use session_memcached as memcached; }
    /// # }
    /// use web_session::config::Settings;
    /// use web_session::stores::memcached::MemcachedOptions;
    ///
    /// let settings: Settings = [("SESSION_MEMCACHED", "10.0.0.1, 10.0.0.2")].into_iter().collect();
    /// let options = MemcachedOptions::from_settings(&settings)?;
    /// assert_eq!(options, MemcachedOptions::new(["10.0.0.1", "10.0.0.2"]));
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let options = settings.list("SESSION_MEMCACHED")?.map_or_else(Self::default, Self::new);
        let max_connections = settings.number("SESSION_MEMCACHED_MAX_CONNECTIONS")?;
        Ok(Self {
            timeouts: Timeouts::from_settings(settings)?,
            max_connections: max_connections.unwrap_or(MAX_CONNECTIONS),
            ..options
        })
    }

    /// Bounds the first contact with each server; 1 s by default, a day at most.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts = self.timeouts.with_connect(timeout);
        self
    }

    /// Bounds each call of the store, with any wait for a connection; 500 ms by default, a day at most.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts = self.timeouts.with_operation(timeout);
        self
    }

    /// Sets how many connections to each server are open at most, at least 1; 64 by default
    /// (`SESSION_MEMCACHED_MAX_CONNECTIONS`).
    ///
    /// A call uses a connection of its own, and one beyond them waits in line until the operation
    /// timeout. All processes together stay below the server's `-c`, which is 1024 as shipped. A
    /// server that keeps silent has the connections of calls that were given up until it goes on:
    /// they count as long, all but one, with which it is tried.
    #[must_use]
    pub fn max_connections(mut self, max: usize) -> Self {
        self.max_connections = max;
        self
    }

    /// After how long without a call a connection is replaced rather than used; 10 s. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn idle_check(mut self, rest: Duration) -> Self {
        self.rest = rest;
        self
    }

    /// Sets the largest item, in bytes, of servers that do not tell theirs (`memcached -I`); 1 MiB
    /// by default.
    ///
    /// Servers are asked at the first contact, and the smallest answer holds; proxies do not tell.
    #[must_use]
    pub fn item_size_max(mut self, bytes: usize) -> Self {
        self.item_size_max = bytes;
        self
    }

    /// Checks the options and spells the servers as `host:port`.
    pub(crate) fn checked(self) -> Result<Self> {
        let complain = |what| Call::Connect.failed(STORE, Failure::Final(ErrorKind::Config, what));
        let read = |server: &String| address::read(server).map_err(complain);
        let servers = self.servers.iter().map(read).collect::<Result<Vec<String>>>()?;
        if servers.is_empty() {
            return Err(complain("SESSION_MEMCACHED names no server"));
        }
        if servers.iter().collect::<BTreeSet<_>>().len() < servers.len() {
            return Err(complain("SESSION_MEMCACHED names a server twice"));
        }
        if self.max_connections == 0 {
            return Err(complain("SESSION_MEMCACHED_MAX_CONNECTIONS is at least 1"));
        }
        self.timeouts.check(STORE)?;
        Ok(Self { servers, ..self })
    }
}

impl Default for MemcachedOptions {
    /// A server on this machine: `127.0.0.1:11211`.
    fn default() -> Self {
        Self::new([SERVERS])
    }
}

impl From<&str> for MemcachedOptions {
    /// One server, or several with commas between them.
    fn from(servers: &str) -> Self {
        Self::new(servers.split(',').map(str::trim))
    }
}

impl From<String> for MemcachedOptions {
    fn from(servers: String) -> Self {
        Self::from(servers.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::MemcachedOptions;
    use session_core::ErrorKind;
    use session_core::config::Settings;
    use std::time::Duration;

    #[test]
    fn contradictions_are_config_errors() {
        for options in [
            MemcachedOptions::new(Vec::<String>::new()),
            MemcachedOptions::from(""),
            MemcachedOptions::from("a,,b"),
            MemcachedOptions::from("a,a:11211"),
            MemcachedOptions::default().connect_timeout(Duration::ZERO),
            MemcachedOptions::default().operation_timeout(Duration::ZERO),
            MemcachedOptions::default().max_connections(0),
        ] {
            let kind = options.clone().checked().err().map(|error| error.kind());
            assert_eq!(kind, Some(ErrorKind::Config), "{options:?}");
        }
        assert!(MemcachedOptions::default().checked().is_ok());
    }

    #[test]
    fn settings_name_the_servers() {
        let none: Settings = [("SESSION_MEMCACHED", "")].into_iter().collect();
        assert_eq!(MemcachedOptions::from_settings(&none).unwrap(), MemcachedOptions::default());
        let two: Settings = [("SESSION_MEMCACHED", "a:1 , b")].into_iter().collect();
        let options = MemcachedOptions::from_settings(&two).unwrap();
        assert_eq!(options.checked().unwrap().servers, ["a:1", "b:11211"]);
        let few: Settings = [("SESSION_MEMCACHED_MAX_CONNECTIONS", "8")].into_iter().collect();
        let options = MemcachedOptions::from_settings(&few).unwrap();
        assert_eq!(options, MemcachedOptions::default().max_connections(8));
    }
}
