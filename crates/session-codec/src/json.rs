//! JSON as bytes: finding where keys and values are, and writing keys as `msgspec` does.

pub(crate) mod scan;
pub(crate) mod tags;
pub(crate) mod value;

use crate::fault::Fault;
use crate::payload::{DEPTH_CEILING, Key, Span};
use crate::scalar::Scalar;
use crate::value::OctetBuf;
use crate::wtf8::{self, Piece};
use scan::{Text, blank, expect, skip, special, string};
use serde_json::ser::{CompactFormatter, Formatter};
use std::borrow::Cow;
use std::io::{self, Write};

/// See [`crate::index`].
pub(crate) fn index<'p>(
    payload: &'p [u8],
    max_depth: usize,
    mut sink: impl FnMut(Key<'p>, Span),
) -> Result<(), Fault> {
    let depth = max_depth.checked_sub(1).ok_or(Fault::TooDeep)?;
    items(payload, [b'{', b'}'], Fault::NotMap, |at| {
        if payload.get(at) != Some(&b'"') {
            return Err(Fault::NotTextKey);
        }
        let (end, text) = string(payload, at)?;
        let key = match text {
            Text::Plain => Key::Raw(&payload[at + 1..end - 1], Span::new(at + 1, end - 1)),
            Text::Escaped => Key::Owned(unescape(&payload[at..end]).ok_or(Fault::Syntax)?),
        };
        let start = blank(payload, expect(payload, blank(payload, end), b':')?);
        let end = skip(payload, start, depth)?;
        sink(key, Span::new(start, end));
        Ok(end)
    })
}

/// See [`crate::elements`].
pub(crate) fn elements(value: &[u8]) -> Result<Vec<Span>, Fault> {
    let mut spans = Vec::new();
    items(value, [b'[', b']'], Fault::NotArray, |at| {
        let end = skip(value, at, DEPTH_CEILING - 2)?;
        spans.push(Span::new(at, end));
        Ok(end)
    })?;
    Ok(spans)
}

/// Reads a value that is a boolean, an integer of at most 64 bits or a string.
#[inline]
pub(crate) fn scalar(value: &[u8]) -> Option<Scalar<'_>> {
    match value.first()? {
        b't' if value == b"true" => Some(Scalar::Bool(true)),
        b'f' if value == b"false" => Some(Scalar::Bool(false)),
        b'"' => match string(value, 0).ok()? {
            (end, _) if end != value.len() => None,
            (end, Text::Plain) => {
                let text = std::str::from_utf8(&value[1..end - 1]).ok()?;
                Some(Scalar::Text(Cow::Borrowed(text)))
            }
            (_, Text::Escaped) => {
                let text = String::from_utf8(unescape(value)?).ok()?;
                Some(Scalar::Text(text.into()))
            }
        },
        b'-' => std::str::from_utf8(value).ok()?.parse().ok().map(Scalar::signed),
        b'0'..=b'9' => std::str::from_utf8(value).ok()?.parse().ok().map(Scalar::Unsigned),
        _ => None,
    }
}

/// Compact JSON, with exponents as `msgspec` writes them: `1e22` where `serde_json` has `1e+22`.
pub(crate) struct Compact;

impl Formatter for Compact {
    fn write_f32<W: Write + ?Sized>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        let mut text = Vec::with_capacity(24);
        CompactFormatter.write_f32(&mut text, value)?;
        write_without_plus(writer, &text)
    }

    fn write_f64<W: Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let mut text = Vec::with_capacity(24);
        CompactFormatter.write_f64(&mut text, value)?;
        write_without_plus(writer, &text)
    }
}

/// Appends a float that is finite.
pub(crate) fn write_float(value: f64, out: &mut Vec<u8>) {
    // Writing to a vector does not fail.
    let _ = Compact.write_f64(out, value);
}

fn write_without_plus<W: Write + ?Sized>(writer: &mut W, text: &[u8]) -> io::Result<()> {
    text.split(|&byte| byte == b'+').try_for_each(|part| writer.write_all(part))
}

/// The size of `key` between quotes, with its escapes.
pub(crate) fn quoted_size(key: &[u8]) -> usize {
    let size = |piece| match piece {
        Piece::Text(text) => text.len() + escapes(text),
        Piece::Half(_) => 6,
        Piece::Other => 0,
    };
    2 + wtf8::pieces(key).map(size).sum::<usize>()
}

/// How much longer `text` is with its escapes.
fn escapes(text: &str) -> usize {
    let (bytes, mut size, mut at) = (text.as_bytes(), 0, 0);
    while let Some(found) = special(bytes, at) {
        size += if short_escape(bytes[found]).is_some() { 1 } else { 5 };
        at = found + 1;
    }
    size
}

/// Appends `key` between quotes, escaping no more than JSON demands.
pub(crate) fn write_quoted(key: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for piece in wtf8::pieces(key) {
        match piece {
            Piece::Text(text) => write_escaped(text.as_bytes(), out),
            Piece::Half(half) => out.extend_from_slice(format!("\\u{half:04x}").as_bytes()),
            Piece::Other => {}
        }
    }
    out.push(b'"');
}

fn write_escaped(bytes: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(found) = special(bytes, at) {
        out.extend_from_slice(&bytes[at..found]);
        let byte = bytes[found];
        match short_escape(byte) {
            Some(letter) => out.extend_from_slice(&[b'\\', letter]),
            None => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
        at = found + 1;
    }
    out.extend_from_slice(&bytes[at..]);
}

fn short_escape(byte: u8) -> Option<u8> {
    Some(match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        _ => return None,
    })
}

/// Walks the items between `brackets` that make up all of `bytes`; `item` returns where the one
/// it is given ends.
fn items(
    bytes: &[u8],
    [open, close]: [u8; 2],
    otherwise: Fault,
    mut item: impl FnMut(usize) -> Result<usize, Fault>,
) -> Result<(), Fault> {
    if bytes.len() > u32::MAX as usize {
        return Err(Fault::TooLong);
    }
    if std::str::from_utf8(bytes).is_err() {
        return Err(Fault::NotUtf8);
    }
    let mut at = blank(bytes, 0);
    match bytes.get(at) {
        Some(byte) if *byte == open => at = blank(bytes, at + 1),
        Some(_) => return Err(otherwise),
        None => return Err(Fault::Truncated),
    }
    if bytes.get(at) == Some(&close) {
        at += 1;
    } else {
        loop {
            at = blank(bytes, item(at)?);
            match bytes.get(at) {
                Some(b',') => at = blank(bytes, at + 1),
                _ => break at = expect(bytes, at, close)?,
            }
        }
    }
    if blank(bytes, at) == bytes.len() { Ok(()) } else { Err(Fault::Trailing) }
}

/// The text of a string with escapes, which may have halves of surrogate pairs.
pub(crate) fn unescape(quoted: &[u8]) -> Option<Vec<u8>> {
    serde_json::from_slice(quoted).ok().map(|OctetBuf(text)| text)
}
