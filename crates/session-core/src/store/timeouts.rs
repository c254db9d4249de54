//! How long a store waits for its server.

use super::Call;
use crate::config::{KeyInfo, Kind, Settings};
use crate::error::{ErrorKind, Result};
use std::time::Duration;

/// How long a store waits for its server.
///
/// No wait is longer than a day, so that no clock overflows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    connect: Duration,
    operation: Duration,
}

impl Timeouts {
    /// The settings that [`from_settings`](Self::from_settings) reads.
    pub const KEYS: &[KeyInfo] = &[
        KeyInfo::new(
            "SESSION_CONNECT_TIMEOUT",
            Kind::Timeout,
            Some("1"),
            "How long one attempt to connect to the store may take.",
        ),
        KeyInfo::new(
            "SESSION_OPERATION_TIMEOUT",
            Kind::Timeout,
            Some("0.5"),
            "How long one call of the store may take, with any wait for a connection.",
        ),
    ];

    const LONGEST: Duration = Duration::from_secs(86_400);

    /// Reads [`KEYS`](Self::KEYS), the same for every store.
    ///
    /// # Errors
    ///
    /// `Config` if a value is no number of seconds.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use std::time::Duration;
    /// use web_session::config::Settings;
    /// use web_session::store::Timeouts;
    ///
    /// let settings: Settings = [("SESSION_OPERATION_TIMEOUT", "0.2")].into_iter().collect();
    /// let timeouts = Timeouts::from_settings(&settings)?;
    /// assert_eq!(timeouts.operation(), Duration::from_millis(200));
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let mut timeouts = Self::default();
        if let Some(timeout) = settings.timeout("SESSION_CONNECT_TIMEOUT")? {
            timeouts = timeouts.with_connect(timeout);
        }
        if let Some(timeout) = settings.timeout("SESSION_OPERATION_TIMEOUT")? {
            timeouts = timeouts.with_operation(timeout);
        }
        Ok(timeouts)
    }

    /// Bounds one attempt to connect, with name look-up, TLS and log-in; 1 s by default.
    #[must_use]
    pub fn with_connect(mut self, timeout: Duration) -> Self {
        self.connect = timeout.min(Self::LONGEST);
        self
    }

    /// Bounds each call, with any wait for a connection; 500 ms by default.
    #[must_use]
    pub fn with_operation(mut self, timeout: Duration) -> Self {
        self.operation = timeout.min(Self::LONGEST);
        self
    }

    /// The longest attempt to connect.
    pub fn connect(&self) -> Duration {
        self.connect
    }

    /// The longest call.
    pub fn operation(&self) -> Duration {
        self.operation
    }

    /// The longest attempt to connect that leaves a call the time to say that it was not sent: at
    /// most four fifths of the operation's.
    pub fn dial(&self) -> Duration {
        self.connect.min(self.operation * 4 / 5)
    }

    /// Refuses a timeout of zero, which lets no call on `store` succeed.
    ///
    /// # Errors
    ///
    /// `Config`.
    pub fn check(&self, store: &str) -> Result<()> {
        let what = match (self.connect.is_zero(), self.operation.is_zero()) {
            (false, false) => return Ok(()),
            (true, _) => "SESSION_CONNECT_TIMEOUT must be over 0 seconds",
            (false, true) => "SESSION_OPERATION_TIMEOUT must be over 0 seconds",
        };
        Err(Call::Connect.error(store, ErrorKind::Config, what))
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(1), operation: Duration::from_millis(500) }
    }
}

#[cfg(test)]
mod tests {
    use super::Timeouts;
    use crate::config::Settings;
    use crate::error::ErrorKind::Config;
    use std::time::Duration;

    #[test]
    fn defaults_are_those_of_the_table_of_keys() {
        let settings: Settings =
            Timeouts::KEYS.iter().filter_map(|key| Some((key.name, key.default?))).collect();
        assert_eq!(Timeouts::from_settings(&settings).unwrap(), Timeouts::default());
    }

    #[test]
    fn settings_are_read() {
        let settings: Settings =
            [("SESSION_CONNECT_TIMEOUT", "3"), ("SESSION_OPERATION_TIMEOUT", "0.25")]
                .into_iter()
                .collect();
        let timeouts = Timeouts::from_settings(&settings).unwrap();
        assert_eq!(timeouts.connect(), Duration::from_secs(3));
        assert_eq!(timeouts.operation(), Duration::from_millis(250));
        let malformed: Settings = [("SESSION_CONNECT_TIMEOUT", "1s")].into_iter().collect();
        assert_eq!(Timeouts::from_settings(&malformed).unwrap_err().kind(), Config);
    }

    #[test]
    fn dialling_leaves_time_to_say_that_nothing_was_sent() {
        for (connect_ms, operation_ms, dial_ms) in [(1_000, 500, 400), (100, 500, 100)] {
            let timeouts = Timeouts::default()
                .with_connect(Duration::from_millis(connect_ms))
                .with_operation(Duration::from_millis(operation_ms));
            assert_eq!(timeouts.dial(), Duration::from_millis(dial_ms));
        }
    }

    #[test]
    fn timeouts_are_at_most_a_day_and_never_zero() {
        let day = Duration::from_secs(86_400);
        let longest = Timeouts::default().with_connect(Duration::MAX).with_operation(Duration::MAX);
        assert_eq!((longest.connect(), longest.operation()), (day, day));
        assert!(longest.check("it").is_ok());
        for timeouts in [
            Timeouts::default().with_connect(Duration::ZERO),
            Timeouts::default().with_operation(Duration::ZERO),
        ] {
            assert_eq!(timeouts.check("it").unwrap_err().kind(), Config);
        }
    }
}
