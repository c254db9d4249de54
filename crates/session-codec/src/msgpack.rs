//! MessagePack as bytes, after <https://github.com/msgpack/msgpack/blob/master/spec.md>.

#[cfg(feature = "flask")]
mod write;

#[cfg(feature = "flask")]
pub(crate) use write::{write_bytes, write_extension, write_int, write_unsigned};

use crate::fault::Fault;
use crate::payload::{DEPTH_CEILING, Key, Span};
use crate::scalar::Scalar;
use crate::timestamp::Timestamp;
use std::borrow::Cow;

/// See [`crate::index`].
#[inline]
pub(crate) fn index<'p>(
    payload: &'p [u8],
    max_depth: usize,
    mut sink: impl FnMut(Key<'p>, Span),
) -> Result<(), Fault> {
    if payload.len() > u32::MAX as usize {
        return Err(Fault::TooLong);
    }
    let (entries, mut at) = map(payload)?;
    let depth = max_depth.checked_sub(1).ok_or(Fault::TooDeep)?;
    for _ in 0..entries {
        let (start, end) = text(payload, at)?;
        let key = &payload[start..end];
        if !is_ascii(key, &payload[start..]) && std::str::from_utf8(key).is_err() {
            return Err(Fault::NotUtf8);
        }
        at = skip(payload, end, depth)?;
        sink(Key::Raw(key, Span::new(start, end)), Span::new(end, at));
    }
    if at == payload.len() { Ok(()) } else { Err(Fault::Trailing) }
}

/// See [`crate::index_any`]. A key that is text of something else than UTF-8 has no name either.
pub(crate) fn index_any<'p>(
    payload: &'p [u8],
    max_depth: usize,
    sink: &mut dyn FnMut(Key<'p>, Span),
) -> Result<(), Fault> {
    if payload.len() > u32::MAX as usize {
        return Err(Fault::TooLong);
    }
    let (entries, mut at) = map(payload)?;
    let depth = max_depth.checked_sub(1).ok_or(Fault::TooDeep)?;
    for _ in 0..entries {
        let start = at;
        let value = skip(payload, start, depth)?;
        at = skip(payload, value, depth)?;
        let text = text(payload, start).ok().map(|(start, end)| Span::new(start, end));
        match text.filter(|text| std::str::from_utf8(text.of(payload)).is_ok()) {
            Some(text) => sink(Key::Raw(text.of(payload), text), Span::new(value, at)),
            None => sink(Key::Nameless, Span::new(start, at)),
        }
    }
    if at == payload.len() { Ok(()) } else { Err(Fault::Trailing) }
}

/// How many entries a payload announces, and where they begin.
#[inline]
fn map(payload: &[u8]) -> Result<(u32, usize), Fault> {
    match payload {
        [marker @ 0x80..=0x8f, ..] => Ok((u32::from(marker & 0x0f), 1)),
        [0xde, ..] => Ok((number::<2>(payload, 1)?, 3)),
        [0xdf, ..] => Ok((number::<4>(payload, 1)?, 5)),
        [] => Err(Fault::Truncated),
        _ => Err(Fault::NotMap),
    }
}

/// See [`crate::elements`].
pub(crate) fn elements(value: &[u8]) -> Result<Vec<Span>, Fault> {
    if value.len() > u32::MAX as usize {
        return Err(Fault::TooLong);
    }
    let (count, mut at) = match value {
        [marker @ 0x90..=0x9f, ..] => (u32::from(marker & 0x0f), 1),
        [0xdc, ..] => (number::<2>(value, 1)?, 3),
        [0xdd, ..] => (number::<4>(value, 1)?, 5),
        [] => return Err(Fault::Truncated),
        _ => return Err(Fault::NotArray),
    };
    // The count is what the header claims: the vector grows with the elements that are there.
    let mut spans = Vec::new();
    for _ in 0..count {
        let end = skip(value, at, DEPTH_CEILING - 2)?;
        spans.push(Span::new(at, end));
        at = end;
    }
    if at == value.len() { Ok(spans) } else { Err(Fault::Trailing) }
}

/// Checks that `value` is exactly one value.
pub(crate) fn check(value: &[u8]) -> Result<(), Fault> {
    let end = skip(value, 0, DEPTH_CEILING - 1)?;
    if end == value.len() { Ok(()) } else { Err(Fault::Trailing) }
}

