//! Defaults, settings, and what is refused.

use super::{FileHash, FileOptions, KEYS};
use session_core::ErrorKind;
use session_core::config::Settings;
use std::time::Duration;

#[test]
fn documented_defaults_are_the_defaults() {
    let settings: Settings = KEYS.iter().filter_map(|key| Some((key.name, key.default?))).collect();
    assert_eq!(FileOptions::from_settings(&settings).unwrap(), FileOptions::default());
    assert_eq!(FileOptions::from_settings(&Settings::default()).unwrap(), FileOptions::default());
}

#[test]
fn every_setting_is_read() {
    let settings: Settings = [
        ("SESSION_FILE_DIR", "/srv/sessions"),
        ("SESSION_FILE_THRESHOLD", "0"),
        ("SESSION_FILE_MODE", "0660"),
        ("SESSION_FILE_HASH", "MD5"),
        ("SESSION_FILE_EVICT_LIVE", "yes"),
        ("SESSION_OWNER_INDEX", "on"),
        ("SESSION_OPERATION_TIMEOUT", "2.5"),
    ]
    .into_iter()
    .collect();
    let expected = FileOptions::new("/srv/sessions")
        .threshold(0)
        .mode(0o660)
        .hash(FileHash::Md5)
        .evict_live(true)
        .owner_index(true)
        .operation_timeout(Duration::from_millis(2_500));
    assert_eq!(FileOptions::from_settings(&settings).unwrap(), expected);
    assert!(KEYS.iter().all(|key| settings.contains(key.name)), "a key is not tested here");
}

#[test]
fn contradictions_are_config_errors() {
    for options in [
        FileOptions::new(""),
        FileOptions::default().mode(600),
        FileOptions::default().mode(0o400),
        FileOptions::default().operation_timeout(Duration::ZERO),
    ] {
        assert_eq!(options.check().err().map(|error| error.kind()), Some(ErrorKind::Config));
    }
    assert!(FileOptions::default().check().is_ok());
}

#[test]
fn deadline_of_the_longest_timeout_is_a_time() {
    let options = FileOptions::default().operation_timeout(Duration::MAX);
    assert!(std::time::Instant::now().checked_add(options.operation_timeout).is_some());
    assert!(options.check().is_ok());
}
