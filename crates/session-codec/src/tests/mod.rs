//! Facts that hold for every format.
#![cfg(feature = "json")]

#[cfg(feature = "flask")]
mod hostile;
#[cfg(not(feature = "flask"))]
mod left_out;
mod limits;
#[cfg(feature = "flask")]
mod mutations;
#[cfg(feature = "flask")]
mod pickles;
mod properties;
#[cfg(feature = "flask")]
mod python2;
#[cfg(feature = "flask")]
mod record;
#[cfg(feature = "flask")]
mod shapes;
#[cfg(feature = "flask")]
pub(crate) mod tagged;
mod timestamps;
mod vectors;

use crate::{
    DEPTH_CEILING, Format, Key, MapWriter, as_bool, as_text, as_u64, decode, detect, elements,
    encode, entry_size, entry_start, frame_size, index, push_element, transcode,
};
use crate::{ErrorKind, Result};
use Format::{Json, MessagePack};
use serde::Serialize;

#[cfg(feature = "flask")]
const FORMATS: [Format; 3] = [MessagePack, Json, Format::Pickle];
#[cfg(not(feature = "flask"))]
const FORMATS: [Format; 2] = [MessagePack, Json];

type Entries = Vec<(String, Vec<u8>)>;

fn entries(payload: &[u8], format: Format) -> Result<Entries> {
    let mut found = Vec::new();
    index(payload, format, 64, |key, value| {
        found.push((text_of(&key), value.of(payload).to_vec()));
    })?;
    Ok(found)
}

fn text_of(key: &Key<'_>) -> String {
    match key {
        Key::Raw(text, _) => String::from_utf8(text.to_vec()).unwrap(),
        Key::Owned(text) => String::from_utf8_lossy(text).into_owned(),
        Key::Nameless => panic!("the key is no text"),
    }
}

fn encoded<T: Serialize + ?Sized>(value: &T, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    encode(value, format, DEPTH_CEILING, &mut out).unwrap();
    out
}

fn transcoded(value: &[u8], from: Format, to: Format) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    transcode(value, from, to, &mut out).map(|()| out)
}

/// Writes `entries` as a payload whose size is foretold.
fn written(entries: &[(String, Vec<u8>)], format: Format) -> Vec<u8> {
    let size = frame_size(format, entries.len(), entries.len())
        + entries.iter().map(|(key, value)| entry_size(format, key, value.len())).sum::<usize>();
    let mut out = Vec::new();
    let mut map = MapWriter::begin(format, entries.len(), &mut out);
    entries.iter().for_each(|(key, value)| map.entry(key, value));
    map.end();
    assert_eq!(out.len(), size);
    out
}

/// Copies a payload in two runs.
fn copied(payload: &[u8], format: Format, split: usize) -> Vec<u8> {
    let mut spans = Vec::new();
    index(payload, format, 64, |key, value| match key {
        Key::Raw(_, key) => spans.push((entry_start(payload, format, key), value.end as usize)),
        Key::Owned(_) | Key::Nameless => panic!("the key has escapes, or is no text"),
    })
    .unwrap();
    let mut out = Vec::new();
    let mut map = MapWriter::begin(format, spans.len(), &mut out);
    for run in [&spans[..split], &spans[split..]] {
        if let (Some(first), Some(last)) = (run.first(), run.last()) {
            map.run(&payload[first.0..last.1]);
        }
    }
    map.end();
    out
}

#[test]
fn long_key_has_the_smallest_header() {
    for (len, header) in [(0, 1), (31, 1), (32, 2), (255, 2), (256, 3), (65_535, 3), (65_536, 5)] {
        let payload = written(&[("k".repeat(len), vec![0xc0])], MessagePack);
        assert_eq!(payload.len(), 1 + header + len + 1);
        assert_eq!(copied(&payload, MessagePack, 0), payload);
    }
    for count in [0_usize, 15, 16, 65_535, 65_536] {
        let many: Entries = (0..count).map(|n| (n.to_string(), vec![0xc0])).collect();
        assert_eq!(entries(&written(&many, MessagePack), MessagePack).unwrap(), many);
    }
}

#[test]
fn key_header_is_found_whatever_its_form() {
    for payload in [&b"\x81\xd9\x01k\xc0"[..], b"\x81\xda\0\x01k\xc0", b"\x81\xdb\0\0\0\x01k\xc0"] {
        assert_eq!(copied(payload, MessagePack, 1), payload);
    }
}

