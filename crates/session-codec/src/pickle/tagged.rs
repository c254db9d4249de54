//! JSON to pickles: as it is, or with the tags by which Flask's `TaggedJSONSerializer` says what
//! JSON has no type for.
//!
//! A tag is an object of one entry. Python's `json` writes `NaN` and `Infinity`, too.

use super::flask::{http_date, uuid};
use super::write::{self, Items, Shape};
use super::{argument, op};
use crate::fault::Fault;
use crate::json;
use crate::json::scan::{Text, blank, expect, skip, string};
use crate::payload::{DEPTH_CEILING, Opened};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// Whether the tags of Flask are read or are objects like any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tags {
    Read,
    Ignored,
}

/// Reads a payload that Flask wrote.
pub(crate) fn open(payload: &[u8], max_depth: usize) -> Result<Opened, Fault> {
    let text = std::str::from_utf8(payload).map_err(|_| Fault::NotUtf8)?;
    let depth = max_depth.min(DEPTH_CEILING).checked_sub(1).ok_or(Fault::TooDeep)?;
    let reader = Reader { bytes: text.as_bytes(), tags: Tags::Read };
    let start = blank(payload, 0);
    let mut opened = Opened::begin(payload.len());
    let end = match reader.tag(start)? {
        None => reader.entries(start, |key, at| {
            let mut end = at;
            opened.entry(key, |out| {
                end = reader.value(at, depth, out)?;
                Ok(())
            })?;
            Ok(end)
        })?,
        Some(Tag { kind: Kind::Dict, value, end }) => {
            reader.entries(value, |key, at| {
                let mut end = at;
                opened.entry(unsuffixed(key)?, |out| {
                    end = reader.value(at, depth, out)?;
                    Ok(())
                })?;
                Ok(end)
            })?;
            end
        }
        Some(_) => return Err(Fault::NotMap),
    };
    if blank(payload, end) == payload.len() { Ok(opened.end()) } else { Err(Fault::Trailing) }
}

/// Appends one value of JSON, without tags.
pub(crate) fn convert(value: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    let text = std::str::from_utf8(value).map_err(|_| Fault::NotUtf8)?;
    let reader = Reader { bytes: text.as_bytes(), tags: Tags::Ignored };
    let end = reader.value(blank(value, 0), DEPTH_CEILING, out)?;
    if blank(value, end) == value.len() { Ok(()) } else { Err(Fault::Trailing) }
}

struct Reader<'j> {
    bytes: &'j [u8],
    tags: Tags,
}

/// An object that is a tag: where its value begins, and where the object ends.
struct Tag {
    kind: Kind,
    value: usize,
    end: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tuple,
    Bytes,
    Markup,
    Uuid,
    DateTime,
    Dict,
}

