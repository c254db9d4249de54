//! A value of any shape, for data whose type is not known beforehand.

use rmp_serde::MSGPACK_EXT_STRUCT_NAME;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;

/// A session value of any shape.
///
/// Use it where the type is not known, or has no counterpart in Rust (`msgspec` writes a date and
/// time with an offset as the extension -1). It keeps the order of maps and every MessagePack
/// type; JSON has neither [`Bytes`](Self::Bytes) nor [`Extension`](Self::Extension), nor maps
/// with keys that are not text. Of a pickle, tuples and sets are arrays, dates, decimals and UUIDs
/// are text, and integers beyond 64 bits are floats (of JSON as well). Text that is none to Rust is
/// bytes: of MessagePack what is not UTF-8, of JSON and pickles what has half of a surrogate pair,
/// which is three bytes there (Python's `surrogatepass`).
///
/// # Examples
///
/// ```
/// # use session_codec as web_session;
/// use web_session::Value;
///
/// let value = Value::Array(vec![Value::Integer(1), Value::Text("two".into())]);
/// assert_ne!(value, Value::Null);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing: Python's `None`.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// An integer above `i64::MAX`.
    Unsigned(u64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list.
    Array(Vec<Value>),
    /// Entries in the order in which they are stored.
    Map(Vec<(Value, Value)>),
    /// A MessagePack extension: its type and its bytes.
    Extension(i8, Vec<u8>),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(is_true) => serializer.serialize_bool(*is_true),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Unsigned(number) => serializer.serialize_u64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::Array(values) => serializer.collect_seq(values),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            Self::Extension(kind, bytes) => {
                serializer.serialize_newtype_struct(MSGPACK_EXT_STRUCT_NAME, &(kind, Octets(bytes)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, is_true: bool) -> Result<Value, E> {
        Ok(Value::Bool(is_true))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or(Value::Unsigned(number), Value::Integer))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Value, E> {
        Ok(Value::Float(number as f64))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Value, E> {
        Ok(Value::Float(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bytes(bytes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Map(entries))
    }

    /// rmp-serde hands an extension over as a newtype around its type and its bytes.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        let (kind, OctetBuf(bytes)) = Deserialize::deserialize(inner)?;
        Ok(Value::Extension(kind, bytes))
    }
}

/// Bytes that serialize as bytes, where serde makes an array of numbers of a slice.
pub(crate) struct Octets<'a>(pub(crate) &'a [u8]);

impl Serialize for Octets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

pub(crate) struct OctetBuf(pub(crate) Vec<u8>);

impl<'de> Deserialize<'de> for OctetBuf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OctetVisitor;

        impl Visitor<'_> for OctetVisitor {
            type Value = OctetBuf;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<OctetBuf, E> {
                Ok(OctetBuf(bytes.to_vec()))
            }
        }

        deserializer.deserialize_bytes(OctetVisitor)
    }
}