#[test]
fn json_is_read_with_white_space_and_escapes() {
    let payload = b" {\n\"a\" : [ 1 , {} ] , \"\\u0062\\n\":\"\\\"\" }\t";
    assert_eq!(detect(payload), Ok(Json));
    assert_eq!(
        entries(payload, Json).unwrap(),
        [("a".into(), b"[ 1 , {} ]".to_vec()), ("b\n".into(), b"\"\\\"\"".to_vec())]
    );
}

#[test]
fn json_key_is_escaped_as_little_as_msgspec_does() {
    let key = "a\"\\/\u{8}\u{c}\n\r\t\0\u{1f}\u{7f}\u{2028}é";
    let payload = written(&[(key.into(), b"1".to_vec())], Json);
    let expected = "{\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u{7f}\u{2028}é\":1}";
    assert_eq!(std::str::from_utf8(&payload).unwrap(), expected);
    assert_eq!(entries(&payload, Json).unwrap(), [(key.into(), b"1".to_vec())]);
}

#[test]
fn payload_of_no_known_format_is_not_detected() {
    for payload in [&b""[..], b" ", b"7", b"[1]", b"\xc0", b"(l", b"(t", b"\x80\x01", b"hello"] {
        let error = detect(payload).expect_err(&format!("{payload:x?}"));
        assert_eq!(error.kind(), ErrorKind::Decode);
    }
}

#[test]
fn last_of_two_equal_keys_is_reported_last() {
    let found = entries(b"\x82\xa1v\x01\xa1v\x02", MessagePack).unwrap();
    assert_eq!(found, [("v".into(), vec![1]), ("v".into(), vec![2])]);
}

#[test]
fn error_does_not_quote_the_value() {
    for format in FORMATS {
        let error = decode::<u32>(&encoded("secret", format), format).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}

#[test]
fn whole_value_must_be_consumed() {
    assert!(decode::<u8>(b"\x01\x01", MessagePack).is_err());
    assert!(decode::<u8>(b"1 1", Json).is_err());
    assert!(elements(b"\x90\x01", MessagePack).is_err());
    assert!(elements(b"[]]", Json).is_err());
}

#[test]
fn decoded_text_borrows_from_the_payload() {
    assert_eq!(decode::<&str>(b"\xa2hi", MessagePack).unwrap(), "hi");
    assert_eq!(decode::<&str>(b"\"hi\"", Json).unwrap(), "hi");
}

#[test]
fn elements_are_split_and_joined() {
    let flashes = vec![("message", "Saved"), ("error", "[\"no\"]")];
    for format in FORMATS {
        let value = encoded(&flashes, format);
        let spans = elements(&value, format).unwrap();
        assert_eq!(spans[1], encoded(&flashes[1], format));
        let mut joined = Vec::new();
        for (len, element) in spans.iter().enumerate() {
            push_element(element, format, len, &mut joined);
        }
        assert_eq!(joined, value);
        assert!(elements(&encoded("text", format), format).is_err());
    }
}

#[test]
fn scalar_is_read_without_serde() {
    for format in FORMATS {
        let texts: &[(Vec<u8>, Option<&str>)] = &[
            (encoded("me", format), Some("me")),
            (encoded("a\"b", format), Some("a\"b")),
            (encoded(&"x".repeat(300), format), Some(&"x".repeat(300))),
            (encoded(&42, format), Some("42")),
            (encoded(&-200, format), Some("-200")),
            (encoded(&u64::MAX, format), Some("18446744073709551615")),
            (encoded(&i64::MIN, format), Some("-9223372036854775808")),
            (encoded(&1.5, format), None),
            (encoded(&true, format), None),
            (encoded(&(), format), None),
            (encoded(&["me"], format), None),
            (vec![], None),
        ];
        for (value, expected) in texts {
            assert_eq!(as_text(value, format).as_deref(), *expected);
        }
        for number in [0, 127, 128, 255, 256, 65_536, 1 << 32, u64::MAX] {
            assert_eq!(as_u64(&encoded(&number, format), format), Some(number));
        }
        assert_eq!(as_u64(&encoded(&-1, format), format), None);
        assert_eq!(as_bool(&encoded(&true, format), format), Some(true));
        assert_eq!(as_bool(&encoded(&false, format), format), Some(false));
        assert_eq!(as_bool(&encoded(&1, format), format), None);
    }
    // A signed form of a number that is not negative, as other writers choose it.
    assert_eq!(as_u64(b"\xd1\x01\x00", MessagePack), Some(256));
}

#[test]
fn name_of_a_format_is_parsed_and_written() {
    for format in FORMATS {
        assert_eq!(format.to_string().parse::<Format>().unwrap(), format);
    }
    assert_eq!("yaml".parse::<Format>().unwrap_err().kind(), ErrorKind::Name);
    assert_eq!(Format::default(), MessagePack);
}
