//! Facts that hold for every format, and the bytes `msgspec` writes.

use super::{DEPTH_CEILING, Format, Key, Span, decode, elements, encode, index};
use crate::value::Value;

#[test]
fn entries_are_found_in_order() {
    let payload = b"\x82\xa1a\x01\xa2bc\x92\x01\xa1x";
    let mut found = Vec::new();
    index(payload, Format::MessagePack, 64, |key, value| found.push((key, value))).unwrap();
    assert_eq!(
        found,
        [
            (Key::Raw(Span::new(2, 3)), Span::new(3, 4)),
            (Key::Raw(Span::new(5, 7)), Span::new(7, 11)),
        ]
    );
    assert_eq!(elements(&payload[7..], Format::MessagePack).unwrap().len(), 2);
}

#[test]
fn value_round_trips() {
    let value = Value::Map(vec![
        (Value::Text("when".into()), Value::Extension(-1, vec![1, 2, 3, 4])),
        (Value::Null, Value::Array(vec![Value::Bytes(vec![0xff]), Value::Unsigned(u64::MAX)])),
    ]);
    let mut out = Vec::new();
    encode(&value, Format::MessagePack, DEPTH_CEILING, &mut out).unwrap();
    assert_eq!(decode::<Value>(&out, Format::MessagePack).unwrap(), value);
}
