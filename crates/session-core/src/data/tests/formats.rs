//! Records in another format than the configured one.

use super::{LIMITS, get, keys, overwrite, parse, record, set};
use crate::data::{Data, Limits};
use crate::error::ErrorKind;
use session_codec::Format;

const JSON: &[u8] = br#" {"a": 1, "b" : [1, {"x": null}], "\u0063": "\u00e4"} "#;

#[test]
fn other_format_is_read_and_left_alone() {
    let mut data = Data::parse(record(JSON), LIMITS).unwrap();
    assert_eq!(keys(&data), ["a", "b", "c"]);
    assert_eq!(get(&data, "c"), Some("ä".to_owned()));
    assert!(data.read("a").is_some());
    assert!(!set(&mut data, "a", 1), "an equal value in another format is no change");
    assert!(!data.is_modified());
    let newer = data.rebase(record(&br#"{"a":2}"#[..]), |_| false).unwrap();
    assert_eq!(newer.conflict(), None);
    assert_eq!(get(&newer, "a"), Some(2));
}

#[test]
fn write_changes_the_format_of_all_values() {
    let mut data = Data::parse(record(JSON), LIMITS).unwrap();
    set(&mut data, "a", 2);
    assert!(data.is_modified());
    let expected = b"\x83\xa1a\x02\xa1b\x92\x01\x81\xa1x\xc0\xa1c\xa2\xc3\xa4";
    assert_eq!(data.encode().unwrap(), &expected[..]);
}

#[test]
fn format_that_cannot_say_a_value_is_an_error() {
    let limits = Limits { format: Format::Json, ..LIMITS };
    let mut data = Data::parse(record(&b"\x82\xa1a\x01\xa1b\xc4\x01\xff"[..]), limits).unwrap();
    overwrite(&mut data, "a", 2);
    assert_eq!(data.encode().unwrap_err().kind(), ErrorKind::Encode);
}

#[test]
fn runs_of_json_are_copied_with_what_stands_between() {
    let limits = Limits { format: Format::Json, ..LIMITS };
    let mut data = Data::parse(record(JSON), limits).unwrap();
    assert_eq!(data.encode().unwrap(), &br#"{"a": 1,"b" : [1, {"x": null}],"c":"\u00e4"}"#[..]);
    overwrite(&mut data, "b", "\"");
    assert_eq!(data.encode().unwrap(), &br#"{"a": 1,"b":"\"","c":"\u00e4"}"#[..]);
}

#[test]
fn replay_across_formats_conflicts_on_values_not_on_bytes() {
    let mut data = Data::parse(record(&br#"{"a":1}"#[..]), LIMITS).unwrap();
    assert!(data.read("a").is_some());
    set(&mut data, "a", 2);
    let same = data.rebase(record(&b"\x82\xa1a\x01\xa1b\x02"[..]), |_| false).unwrap();
    assert_eq!(same.conflict(), None);
    assert_eq!(parse(same.encode().unwrap()).keys().count(), 2);
    let other = data.rebase(record(&b"\x81\xa1a\x03"[..]), |_| false).unwrap();
    assert_eq!(other.conflict(), Some("a"));
}

#[cfg(not(feature = "flask"))]
#[test]
fn record_of_flask_is_undecodable_and_names_the_feature() {
    let tagged = &br#"{"a":{" t":[1]}}"#[..];
    for payload in [&b"\x80\x04}\x94."[..], b"(dp0\n.", tagged] {
        let error = Data::parse(record(payload), LIMITS).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains("feature `flask`"), "{error}");
    }
    let limits = Limits { format: Format::Json, ..LIMITS };
    assert_eq!(keys(&Data::parse(record(tagged), limits).unwrap()), ["a"]);
}
