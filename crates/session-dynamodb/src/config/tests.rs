//! Defaults, settings, and what is refused.

use super::{DynamoDbOptions, MissingExpiry};
use crate::keys::KEYS;
use session_core::ErrorKind;
use session_core::config::Settings;
use session_core::store::Url;
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
        ("SESSION_DYNAMODB_MAX_CONNECTIONS", "8"),
        ("SESSION_OWNER_INDEX", "true"),
        ("SESSION_CONNECT_TIMEOUT", "0.3"),
        ("SESSION_OPERATION_TIMEOUT", "0.2"),
    ]
    .into_iter()
    .collect();
    let options = DynamoDbOptions::from_settings(&settings).unwrap();
    assert_eq!(options.timeouts.connect(), Duration::from_millis(300));
    assert_eq!(options.timeouts.operation(), Duration::from_millis(200));
    assert_eq!(options.endpoint.as_ref().map(Url::as_str), Some("https://dynamodb.internal"));
    assert_eq!(options.region.as_deref(), Some("eu-central-1"));
    assert_eq!(options.max_connections_or_default(), 8);
    let layout = options.layout;
    assert_eq!(layout.table, "sessions");
    assert_eq!([&*layout.key, &layout.value, &layout.expiry], ["SessionId", "Session", "ends"]);
    assert_eq!(layout.owner(), Some("user"));
    assert_eq!(layout.missing_expiry, MissingExpiry::Live);
}

#[test]
fn defaults_are_the_documented_ones() {
    let written: Settings = KEYS.iter().filter_map(|key| Some((key.name, key.default?))).collect();
    for settings in [written, Settings::default()] {
        let options = DynamoDbOptions::from_settings(&settings).unwrap();
        assert_eq!((&options.endpoint, &options.region), (&None, &None));
        assert_eq!(options.max_connections_or_default(), 64);
        let layout = options.layout;
        assert_eq!(layout.table, "Sessions");
        assert_eq!([&*layout.key, &layout.value, &layout.expiry], ["id", "val", "expiration"]);
        assert_eq!((layout.owner.as_str(), layout.owner()), ("owner", None));
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
        ("SESSION_DYNAMODB_MAX_CONNECTIONS", "0"),
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
