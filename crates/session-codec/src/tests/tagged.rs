//! JSON with the tags of Flask.

use super::record::{opened_anyhow, rewritten};
use super::vectors::unhex;
use super::{transcoded, written};
use crate::Format::{self, Json, MessagePack, Pickle};
use crate::Value;
use crate::{decode, detect};
use serde::Deserialize;
use std::cell::Cell;

#[derive(Deserialize)]
struct Vectors {
    written: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    tagged: String,
    msgpack: Option<String>,
}

/// The entries of JSON, and the format their values are in.
fn read(payload: &[u8], configured: Format) -> (super::Entries, Format) {
    assert_eq!(detect(payload), Ok(Json));
    opened_anyhow(payload, configured).unwrap()
}

fn value(json: &str) -> Value {
    let payload = format!("{{\"v\":{json}}}");
    let (entries, format) = read(payload.as_bytes(), MessagePack);
    decode(&entries[0].1, format).unwrap()
}

#[test]
fn session_of_flask_is_transcoded_as_msgspec_writes_what_flask_reads() {
    let vectors: Vectors =
        serde_json::from_str(include_str!("../../tests/data/tagged.json")).unwrap();
    assert!(vectors.written.len() > 50);
    for vector in vectors.written {
        let (entries, format) = read(vector.tagged.as_bytes(), MessagePack);
        let own: Result<Vec<_>, _> = entries
            .into_iter()
            .map(|(key, value)| transcoded(&value, format, MessagePack).map(|value| (key, value)))
            .collect();
        match vector.msgpack {
            Some(expected) => {
                assert_eq!(
                    written(&own.unwrap(), MessagePack),
                    unhex(&expected),
                    "{}",
                    vector.name
                );
            }
            None if vector.name == "markup" => assert!(own.is_ok()),
            None => assert!(own.is_err(), "{}", vector.name),
        }
    }
}

#[test]
fn tags_of_the_top_level_are_read() {
    let (found, _) = read(br#"{" di":{" t__":[1]}}"#, MessagePack);
    assert_eq!(found[0].0, " t");
    assert!(rewritten(br#"{" t":[1]}"#, Json, MessagePack, 64).unwrap().is_none());
}

#[test]
fn number_beyond_json_is_read_whatever_is_configured() {
    for configured in [MessagePack, Json, Pickle] {
        let payload = br#"{"a":[Infinity,-Infinity,-1],"b":{" t":[1]}}"#;
        let (found, format) = read(payload, configured);
        let floats: (f64, f64, i8) = decode(&found[0].1, format).unwrap();
        assert_eq!(floats, (f64::INFINITY, f64::NEG_INFINITY, -1));
        let tuple = if configured == Json { &br#"{" t":[1]}"#[..] } else { b"(K\x01t" };
        assert_eq!(found[1].1, tuple);
        let (found, format) = read(br#"{"a":NaN}"#, configured);
        assert!(decode::<f64>(&found[0].1, format).unwrap().is_nan());
    }
}

#[test]
fn plain_json_stays_as_it_is_where_it_is_configured() {
    let payload = br#"{"v":{" t":[1]}}"#;
    let (found, format) = read(payload, Json);
    assert_eq!((found[0].1.as_slice(), format), (&br#"{" t":[1]}"#[..], Json));
    assert_eq!(read(payload, MessagePack).1, Pickle);
}

#[test]
fn what_is_no_tag_is_an_object() {
    for json in [
        r#"{" b":"%"}"#,
        r#"{" u":"12"}"#,
        r#"{" u":"+2345678123456781234567812345678"}"#,
        r#"{" d":"2024-01-02"}"#,
        r#"{" d":"Tue, 30 Feb 2024 03:04:05 GMT"}"#,
        r#"{" t":"abc"}"#,
        r#"{" m":1}"#,
        r#"{" di":{"x":1}}"#,
        r#"{" t":[1],"x":2}"#,
        r#"{" x":[1]}"#,
    ] {
        assert!(matches!(value(json), Value::Map(_)), "{json}");
    }
    assert_eq!(value(r#""{\" t\":[1]}""#), Value::Text("{\" t\":[1]}".into()));
}

thread_local! {
    static SCANNED: Cell<usize> = const { Cell::new(0) };
}

/// Counts bytes in which the end of a string was looked for.
pub(crate) fn count_scanned(bytes: usize) {
    SCANNED.set(SCANNED.get() + bytes);
}

#[test]
fn text_in_many_tags_is_looked_at_as_often_as_in_one() {
    let text = "x".repeat(100_000);
    let scanned = |levels: usize| {
        let json =
            format!("{{\"v\":{}\"{text}\"{}}}", "{\" t\":[".repeat(levels), "]}".repeat(levels));
        SCANNED.set(0);
        assert!(rewritten(json.as_bytes(), Json, MessagePack, 64).unwrap().is_some());
        SCANNED.get()
    };
    let (one, many) = (scanned(1), scanned(60));
    assert!(many < one + text.len() / 10, "{one} bytes in one tag, {many} in 60");
}

/// Once to find the objects of one entry, and once to be written.
#[test]
fn key_of_an_object_that_is_no_tag_is_looked_at_twice() {
    let objects = format!("{{\"{}\":1}},", "k".repeat(100)).repeat(1_000);
    let json = format!("{{\"t\":{{\" t\":[]}},\"v\":[{objects}1]}}");
    SCANNED.set(0);
    assert!(rewritten(json.as_bytes(), Json, MessagePack, 64).unwrap().is_some());
    let times = SCANNED.get() as f64 / json.len() as f64;
    assert!(times < 2.1, "each byte is looked at {times} times");
}

#[test]
fn short_collections_and_numbers_allocate_nothing_of_their_own() {
    let of = |start: &[u8], item: &[u8], end: &[u8]| [start, &item.repeat(20_000), end].concat();
    for (payload, format) in [
        (of(b"{\"t\":{\" t\":[1]},\"v\":[0", b",[[[-12]]]", b"]}"), Json),
        (of(b"\x80\x04}(\x8c\x01v](", b"](](K\x01ee", b"eu."), Pickle),
        (of(b"\x80\x04}(\x8c\x01v](", b")\x85\x85", b"eu."), Pickle),
        (of(b"\x80\x04}(\x8c\x01v](", b"]K\x01a", b"eu."), Pickle),
        (of(b"\x80\x04}(\x8c\x01v](", b"}K\x01K\x02s", b"eu."), Pickle),
        (of(b"\x80\x04}(\x8c\x01v](", b"I12\n", b"eu."), Pickle),
    ] {
        let used = allocation_counter::measure(|| {
            assert!(rewritten(&payload, format, MessagePack, 64).unwrap().is_some());
        });
        let start = payload[..32].escape_ascii();
        assert!(used.count_total < 200, "{} allocations for {start}", used.count_total);
    }
}

#[test]
fn tags_within_tags_take_time_in_proportion() {
    let deep = format!("{{\"v\":{}1{}}}", "{\" t\":[".repeat(60), "],\"x\":1}".repeat(60));
    assert!(rewritten(deep.as_bytes(), Json, MessagePack, 128).unwrap().is_some());
    assert!(rewritten(deep.as_bytes(), Json, MessagePack, 64).unwrap().is_none());
    let far = format!("{{\"v\":{}", "{\" t\":[".repeat(100_000));
    assert!(rewritten(far.as_bytes(), Json, MessagePack, 64).unwrap().is_none());
}
