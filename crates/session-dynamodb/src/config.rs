//! Where the table is, what its attributes are called, and how long to wait.

use crate::client;
use crate::names::{self, Layout};
use session_core::config::{KeyInfo, Kind, Settings};
use session_core::store::Timeouts;
use session_core::{Error, ErrorKind, Result};
use std::fmt;
use std::time::Duration;

/// How errors call the server.
pub(crate) const NAME: &str = "dynamodb";

const ENDPOINT_KEY: &str = "SESSION_DYNAMODB";
const TABLE_KEY: &str = "SESSION_DYNAMODB_TABLE";
const REGION_KEY: &str = "SESSION_DYNAMODB_REGION";
const KEY_KEY: &str = "SESSION_DYNAMODB_KEY_ATTRIBUTE";
const VALUE_KEY: &str = "SESSION_DYNAMODB_VALUE_ATTRIBUTE";
const EXPIRY_KEY: &str = "SESSION_DYNAMODB_EXPIRY_ATTRIBUTE";
const OWNER_KEY: &str = "SESSION_DYNAMODB_OWNER_ATTRIBUTE";
const MISSING_KEY: &str = "SESSION_DYNAMODB_MISSING_EXPIRY";

const TABLE: &str = "Sessions";
const KEY: &str = "id";
const VALUE: &str = "val";
const EXPIRY: &str = "expiration";
const OWNER: &str = "owner";
const MISSING: &[(&str, MissingExpiry)] =
    &[("expired", MissingExpiry::Expired), ("live", MissingExpiry::Live)];

/// The settings that [`DynamoDbOptions::from_settings`] reads, besides `SESSION_OWNER_INDEX`.
pub const KEYS: &[KeyInfo] = &[
    KeyInfo::new(
        ENDPOINT_KEY,
        Kind::Url,
        None,
        "The endpoint; `http://` is DynamoDB Local. Without it, what the AWS configuration says.",
    ),
    KeyInfo::new(TABLE_KEY, Kind::Text, Some(TABLE), "The table."),
    KeyInfo::new(
        REGION_KEY,
        Kind::Text,
        None,
        "The region. Without it, what the AWS configuration says.",
    ),
    KeyInfo::new(KEY_KEY, Kind::Text, Some(KEY), "The attribute of the key, the table's hash key."),
    KeyInfo::new(VALUE_KEY, Kind::Text, Some(VALUE), "The attribute of the payload."),
    KeyInfo::new(
        EXPIRY_KEY,
        Kind::Text,
        Some(EXPIRY),
        "The attribute of the expiry, which the table's TTL is turned on for.",
    ),
    KeyInfo::new(
        OWNER_KEY,
        Kind::Text,
        Some(OWNER),
        "The attribute of the owner; written with `SESSION_OWNER_INDEX` alone.",
    ),
    KeyInfo::new(
        MISSING_KEY,
        Kind::Choice(&["expired", "live"]),
        Some("expired"),
        "What a record without the attribute of the expiry is.",
    ),
];

/// What a record is that lacks the attribute of its expiry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingExpiry {
    /// It is expired.
    #[default]
    Expired,
    /// It lives until it is written or deleted, and reports a ttl of [`Duration::MAX`]: for tables
    /// of an application that never wrote one.
    Live,
}

/// Where the table is, what its attributes are called, and how long to wait.
///
/// `Debug` leaves the endpoint out.
///
/// # Examples
///
/// ```
/// use session_dynamodb::DynamoDbOptions;
/// use std::time::Duration;
///
/// let options = DynamoDbOptions::default()
///     .region("eu-central-1")
///     .table("WebSessions")
///     .operation_timeout(Duration::from_millis(200));
/// ```
#[derive(Clone)]
pub struct DynamoDbOptions {
    pub(crate) endpoint: Option<String>,
    pub(crate) region: Option<String>,
    table: String,
    key: String,
    value: String,
    expiry: String,
    owner: String,
    owner_index: bool,
    missing_expiry: MissingExpiry,
    timeouts: Timeouts,
}

/// Options that were checked, but for what only a client of our own needs.
pub(crate) struct Checked {
    pub(crate) layout: Layout,
    pub(crate) timeouts: Timeouts,
}

