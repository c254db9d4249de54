//! MessagePack as bytes, after <https://github.com/msgpack/msgpack/blob/master/spec.md>.

mod scan;
#[cfg(feature = "flask")]
mod write;

#[cfg(feature = "flask")]
pub(crate) use write::{write_bytes, write_extension, write_int, write_unsigned};

use crate::fault::Fault;
use crate::payload::{DEPTH_CEILING, Key, Span};
use crate::scalar::Scalar;
use crate::timestamp::Timestamp;
use scan::{is_ascii, number, skip, text, text_header};
use std::borrow::Cow;

/// See [`crate::index`].
#[inline]
pub(crate) fn index<'p>(
    payload: &'p [u8],
    max_depth: usize,
    mut sink: impl FnMut(Key<'p>, Span),
) -> Result<(), Fault> {
    check_len(payload)?;
    let (entries, mut rest) = map(payload)?;
    let depth = max_depth.checked_sub(1).ok_or(Fault::TooDeep)?;
    for _ in 0..entries {
        let (len, content) = text_header(rest)?;
        let (key, value) = content.split_at_checked(len).ok_or(Fault::Truncated)?;
        if !is_ascii(key, content) && std::str::from_utf8(key).is_err() {
            return Err(Fault::NotUtf8);
        }
        rest = skip(value, depth)?;
        let [value, end] = [value, rest].map(|rest| payload.len() - rest.len());
        sink(Key::Raw(key, Span::new(value - key.len(), value)), Span::new(value, end));
    }
    if rest.is_empty() { Ok(()) } else { Err(Fault::Trailing) }
}

/// See [`crate::index_any`]. A key that is text of something else than UTF-8 has no name either.
pub(crate) fn index_any<'p>(
    payload: &'p [u8],
    max_depth: usize,
    sink: &mut dyn FnMut(Key<'p>, Span),
) -> Result<(), Fault> {
    check_len(payload)?;
    let (entries, mut rest) = map(payload)?;
    let depth = max_depth.checked_sub(1).ok_or(Fault::TooDeep)?;
    for _ in 0..entries {
        let entry = rest;
        let value = skip(entry, depth)?;
        rest = skip(value, depth)?;
        let [start, value, end] = [entry, value, rest].map(|rest| payload.len() - rest.len());
        match text(entry) {
            Ok((key, _)) if std::str::from_utf8(key).is_ok() => {
                sink(Key::Raw(key, Span::new(value - key.len(), value)), Span::new(value, end));
            }
            _ => sink(Key::Nameless, Span::new(start, end)),
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(Fault::Trailing) }
}

/// Spans are of 32 bits.
#[inline]
fn check_len(bytes: &[u8]) -> Result<(), Fault> {
    if bytes.len() > u32::MAX as usize { Err(Fault::TooLong) } else { Ok(()) }
}

/// How many entries a payload announces, and what follows that.
#[inline]
fn map(payload: &[u8]) -> Result<(u32, &[u8]), Fault> {
    match payload {
        [marker @ 0x80..=0x8f, rest @ ..] => Ok((u32::from(marker & 0x0f), rest)),
        [0xde, rest @ ..] => number::<2>(rest),
        [0xdf, rest @ ..] => number::<4>(rest),
        [] => Err(Fault::Truncated),
        _ => Err(Fault::NotMap),
    }
}

/// See [`crate::elements`].
pub(crate) fn elements(value: &[u8]) -> Result<Vec<Span>, Fault> {
    check_len(value)?;
    let (count, mut rest) = match value {
        [marker @ 0x90..=0x9f, rest @ ..] => (u32::from(marker & 0x0f), rest),
        [0xdc, rest @ ..] => number::<2>(rest)?,
        [0xdd, rest @ ..] => number::<4>(rest)?,
        [] => return Err(Fault::Truncated),
        _ => return Err(Fault::NotArray),
    };
    // The count is what the header claims: the vector grows with the elements that are there.
    let mut spans = Vec::new();
    for _ in 0..count {
        let element = rest;
        rest = skip(element, DEPTH_CEILING - 2)?;
        spans.push(Span::new(value.len() - element.len(), value.len() - rest.len()));
    }
    if rest.is_empty() { Ok(spans) } else { Err(Fault::Trailing) }
}

/// Checks that `value` is exactly one value.
pub(crate) fn check(value: &[u8]) -> Result<(), Fault> {
    let rest = skip(value, DEPTH_CEILING - 1)?;
    if rest.is_empty() { Ok(()) } else { Err(Fault::Trailing) }
}

/// Whether all text of a value that is one is UTF-8, and all its timestamps are such: `msgspec`
/// reads no other, and no other format can say them.
pub(crate) fn is_sound(value: &[u8]) -> bool {
    let mut rest = value;
    while let Some(&marker) = rest.first() {
        // The items of a container follow its header like any other values.
        let next = match marker {
            0x80..=0x9f => rest.get(1..),
            0xdc | 0xde => rest.get(3..),
            0xdd | 0xdf => rest.get(5..),
            _ => skip(rest, 0).ok(),
        };
        let Some(next) = next else { return false };
        let is_sound = match &rest[..rest.len() - next.len()] {
            [0xa0..=0xbf | 0xd9..=0xdb, ..] => {
                text(rest).is_ok_and(|(text, _)| std::str::from_utf8(text).is_ok())
            }
            [0xd4..=0xd8, 0xff, content @ ..]
            | [0xc7, _, 0xff, content @ ..]
            | [0xc8, _, _, 0xff, content @ ..]
            | [0xc9, _, _, _, _, 0xff, content @ ..] => {
                Timestamp::from_extension(content).is_some()
            }
            _ => true,
        };
        if !is_sound {
            return false;
        }
        rest = next;
    }
    true
}

/// Reads a value that is neither a container nor binary.
#[inline]
pub(crate) fn scalar(value: &[u8]) -> Option<Scalar<'_>> {
    Some(match *value {
        [0xc2] => Scalar::Bool(false),
        [0xc3] => Scalar::Bool(true),
        [byte @ 0x00..=0x7f] => Scalar::Unsigned(u64::from(byte)),
        [byte @ 0xe0..=0xff] => Scalar::signed(i64::from(byte as i8)),
        [0xcc, byte] => Scalar::Unsigned(u64::from(byte)),
        [0xcd, a, b] => Scalar::Unsigned(u64::from(u16::from_be_bytes([a, b]))),
        [0xce, a, b, c, d] => Scalar::Unsigned(u64::from(u32::from_be_bytes([a, b, c, d]))),
        [0xcf, ref rest @ ..] => Scalar::Unsigned(u64::from_be_bytes(rest.try_into().ok()?)),
        [0xd0, byte] => Scalar::signed(i64::from(byte as i8)),
        [0xd1, a, b] => Scalar::signed(i64::from(i16::from_be_bytes([a, b]))),
        [0xd2, a, b, c, d] => Scalar::signed(i64::from(i32::from_be_bytes([a, b, c, d]))),
        [0xd3, ref rest @ ..] => Scalar::signed(i64::from_be_bytes(rest.try_into().ok()?)),
        _ => {
            let (text, rest) = text(value).ok()?;
            if !rest.is_empty() {
                return None;
            }
            Scalar::Text(Cow::Borrowed(std::str::from_utf8(text).ok()?))
        }
    })
}

