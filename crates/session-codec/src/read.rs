//! From a stored payload to its entries, which stay encoded.

use crate::error::{Error, ErrorKind, Result};
#[cfg(feature = "flask")]
use crate::fault::Fault;
use crate::format::Format;
#[cfg(feature = "json")]
use crate::json;
use crate::msgpack;
use crate::payload::{DEPTH_CEILING, Key, Opened, Span};
#[cfg(feature = "flask")]
use crate::pickle;
use std::borrow::Cow;

/// Finds out the format of a stored payload by how it begins.
///
/// # Errors
///
/// `Decode` if it is in no known format, as the empty payload is, or in one that this build has
/// left out.
#[inline]
pub fn detect(payload: &[u8]) -> Result<Format> {
    match payload {
        [0x80] | [0x81..=0x8f | 0xde | 0xdf, ..] => Ok(Format::MessagePack),
        #[cfg(feature = "json")]
        _ if payload.get(json::scan::blank(payload, 0)) == Some(&b'{') => Ok(Format::Json),
        // Protocols 2 and up say which they are; 0 and 1 begin with the dictionary.
        [0x80, 2..=5, ..] | [b'(', b'd', ..] | [b'}', ..] => a_pickle(),
        _ => Err(Error::new(ErrorKind::Decode, "decode a session of unknown format")),
    }
}

#[cfg(feature = "flask")]
fn a_pickle() -> Result<Format> {
    Ok(Format::Pickle)
}

#[cfg(not(feature = "flask"))]
fn a_pickle() -> Result<Format> {
    Err(Error::new(
        ErrorKind::Decode,
        "decode a session that is a pickle: this build leaves pickles out; turn on the feature \
         `flask`",
    ))
}

/// Rewrites a payload whose values cannot be sliced as they stand: a pickle, or JSON with the tags
/// of Flask. It is then a pickle in the one form of ours; `None` if it can stay as it is.
///
/// JSON has tags only where it is not the `configured` format: nothing of ours is ever taken for
/// something else.
///
/// # Errors
///
/// `Decode` if a pickle is over `max_len` bytes, malformed, deeper than `max_depth`, holds anything
/// but data, or shares so much that it would grow out of proportion. A tag that is none is an
/// object; JSON that is malformed or too deep is left for [`index`] to refuse. Without the feature `flask`, `Decode` for whatever has the
/// look of tags: as plain JSON their meaning would be lost at the next write.
#[inline]
#[cfg_attr(
    not(feature = "flask"),
    expect(unused_variables, reason = "limits are those of pickles")
)]
pub fn open(
    payload: &[u8],
    format: Format,
    configured: Format,
    max_depth: usize,
    max_len: usize,
) -> Result<Option<Opened>> {
    match format {
        Format::MessagePack => Ok(None),
        #[cfg(feature = "json")]
        Format::Json if configured == Format::Json || !json::tags::is_tagged(payload) => Ok(None),
        #[cfg(feature = "flask")]
        Format::Json => Ok(pickle::tagged::open(payload, max_depth).ok()),
        #[cfg(all(feature = "json", not(feature = "flask")))]
        Format::Json => Err(Error::new(
            ErrorKind::Decode,
            "decode a session that is JSON with the tags of Flask: this build leaves them out; \
             turn on the feature `flask`",
        )),
        // A pickle is decoded as a whole, which takes memory; one that cannot be ours need not be.
        #[cfg(feature = "flask")]
        Format::Pickle if payload.len() > max_len => {
            let message = format!("decode a pickle where at most {max_len} bytes are allowed");
            Err(Error::new(ErrorKind::Decode, message))
        }
        #[cfg(feature = "flask")]
        Format::Pickle => Ok(Some(pickle::open(payload, max_depth)?)),
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
#[inline]
pub fn index<'p>(
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
        #[cfg(feature = "flask")]
        Format::Pickle => {
            let (mut sink, mut all_named) = (sink, true);
            index_any(payload, format, depth, |key, value| match key {
                Key::Nameless => all_named = false,
                key => sink(key, value),
            })?;
            if all_named { Ok(()) } else { Err(Fault::NotTextKey.into()) }
        }
    }
}

/// Does what [`index`] does, where keys may be no text: Python has dictionaries with any.
///
/// Such an entry is reported as [`Key::Nameless`], with the span of key and value together.
///
/// # Errors
///
/// Those of [`index`], but for keys that are no text.
#[cold]
pub fn index_any<'p>(
    payload: &'p [u8],
    format: Format,
    max_depth: usize,
    mut sink: impl FnMut(Key<'p>, Span),
) -> Result<()> {
    let depth = max_depth.min(DEPTH_CEILING);
    match format {
        Format::MessagePack => Ok(msgpack::index_any(payload, depth, &mut sink)?),
        #[cfg(feature = "json")]
        Format::Json => Ok(json::index(payload, depth, sink)?),
        #[cfg(feature = "flask")]
        Format::Pickle => {
            let opened = pickle::open(payload, depth)?;
            // Spans are of the form that `open` gives; in any other they would be of other bytes.
            if opened.payload != payload {
                return Err(Fault::Syntax.into());
            }
            for (key, value) in opened.entries {
                let key = key.map_or(Key::Nameless, |key| Key::Raw(key.of(payload), key));
                sink(key, value);
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
pub fn elements(value: &[u8], format: Format) -> Result<Vec<Cow<'_, [u8]>>> {
    let spans = match format {
        Format::MessagePack => msgpack::elements(value)?,
        #[cfg(feature = "json")]
        Format::Json => json::elements(value)?,
        #[cfg(feature = "flask")]
        Format::Pickle => {
            return Ok(pickle::elements(value)?.into_iter().map(Cow::Owned).collect());
        }
    };
    Ok(spans.into_iter().map(|span| Cow::Borrowed(span.of(value))).collect())
}
