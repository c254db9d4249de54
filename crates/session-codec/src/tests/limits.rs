//! What is refused: malformed, too deep, or beyond the format.

use super::{FORMATS, encoded, entries, transcoded, written};
use crate::ErrorKind;
use crate::Format::{self, Json, MessagePack};
use crate::Value;
use crate::{DEPTH_CEILING, decode, elements, encode, index, transcode};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

#[test]
fn malformed_payload_is_refused() {
    let table: &[(Format, &[u8])] = &[
        (MessagePack, b""),
        (MessagePack, b"\xc0"),
        (MessagePack, b"\x90"),
        (MessagePack, b"\x81\xa1"),
        (MessagePack, b"\x81\xa1a"),
        (MessagePack, b"\x81\xa1a\xcb\0"),
        (MessagePack, b"\x80\x80"),
        (MessagePack, b"\x80\x04\x95."),
        (MessagePack, b"\x81\x01\x01"),
        (MessagePack, b"\x81\xc4\x01a\x01"),
        (MessagePack, b"\x81\xa1\xff\x01"),
        (MessagePack, b"\x81\xa9aaaaaaaa\xff\x01"),
        (MessagePack, b"\x81\xa1a\xc1"),
        (MessagePack, b"\x81\xa1a\x91\xc1"),
        (MessagePack, b"\x81\xa1a\xdb\xff\xff\xff\xff"),
        (MessagePack, b"\x81\xa1a\xdd\xff\xff\xff\xff\x01"),
        (MessagePack, b"\xdf\xff\xff\xff\xff\xa1a\x01"),
        (Json, b""),
        (Json, b" "),
        (Json, b"[]"),
        (Json, b"{"),
        (Json, b"{}}"),
        (Json, b"{1:2}"),
        (Json, b"{\"a\"}"),
        (Json, b"{\"a\":}"),
        (Json, b"{\"a\":1,}"),
        (Json, b"{\"a\":01}"),
        (Json, b"{\"a\":1.}"),
        (Json, b"{\"a\":tru}"),
        (Json, b"{\"a\":[1 2]}"),
        (Json, b"{\"a\":{1:2}}"),
        (Json, b"{\"a\":\"\x01\"}"),
        (Json, b"{\"a\":\"\\x\"}"),
        (Json, b"{\"a\":\"\xff\"}"),
        (Json, b"{\"a\":\"12345678"),
    ];
    for (format, payload) in table {
        let error = entries(payload, *format).expect_err(&format!("{payload:x?}"));
        assert_eq!(error.kind(), ErrorKind::Decode);
    }
}

/// `levels` arrays within each other.
fn nested(levels: usize, format: Format) -> Vec<u8> {
    match format {
        MessagePack => [vec![0x91; levels - 1], vec![0x90]].concat(),
        Json => [vec![b'['; levels], vec![b']'; levels]].concat(),
        #[cfg(feature = "flask")]
        Format::Pickle => [b"](".repeat(levels - 1), vec![b']'], vec![b'e'; levels - 1]].concat(),
    }
}

fn nested_value(levels: usize) -> Value {
    (1..levels).fold(Value::Array(vec![]), |inner, _| Value::Array(vec![inner]))
}