/// The size of the header of a string of `len` bytes, in its smallest form.
#[inline]
pub(crate) fn text_header_size(len: usize) -> usize {
    match len {
        0..=31 => 1,
        32..=0xff => 2,
        0x100..=0xffff => 3,
        _ => 5,
    }
}

/// The size of the header of a map or an array of `len` items, in its smallest form.
#[inline]
pub(crate) fn container_header_size(len: usize) -> usize {
    match len {
        0..=15 => 1,
        16..=0xffff => 3,
        _ => 5,
    }
}

/// Appends the smallest header of a string of `len` bytes.
#[inline]
pub(crate) fn write_text_header(len: usize, out: &mut Vec<u8>) {
    match len {
        0..=31 => out.push(0xa0 | len as u8),
        32..=0xff => out.extend_from_slice(&[0xd9, len as u8]),
        _ => write_wide_header([0xda, 0xdb], len, out),
    }
}

/// Appends the smallest header of a map of `len` entries.
#[inline]
pub(crate) fn write_map_header(len: usize, out: &mut Vec<u8>) {
    match len {
        0..=15 => out.push(0x80 | len as u8),
        _ => write_wide_header([0xde, 0xdf], len, out),
    }
}

/// Appends the smallest header of an array of `len` elements.
#[inline]
pub(crate) fn write_array_header(len: usize, out: &mut Vec<u8>) {
    match len {
        0..=15 => out.push(0x90 | len as u8),
        _ => write_wide_header([0xdc, 0xdd], len, out),
    }
}

/// Whether a timestamp may be in `value`: the marker of one and the type -1 follow each other.
pub(crate) fn may_have_timestamp(value: &[u8]) -> bool {
    value.windows(2).any(|pair| matches!(pair, [0xd6 | 0xd7 | 12, 0xff]))
}

/// Finds where the header of the text that starts at `start` begins, whichever form it has.
///
/// The byte before the text is the marker of a fixstr, or the low byte of the length: never both,
/// as a fixstr marker is over 31 and its length is not. The same holds for the wider forms.
#[inline]
pub(crate) fn text_header_start(payload: &[u8], text: Span) -> usize {
    let (start, len) = (text.start as usize, text.len());
    if len < 32 && payload[start - 1] == 0xa0 | len as u8 {
        start - 1
    } else if len < 0x100 && payload[start - 2] == 0xd9 {
        start - 2
    } else if len < 0x1_0000 && payload[start - 3] == 0xda {
        start - 3
    } else {
        start - 5
    }
}

fn write_wide_header(markers: [u8; 2], len: usize, out: &mut Vec<u8>) {
    if let Ok(len) = u16::try_from(len) {
        let [a, b] = len.to_be_bytes();
        out.extend_from_slice(&[markers[0], a, b]);
    } else {
        let [a, b, c, d] = (len as u32).to_be_bytes();
        out.extend_from_slice(&[markers[1], a, b, c, d]);
    }
}