impl DynamoDbOptions {
    /// Names the endpoint, such as `http://127.0.0.1:8000`; [`default`](Self::default) leaves it
    /// to the AWS configuration.
    ///
    /// One of `http://` is taken for DynamoDB Local: without a region it is `us-east-1`, and
    /// credentials are those of the environment or stand-ins; no other provider is asked.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self { endpoint: Some(endpoint.into()), ..Self::default() }
    }

    /// Reads [`KEYS`], [`Timeouts::KEYS`] and `SESSION_OWNER_INDEX`.
    ///
    /// # Errors
    ///
    /// `Config` if a value is not of its kind.
    ///
    /// # Examples
    ///
    /// ```
    /// use session_core::config::Settings;
    /// use session_dynamodb::DynamoDbOptions;
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
        let mut options = Self {
            endpoint: settings.text(ENDPOINT_KEY)?.map(str::to_owned),
            region: settings.text(REGION_KEY)?.map(str::to_owned),
            missing_expiry: settings.choice(MISSING_KEY, MISSING)?.unwrap_or_default(),
            owner_index: settings.flag("SESSION_OWNER_INDEX")?.unwrap_or_default(),
            timeouts: Timeouts::from_settings(settings)?,
            ..Self::default()
        };
        let names = [
            (TABLE_KEY, &mut options.table),
            (KEY_KEY, &mut options.key),
            (VALUE_KEY, &mut options.value),
            (EXPIRY_KEY, &mut options.expiry),
            (OWNER_KEY, &mut options.owner),
        ];
        for (key, name) in names {
            if let Some(text) = settings.text(key)? {
                *name = text.to_owned();
            }
        }
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
        self.table = table.into();
        self
    }

    /// Names the attribute of the key, the table's hash key; `id` by default
    /// (`SESSION_DYNAMODB_KEY_ATTRIBUTE`).
    #[must_use]
    pub fn key_attribute(mut self, name: impl Into<String>) -> Self {
        self.key = name.into();
        self
    }

    /// Names the attribute of the payload; `val` by default (`SESSION_DYNAMODB_VALUE_ATTRIBUTE`).
    ///
    /// A text that is found there is loaded as its UTF-8 bytes; what is written is binary.
    #[must_use]
    pub fn value_attribute(mut self, name: impl Into<String>) -> Self {
        self.value = name.into();
        self
    }

    /// Names the attribute of the expiry; `expiration` by default
    /// (`SESSION_DYNAMODB_EXPIRY_ATTRIBUTE`).
    #[must_use]
    pub fn expiry_attribute(mut self, name: impl Into<String>) -> Self {
        self.expiry = name.into();
        self
    }

    /// Names the attribute of the owner; `owner` by default (`SESSION_DYNAMODB_OWNER_ATTRIBUTE`).
    #[must_use]
    pub fn owner_attribute(mut self, name: impl Into<String>) -> Self {
        self.owner = name.into();
        self
    }

    /// Says what a record without an expiry is; expired by default
    /// (`SESSION_DYNAMODB_MISSING_EXPIRY`).
    #[must_use]
    pub fn missing_expiry(mut self, meaning: MissingExpiry) -> Self {
        self.missing_expiry = meaning;
        self
    }

    /// Keeps an index of owners; off by default (`SESSION_OWNER_INDEX`).
    ///
    /// [`DynamoDbStore::init`](crate::DynamoDbStore::init) makes it, also in a table that Flask
    /// made. A session that Flask writes is not in it until this store writes or renews it.
    #[must_use]
    pub fn owner_index(mut self, owner_index: bool) -> Self {
        self.owner_index = owner_index;
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

    pub(crate) fn check(&self) -> Result<Checked> {
        self.timeouts.check(NAME)?;
        names::check_table(TABLE_KEY, &self.table)?;
        names::check_attributes(&[
            (KEY_KEY, &self.key),
            (VALUE_KEY, &self.value),
            (EXPIRY_KEY, &self.expiry),
            (OWNER_KEY, &self.owner),
        ])?;
        let layout = Layout {
            table: self.table.clone(),
            key: self.key.clone(),
            value: self.value.clone(),
            expiry: self.expiry.clone(),
            owner: self.owner_index.then(|| self.owner.clone()),
            missing_expiry: self.missing_expiry,
        };
        Ok(Checked { layout, timeouts: self.timeouts })
    }

    pub(crate) fn check_endpoint(&self) -> Result<()> {
        match &self.endpoint {
            Some(endpoint) if !client::is_endpoint(endpoint) => Err(Error::new(
                ErrorKind::Config,
                "read SESSION_DYNAMODB: expected http:// or https:// with a host and no user",
            )),
            _ => Ok(()),
        }
    }
}

