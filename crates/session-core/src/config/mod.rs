//! Settings: one struct, and three ways to make it.
//!
//! A [`Config`] comes from its [builder](Config::builder), from a file through serde, or from the
//! environment. The last two use the names of [`CORE_KEYS`], which are Flask's and
//! Flask-Session's, and go through [`Settings`]; stores read their own options from the same
//! [`Settings`]. Contradictions fail when the configuration is built, never at a request.

mod builder;
mod check;
mod core_keys;
mod distance;
mod env;
mod file;
mod keys;
mod names;
mod rollout;
mod secrets;
mod settings;
mod transport;

#[cfg(test)]
mod tests;

pub use builder::ConfigBuilder;
pub(crate) use check::MAX_LIFETIME;
pub use core_keys::CORE_KEYS;
pub use keys::{KeyInfo, Kind};
pub use names::Warning;
pub use rollout::Rollout;
pub use secrets::Secrets;
pub use settings::Settings;
pub use transport::Transport;

use crate::cookie::CookieAttributes;
use crate::error::Result;
use crate::id::{IdHash, IdSyntax};
use session_codec::Format;
use std::num::NonZeroU32;
use std::time::Duration;

/// How sessions are named, kept and renewed; the default is Flask-Session's, key for key.
///
/// It holds no secret and no address, so `Debug` shows all of it. It deserializes from a map whose
/// names are those of [`CORE_KEYS`]; unknown names are refused with a suggestion. `SECRET_KEY`,
/// `SESSION_TYPE` and the keys of stores are no part of it: a file that holds them is read as
/// [`Settings`].
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use std::time::Duration;
/// use web_session::Config;
///
/// let config = Config::builder()
///     .key_prefix("shop:")
///     .lifetime(Duration::from_secs(8 * 3600))
///     .build()?;
/// assert_eq!(config.cookie().name, "session");
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    transport: Transport,
    header_name: String,
    cookie: CookieAttributes,
    cookie_name_fallback: Option<String>,
    key_prefix: String,
    id_length: usize,
    id_syntax: IdSyntax,
    hash_ids: Rollout,
    permanent: bool,
    lifetime: Duration,
    absolute_lifetime: Option<Duration>,
    refresh_each_request: bool,
    refresh_after: Duration,
    use_signer: Rollout,
    format: Format,
    undecodable: Undecodable,
    on_conflict: OnConflict,
    owner_key: String,
    owner_index: bool,
    max_per_owner: Option<usize>,
    timeout: Duration,
    max_payload: usize,
    max_depth: usize,
    cleanup_n_requests: Option<NonZeroU32>,
    cleanup_interval: Option<Duration>,
}

/// What a stored record that cannot be decoded is to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Undecodable {
    /// An anonymous visitor; the record stays as it is, and a write gets a new id.
    #[default]
    Fresh,
    /// A failure of kind `Decode`.
    Error,
}

/// What happens if a value that a request has read and set was changed by another meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// The request fails with kind `Conflict`, and nothing is stored.
    #[default]
    Reject,
    /// The later write wins.
    Overwrite,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            transport: Transport::Cookie,
            header_name: transport::HEADER_NAME.into(),
            cookie: CookieAttributes::default(),
            cookie_name_fallback: None,
            key_prefix: "session:".into(),
            id_length: 32,
            id_syntax: IdSyntax::Base64Url,
            hash_ids: Rollout::Off,
            permanent: true,
            lifetime: Duration::from_secs(31 * 24 * 3600),
            absolute_lifetime: None,
            refresh_each_request: true,
            refresh_after: Duration::from_secs(60),
            use_signer: Rollout::Off,
            format: Format::MessagePack,
            undecodable: Undecodable::Fresh,
            on_conflict: OnConflict::Reject,
            owner_key: "_user_id".into(),
            owner_index: false,
            max_per_owner: None,
            timeout: Duration::from_secs(2),
            max_payload: 1024 * 1024,
            max_depth: 64,
            cleanup_n_requests: None,
            cleanup_interval: None,
        }
    }
}

