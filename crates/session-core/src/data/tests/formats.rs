//! Records in another format than the configured one.

use super::{LIMITS, get, keys, overwrite, parse, record, set};
use crate::data::{Data, Limits};
#[cfg(not(feature = "flask"))]
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
fn value_that_json_has_no_type_for_becomes_what_msgspec_makes_of_it() {
    let limits = Limits { format: Format::Json, ..LIMITS };
    // {"a": 1, "b": b"\x00\xff", "k": {1: [nan], -2: {2.5: -inf}, b"a": 2**64 - 1}}
    let stored = b"\x83\xa1a\x01\xa1b\xc4\x02\x00\xff\xa1k\x83\x01\x91\xcb\x7f\xf8\0\0\0\0\0\0\
        \xfe\x81\xcb\x40\x04\0\0\0\0\0\0\xcb\xff\xf0\0\0\0\0\0\0\
        \xc4\x01a\xcf\xff\xff\xff\xff\xff\xff\xff\xff";
    let mut data = Data::parse(record(&stored[..]), limits).unwrap();
    overwrite(&mut data, "a", 2);
    let expected =
        br#"{"a":2,"b":"AP8=","k":{"1":[null],"-2":{"2.5":null},"YQ==":18446744073709551615}}"#;
    assert_eq!(data.encode().unwrap(), &expected[..]);
}

#[test]
fn record_keeps_its_format_if_the_configured_one_cannot_say_a_value() {
    let json = Limits { format: Format::Json, ..LIMITS };
    // An extension of another program's.
    let stored = &b"\x82\xa1a\x01\xa1b\xd4\x05\x00"[..];
    let mut data = Data::parse(record(stored), json).unwrap();
    overwrite(&mut data, "a", 2);
    overwrite(&mut data, "c", "new");
    let written = data.encode().unwrap();
    assert_eq!(written, &b"\x83\xa1a\x02\xa1b\xd4\x05\x00\xa1c\xa3new"[..]);
    data.remove("b", crate::data::Intent::Guarded);
    assert_eq!(data.encode().unwrap(), &br#"{"a":2,"c":"new"}"#[..]);

    for value in [r#""\ud800""#, "1e999", &"9".repeat(310), "12345678901234567890123"] {
        let stored = format!(r#"{{"v":{value},"a":1}}"#);
        let mut data = Data::parse(record(stored), LIMITS).unwrap();
        overwrite(&mut data, "a", 2);
        overwrite(&mut data, "b", "new");
        let expected = format!(r#"{{"v":{value},"a":2,"b":"new"}}"#);
        assert_eq!(data.encode().unwrap(), expected.as_bytes());
        assert!(data.remove("v", crate::data::Intent::Guarded));
        assert_eq!(keys(&parse(data.encode().unwrap())), ["a", "b"], "{value}");
    }
}

#[test]
fn integer_that_no_float_holds_is_not_the_same_as_that_float() {
    let stored = &br#"{"v":12345678901234567890123}"#[..];
    let mut data = Data::parse(record(stored), LIMITS).unwrap();
    let seen: f64 = get(&data, "v").unwrap();
    assert!(set(&mut data, "v", seen));
    assert!(data.is_modified());
    let written = parse(data.encode().unwrap());
    assert_eq!(get(&written, "v"), Some(seen));
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

#[test]
fn what_an_update_stored_is_replayed_in_the_format_of_the_newer_record() {
    for stored in [r#"{"n":5,"a":1}"#, r#"{"n":"hello","a":1}"#] {
        let mut data = Data::parse(record(stored), LIMITS).unwrap();
        let expected = if stored.contains("hello") { &b"\xa5hello"[..] } else { b"\x05" };
        data.clear(|_| false);
        data.accept("n");
        set(&mut data, "q", 1);
        let newer = data.rebase(record(stored.replace('}', r#","z":2}"#)), |_| false).unwrap();
        let replayed = parse(newer.encode().unwrap());
        assert_eq!(keys(&replayed), ["n", "q"], "{stored}");
        assert_eq!(replayed.peek("n").unwrap().0, expected, "{stored}");
    }
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
