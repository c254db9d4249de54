//! All settings of all backends.

use session_core::config::{CORE_KEYS, KeyInfo, Kind};

/// The settings of the core and of every backend, for [`Settings::from_env`] and
/// [`Settings::refuse_unknown`].
///
/// The names of backends that this build leaves out are known too: one environment may serve
/// several programs, and a setting nobody reads is no mistake.
///
/// [`Settings::from_env`]: crate::config::Settings::from_env
/// [`Settings::refuse_unknown`]: crate::config::Settings::refuse_unknown
///
/// # Examples
///
/// ```
/// use session::config::Settings;
///
/// let vars = [("SESSION_TYPE", "redis"), ("SESSION_REDSI", "redis://cache.internal")];
/// let error = Settings::from_vars(vars, session::KEYS).unwrap_err();
/// assert!(error.to_string().contains("did you mean SESSION_REDIS?"));
/// ```
pub const KEYS: &[&[KeyInfo]] = &[CORE_KEYS, REDIS, FILESYSTEM, MEMCACHED, MONGODB, SQL, DYNAMODB];

#[cfg(feature = "redis")]
const REDIS: &[KeyInfo] = session_redis::KEYS;
#[cfg(not(feature = "redis"))]
const REDIS: &[KeyInfo] = absent::REDIS;

const FILESYSTEM: &[KeyInfo] = absent::FILESYSTEM;

const MEMCACHED: &[KeyInfo] = &[unread("SESSION_MEMCACHED")];
const MONGODB: &[KeyInfo] =
    &[unread("SESSION_MONGODB"), unread("SESSION_MONGODB_DB"), unread("SESSION_MONGODB_COLLECT")];
const SQL: &[KeyInfo] = &[
    unread("SESSION_SQLALCHEMY"),
    unread("SQLALCHEMY_DATABASE_URI"),
    unread("SESSION_SQLALCHEMY_TABLE"),
    unread("SESSION_SQLALCHEMY_SCHEMA"),
];
const DYNAMODB: &[KeyInfo] = &[
    unread("SESSION_DYNAMODB"),
    unread("SESSION_DYNAMODB_TABLE"),
    unread("SESSION_DYNAMODB_REGION"),
];

/// The names of backends that may be left out, where their own tables are.
mod absent {
    use super::unread;
    use session_core::config::KeyInfo;

    #[cfg(any(test, not(feature = "redis")))]
    pub(super) const REDIS: &[KeyInfo] = &[unread("SESSION_REDIS")];
    pub(super) const FILESYSTEM: &[KeyInfo] = &[
        unread("SESSION_FILE_DIR"),
        unread("SESSION_FILE_THRESHOLD"),
        unread("SESSION_FILE_EVICT_LIVE"),
        unread("SESSION_FILE_MODE"),
        unread("SESSION_FILE_HASH"),
    ];
}

/// A setting whose reader is not built in; it may hold a password.
const fn unread(name: &'static str) -> KeyInfo {
    KeyInfo::new(name, Kind::Secret, None, "Not read: this build has no such store.")
}
