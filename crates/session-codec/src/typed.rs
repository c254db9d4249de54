//! Values of Rust types to bytes and back, through serde.

use crate::error::{Error, ErrorKind, Result};
use crate::format::Format;
use crate::guard::{Guard, Refusal, Rules};
#[cfg(feature = "json")]
use crate::json;
use crate::msgpack;
use crate::payload::DEPTH_CEILING;
#[cfg(feature = "flask")]
use crate::pickle;
use crate::timestamp::{EXTENSION, Timestamp};
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::any::type_name;

/// Appends `value`, encoded as one value of a payload in `format`.
///
/// Structs become maps of their field names; UUIDs, addresses and dates take their human-readable
/// form. `max_depth` is that of the payload, as [`index`](crate::index) is given it: the value's
/// own nesting may be one less. An `f32` stays one where the format has it.
///
/// # Errors
///
/// `Encode` if `format` cannot say the value, `TooLarge` if it is nested too deeply or too long;
/// `out` is then as it was.
pub fn encode<T: Serialize + ?Sized>(
    value: &T,
    format: Format,
    max_depth: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    let start = out.len();
    let depth = max_depth.min(DEPTH_CEILING).saturating_sub(1);
    let rules = Rules::new(format);
    let is_written = match format {
        Format::MessagePack => {
            let mut serializer =
                rmp_serde::Serializer::new(&mut *out).with_struct_map().with_human_readable();
            value.serialize(Guard::new(&mut serializer, &rules, depth)).is_ok()
        }
        #[cfg(feature = "json")]
        Format::Json => {
            let mut serializer = serde_json::Serializer::with_formatter(&mut *out, json::Compact);
            value.serialize(Guard::new(&mut serializer, &rules, depth)).is_ok()
        }
        #[cfg(feature = "flask")]
        Format::Pickle => {
            let serializer = pickle::Serializer::new(&mut *out);
            value.serialize(Guard::new(serializer, &rules, depth)).is_ok()
        }
    };
    let is_short = out.len() - start <= u32::MAX as usize;
    if is_written && is_short {
        return Ok(());
    }
    out.truncate(start);
    let refusal = if is_short { rules.refusal() } else { Some(Refusal::TooLong) };
    Err(encode_error::<T>(format, refusal))
}

/// Turns one encoded value, all of it, into a `T`, which may borrow from it.
///
/// # Errors
///
/// `Decode` if the value is malformed or no `T`. What serde says of it is dropped, as it may quote
/// the value.
pub fn decode<'a, T: Deserialize<'a>>(value: &'a [u8], format: Format) -> Result<T> {
    match format {
        Format::MessagePack => {
            // The walk finds trailing bytes, lying lengths and deep nesting (rmp-serde does not
            // count the levels of enums), so that the decoder meets none of them.
            msgpack::check(value)?;
            from_msgpack(value).or_else(|_| decode_timestamps(value))
        }
        #[cfg(feature = "json")]
        Format::Json => serde_json::from_slice(value).or_else(|_| decode_python_json(value)),
        #[cfg(feature = "flask")]
        Format::Pickle => pickle::decode(value).map_err(|error| match error {
            pickle::Undecoded::Malformed(fault) => fault.into(),
            pickle::Undecoded::Shape => decode_error::<T>(),
        }),
    }
}

/// Decodes once more what `serde_json` does not read as Python does.
#[cfg(feature = "json")]
#[cold]
fn decode_python_json<'a, T: Deserialize<'a>>(value: &[u8]) -> Result<T> {
    let read = json::value::read(value)?.value;
    let mut bytes = Vec::new();
    encode(&read, Format::MessagePack, DEPTH_CEILING, &mut bytes)?;
    from_owned_msgpack(&bytes).ok_or_else(decode_error::<T>)
}

#[inline]
fn from_msgpack<'a, T: Deserialize<'a>>(value: &'a [u8]) -> Result<T, rmp_serde::decode::Error> {
    T::deserialize(&mut rmp_serde::Deserializer::from_read_ref(value).with_human_readable())
}

/// Decodes a value once more with its timestamps as text, which is what most types read them from.
#[cold]
fn decode_timestamps<'a, T: Deserialize<'a>>(value: &[u8]) -> Result<T> {
    let texts = msgpack::may_have_timestamp(value).then(|| with_texts(value)).flatten();
    texts.and_then(|texts| from_owned_msgpack(&texts)).ok_or_else(decode_error::<T>)
}

/// Decodes what does not outlive the call, so that nothing is borrowed from it.
fn from_owned_msgpack<'a, T: Deserialize<'a>>(value: &[u8]) -> Option<T> {
    T::deserialize(&mut rmp_serde::Deserializer::new(value).with_human_readable()).ok()
}

fn with_texts(value: &[u8]) -> Option<Vec<u8>> {
    let mut value: Value = from_msgpack(value).ok()?;
    spell_out(&mut value);
    let mut texts = Vec::new();
    encode(&value, Format::MessagePack, DEPTH_CEILING, &mut texts).ok()?;
    Some(texts)
}

/// Makes text of all timestamps.
fn spell_out(value: &mut Value) {
    match value {
        Value::Extension(EXTENSION, bytes) => {
            if let Some(timestamp) = Timestamp::from_extension(bytes) {
                *value = Value::Text(timestamp.to_string());
            }
        }
        Value::Array(values) => values.iter_mut().for_each(spell_out),
        Value::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
            spell_out(key);
            spell_out(value);
        }),
        _ => {}
    }
}

#[cold]
fn decode_error<T>() -> Error {
    let message = format!("decode a stored value as {}: it has another shape", type_name::<T>());
    Error::new(ErrorKind::Decode, message)
}

#[cold]
fn encode_error<T: ?Sized>(format: Format, refusal: Option<Refusal>) -> Error {
    let (kind, reason) = match refusal {
        Some(Refusal::TooDeep) => (ErrorKind::TooLarge, "it is nested too deeply"),
        Some(Refusal::TooLong) => (ErrorKind::TooLarge, "it is over 4 GiB"),
        Some(Refusal::WrongLength) => {
            (ErrorKind::Encode, "it announced another number of items than it has")
        }
        Some(Refusal::NotFinite) => (ErrorKind::Encode, "the format has only finite numbers"),
        Some(Refusal::Bytes) => (ErrorKind::Encode, "the format has no bytes"),
        Some(Refusal::Extension) => {
            (ErrorKind::Encode, "the format has no extension types but timestamps")
        }
        Some(Refusal::NotTextKey) => (ErrorKind::Encode, "the format has only keys that are text"),
        None => (ErrorKind::Encode, "its `Serialize` failed"),
    };
    Error::new(kind, format!("encode a {} as {format}: {reason}", type_name::<T>()))
}
