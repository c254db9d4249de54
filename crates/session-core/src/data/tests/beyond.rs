//! Values and keys that the configured format cannot say: they stay, and spoil nothing beside them.

use super::{LIMITS, get, overwrite, record};
use crate::data::{Data, Limits};
use session_codec::Format::{self, Json, MessagePack, Pickle};
use session_codec::Value;

fn open(stored: &'static [u8], format: Format) -> Data {
    Data::parse(record(stored), Limits { format, ..LIMITS }).unwrap()
}

/// The configured format, a record, and what is stored once a request has set `zz` to 1.
const RECORDS: &[(Format, &[u8], &[u8])] = &[
    // Python's numbers beyond JSON; objects that only look like tags where JSON is configured.
    (Json, br#"{"a":{" b":"AP8="},"n":NaN}"#, br#"{"a":{" b":"AP8="},"n":NaN,"zz":1}"#),
    (
        MessagePack,
        br#"{"n":[NaN,-Infinity]}"#,
        b"\x82\xa1n\x92\xcb\x7f\xf8\0\0\0\0\0\0\xcb\xff\xf0\0\0\0\0\0\0\xa2zz\x01",
    ),
    (Pickle, br#"{"n":Infinity}"#, b"\x80\x04}(\x8c\x01nG\x7f\xf0\0\0\0\0\0\0\x8c\x02zzK\x01u."),
    (MessagePack, br#"{"a":-0}"#, b"\x82\xa1a\0\xa2zz\x01"),
    // Half of a surrogate pair, as a value.
    (MessagePack, br#"{"v":"\ud800"}"#, br#"{"v":"\ud800","zz":1}"#),
    (Json, br#"{"v":"\ud800"}"#, br#"{"v":"\ud800","zz":1}"#),
    (Pickle, br#"{"v":"a\udfff"}"#, b"\x80\x04}(\x8c\x01v\x8c\x04a\xed\xbf\xbf\x8c\x02zzK\x01u."),
    (
        MessagePack,
        b"\x80\x04}\x8c\x01v\x8c\x03\xed\xa0\x80s.",
        b"\x80\x04}(\x8c\x01v\x8c\x03\xed\xa0\x80\x8c\x02zzK\x01u.",
    ),
    (Json, b"(dVv\nV\\ud800\ns.", b"\x80\x04}(\x8c\x01v\x8c\x03\xed\xa0\x80\x8c\x02zzK\x01u."),
    // And as a key.
    (MessagePack, br#"{"\ud800":1,"b":2}"#, br#"{"\ud800":1,"b":2,"zz":1}"#),
    (Json, br#"{"\ud83da\ud83d\ude00":1}"#, "{\"\\ud83da😀\":1,\"zz\":1}".as_bytes()),
    (Pickle, br#"{"\ud800":1,"b":2}"#, br#"{"\ud800":1,"b":2,"zz":1}"#),
    (
        Json,
        b"\x80\x04}\x8c\x03\xed\xa0\x80K\x01s.",
        b"\x80\x04}(\x8c\x03\xed\xa0\x80K\x01\x8c\x02zzK\x01u.",
    ),
    // Tags beside what keeps the record from changing: it becomes a pickle, which has all types.
    (
        MessagePack,
        br#"{"a":{" b":"AP8="},"v":18446744073709551616}"#,
        b"\x80\x04}(\x8c\x01aC\x02\0\xff\x8c\x01v\x8a\x09\0\0\0\0\0\0\0\0\x01\x8c\x02zzK\x01u.",
    ),
    (
        MessagePack,
        br#"{"a":{" b":"AP8="},"v":"\ud800"}"#,
        b"\x80\x04}(\x8c\x01aC\x02\0\xff\x8c\x01v\x8c\x03\xed\xa0\x80\x8c\x02zzK\x01u.",
    ),
    // A tag that is none takes nothing from another.
    (
        MessagePack,
        br#"{"a":{" b":"AP8="},"v":{" u":"12"}}"#,
        b"\x83\xa1a\xc4\x02\0\xff\xa1v\x81\xa2 u\xa212\xa2zz\x01",
    ),
    // MessagePack that `msgspec` refuses: text that is not UTF-8 and timestamps that are none.
    (Json, b"\x81\xa1v\xa1\xff", b"\x82\xa1v\xa1\xff\xa2zz\x01"),
    (Json, b"\x81\xa1v\x81\xa1\xff\x01", b"\x82\xa1v\x81\xa1\xff\x01\xa2zz\x01"),
    (Pickle, b"\x81\xa1v\x91\xd9\x01\xff", b"\x82\xa1v\x91\xd9\x01\xff\xa2zz\x01"),
    (
        Json,
        b"\x81\xa1v\xd7\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x82\xa1v\xd7\xff\xff\xff\xff\xff\xff\xff\xff\xff\xa2zz\x01",
    ),
    (Pickle, b"\x81\xa1v\x81\xd4\xff\0\x01", b"\x82\xa1v\x81\xd4\xff\0\x01\xa2zz\x01"),
];

#[test]
fn value_that_cannot_be_said_stays_and_others_are_written() {
    super::assert_stay(RECORDS);
}

#[test]
fn value_that_cannot_be_said_is_read_and_can_be_removed() {
    super::assert_go(RECORDS);
}

#[test]
fn half_of_a_pair_is_bytes_and_no_text() {
    for stored in [&br#"{"v":"\ud800"}"#[..], b"\x80\x04}\x8c\x01v\x8c\x03\xed\xa0\x80s."] {
        let data = open(stored, MessagePack);
        assert_eq!(get(&data, "v"), Some(Value::Bytes(b"\xed\xa0\x80".into())));
        assert!(data.get::<String>("v").is_err());
        let (value, format) = data.peek("v").unwrap();
        assert_eq!(session_codec::as_text(value, format), None);
    }
}

#[test]
fn number_is_the_one_that_python_reads() {
    let wide =
        [&b"{\"v\":18446744073709551616}"[..], b"\x80\x04}\x8c\x01v\x8a\x09\0\0\0\0\0\0\0\0\x01s."];
    for stored in wide {
        let data = open(stored, MessagePack);
        assert_eq!(get(&data, "v"), Some(18_446_744_073_709_551_616_f64));
        assert_eq!(get(&data, "v"), Some(18_446_744_073_709_551_616_f32));
        assert_eq!(get(&data, "v"), Some(18_446_744_073_709_551_616_u128));
    }
    let zero = open(b"{\"v\":-0}", MessagePack);
    assert_eq!(get(&zero, "v"), Some(0_i64));
    assert_eq!(get(&zero, "v"), Some(0_u8));
    let infinite = open(b"{\"v\":1e999}", MessagePack);
    assert_eq!(get(&infinite, "v"), Some(f64::INFINITY));
}

#[test]
fn zeros_of_two_signs_are_two_values() {
    let mut data = open(b"{\"v\":0.0}", MessagePack);
    assert!(!overwrite(&mut data, "v", 0.0));
    assert!(overwrite(&mut data, "v", -0.0));
    assert!(data.is_modified());
}
