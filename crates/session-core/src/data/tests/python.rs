//! Records that Python wrote, and records that Python shall read.

use super::{LIMITS, get, keys, overwrite, record, set};
use crate::data::{Data, Limits};
use crate::error::ErrorKind;
use session_codec::Format;

const PICKLE: Limits = Limits { format: Format::Pickle, ..LIMITS };

/// `{"_permanent": True, "roles": {"admin"}, "pair": (1, 2), "at": date(2024, 1, 2), "n": 1}`, with
/// one text shared: protocol 4 as CPython writes it.
const PAYLOAD: &[u8] =
    b"\x80\x04\x95\x5b\0\0\0\0\0\0\0}\x94(\x8c\x0a_permanent\x94\x88\x8c\x05roles\
    \x94\x8f\x94(\x8c\x05admin\x94\x90\x8c\x04pair\x94K\x01K\x02\x86\x94\x8c\x02at\x94\x8c\x08\
    datetime\x94\x8c\x04date\x94\x93\x94C\x04\x07\xe8\x01\x02\x94\x85\x94R\x94\x8c\x01n\x94K\x01u.";

fn parse(limits: Limits) -> Data {
    Data::parse(record(PAYLOAD), limits).unwrap()
}

#[test]
fn types_of_python_survive_a_rewrite() {
    let mut data = parse(PICKLE);
    assert_eq!(keys(&data), ["_permanent", "roles", "pair", "at", "n"]);
    set(&mut data, "n", 2);
    set(&mut data, "new", vec!["x"]);
    let expected = b"\x80\x04}(\x8c\x0a_permanent\x88\x8c\x05roles\x8f(\x8c\x05admin\x90\
        \x8c\x04pair(K\x01K\x02t\x8c\x02at\x8c\x08datetime\x8c\x04date\x93C\x04\x07\xe8\x01\x02\x85R\
        \x8c\x01nK\x02\x8c\x03new](\x8c\x01xeu.";
    let payload = data.encode().unwrap();
    assert_eq!(payload, &expected[..]);
    let again = Data::parse(record(payload.clone()), PICKLE).unwrap();
    assert_eq!(again.encode().unwrap(), payload);
    assert_eq!(get(&again, "at"), Some("2024-01-02".to_owned()));
    assert_eq!(get(&again, "pair"), Some((1, 2)));
}

#[test]
fn record_is_compared_as_it_is_stored() {
    for limits in [PICKLE, LIMITS] {
        let data = parse(limits);
        assert_eq!(data.base().payload, PAYLOAD);
        assert_eq!(data.base().ttl, record(PAYLOAD).ttl);
        assert!(!data.is_modified() && !data.is_untouched());
    }
    assert_eq!(parse(PICKLE).rebase(record(PAYLOAD), |_| false).unwrap().base().payload, PAYLOAD);
}

#[test]
fn equal_value_is_no_change_and_a_changed_one_conflicts() {
    for limits in [PICKLE, LIMITS] {
        let mut data = parse(limits);
        assert!(data.read("n").is_some());
        assert!(!set(&mut data, "n", 1));
        set(&mut data, "n", 5);
        assert_eq!(data.rebase(record(PAYLOAD), |_| false).unwrap().conflict(), None);
        for newer in [&b"\x80\x04}\x8c\x01nK\x02s."[..], b"\x81\xa1n\x02", b"{\"n\":2}"] {
            let newer = data.rebase(record(newer), |_| false).unwrap();
            assert_eq!(newer.conflict(), Some("n"));
        }
    }
}

#[test]
fn write_changes_a_pickle_to_the_configured_format() {
    let mut data = parse(LIMITS);
    overwrite(&mut data, "n", 2);
    let expected = b"\x85\xaa_permanent\xc3\xa5roles\x91\xa5admin\xa4pair\x92\x01\x02\xa2at\xaa\
        2024-01-02\xa1n\x02";
    assert_eq!(data.encode().unwrap(), &expected[..]);
}

