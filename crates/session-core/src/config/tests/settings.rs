use super::settings;
use crate::config::Settings;
use crate::error::{ErrorKind, Result};
use std::fmt::Debug;
use std::time::Duration;

/// Reads each text under one key; `None` is an error of kind `Config` that names the key.
fn reads<T: Debug + PartialEq>(
    read: impl for<'a> Fn(&'a Settings, &str) -> Result<Option<T>>,
    table: &[(&str, Option<T>)],
) {
    for (text, expected) in table {
        let settings = settings([("SESSION_X", text)]);
        match (read(&settings, "SESSION_X"), expected) {
            (Ok(got), Some(expected)) => assert_eq!(got.as_ref(), Some(expected), "{text}"),
            (Err(error), None) => {
                assert_eq!(error.kind(), ErrorKind::Config);
                assert!(error.to_string().starts_with("read SESSION_X: expected "), "{error}");
            }
            (got, _) => panic!("{text}: {got:?}"),
        }
    }
    let empty = settings([("SESSION_X", "")]);
    assert_eq!(read(&empty, "SESSION_X").unwrap(), None);
    assert_eq!(read(&Settings::default(), "SESSION_X").unwrap(), None);
}

#[test]
fn flags() {
    let table = |words: &[&'static str], value| -> Vec<(&'static str, Option<bool>)> {
        words.iter().map(|word| (*word, value)).collect()
    };
    reads(Settings::flag, &table(&["true", "True", "TRUE", "1", "yes", "on", "On"], Some(true)));
    reads(Settings::flag, &table(&["false", "False", "0", "no", "NO", "off"], Some(false)));
    reads(Settings::flag, &table(&["2", "t", "y", "none", "true ", "enabled", "01"], None));
}

#[test]
fn numbers() {
    reads(
        Settings::number::<u8>,
        &[
            ("0", Some(0)),
            ("255", Some(255)),
            ("007", Some(7)),
            ("256", None),
            ("-1", None),
            ("+1", None),
            ("1.0", None),
            (" 1", None),
            ("1_000", None),
            ("0x10", None),
        ],
    );
}

#[test]
fn seconds_are_whole() {
    reads(
        Settings::seconds,
        &[
            ("0", Some(Duration::ZERO)),
            ("2678400", Some(Duration::from_secs(2_678_400))),
            ("0.5", None),
            ("31d", None),
            ("1h", None),
            ("-1", None),
            ("99999999999999999999", None),
        ],
    );
}

#[test]
fn timeouts_may_have_a_fraction() {
    reads(
        Settings::timeout,
        &[
            ("2", Some(Duration::from_secs(2))),
            ("0.25", Some(Duration::from_millis(250))),
            ("0", Some(Duration::ZERO)),
            ("-1", None),
            ("1e3", None),
            ("inf", None),
            ("NaN", None),
            (".", None),
            ("1.2.3", None),
            ("500ms", None),
        ],
    );
}

#[test]
fn modes_are_octal() {
    reads(
        Settings::octal,
        &[
            ("0600", Some(0o600)),
            ("600", Some(0o600)),
            ("0o640", Some(0o640)),
            ("0", Some(0)),
            ("0777", Some(0o777)),
            ("1777", None),
            ("384", None),
            ("0x180", None),
            ("0o", None),
            ("+600", None),
            ("rw-------", None),
        ],
    );
}

#[test]
fn lists_have_commas() {
    for (text, expected) in [
        ("a:1", Some(vec!["a:1"])),
        ("a:1,b:2", Some(vec!["a:1", "b:2"])),
        (" a:1 , b:2 ", Some(vec!["a:1", "b:2"])),
        (",", None),
        ("a:1,", None),
    ] {
        let settings = settings([("SESSION_X", text)]);
        assert_eq!(settings.list("SESSION_X").ok().flatten(), expected, "{text}");
    }
}

#[test]
fn choices_are_words_in_any_case() {
    let words = [("sha256", 1), ("md5", 2)];
    reads(
        |settings, name| settings.choice(name, &words),
        &[("sha256", Some(1)), ("MD5", Some(2)), ("sha1", None), ("md5 ", None)],
    );
    let error = settings([("SESSION_X", "sha1")]).choice("SESSION_X", &words).unwrap_err();
    assert_eq!(error.to_string(), "read SESSION_X: expected sha256 or md5");
}

#[test]
fn only_text_or_empty_sees_empty_text() {
    let settings = settings([("SESSION_X", "")]);
    assert_eq!(settings.text_or_empty("SESSION_X").unwrap(), Some(""));
    assert_eq!(settings.text("SESSION_X").unwrap(), None);
    assert!(!settings.contains("SESSION_X"));
}

#[test]
fn debug_shows_names_and_no_values() {
    let settings =
        settings([("SESSION_REDIS", "redis://:hunter2@host"), ("SECRET_KEY", "hunter2")]);
    let shown = format!("{settings:?}");
    assert_eq!(shown, r#"Settings{"SECRET_KEY", "SESSION_REDIS"}"#);
}
