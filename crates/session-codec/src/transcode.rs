//! The same value in another format.

use crate::error::{Error, ErrorKind, Result};
use crate::format::Format;
#[cfg(feature = "json")]
use crate::json;
use crate::msgpack;
use crate::payload::{DEPTH_CEILING, Key};
#[cfg(feature = "flask")]
use crate::pickle;
use crate::read::index_any;
use crate::typed::{decode, encode};
use crate::value::Value;
#[cfg(feature = "json")]
use base64::Engine as _;
#[cfg(feature = "json")]
use base64::engine::general_purpose::STANDARD;

/// Appends `value`, encoded as `from`, encoded as `to`; a copy if both are the same.
///
/// What `to` has no type for becomes what `msgspec` makes of the same object.
///
/// # Errors
///
/// `Decode` if `value` is malformed, `Encode` if `to` cannot say it; `out` is then as it was.
pub fn transcode(value: &[u8], from: Format, to: Format, out: &mut Vec<u8>) -> Result<()> {
    if from == to {
        out.extend_from_slice(value);
        return Ok(());
    }
    #[cfg(feature = "flask")]
    match (from, to) {
        (Format::Pickle, _) => return from_pickle(value, to, out),
        (Format::Json, Format::Pickle) => {
            let start = out.len();
            return Ok(pickle::tagged::convert(value, out).inspect_err(|_| out.truncate(start))?);
        }
        _ => {}
    }
    let value = exact(value, from)?.ok_or_else(|| {
        let reason = "it has an integer, a number or text that no other format has";
        Error::new(ErrorKind::Encode, format!("encode a stored value as {to}: {reason}"))
    })?;
    #[cfg(feature = "json")]
    let value = if to == Format::Json { in_json(value) } else { value };
    encode(&value, to, DEPTH_CEILING, out)
}

/// An entry whose key was no text, in another format.
#[derive(Debug)]
pub enum Moved {
    /// The text that the key is there, and the value.
    Named(Vec<u8>, Vec<u8>),
    /// Key and value.
    Nameless(Vec<u8>),
}

/// Turns an entry whose key is no text, key and value together, into another format: as it would
/// be in a map that is a value.
///
/// # Errors
///
/// Those of [`transcode`].
pub fn transcode_entry(entry: &[u8], from: Format, to: Format) -> Result<Moved> {
    if from == to {
        return Ok(Moved::Nameless(entry.to_vec()));
    }
    let (open, close) = around_one(from);
    let mut map = Vec::with_capacity(entry.len());
    transcode(&[open, entry, close].concat(), from, to, &mut map)?;
    let mut moved = None;
    // A map of one is a payload, but in a pickle; and no key becomes text in that.
    let _ = index_any(&map, to, DEPTH_CEILING, |key, value| {
        let key = match key {
            Key::Raw(text, _) => text.to_vec(),
            Key::Owned(text) => text,
            Key::Nameless => return,
        };
        moved = Some(Moved::Named(key, value.of(&map).to_vec()));
    });
    let (open, close) = around_one(to);
    let nameless = || map[open.len()..map.len() - close.len()].to_vec();
    Ok(moved.unwrap_or_else(|| Moved::Nameless(nameless())))
}

/// What stands before and behind the only entry of a map that is a value.
fn around_one(format: Format) -> (&'static [u8], &'static [u8]) {
    match format {
        Format::MessagePack => (b"\x81", b""),
        #[cfg(feature = "json")]
        Format::Json => (b"{", b"}"),
        #[cfg(feature = "flask")]
        Format::Pickle => (b"}(", b"u"),
    }
}

/// The value, if a [`Value`] can say all of it.
fn exact(value: &[u8], format: Format) -> Result<Option<Value>> {
    match format {
        Format::MessagePack => {
            let decoded = decode(value, format)?;
            Ok(msgpack::is_sound(value).then_some(decoded))
        }
        #[cfg(feature = "json")]
        Format::Json => {
            let read = json::value::read(value)?;
            Ok(read.is_exact.then_some(read.value))
        }
        #[cfg(feature = "flask")]
        Format::Pickle => Ok(None),
    }
}

/// What `msgspec` makes of the same object in JSON: bytes are base64, numbers that are not finite
/// are null, and keys that are numbers or bytes are text.
#[cfg(feature = "json")]
fn in_json(value: Value) -> Value {
    match value {
        Value::Bytes(bytes) => Value::Text(STANDARD.encode(bytes)),
        Value::Float(number) if !number.is_finite() => Value::Null,
        Value::Array(items) => Value::Array(items.into_iter().map(in_json).collect()),
        Value::Map(entries) => Value::Map(
            entries.into_iter().map(|(key, value)| (json_key(key), in_json(value))).collect(),
        ),
        other => other,
    }
}

#[cfg(feature = "json")]
fn json_key(key: Value) -> Value {
    match key {
        Value::Integer(number) => Value::Text(number.to_string()),
        Value::Unsigned(number) => Value::Text(number.to_string()),
        Value::Float(number) if number.is_finite() => {
            let mut text = Vec::new();
            json::write_float(number, &mut text);
            Value::Text(String::from_utf8_lossy(&text).into_owned())
        }
        Value::Bytes(bytes) => Value::Text(STANDARD.encode(bytes)),
        other => other,
    }
}

/// Whether two encoded values are the same: the same bytes, or the same value across formats.
#[inline]
pub fn is_equal(a: (&[u8], Format), b: (&[u8], Format)) -> bool {
    if a.1 == b.1 { a.0 == b.0 } else { is_equal_across(a, b) }
}

fn is_equal_across(a: (&[u8], Format), b: (&[u8], Format)) -> bool {
    // What the other format has no type for is compared as that format would say it.
    #[cfg(feature = "flask")]
    {
        let mut converted = Vec::new();
        match (a.1, b.1) {
            (Format::Pickle, to) => {
                return from_pickle(a.0, to, &mut converted).is_ok()
                    && says_same((&converted, to), b);
            }
            (to, Format::Pickle) => {
                return from_pickle(b.0, to, &mut converted).is_ok()
                    && says_same(a, (&converted, to));
            }
            _ => {}
        }
    }
    says_same(a, b)
}

/// Whether values that formats have types for are the same to the last bit.
fn says_same(a: (&[u8], Format), b: (&[u8], Format)) -> bool {
    let canonical = |(value, format)| -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let value = exact(value, format).ok().flatten()?;
        encode(&value, Format::MessagePack, DEPTH_CEILING, &mut bytes).ok().map(|()| bytes)
    };
    match (canonical(a), canonical(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

#[cfg(feature = "flask")]
fn from_pickle(value: &[u8], to: Format, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    pickle::convert(value, to, out)?.map_err(|reason| {
        out.truncate(start);
        Error::new(ErrorKind::Encode, format!("encode a stored value as {to}: {reason}"))
    })
}