#[test]
fn depth_counts_the_map_of_the_payload() {
    for format in FORMATS {
        for max_depth in [2, 64, DEPTH_CEILING] {
            for (levels, is_allowed) in [(max_depth - 1, true), (max_depth, false)] {
                let value = nested(levels, format);
                let payload = written(&[("k".into(), value.clone())], format);
                assert_eq!(index(&payload, format, max_depth, |_, _| ()).is_ok(), is_allowed);
                let result = encode(&nested_value(levels), format, max_depth, &mut Vec::new());
                assert_eq!(result.is_ok(), is_allowed);
                if is_allowed {
                    decode::<Value>(&value, format).unwrap();
                    decode::<IgnoredAny>(&value, format).unwrap();
                }
            }
        }
        assert!(decode::<Value>(&nested(DEPTH_CEILING, format), format).is_err());
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    #[derive(Deserialize)]
    enum Chain {
        #[expect(dead_code)]
        Link(Box<Chain>),
    }
    for format in FORMATS {
        let value = nested(5_000, format);
        let payload = written(&[("k".into(), value.clone())], format);
        for max_depth in [64, DEPTH_CEILING, usize::MAX] {
            let error = index(&payload, format, max_depth, |_, _| ()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            let mut out = vec![1];
            let error = encode(&nested_value(5_000), format, max_depth, &mut out).unwrap_err();
            assert_eq!((error.kind(), out), (ErrorKind::TooLarge, vec![1]));
        }
        assert!(elements(&value, format).is_err());
        assert!(decode::<Value>(&value, format).is_err());
        let _ = decode::<IgnoredAny>(&value, format);
    }
    // rmp-serde does not count the levels of enums.
    assert!(decode::<Chain>(&b"\x81\xa4Link".repeat(100_000), MessagePack).is_err());
}

#[test]
fn value_the_format_cannot_say_is_refused() {
    let text = |text: &str| Value::Text(text.into());
    // What an application wants to store is refused; what is stored becomes what msgspec makes of it.
    let table = [
        (Value::Float(f64::NAN), Some("null")),
        (Value::Array(vec![Value::Float(f64::INFINITY)]), Some("[null]")),
        (Value::Bytes(vec![1]), Some(r#""AQ==""#)),
        (Value::Extension(-1, vec![0; 5]), None),
        (Value::Extension(1, vec![0; 4]), None),
        (Value::Map(vec![(Value::Integer(1), text("a"))]), Some(r#"{"1":"a"}"#)),
        (Value::Map(vec![(Value::Null, text("a"))]), None),
        (Value::Map(vec![(Value::Bool(true), text("a"))]), None),
        (Value::Map(vec![(Value::Float(1.0), text("a"))]), Some(r#"{"1.0":"a"}"#)),
        (Value::Map(vec![(Value::Float(f64::NAN), text("a"))]), None),
        (Value::Map(vec![(Value::Bytes(vec![1]), text("a"))]), Some(r#"{"AQ==":"a"}"#)),
        (Value::Map(vec![(Value::Array(vec![]), text("a"))]), None),
    ];
    for (value, said) in table {
        let mut out = vec![7];
        let error = encode(&value, Json, 64, &mut out).unwrap_err();
        assert_eq!((error.kind(), &out), (ErrorKind::Encode, &vec![7]), "{value:?}");
        let bytes = encoded(&value, MessagePack);
        let error = transcode(&bytes, MessagePack, Json, &mut out).map_err(|error| error.kind());
        assert_eq!(
            error,
            if said.is_some() { Ok(()) } else { Err(ErrorKind::Encode) },
            "{value:?}"
        );
        assert_eq!(&out[1..], said.unwrap_or_default().as_bytes(), "{value:?}");
    }
    for wide in ["18446744073709551616", "[1,-9223372036854775809]"] {
        let error = transcoded(wide.as_bytes(), Json, MessagePack).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
    }
    let narrow = br#"["18446744073709551616",18446744073709551615,-9223372036854775808,1e30]"#;
    transcoded(narrow, Json, MessagePack).unwrap();
}

#[test]
fn collection_of_another_length_than_announced_is_refused() {
    struct Liar;
    impl Serialize for Liar {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            let mut seq = serializer.serialize_seq(Some(2))?;
            seq.serialize_element("one")?;
            seq.end()
        }
    }
    for format in FORMATS {
        let mut out = vec![1, 2];
        let error = encode(&Liar, format, 64, &mut out).unwrap_err();
        assert_eq!((error.kind(), out), (ErrorKind::Encode, vec![1, 2]));
    }
}
