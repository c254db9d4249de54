//! Where the table is, what its attributes are called, and how long to wait.

use crate::endpoint;
use crate::keys::{
    CONNECTIONS_KEY, ENDPOINT_KEY, EXPIRY, EXPIRY_KEY, KEY, KEY_KEY, MISSING_KEY, OWNER, OWNER_KEY,
    REGION_KEY, TABLE, TABLE_KEY, VALUE, VALUE_KEY,
};
use crate::layout::{Layout, MissingExpiry};
use session_core::config::Settings;
use session_core::store::{Call, Failure, Timeouts, Url, owner_index};
use session_core::{Error, ErrorKind, Result};
use std::time::Duration;

/// The store's name in messages.
pub(crate) const STORE: &str = "dynamodb";

/// A thousand calls a second and more at the latency of a data centre.
const MAX_CONNECTIONS: usize = 64;

const MISSING: &[(&str, MissingExpiry)] =
    &[("expired", MissingExpiry::Expired), ("live", MissingExpiry::Live)];

/// Where the table is, what its attributes are called, and how long to wait.
///
/// # Examples
///
/// ```
/// # mod web_session { pub mod stores { pub use session_dynamodb as dynamodb; } }
/// use std::time::Duration;
/// use web_session::stores::dynamodb::DynamoDbOptions;
///
/// let options = DynamoDbOptions::default()
///     .region("eu-central-1")
///     .table("WebSessions")
///     .operation_timeout(Duration::from_millis(200));
/// ```
#[derive(Clone, Debug, Default)]
pub struct DynamoDbOptions {
    pub(crate) endpoint: Option<Url>,
    pub(crate) region: Option<String>,
    pub(crate) layout: Layout,
    pub(crate) timeouts: Timeouts,
    max_connections: Option<usize>,
    pub(crate) rest: Option<Duration>,
}

