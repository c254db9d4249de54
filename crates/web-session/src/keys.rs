//! All settings of all backends.

use crate::backend::Backend;
use crate::contact;
use session_core::config::{CORE_KEYS, KeyInfo};
use session_core::store::Timeouts;

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
/// use web_session::config::Settings;
///
/// let vars = [("SESSION_TYPE", "redis"), ("SESSION_REDSI", "redis://cache.internal")];
/// let error = Settings::from_vars(vars, web_session::KEYS).unwrap_err();
/// assert!(error.to_string().contains("did you mean SESSION_REDIS?"));
/// ```
#[doc = include_str!("guide/links.md")]
#[doc = include_str!("../docs/configuration.md")]
pub const KEYS: &[&[KeyInfo]] = &[
    CORE_KEYS,
    contact::KEYS,
    contact::MIGRATION_KEYS,
    Timeouts::KEYS,
    REDIS,
    FILESYSTEM,
    MEMCACHED,
    MONGODB,
    SQL,
    DYNAMODB,
];

/// Those that one kind of store reads, and no other.
pub(crate) fn of_backend(backend: Backend) -> &'static [KeyInfo] {
    match backend {
        Backend::Null | Backend::Memory => &[],
        Backend::Redis => REDIS,
        Backend::Memcached => MEMCACHED,
        Backend::Filesystem => FILESYSTEM,
        Backend::MongoDb => MONGODB,
        Backend::Sql => SQL,
        Backend::DynamoDb => DYNAMODB,
    }
}

#[cfg(feature = "redis")]
const REDIS: &[KeyInfo] = session_redis::KEYS;
#[cfg(not(feature = "redis"))]
const REDIS: &[KeyInfo] = absent::REDIS;

#[cfg(feature = "memcached")]
const MEMCACHED: &[KeyInfo] = session_memcached::KEYS;
#[cfg(not(feature = "memcached"))]
const MEMCACHED: &[KeyInfo] = absent::MEMCACHED;

#[cfg(feature = "sql")]
const SQL: &[KeyInfo] = session_sql::KEYS;
#[cfg(not(feature = "sql"))]
const SQL: &[KeyInfo] = absent::SQL;

#[cfg(feature = "filesystem")]
const FILESYSTEM: &[KeyInfo] = session_fs::KEYS;
#[cfg(not(feature = "filesystem"))]
const FILESYSTEM: &[KeyInfo] = absent::FILESYSTEM;

#[cfg(feature = "mongodb")]
const MONGODB: &[KeyInfo] = session_mongodb::KEYS;
#[cfg(not(feature = "mongodb"))]
const MONGODB: &[KeyInfo] = absent::MONGODB;

#[cfg(feature = "dynamodb")]
const DYNAMODB: &[KeyInfo] = session_dynamodb::KEYS;
#[cfg(not(feature = "dynamodb"))]
const DYNAMODB: &[KeyInfo] = absent::DYNAMODB;

/// The names of backends that have tables of their own, for builds that leave those out.
#[cfg(any(
    test,
    not(all(
        feature = "redis",
        feature = "memcached",
        feature = "filesystem",
        feature = "sql",
        feature = "mongodb",
        feature = "dynamodb"
    ))
))]
mod absent {
    use session_core::config::{KeyInfo, Kind};

    #[cfg(any(test, not(feature = "redis")))]
    pub(super) const REDIS: &[KeyInfo] =
        &[unread("SESSION_REDIS"), unread("SESSION_REDIS_NEAR_CACHE")];
    #[cfg(any(test, not(feature = "memcached")))]
    pub(super) const MEMCACHED: &[KeyInfo] =
        &[unread("SESSION_MEMCACHED"), unread("SESSION_MEMCACHED_MAX_CONNECTIONS")];
    #[cfg(any(test, not(feature = "sql")))]
    pub(super) const SQL: &[KeyInfo] = &[
        unread("SESSION_SQLALCHEMY"),
        unread("SQLALCHEMY_DATABASE_URI"),
        unread("SESSION_SQLALCHEMY_TABLE"),
        unread("SESSION_SQLALCHEMY_SCHEMA"),
        unread("SESSION_SQLALCHEMY_MAX_CONNECTIONS"),
        unread("SESSION_SQLALCHEMY_TRANSACTION_POOLER"),
    ];
    #[cfg(any(test, not(feature = "mongodb")))]
    pub(super) const MONGODB: &[KeyInfo] = &[
        unread("SESSION_MONGODB"),
        unread("SESSION_MONGODB_DB"),
        unread("SESSION_MONGODB_COLLECT"),
        unread("SESSION_MONGODB_MAX_CONNECTIONS"),
    ];
    #[cfg(any(test, not(feature = "filesystem")))]
    pub(super) const FILESYSTEM: &[KeyInfo] = &[
        unread("SESSION_FILE_DIR"),
        unread("SESSION_FILE_THRESHOLD"),
        unread("SESSION_FILE_MODE"),
        unread("SESSION_FILE_HASH"),
        unread("SESSION_FILE_EVICT_LIVE"),
    ];
    #[cfg(any(test, not(feature = "dynamodb")))]
    pub(super) const DYNAMODB: &[KeyInfo] = &[
        unread("SESSION_DYNAMODB"),
        unread("SESSION_DYNAMODB_TABLE"),
        unread("SESSION_DYNAMODB_REGION"),
        unread("SESSION_DYNAMODB_KEY_ATTRIBUTE"),
        unread("SESSION_DYNAMODB_VALUE_ATTRIBUTE"),
        unread("SESSION_DYNAMODB_EXPIRY_ATTRIBUTE"),
        unread("SESSION_DYNAMODB_OWNER_ATTRIBUTE"),
        unread("SESSION_DYNAMODB_MISSING_EXPIRY"),
        unread("SESSION_DYNAMODB_MAX_CONNECTIONS"),
    ];

    /// A setting whose reader is not built in; it may hold a password.
    const fn unread(name: &'static str) -> KeyInfo {
        KeyInfo::new(name, Kind::Secret, None, "Not read: this build has no such store.")
    }
}

#[cfg(test)]
mod tests {
    use super::{KEYS, absent};
    use session_core::config::KeyInfo;
    use std::collections::BTreeSet;

    fn names(table: &[KeyInfo]) -> Vec<&str> {
        table.iter().map(|key| key.name).collect()
    }

    #[test]
    fn a_backend_that_is_left_out_has_the_names_it_has_built_in() {
        assert_eq!(names(absent::REDIS), names(super::REDIS));
        assert_eq!(names(absent::MEMCACHED), names(super::MEMCACHED));
        assert_eq!(names(absent::SQL), names(super::SQL));
        assert_eq!(names(absent::MONGODB), names(super::MONGODB));
        assert_eq!(names(absent::FILESYSTEM), names(super::FILESYSTEM));
        assert_eq!(names(absent::DYNAMODB), names(super::DYNAMODB));
    }

    #[test]
    fn no_name_has_two_readers() {
        let names: Vec<&str> = KEYS.iter().flat_map(|table| names(table)).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }
}
