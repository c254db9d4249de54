//! Payloads and values as bytes: a record is indexed once and its values stay encoded.
//!
//! A payload is one map from text keys to values, as `msgspec` writes it. [`index`] finds the
//! entries, [`decode`] turns one value into a type, and [`MapWriter`] copies the values nobody
//! touched into the next payload byte for byte.

mod compound;
mod fault;
mod guard;
#[cfg(feature = "json")]
mod json;
mod msgpack;
mod pickle;
mod rules;
mod scalar;
#[cfg(feature = "json")]
mod scan;
mod transcode;
mod typed;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use pickle::Opened;
pub(crate) use scalar::{as_bool, as_text, as_u64};
pub(crate) use transcode::{is_equal, transcode};
pub(crate) use typed::{decode, encode};
pub(crate) use writer::{MapWriter, entry_size, entry_start, frame_size, write_array, write_key};

use crate::error::{Error, ErrorKind, Result};
use fault::Fault;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// The deepest nesting any setting may allow, the map of the payload included.
///
/// Decoders recurse once per level, so this bounds the stack; `serde_json` stops at the same
/// depth by itself.
pub(crate) const DEPTH_CEILING: usize = 128;

/// How session data is written into a payload.
///
/// Whichever is written, all are read: a record in another format is found out by how it begins
/// and changes to this one when it is next written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// [MessagePack](https://msgpack.org), named `msgpack`; the default.
    #[default]
    MessagePack,
    /// [JSON](https://www.rfc-editor.org/rfc/rfc8259), named `json`; behind the feature `json`.
    #[cfg(feature = "json")]
    Json,
    /// Python's pickle, named `pickle`, to share files with Flask: data alone, in protocol 4.
    ///
    /// Sequences are lists, tuples and arrays of a fixed length are tuples, structs are
    /// dictionaries; dates, sets, decimals and the like that Python wrote stay what they are until
    /// they are overwritten. Keys are written in a form that Python can hash.
    Pickle,
}

impl Format {
    /// Every format that can be read, in the order in which they are tried.
    const READABLE: &[Self] = &[
        Self::MessagePack,
        #[cfg(feature = "json")]
        Self::Json,
        Self::Pickle,
    ];

    /// The name in `SESSION_SERIALIZATION_FORMAT`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MessagePack => "msgpack",
            #[cfg(feature = "json")]
            Self::Json => "json",
            Self::Pickle => "pickle",
        }
    }

    /// Whether it is text, with neither bytes, extensions, infinite numbers nor keys but text.
    pub(crate) fn is_text(self) -> bool {
        match self {
            Self::MessagePack | Self::Pickle => false,
            #[cfg(feature = "json")]
            Self::Json => true,
        }
    }

    /// Whether a map in this format can begin like `payload`.
    fn opens(self, payload: &[u8]) -> bool {
        match self {
            Self::MessagePack => matches!(payload, [0x80] | [0x81..=0x8f | 0xde | 0xdf, ..]),
            #[cfg(feature = "json")]
            Self::Json => payload.get(scan::blank(payload, 0)) == Some(&b'{'),
            // Protocols 2 and up say which they are; 0 and 1 begin with the dictionary.
            Self::Pickle => matches!(payload, [0x80, 2..=5, ..] | [b'(', b'd', ..] | [b'}', ..]),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = Error;

    /// Parses the name of a format.
    ///
    /// # Errors
    ///
    /// `Config` if there is no such format in this build.
    fn from_str(name: &str) -> Result<Self> {
        Self::READABLE.iter().copied().find(|format| format.as_str() == name).ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                if cfg!(feature = "json") {
                    "read a serialization format: expected `msgpack`, `json` or `pickle`"
                } else {
                    "read a serialization format: expected `msgpack` or `pickle` (`json` \
                     needs the feature `json`)"
                },
            )
        })
    }
}

/// A range of bytes within a payload; payloads are limited far below 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first byte.
    pub(crate) start: u32,
    /// One past the last byte.
    pub(crate) end: u32,
}

impl Span {
    /// Callers have checked that `end` is within a payload of at most `u32::MAX` bytes.
    fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// How many bytes the span covers.
    pub(crate) fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// The bytes of the span within the payload it was made for.
    pub(crate) fn of(self, payload: &[u8]) -> &[u8] {
        &payload[self.start as usize..self.end as usize]
    }
}