impl DynamoDbOptions {
    /// Names the endpoint, such as `http://127.0.0.1:8000`; [`default`](Self::default) leaves it
    /// to the AWS configuration.
    ///
    /// One of `http://` is taken for DynamoDB Local: without a region it is `us-east-1`, and
    /// credentials are those of the environment or stand-ins; no other provider is asked.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self { endpoint: Some(Url::new(endpoint)), ..Self::default() }
    }

    /// Reads [`KEYS`](crate::KEYS), [`Timeouts::KEYS`] and `SESSION_OWNER_INDEX`.
    ///
    /// # Errors
    ///
    /// `Config` if a value is not of its kind.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod web_session {
    /// #     pub use session_core::*;
    /// #     pub mod stores { pub use session_dynamodb as dynamodb; }
    /// # }
    /// use web_session::config::Settings;
    /// use web_session::stores::dynamodb::DynamoDbOptions;
    ///
    /// let settings: Settings = [
    ///     ("SESSION_DYNAMODB_REGION", "eu-central-1"),
    ///     ("SESSION_DYNAMODB_TABLE", "WebSessions"),
    /// ]
    /// .into_iter()
    /// .collect();
    /// let options = DynamoDbOptions::from_settings(&settings)?;
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let options = Self {
            endpoint: settings.text(ENDPOINT_KEY)?.map(Url::new),
            region: settings.text(REGION_KEY)?.map(str::to_owned),
            layout: Layout {
                table: settings.text(TABLE_KEY)?.unwrap_or(TABLE).to_owned(),
                key: settings.text(KEY_KEY)?.unwrap_or(KEY).to_owned(),
                value: settings.text(VALUE_KEY)?.unwrap_or(VALUE).to_owned(),
                expiry: settings.text(EXPIRY_KEY)?.unwrap_or(EXPIRY).to_owned(),
                owner: settings.text(OWNER_KEY)?.unwrap_or(OWNER).to_owned(),
                has_owners: owner_index(settings)?,
                missing_expiry: settings.choice(MISSING_KEY, MISSING)?.unwrap_or_default(),
            },
            timeouts: Timeouts::from_settings(settings)?,
            max_connections: settings.number(CONNECTIONS_KEY)?,
            rest: None,
        };
        options.check()?;
        options.check_endpoint()?;
        Ok(options)
    }

    /// Sets the region; by default that of the AWS configuration (`SESSION_DYNAMODB_REGION`).
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Names the table; `Sessions` by default (`SESSION_DYNAMODB_TABLE`).
    #[must_use]
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.layout.table = table.into();
        self
    }

    /// Names the attribute of the key, the table's hash key; `id` by default
    /// (`SESSION_DYNAMODB_KEY_ATTRIBUTE`).
    #[must_use]
    pub fn key_attribute(mut self, name: impl Into<String>) -> Self {
        self.layout.key = name.into();
        self
    }

    /// Names the attribute of the payload; `val` by default (`SESSION_DYNAMODB_VALUE_ATTRIBUTE`).
    ///
    /// A text that is found there is loaded as its UTF-8 bytes; what is written is binary.
    #[must_use]
    pub fn value_attribute(mut self, name: impl Into<String>) -> Self {
        self.layout.value = name.into();
        self
    }

    /// Names the attribute of the expiry; `expiration` by default
    /// (`SESSION_DYNAMODB_EXPIRY_ATTRIBUTE`).
    #[must_use]
    pub fn expiry_attribute(mut self, name: impl Into<String>) -> Self {
        self.layout.expiry = name.into();
        self
    }

    /// Names the attribute of the owner; `owner` by default (`SESSION_DYNAMODB_OWNER_ATTRIBUTE`).
    #[must_use]
    pub fn owner_attribute(mut self, name: impl Into<String>) -> Self {
        self.layout.owner = name.into();
        self
    }

    /// Says what a record without an expiry is; expired by default
    /// (`SESSION_DYNAMODB_MISSING_EXPIRY`).
    #[must_use]
    pub fn missing_expiry(mut self, meaning: MissingExpiry) -> Self {
        self.layout.missing_expiry = meaning;
        self
    }

    /// Keeps an index of owners; off by default (`SESSION_OWNER_INDEX`).
    ///
    /// [`DynamoDbStore::init`](crate::DynamoDbStore::init) makes it, also in a table that Flask
    /// made. A session that Flask writes is not in it until this store writes or renews it.
    #[must_use]
    pub fn owner_index(mut self, owner_index: bool) -> Self {
        self.layout.has_owners = owner_index;
        self
    }

    /// Bounds the connections of one process; 64 by default, at least 1
    /// (`SESSION_DYNAMODB_MAX_CONNECTIONS`).
    ///
    /// Further calls wait in line, within their deadline. What a call that was given up was sent
    /// over counts until the server answers again.
    #[must_use]
    pub fn max_connections(mut self, max: usize) -> Self {
        self.max_connections = Some(max);
        self
    }

    /// Bounds one attempt to connect, with name look-up and TLS; 1 s by default, a day at most, and
    /// never more than four fifths of the operation timeout, so that a call knows in time that it
    /// was not sent.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts = self.timeouts.with_connect(timeout);
        self
    }

    /// Bounds each call of the store, with any wait for credentials and a connection; 500 ms by
    /// default, a day at most. Listing an owner's sessions takes this long per hundred.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts = self.timeouts.with_operation(timeout);
        self
    }

    /// After how long without a call a connection is replaced rather than used; 20 s. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn idle_check(mut self, rest: Duration) -> Self {
        self.rest = Some(rest);
        self
    }

    pub(crate) fn max_connections_or_default(&self) -> usize {
        self.max_connections.unwrap_or(MAX_CONNECTIONS)
    }

    /// Checks all but the endpoint.
    pub(crate) fn check(&self) -> Result<()> {
        self.timeouts.check(STORE)?;
        if self.max_connections == Some(0) {
            let what = "SESSION_DYNAMODB_MAX_CONNECTIONS is at least 1";
            return Err(Call::Connect.failed(STORE, Failure::Final(ErrorKind::Config, what)));
        }
        self.layout.check()
    }

    pub(crate) fn check_endpoint(&self) -> Result<()> {
        let complaint = self.endpoint.as_ref().and_then(|url| endpoint::complaint(url.as_str()));
        match complaint {
            Some(what) => {
                Err(Error::new(ErrorKind::Config, format!("read SESSION_DYNAMODB: {what}")))
            }
            None => Ok(()),
        }
    }
}

impl From<&str> for DynamoDbOptions {
    fn from(endpoint: &str) -> Self {
        Self::new(endpoint)
    }
}

impl From<String> for DynamoDbOptions {
    fn from(endpoint: String) -> Self {
        Self::new(endpoint)
    }
}

#[cfg(test)]
mod tests;
