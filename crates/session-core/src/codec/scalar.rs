//! Cheap looks at one value, without serde: the owner's key and the reserved entries.

#[cfg(feature = "json")]
use super::json;
use super::{Format, msgpack, pickle};
use std::borrow::Cow;

/// A value that is neither a container nor binary, null or a float.
pub(super) enum Scalar<'a> {
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Text(Cow<'a, str>),
}

impl Scalar<'_> {
    pub(super) fn signed(number: i64) -> Self {
        u64::try_from(number).map_or(Self::Negative(number), Self::Unsigned)
    }
}

/// The text of a string, or an integer in decimals; `None` for anything else.
#[inline]
pub(crate) fn as_text(value: &[u8], format: Format) -> Option<Cow<'_, str>> {
    match scalar(value, format)? {
        Scalar::Text(text) => Some(text),
        Scalar::Unsigned(number) => Some(number.to_string().into()),
        Scalar::Negative(number) => Some(number.to_string().into()),
        Scalar::Bool(_) => None,
    }
}

/// The value, if it is a boolean.
#[inline]
pub(crate) fn as_bool(value: &[u8], format: Format) -> Option<bool> {
    match scalar(value, format)? {
        Scalar::Bool(is_true) => Some(is_true),
        _ => None,
    }
}

/// The value, if it is an integer that is not negative.
#[inline]
pub(crate) fn as_u64(value: &[u8], format: Format) -> Option<u64> {
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
        Format::Pickle => pickle::scalar(value),
    }
}
