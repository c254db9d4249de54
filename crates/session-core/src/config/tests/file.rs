#![cfg(feature = "json")]

use crate::config::{Config, Settings};
use std::time::Duration;

fn config(json: &str) -> Result<Config, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn types_of_the_file_are_read_as_what_they_are() {
    let json = r#"{
        "SESSION_PERMANENT": false,
        "SESSION_USE_SIGNER": 1,
        "PERMANENT_SESSION_LIFETIME": 3600,
        "SESSION_TIMEOUT": 0.5,
        "SESSION_KEY_PREFIX": "shop:",
        "SESSION_COOKIE_DOMAIN": null
    }"#;
    let expected = Config::builder()
        .permanent(false)
        .use_signer(true)
        .lifetime(Duration::from_secs(3600))
        .timeout(Duration::from_millis(500))
        .key_prefix("shop:");
    assert_eq!(config(json), Ok(expected.build().unwrap()));
}

#[test]
fn value_of_the_wrong_type_is_refused_by_name() {
    for (key, value) in [
        ("SESSION_PERMANENT", "2"),
        ("SESSION_PERMANENT", "[\"true\"]"),
        ("SESSION_KEY_PREFIX", "5"),
        ("SESSION_KEY_PREFIX", "true"),
        ("SESSION_ID_LENGTH", "true"),
        ("SESSION_ID_LENGTH", "-32"),
        ("SESSION_ID_LENGTH", "32.5"),
        ("PERMANENT_SESSION_LIFETIME", "0.5"),
        ("SESSION_TIMEOUT", "-1"),
        ("SESSION_COOKIE_SAMESITE", "false"),
    ] {
        let message = config(&format!(r#"{{"{key}": {value}}}"#)).expect_err(key);
        assert!(message.contains(key), "{key}={value}: {message}");
    }
}

#[test]
fn null_is_not_set() {
    assert_eq!(config(r#"{"SESSION_PERMANENT": null}"#), Ok(Config::default()));
}

#[test]
fn unknown_name_is_refused_with_the_nearest() {
    for (name, hint) in [
        ("SESSION_COOKIE_NAM", "did you mean SESSION_COOKIE_NAME?"),
        ("SESSION_COOKIE_HTTP_ONLY", "did you mean SESSION_COOKIE_HTTPONLY?"),
        ("session_cookie_secure", "did you mean SESSION_COOKIE_SECURE?"),
        ("session-hash-ids", "did you mean SESSION_HASH_IDS?"),
        ("timeout", "did you mean SESSION_TIMEOUT?"),
        ("PERMANENT_LIFETIME", "docs/configuration.md"),
        ("colour", "docs/configuration.md"),
        ("SESSION_CACHELIB", "SESSION_TYPE=filesystem"),
    ] {
        let message = config(&format!(r#"{{"{name}": true}}"#)).expect_err(name);
        assert!(message.contains(name) && message.contains(hint), "{name}: {message}");
    }
}

#[test]
fn what_makes_no_config_is_not_swallowed() {
    for (name, value) in [
        ("SECRET_KEY", "\"hunter2\""),
        ("SECRET_KEY_FALLBACKS", "[\"hunter2\"]"),
        ("SESSION_TYPE", "\"redis\""),
    ] {
        let message = config(&format!(r#"{{"{name}": {value}}}"#)).expect_err(name);
        assert!(message.contains(name) && message.contains("Settings"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn name_that_stands_twice_is_refused() {
    let twice = r#"{"SESSION_TIMEOUT": 1, "SESSION_TIMEOUT": 2}"#;
    assert!(config(twice).unwrap_err().contains("SESSION_TIMEOUT"));
}

#[test]
fn value_that_is_no_setting_is_refused_without_being_shown() {
    for json in [r#"{"SECRET_KEY_FALLBACKS": ["a", 711]}"#, r#"{"SECRET_KEY": {"hunter2": 711}}"#] {
        let message = serde_json::from_str::<Settings>(json).unwrap_err().to_string();
        assert!(!message.contains("711") && !message.contains("hunter2"), "{message}");
    }
}

#[test]
fn settings_of_a_file_hold_secrets_lists_and_modes() {
    let json = r#"{
        "SECRET_KEY": "k",
        "SECRET_KEY_FALLBACKS": ["a, b", "c"],
        "SESSION_MEMCACHED": ["one:11211", "two:11211"],
        "SESSION_FILE_MODE": 384
    }"#;
    let settings: Settings = serde_json::from_str(json).unwrap();
    let secrets = settings.secrets().unwrap().unwrap();
    assert_eq!(secrets.fallbacks().collect::<Vec<_>>(), [&b"a, b"[..], b"c"]);
    let servers = settings.list("SESSION_MEMCACHED").unwrap();
    assert_eq!(servers, Some(vec!["one:11211", "two:11211"]));
    assert_eq!(settings.octal("SESSION_FILE_MODE").unwrap(), Some(0o600), "Flask's own default");
}
