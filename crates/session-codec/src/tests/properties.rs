//! What holds for any bytes and any value.

use super::{Entries, FORMATS, encoded, entries, transcoded, written};
use crate::Format::{self, Json, MessagePack};
use crate::Value;
use crate::{as_text, decode, detect, elements, index, is_equal};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};
use serde::de::IgnoredAny;

/// Values that every format can say.
fn plain_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        (i64::MAX as u64 + 1..).prop_map(Value::Unsigned),
        proptest::num::f64::NORMAL.prop_map(Value::Float),
        any::<String>().prop_map(Value::Text),
    ];
    scalar.prop_recursive(4, 32, 6, |inner| {
        let entry = (any::<String>().prop_map(Value::Text), inner.clone());
        prop_oneof![vec(inner, 0..6).prop_map(Value::Array), vec(entry, 0..6).prop_map(Value::Map)]
    })
}

fn format() -> impl Strategy<Value = Format> {
    proptest::sample::select(FORMATS.to_vec())
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in vec(any::<u8>(), 0..64), format in format()) {
        let _ = detect(&bytes);
        let _ = elements(&bytes, format);
        let _ = decode::<Value>(&bytes, format);
        let _ = as_text(&bytes, format);
        let _ = entries(&bytes, format);
    }

    /// Bytes out of the alphabet of JSON get further than random ones.
    #[test]
    fn json_scan_agrees_with_the_parser(text in r#"\{"a":[\[\]{}:, "\\u0a1.e+\-truefalsn]{0,12}\}"#) {
        let is_json = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        prop_assert_eq!(index(text.as_bytes(), Json, 64, |_, _| ()).is_ok(), is_json);
    }

    #[test]
    fn msgpack_walk_agrees_with_the_decoder(mut bytes in vec(any::<u8>(), 1..32)) {
        bytes.splice(0..0, *b"\x81\xa1a");
        if index(&bytes, MessagePack, 64, |_, _| ()).is_ok() {
            prop_assert!(rmp_serde::from_slice::<IgnoredAny>(&bytes).is_ok());
        }
    }

    #[test]
    fn payload_is_rewritten_byte_for_byte(
        map in vec((any::<String>(), plain_value()), 0..20),
        format in format(),
    ) {
        let map: Entries =
            map.into_iter().map(|(key, value)| (key, encoded(&value, format))).collect();
        let payload = written(&map, format);
        prop_assert_eq!(&entries(&payload, format).unwrap(), &map);
    }

    #[test]
    fn value_survives_every_format(value in plain_value(), from in format(), to in format()) {
        let bytes = encoded(&value, from);
        prop_assert_eq!(&decode::<Value>(&bytes, from).unwrap(), &value);
        let other = transcoded(&bytes, from, to).unwrap();
        prop_assert_eq!(&decode::<Value>(&other, to).unwrap(), &value);
        prop_assert!(is_equal((&bytes, from), (&other, to)));
        prop_assert_eq!(transcoded(&other, to, from).unwrap(), bytes);
    }
}