impl Config {
    /// Starts from the default, which behaves as Flask-Session does.
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::default()
    }

    /// Starts from stricter settings: a `__Host-session` cookie with Secure and SameSite=Lax,
    /// hashed ids, and a signer that must be there.
    ///
    /// Browsers keep such a cookie over HTTPS only; most make an exception for `localhost`. A Flask-Session app
    /// cannot share these sessions: it looks for records under unhashed ids.
    pub fn hardened() -> ConfigBuilder {
        ConfigBuilder::hardened()
    }

    /// Reads the default, or the stricter start with `SESSION_PROFILE=hardened`, with what `settings`
    /// holds besides.
    ///
    /// # Errors
    ///
    /// `Config` if a value is malformed or contradicts another; it names the key.
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        Self::builder().settings(settings)?.build()
    }

    /// Reads the default with what the environment of this process says.
    ///
    /// It knows [`CORE_KEYS`] only; an application that takes its store from the environment too
    /// reads [`Settings::from_env`] over all tables, and then [`Config::from_settings`].
    ///
    /// # Errors
    ///
    /// `Config` as in [`Config::from_settings`] and [`Settings::from_vars`].
    pub fn from_env() -> Result<(Self, Vec<Warning>)> {
        let (settings, warnings) = Settings::from_env(&[CORE_KEYS])?;
        Ok((Self::from_settings(&settings)?, warnings))
    }

    /// What carries ids between clients and the application.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The name of the header field that carries ids under [`Transport::Header`].
    pub fn header_name(&self) -> &str {
        &self.header_name
    }

    /// The name and the attributes of the cookie.
    pub fn cookie(&self) -> &CookieAttributes {
        &self.cookie
    }

    /// The name that the cookie had before, for as long as that is read, too.
    pub fn cookie_name_fallback(&self) -> Option<&str> {
        self.cookie_name_fallback.as_deref()
    }

    /// What the key of every record begins with; up to 128 printable ASCII characters.
    pub fn key_prefix(&self) -> &str {
        &self.key_prefix
    }

    /// The bytes of entropy of a new id, 16 to 64.
    pub fn id_length(&self) -> usize {
        self.id_length
    }

    /// Which spellings of an id are read.
    pub fn id_syntax(&self) -> IdSyntax {
        self.id_syntax
    }

    /// Whether records are stored under the hash of the id.
    pub fn hash_ids(&self) -> Rollout {
        self.hash_ids
    }

    /// What the key of a new record shows of its id.
    pub fn id_hash(&self) -> IdHash {
        if self.hash_ids.writes_new() { IdHash::Sha256 } else { IdHash::Plain }
    }

    /// Whether a new session is permanent: its cookie outlives the browser.
    pub fn permanent(&self) -> bool {
        self.permanent
    }

    /// How long a session lives without being used; at least 1 s.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// How long a session lives however much it is used; never less than the lifetime.
    pub fn absolute_lifetime(&self) -> Option<Duration> {
        self.absolute_lifetime
    }

    /// Whether a request that only reads renews the lease, once that is due.
    pub fn refresh_each_request(&self) -> bool {
        self.refresh_each_request
    }

    /// The least time between two renewals of one session.
    pub fn refresh_after(&self) -> Duration {
        self.refresh_after
    }

    /// Whether ids are signed; all but [`Rollout::Off`] needs a signer.
    pub fn use_signer(&self) -> Rollout {
        self.use_signer
    }

    /// How new payloads are written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What an undecodable record is to a request.
    pub fn undecodable(&self) -> Undecodable {
        self.undecodable
    }

    /// What happens to a write that another request's write contradicts.
    pub fn on_conflict(&self) -> OnConflict {
        self.on_conflict
    }

    /// The session's key whose value is the owner of the session.
    pub fn owner_key(&self) -> &str {
        &self.owner_key
    }

    /// Whether the store keeps an index from owners to sessions.
    pub fn owner_index(&self) -> bool {
        self.owner_index
    }

    /// How many sessions an owner may have; at least 1.
    pub fn max_per_owner(&self) -> Option<usize> {
        self.max_per_owner
    }

    /// How long a request may wait for the store when it opens its session, in each `update`, and
    /// in its commit, every retry included; at most 300 s.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The largest payload in bytes; a store may have a lower limit of its own.
    pub fn max_payload(&self) -> usize {
        self.max_payload
    }

    /// How deep values may be nested, 1 to 128, the map of the session included.
    pub fn max_depth(&self) -> usize {
        self.max_depth
    }

    /// Sweep expired records about once in so many requests; `None` leaves it to the application.
    pub fn cleanup_n_requests(&self) -> Option<NonZeroU32> {
        self.cleanup_n_requests
    }

    /// Sweep expired records about this often, from the first request on; `None` leaves it to the
    /// application.
    pub fn cleanup_interval(&self) -> Option<Duration> {
        self.cleanup_interval
    }
}