/// Whether all text of a value that is one is UTF-8, and all its timestamps are such: `msgspec`
/// reads no other, and no other format can say them.
pub(crate) fn is_sound(value: &[u8]) -> bool {
    let mut at = 0;
    while let Some(&marker) = value.get(at) {
        // The items of a container follow its header like any other values.
        let end = match marker {
            0x80..=0x9f => at + 1,
            0xdc | 0xde => at + 3,
            0xdd | 0xdf => at + 5,
            _ => match skip(value, at, 0) {
                Ok(end) => end,
                Err(_) => return false,
            },
        };
        let is_sound = match (marker, value.get(at..end)) {
            (0xa0..=0xbf | 0xd9..=0xdb, _) => text(value, at)
                .is_ok_and(|(start, end)| std::str::from_utf8(&value[start..end]).is_ok()),
            (0xd4..=0xd8, Some([_, 0xff, content @ ..]))
            | (0xc7, Some([_, _, 0xff, content @ ..]))
            | (0xc8, Some([_, _, _, 0xff, content @ ..]))
            | (0xc9, Some([_, _, _, _, _, 0xff, content @ ..])) => {
                Timestamp::from_extension(content).is_some()
            }
            _ => true,
        };
        if !is_sound {
            return false;
        }
        at = end;
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
            let (start, end) = text(value, 0).ok()?;
            if end != value.len() {
                return None;
            }
            Scalar::Text(Cow::Borrowed(std::str::from_utf8(&value[start..end]).ok()?))
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

/// The whole size of values that their first byte tells it of, 0 for the others.
const SIZES: [u8; 256] = {
    let mut sizes = [0; 256];
    let mut marker = 0;
    while marker < 256 {
        sizes[marker] = match marker {
            0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => 1,
            0xa0..=0xbf => 1 + (marker as u8 & 0x1f),
            0xcc | 0xd0 => 2,
            0xcd | 0xd1 => 3,
            0xca | 0xce | 0xd2 => 5,
            0xcb | 0xcf | 0xd3 => 9,
            0xd4..=0xd8 => 2 + (1 << (marker - 0xd4)),
            _ => 0,
        };
        marker += 1;
    }
    sizes
};

/// Returns where the value at `at` ends; `depth` more containers may be open at once.
#[inline(always)]
fn skip(bytes: &[u8], at: usize, depth: usize) -> Result<usize, Fault> {
    let marker = *bytes.get(at).ok_or(Fault::Truncated)?;
    let end = match SIZES[usize::from(marker)] {
        0 => return skip_sized(bytes, marker, at + 1, depth),
        size => at + usize::from(size),
    };
    if end <= bytes.len() { Ok(end) } else { Err(Fault::Truncated) }
}

/// Continues [`skip`] behind a marker that a length or items follow.
fn skip_sized(bytes: &[u8], marker: u8, at: usize, depth: usize) -> Result<usize, Fault> {
    // (bytes between the length and the content, the length)
    let (head, len) = match marker {
        0x80..=0x8f => return skip_items(bytes, at, 2 * u64::from(marker & 0x0f), depth),
        0x90..=0x9f => return skip_items(bytes, at, u64::from(marker & 0x0f), depth),
        0xdc => return skip_items(bytes, at + 2, u64::from(number::<2>(bytes, at)?), depth),
        0xdd => return skip_items(bytes, at + 4, u64::from(number::<4>(bytes, at)?), depth),
        0xde => return skip_items(bytes, at + 2, 2 * u64::from(number::<2>(bytes, at)?), depth),
        0xdf => return skip_items(bytes, at + 4, 2 * u64::from(number::<4>(bytes, at)?), depth),
        0xc4 | 0xd9 => (1, number::<1>(bytes, at)?),
        0xc5 | 0xda => (2, number::<2>(bytes, at)?),
        0xc6 | 0xdb => (4, number::<4>(bytes, at)?),
        0xc7 => (2, number::<1>(bytes, at)?),
        0xc8 => (3, number::<2>(bytes, at)?),
        0xc9 => (5, number::<4>(bytes, at)?),
        _ => return Err(Fault::Syntax),
    };
    let end = (at + head).saturating_add(len as usize);
    if end <= bytes.len() { Ok(end) } else { Err(Fault::Truncated) }
}

fn skip_items(bytes: &[u8], mut at: usize, items: u64, depth: usize) -> Result<usize, Fault> {
    let depth = depth.checked_sub(1).ok_or(Fault::TooDeep)?;
    for _ in 0..items {
        at = skip(bytes, at, depth)?;
    }
    Ok(at)
}

/// Returns the bounds of the text whose header is at `at`.
#[inline]
fn text(bytes: &[u8], at: usize) -> Result<(usize, usize), Fault> {
    let (start, len) = match bytes.get(at) {
        Some(marker @ 0xa0..=0xbf) => (at + 1, usize::from(marker & 0x1f)),
        other => return wide_text(bytes, at, other.copied()),
    };
    let end = start + len;
    if end <= bytes.len() { Ok((start, end)) } else { Err(Fault::Truncated) }
}

#[inline(never)]
fn wide_text(bytes: &[u8], at: usize, marker: Option<u8>) -> Result<(usize, usize), Fault> {
    let (start, len) = match marker {
        Some(0xd9) => (at + 2, number::<1>(bytes, at + 1)? as usize),
        Some(0xda) => (at + 3, number::<2>(bytes, at + 1)? as usize),
        Some(0xdb) => (at + 5, number::<4>(bytes, at + 1)? as usize),
        Some(_) => return Err(Fault::NotTextKey),
        None => return Err(Fault::Truncated),
    };
    let end = start.saturating_add(len);
    if end <= bytes.len() { Ok((start, end)) } else { Err(Fault::Truncated) }
}

/// Reads a big-endian number of `N` (at most 4) bytes.
#[inline]
fn number<const N: usize>(bytes: &[u8], at: usize) -> Result<u32, Fault> {
    let digits = bytes.get(at..).and_then(<[u8]>::first_chunk::<N>).ok_or(Fault::Truncated)?;
    Ok(digits.iter().fold(0, |number, &digit| number << 8 | u32::from(digit)))
}

const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// Whether `text` is ASCII; `window` begins with it and goes on to the end of the payload.
///
/// A short text is read together with the bytes behind it, which are then masked out; a longer one
/// in two words that may overlap.
#[inline]
fn is_ascii(text: &[u8], window: &[u8]) -> bool {
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    match (text.len(), window.first_chunk(), text.last_chunk()) {
        (len @ 0..8, Some(first), _) => word(first) & HIGH_BITS & ((1 << (8 * len)) - 1) == 0,
        (8..=16, Some(first), Some(last)) => (word(first) | word(last)) & HIGH_BITS == 0,
        _ => text.is_ascii(),
    }
}