#[test]
fn other_formats_change_to_a_pickle() {
    let expected = b"\x80\x04}(\x8c\x01a](K\x01\x8a\x09\0\0\0\0\0\0\0\0\x01e\x8c\x01bK\x02u.";
    let json = &br#"{"a": [1, 18446744073709551616], "b": 1}"#[..];
    let tagged = &br#"{"a":{" t":[1,18446744073709551616]},"b":1}"#[..];
    let as_tuple = b"\x80\x04}(\x8c\x01a(K\x01\x8a\x09\0\0\0\0\0\0\0\0\x01t\x8c\x01bK\x02u.";
    for (payload, expected) in [(json, &expected[..]), (tagged, as_tuple)] {
        let mut data = Data::parse(record(payload), PICKLE).unwrap();
        assert_eq!(data.base().payload, payload);
        overwrite(&mut data, "b", 2);
        assert_eq!(data.encode().unwrap(), expected);
    }
    let timestamp = &b"\x82\xa1a\xd6\xff\x65\x93\x7d\x25\xa1b\x01"[..];
    let mut data = Data::parse(record(timestamp), PICKLE).unwrap();
    overwrite(&mut data, "b", 2);
    let again = Data::parse(record(data.encode().unwrap()), PICKLE).unwrap();
    assert_eq!(get(&again, "a"), Some("2024-01-02T03:04:05Z".to_owned()));
    let other = &b"\x82\xa1a\xd4\x01\x00\xa1b\x01"[..];
    let mut data = Data::parse(record(other), PICKLE).unwrap();
    overwrite(&mut data, "b", 2);
    let kept = &b"\x82\xa1a\xd4\x01\x00\xa1b\x02"[..];
    assert_eq!(data.encode().unwrap(), kept, "an extension that Python has no type for");
}

#[test]
fn number_beyond_json_does_not_hide_a_session() {
    let limits = Limits { format: Format::Json, ..LIMITS };
    let payload = &br#"{"a":1,"b":NaN,"c":{" t":[1]}}"#[..];
    let mut data = Data::parse(record(payload), limits).unwrap();
    assert_eq!(keys(&data), ["a", "b", "c"]);
    overwrite(&mut data, "a", 2);
    assert_eq!(data.encode().unwrap(), &br#"{"a":2,"b":NaN,"c":{" t":[1]}}"#[..]);
    assert!(get::<f64>(&data, "b").unwrap().is_nan());
    assert!(Data::parse(record(&br#"{"a":1,"b":nan}"#[..]), limits).is_err());
}

#[test]
fn empty_dictionary_is_an_empty_session() {
    for payload in [&b"\x80\x04}\x94."[..], b"\x80\x02}q\0.", b"(dp0\n.", b"}."] {
        let data = Data::parse(record(payload), PICKLE).unwrap();
        assert_eq!(keys(&data).len(), 0);
        assert_eq!(data.encode().unwrap(), &b"\x80\x04}."[..]);
    }
}

#[test]
fn pickle_over_the_limit_is_refused() {
    let limits = Limits { max_payload: PAYLOAD.len() - 1, ..PICKLE };
    let error = Data::parse(record(PAYLOAD), limits).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

fn unhex(digits: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap() as u8;
    digits.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[derive(serde::Deserialize)]
struct Fallback {
    configured: String,
    input: String,
    payload: String,
    msgpack: Option<String>,
}

#[test]
fn every_record_that_flask_session_reads_as_a_session_is_read() {
    let vectors: std::collections::BTreeMap<String, serde_json::Value> =
        serde_json::from_str(include_str!("../../../tests/data/fallback.json")).unwrap();
    let vectors: Vec<Fallback> = serde_json::from_value(vectors["payloads"].clone()).unwrap();
    assert!(vectors.len() > 25);
    for vector in vectors {
        let name = format!("{} where {} is configured", vector.input, vector.configured);
        let limits = Limits { format: vector.configured.parse().unwrap(), ..LIMITS };
        let payload = unhex(&vector.payload);
        let Some(expected) = vector.msgpack else {
            assert!(Data::parse(record(payload), limits).is_err(), "{name}");
            continue;
        };
        // A pickle is Flask-Session's last resort, here it is a format as well.
        for format in [limits.format, Format::Pickle] {
            let data = Data::parse(record(payload.clone()), Limits { format, ..limits }).unwrap();
            let stored = Data::parse(record(data.encode().unwrap()), LIMITS).unwrap();
            let mut own = Data::empty(LIMITS);
            for key in keys(&stored) {
                let (value, format) = stored.peek(key).unwrap();
                let is_new = own.set(key, crate::data::Intent::Blind, |out, _| {
                    Ok(session_codec::transcode(value, format, Format::MessagePack, out)?)
                });
                assert!(is_new.unwrap(), "{name}");
            }
            let expected = unhex(&expected);
            assert_eq!(own.encode().unwrap(), expected, "{name}");
        }
    }
}