impl Default for DynamoDbOptions {
    /// The table `Sessions`, wherever the AWS configuration leads.
    fn default() -> Self {
        Self {
            endpoint: None,
            region: None,
            table: TABLE.to_owned(),
            key: KEY.to_owned(),
            value: VALUE.to_owned(),
            expiry: EXPIRY.to_owned(),
            owner: OWNER.to_owned(),
            owner_index: false,
            missing_expiry: MissingExpiry::default(),
            timeouts: Timeouts::default(),
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

impl fmt::Debug for DynamoDbOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDbOptions")
            .field("table", &self.table)
            .field("owner_index", &self.owner_index)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{DynamoDbOptions, KEYS, MissingExpiry};
    use session_core::ErrorKind;
    use session_core::config::Settings;
    use std::time::Duration;

    #[test]
    fn every_setting_is_read() {
        let settings: Settings = [
            ("SESSION_DYNAMODB", "https://dynamodb.internal"),
            ("SESSION_DYNAMODB_TABLE", "sessions"),
            ("SESSION_DYNAMODB_REGION", "eu-central-1"),
            ("SESSION_DYNAMODB_KEY_ATTRIBUTE", "SessionId"),
            ("SESSION_DYNAMODB_VALUE_ATTRIBUTE", "Session"),
            ("SESSION_DYNAMODB_EXPIRY_ATTRIBUTE", "ends"),
            ("SESSION_DYNAMODB_OWNER_ATTRIBUTE", "user"),
            ("SESSION_DYNAMODB_MISSING_EXPIRY", "Live"),
            ("SESSION_OWNER_INDEX", "true"),
            ("SESSION_CONNECT_TIMEOUT", "0.3"),
            ("SESSION_OPERATION_TIMEOUT", "0.2"),
        ]
        .into_iter()
        .collect();
        let options = DynamoDbOptions::from_settings(&settings).unwrap();
        assert_eq!(options.timeouts.connect(), Duration::from_millis(300));
        assert_eq!(options.timeouts.operation(), Duration::from_millis(200));
        assert_eq!(options.endpoint.as_deref(), Some("https://dynamodb.internal"));
        assert_eq!(options.region.as_deref(), Some("eu-central-1"));
        let layout = options.check().unwrap().layout;
        assert_eq!(layout.table, "sessions");
        assert_eq!([&*layout.key, &layout.value, &layout.expiry], ["SessionId", "Session", "ends"]);
        assert_eq!(layout.owner.as_deref(), Some("user"));
        assert_eq!(layout.missing_expiry, MissingExpiry::Live);
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let written: Settings =
            KEYS.iter().filter_map(|key| Some((key.name, key.default?))).collect();
        for settings in [written, Settings::default()] {
            let options = DynamoDbOptions::from_settings(&settings).unwrap();
            assert_eq!((&options.endpoint, &options.region), (&None, &None));
            let layout = options.check().unwrap().layout;
            assert_eq!(layout.table, "Sessions");
            assert_eq!([&*layout.key, &layout.value, &layout.expiry], ["id", "val", "expiration"]);
            assert_eq!((options.owner.as_str(), layout.owner), ("owner", None));
            assert_eq!(layout.missing_expiry, MissingExpiry::Expired);
        }
    }

    #[test]
    fn what_cannot_be_used_is_a_config_error_that_does_not_repeat_it() {
        for (key, value) in [
            ("SESSION_DYNAMODB", "127.0.0.1:8000"),
            ("SESSION_DYNAMODB", "ftp://hunter2"),
            ("SESSION_DYNAMODB", "http://user:hunter2@host"),
            ("SESSION_DYNAMODB", "http://"),
            ("SESSION_DYNAMODB_TABLE", "hunter2!"),
            ("SESSION_DYNAMODB_KEY_ATTRIBUTE", "val"),
            ("SESSION_DYNAMODB_MISSING_EXPIRY", "hunter2"),
        ] {
            let settings: Settings = [(key, value)].into_iter().collect();
            let error = DynamoDbOptions::from_settings(&settings).expect_err(value);
            assert_eq!(error.kind(), ErrorKind::Config, "{value}");
            let shown = format!("{error:?}");
            assert!(shown.contains(key) && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn zero_timeout_is_a_config_error() {
        for options in [
            DynamoDbOptions::default().connect_timeout(Duration::ZERO),
            DynamoDbOptions::default().operation_timeout(Duration::ZERO),
        ] {
            assert_eq!(options.check().err().map(|e| e.kind()), Some(ErrorKind::Config));
        }
    }

    #[test]
    fn debug_shows_no_endpoint() {
        let shown = format!("{:?}", DynamoDbOptions::new("http://user:hunter2@host"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
