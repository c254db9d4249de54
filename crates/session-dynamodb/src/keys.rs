//! The settings: more than other backends have, since tables of others have names of their own.

use session_core::config::{KeyInfo, Kind};

pub(crate) const ENDPOINT_KEY: &str = "SESSION_DYNAMODB";
pub(crate) const TABLE_KEY: &str = "SESSION_DYNAMODB_TABLE";
pub(crate) const REGION_KEY: &str = "SESSION_DYNAMODB_REGION";
pub(crate) const KEY_KEY: &str = "SESSION_DYNAMODB_KEY_ATTRIBUTE";
pub(crate) const VALUE_KEY: &str = "SESSION_DYNAMODB_VALUE_ATTRIBUTE";
pub(crate) const EXPIRY_KEY: &str = "SESSION_DYNAMODB_EXPIRY_ATTRIBUTE";
pub(crate) const OWNER_KEY: &str = "SESSION_DYNAMODB_OWNER_ATTRIBUTE";
pub(crate) const MISSING_KEY: &str = "SESSION_DYNAMODB_MISSING_EXPIRY";

pub(crate) const CONNECTIONS_KEY: &str = "SESSION_DYNAMODB_MAX_CONNECTIONS";

pub(crate) const TABLE: &str = "Sessions";
pub(crate) const KEY: &str = "id";
pub(crate) const VALUE: &str = "val";
pub(crate) const EXPIRY: &str = "expiration";
pub(crate) const OWNER: &str = "owner";

/// The settings that [`from_settings`](crate::DynamoDbOptions::from_settings) reads, besides
/// `SESSION_OWNER_INDEX`.
pub const KEYS: &[KeyInfo] = &[
    KeyInfo::new(
        ENDPOINT_KEY,
        Kind::Url,
        None,
        "The endpoint, without user, path and parameters; `http://` is DynamoDB Local. Without it, \
         what the AWS configuration says.",
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
    KeyInfo::new(
        CONNECTIONS_KEY,
        Kind::Number,
        Some("64"),
        "How many connections one process has open at most, at least 1; further calls wait in line.",
    ),
];