/// The key of an entry, as [`index`] found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key<'p> {
    /// The text as it stands in the payload, valid UTF-8, without header or quotes; and where.
    Raw(&'p [u8], Span),
    /// The text of a key that is written with escapes.
    #[cfg_attr(not(feature = "json"), expect(dead_code, reason = "only JSON has escapes"))]
    Owned(String),
}

/// Detects the format of a stored payload by how it begins, trying the configured one first.
///
/// `None` is an undecodable payload, the empty one among them.
pub(crate) fn detect(payload: &[u8], configured: Format) -> Option<Format> {
    if configured.opens(payload) {
        return Some(configured);
    }
    Format::READABLE.iter().copied().find(|format| format.opens(payload))
}

/// Rewrites a payload whose values cannot be sliced as they stand: a pickle, or JSON with the tags
/// of Flask. It is then a pickle in the one form of ours; `None` if it can stay as it is.
///
/// JSON has tags only where it is not the configured format: nothing of ours is ever taken for
/// something else.
///
/// # Errors
///
/// `Decode` if a pickle is malformed, deeper than `max_depth`, holds anything but data, or shares
/// so much that it would grow out of proportion. Of tags that are none, no error: the payload is
/// plain JSON.
#[cfg_attr(not(feature = "json"), expect(unused_variables, reason = "only JSON asks"))]
pub(crate) fn open(
    payload: &[u8],
    format: Format,
    configured: Format,
    max_depth: usize,
) -> Result<Option<Opened>> {
    match format {
        Format::MessagePack => Ok(None),
        #[cfg(feature = "json")]
        Format::Json if configured == Format::Json || !pickle::tagged::is_tagged(payload) => {
            Ok(None)
        }
        #[cfg(feature = "json")]
        Format::Json => Ok(pickle::tagged::open(payload, max_depth).ok()),
        Format::Pickle => Ok(Some(pickle::open(payload, max_depth)?)),
    }
}

/// Reads a payload that is no JSON as what Python's `json` writes beyond it.
#[cfg_attr(not(feature = "json"), expect(unused_variables, reason = "only JSON is read so"))]
pub(crate) fn open_lenient(payload: &[u8], format: Format, max_depth: usize) -> Option<Opened> {
    match format {
        #[cfg(feature = "json")]
        Format::Json => pickle::tagged::open(payload, max_depth).ok(),
        _ => None,
    }
}

/// Calls `sink` with the key and the value of each entry of the top-level map, in order.
///
/// A key that occurs twice is reported twice: the last one counts. Values are walked but not
/// decoded. The top-level map has depth 1. Allocates nothing (but for keys with escapes).
///
/// # Errors
///
/// `Decode` if the payload is no complete map with text keys, or deeper than `max_depth`; `sink`
/// may have seen entries by then.
pub(crate) fn index<'p>(
    payload: &'p [u8],
    format: Format,
    max_depth: usize,
    sink: impl FnMut(Key<'p>, Span),
) -> Result<()> {
    let depth = max_depth.min(DEPTH_CEILING);
    match format {
        Format::MessagePack => Ok(msgpack::index(payload, depth, sink)?),
        #[cfg(feature = "json")]
        Format::Json => Ok(json::index(payload, depth, sink)?),
        Format::Pickle => {
            let mut sink = sink;
            let opened = pickle::open(payload, depth)?;
            // Spans are of the form that `open` gives; in any other they would be of other bytes.
            if opened.payload != payload {
                return Err(Fault::Syntax.into());
            }
            for (key, value) in opened.entries {
                sink(Key::Raw(key.of(payload), key), value);
            }
            Ok(())
        }
    }
}

/// Splits an encoded array into its elements.
///
/// # Errors
///
/// `Decode` if `value` is not exactly one array.
pub(crate) fn elements(value: &[u8], format: Format) -> Result<Vec<Cow<'_, [u8]>>> {
    let spans = match format {
        Format::MessagePack => msgpack::elements(value)?,
        #[cfg(feature = "json")]
        Format::Json => json::elements(value)?,
        Format::Pickle => {
            return Ok(pickle::elements(value)?.into_iter().map(Cow::Owned).collect());
        }
    };
    Ok(spans.into_iter().map(|span| Cow::Borrowed(span.of(value))).collect())
}
