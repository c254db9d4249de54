//! Cheap looks at one value, without serde: the owner's key and the reserved entries.

use crate::format::Format;
#[cfg(feature = "json")]
use crate::json;
use crate::msgpack;
#[cfg(feature = "flask")]
use crate::pickle;
use crate::scalar::Scalar;
use std::borrow::Cow;

/// The text of a string, or an integer in decimals; `None` for anything else.
#[inline]
pub fn as_text(value: &[u8], format: Format) -> Option<Cow<'_, str>> {
    match scalar(value, format)? {
        Scalar::Text(text) => Some(text),
        Scalar::Unsigned(number) => Some(number.to_string().into()),
        Scalar::Negative(number) => Some(number.to_string().into()),
        Scalar::Bool(_) => None,
    }
}

/// The value, if it is a boolean.
#[inline]
pub fn as_bool(value: &[u8], format: Format) -> Option<bool> {
    match scalar(value, format)? {
        Scalar::Bool(is_true) => Some(is_true),
        _ => None,
    }
}

/// The value, if it is an integer that is not negative.
#[inline]
pub fn as_u64(value: &[u8], format: Format) -> Option<u64> {
    match scalar(value, format)? {
        Scalar::Unsigned(number) => Some(number),
        _ => None,
    }
}

#[inline]
fn scalar(value: &[u8], format: Format) -> Option<Scalar<'_>> {
    match format {
        Format::MessagePack => msgpack::scalar(value),
        #[cfg(feature = "json")]
        Format::Json => json::scalar(value),
        #[cfg(feature = "flask")]
        Format::Pickle => pickle::scalar(value),
    }
}