impl Reader<'_> {
    /// Appends the value at `at` and returns where it ends.
    fn value(&self, at: usize, depth: usize, out: &mut Vec<u8>) -> Result<usize, Fault> {
        let rest = self.bytes.get(at..).ok_or(Fault::Truncated)?;
        if self.tags == Tags::Read {
            for (literal, number) in [
                (&b"NaN"[..], f64::NAN),
                (b"Infinity", f64::INFINITY),
                (b"-Infinity", f64::NEG_INFINITY),
            ] {
                if rest.starts_with(literal) {
                    write::float(number, out);
                    return Ok(at + literal.len());
                }
            }
        }
        match rest.first() {
            Some(b'"') => {
                let (end, text) = self.text(at)?;
                write::text(&text, out);
                Ok(end)
            }
            Some(b'[') => self.array(at, Shape::List, depth, out),
            Some(b'{') => self.object(at, depth, out),
            _ => {
                let end = skip(self.bytes, at, 0)?;
                match &self.bytes[at..end] {
                    b"null" => out.push(op::NONE),
                    b"true" => write::bool(true, out),
                    b"false" => write::bool(false, out),
                    number => self.number(number, out)?,
                }
                Ok(end)
            }
        }
    }

    fn number(&self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        if text.iter().any(|byte| b".eE".contains(byte)) {
            let text = std::str::from_utf8(text).map_err(|_| Fault::Syntax)?;
            let number: f64 = text.parse().map_err(|_| Fault::Syntax)?;
            if number.is_infinite() {
                return Err(Fault::Syntax);
            }
            write::float(number, out);
        } else {
            argument::write_int(text, out)?;
        }
        Ok(())
    }

    fn array(
        &self,
        at: usize,
        shape: Shape,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize, Fault> {
        let depth = depth.checked_sub(1).ok_or(Fault::TooDeep)?;
        let mut at = blank(self.bytes, expect(self.bytes, at, b'[')?);
        let items = Items::begin(shape, out);
        if self.bytes.get(at) != Some(&b']') {
            loop {
                at = blank(self.bytes, self.value(at, depth, out)?);
                match self.bytes.get(at) {
                    Some(b',') => at = blank(self.bytes, at + 1),
                    _ => break,
                }
            }
        }
        items.end(out);
        expect(self.bytes, at, b']')
    }

    fn object(&self, at: usize, depth: usize, out: &mut Vec<u8>) -> Result<usize, Fault> {
        if let Some(tag) = self.tag(at)? {
            self.tagged(&tag, depth, out)?;
            return Ok(tag.end);
        }
        let depth = depth.checked_sub(1).ok_or(Fault::TooDeep)?;
        let dict = Items::begin(Shape::Dict, out);
        let end = self.entries(at, |key, at| {
            write::text(key, out);
            self.value(at, depth, out)
        })?;
        dict.end(out);
        Ok(end)
    }

    /// Calls `entry` with each key of the object at `at` and where its value begins; it returns
    /// where the value ends.
    fn entries(
        &self,
        at: usize,
        mut entry: impl FnMut(&str, usize) -> Result<usize, Fault>,
    ) -> Result<usize, Fault> {
        let mut at = blank(self.bytes, expect(self.bytes, at, b'{')?);
        if self.bytes.get(at) == Some(&b'}') {
            return Ok(at + 1);
        }
        loop {
            let (end, key) = self.text(at)?;
            let value = blank(self.bytes, expect(self.bytes, blank(self.bytes, end), b':')?);
            at = blank(self.bytes, entry(&key, value)?);
            match self.bytes.get(at) {
                Some(b',') => at = blank(self.bytes, at + 1),
                _ => return expect(self.bytes, at, b'}'),
            }
        }
    }

    /// The tag at `at`, if the object there is one.
    fn tag(&self, at: usize) -> Result<Option<Tag>, Fault> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        if self.tags == Tags::Ignored || rest.first() != Some(&b'{') {
            return Ok(None);
        }
        let key = blank(self.bytes, at + 1);
        let (kind, len) = match &self.bytes[key..] {
            [b'"', b' ', b't', b'"', ..] => (Kind::Tuple, 4),
            [b'"', b' ', b'b', b'"', ..] => (Kind::Bytes, 4),
            [b'"', b' ', b'm', b'"', ..] => (Kind::Markup, 4),
            [b'"', b' ', b'u', b'"', ..] => (Kind::Uuid, 4),
            [b'"', b' ', b'd', b'"', ..] => (Kind::DateTime, 4),
            [b'"', b' ', b'd', b'i', b'"', ..] => (Kind::Dict, 5),
            _ => return Ok(None),
        };
        let colon = blank(self.bytes, key + len);
        let value = blank(self.bytes, expect(self.bytes, colon, b':')?);
        let end = blank(self.bytes, self.extent(value)?);
        let is_only = self.bytes.get(end) == Some(&b'}');
        Ok(is_only.then_some(Tag { kind, value, end: end + 1 }))
    }

    fn tagged(&self, tag: &Tag, depth: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
        if tag.kind == Kind::Tuple {
            return self.array(tag.value, Shape::Tuple, depth, out).map(drop);
        }
        if tag.kind == Kind::Dict {
            let depth = depth.checked_sub(1).ok_or(Fault::TooDeep)?;
            let dict = Items::begin(Shape::Dict, out);
            self.entries(tag.value, |key, at| {
                write::text(unsuffixed(key)?, out);
                self.value(at, depth, out)
            })?;
            dict.end(out);
            return Ok(());
        }
        let (_, text) = self.text(tag.value)?;
        match tag.kind {
            Kind::Bytes => {
                write::bytes(&STANDARD.decode(&*text).map_err(|_| Fault::Object)?, out);
            }
            Kind::Markup => write::markup(&text, out),
            Kind::Uuid => write::uuid(uuid(&text).ok_or(Fault::Object)?, out),
            _ => {
                let fields = http_date(&text).and_then(super::forms::fields);
                write::datetime_utc(fields.ok_or(Fault::Object)?, out);
            }
        }
        Ok(())
    }

    fn text(&self, at: usize) -> Result<(usize, Cow<'_, str>), Fault> {
        if self.bytes.get(at) != Some(&b'"') {
            return Err(if at < self.bytes.len() { Fault::Syntax } else { Fault::Truncated });
        }
        let (end, text) = string(self.bytes, at)?;
        let text = match text {
            Text::Plain => std::str::from_utf8(&self.bytes[at + 1..end - 1])
                .map_err(|_| Fault::NotUtf8)?
                .into(),
            Text::Escaped => json::unescape(&self.bytes[at..end]).ok_or(Fault::Syntax)?.into(),
        };
        Ok((end, text))
    }

    /// Where the value at `at` ends if its brackets match; whether it is one is not looked at.
    fn extent(&self, mut at: usize) -> Result<usize, Fault> {
        let mut open = 0_usize;
        loop {
            match self.bytes.get(at).ok_or(Fault::Truncated)? {
                b'"' => at = string(self.bytes, at)?.0,
                b'{' | b'[' => (open, at) = (open + 1, at + 1),
                b'}' | b']' if open == 0 => return Ok(at),
                b'}' | b']' => (open, at) = (open - 1, at + 1),
                b',' if open == 0 => return Ok(at),
                _ => {
                    at += 1;
                    continue;
                }
            }
            if open == 0 {
                return Ok(at);
            }
        }
    }
}

fn unsuffixed(key: &str) -> Result<&str, Fault> {
    key.strip_suffix("__").ok_or(Fault::Object)
}
