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

/// Reads a payload that Flask wrote.
pub(crate) fn open(payload: &[u8], max_depth: usize) -> Result<Opened, Fault> {
    std::str::from_utf8(payload).map_err(|_| Fault::NotUtf8)?;
    let depth = max_depth.min(DEPTH_CEILING).checked_sub(1).ok_or(Fault::TooDeep)?;
    let reader = Reader { bytes: payload, tags: Some(objects_of_one(payload)?) };
    let start = blank(payload, 0);
    let mut opened = Opened::begin(payload.len());
    let mut entry = |key: &[u8], at| {
        let mut end = at;
        opened.entry(key, |out| {
            end = reader.value(at, depth, out)?;
            Ok(())
        })?;
        Ok(end)
    };
    let end = match reader.tag(start, &mut Vec::new()) {
        Some(Tag::Dict(inner)) => {
            let end = reader.entries(inner, |key, at| entry(unsuffixed(key), at))?;
            reader.close(end)?
        }
        Some(_) => return Err(Fault::NotMap),
        None => reader.entries(start, entry)?,
    };
    if blank(payload, end) == payload.len() { Ok(opened.end()) } else { Err(Fault::Trailing) }
}

/// Appends one value of JSON, without tags.
pub(crate) fn convert(value: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    std::str::from_utf8(value).map_err(|_| Fault::NotUtf8)?;
    let reader = Reader { bytes: value, tags: None };
    let end = reader.value(blank(value, 0), DEPTH_CEILING, out)?;
    if blank(value, end) == value.len() { Ok(()) } else { Err(Fault::Trailing) }
}

/// Where the objects of one entry begin, in order: each may be a tag.
///
/// One pass over all of it, since whether an object is a tag only shows where it ends.
fn objects_of_one(json: &[u8]) -> Result<Vec<usize>, Fault> {
    // Open arrays and objects: the number of the object, and whether there was an entry.
    let (mut open, mut objects, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => {
                at = string(json, at)?.0;
                continue;
            }
            b'{' => {
                open.push(Some(objects.len()));
                objects.push((at, json.get(blank(json, at + 1)) == Some(&b'"')));
            }
            b'[' => open.push(None),
            b'}' | b']' => drop(open.pop()),
            b',' => {
                if let Some(Some(object)) = open.last() {
                    objects[*object].1 = false;
                }
            }
            _ => {}
        }
        at += 1;
    }
    Ok(objects.into_iter().filter_map(|(at, is_one)| is_one.then_some(at)).collect())
}

struct Reader<'j> {
    bytes: &'j [u8],
    /// The objects of one entry, where tags are read.
    tags: Option<Vec<usize>>,
}

/// What a tag says. Collections are told by where they begin.
enum Tag {
    Tuple(usize),
    Dict(usize),
    /// A value that was appended, and where it ends.
    Value(usize),
}

impl Reader<'_> {
    /// Appends the value at `at` and returns where it ends.
    fn value(&self, at: usize, depth: usize, out: &mut Vec<u8>) -> Result<usize, Fault> {
        match self.bytes.get(at) {
            Some(b'"') => {
                let (end, text) = self.text(at)?;
                write::text(text, out);
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

    /// Appends a number; one that is too large for a float is infinite, as in Python.
    fn number(&self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        if let Some(number) = argument::short_int(text) {
            write::int(number, out);
        } else if text.iter().any(|byte| b".eENy".contains(byte)) {
            let text = std::str::from_utf8(text).map_err(|_| Fault::Syntax)?;
            // Rust knows the names `NaN`, `Infinity` and `-Infinity` as well.
            write::float(text.parse().map_err(|_| Fault::Syntax)?, out);
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
        let end = match self.tag(at, out) {
            None => return self.dict(at, |key| key, depth, out),
            Some(Tag::Tuple(array)) => self.array(array, Shape::Tuple, depth, out)?,
            Some(Tag::Dict(inner)) => self.dict(inner, unsuffixed, depth, out)?,
            Some(Tag::Value(end)) => end,
        };
        self.close(end)
    }

    fn dict(
        &self,
        at: usize,
        name: impl Fn(&[u8]) -> &[u8],
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize, Fault> {
        let depth = depth.checked_sub(1).ok_or(Fault::TooDeep)?;
        let dict = Items::begin(Shape::Dict, out);
        let end = self.entries(at, |key, at| {
            write::text(name(key), out);
            self.value(at, depth, out)
        })?;
        dict.end(out);
        Ok(end)
    }

    /// Where the object ends whose only value ends at `end`.
    fn close(&self, end: usize) -> Result<usize, Fault> {
        expect(self.bytes, blank(self.bytes, end), b'}')
    }

    /// Calls `entry` with each key of the object at `at` and where its value begins; it returns
    /// where the value ends.
    fn entries(
        &self,
        at: usize,
        mut entry: impl FnMut(&[u8], usize) -> Result<usize, Fault>,
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

    /// The key of the object of one entry at `at`, and where its value begins.
    fn only_entry(&self, at: usize) -> Option<(Cow<'_, [u8]>, usize)> {
        self.tags.as_ref()?.binary_search(&at).ok()?;
        let (end, key) = self.text(blank(self.bytes, at + 1)).ok()?;
        let colon = expect(self.bytes, blank(self.bytes, end), b':').ok()?;
        Some((key, blank(self.bytes, colon)))
    }

    /// The tag at `at`, if the object there is one and its value fits; a value that is no collection
    /// is appended.
    fn tag(&self, at: usize, out: &mut Vec<u8>) -> Option<Tag> {
        // All of them begin with a space, which may be written as an escape.
        let Some(b' ' | b'\\') = self.bytes.get(blank(self.bytes, at + 1) + 1) else {
            return None;
        };
        let (key, at) = self.only_entry(at)?;
        match (&*key, self.bytes.get(at)?) {
            (b" t", b'[') => Some(Tag::Tuple(at)),
            (b" di", b'{') => {
                self.only_entry(at).filter(|(key, _)| key.ends_with(b"__")).map(|_| Tag::Dict(at))
            }
            (name, b'"') => {
                let (end, text) = self.text(at).ok()?;
                scalar(name, &text, out).map(|()| Tag::Value(end))
            }
            _ => None,
        }
    }

    fn text(&self, at: usize) -> Result<(usize, Cow<'_, [u8]>), Fault> {
        if self.bytes.get(at) != Some(&b'"') {
            return Err(if at < self.bytes.len() { Fault::Syntax } else { Fault::Truncated });
        }
        let (end, text) = string(self.bytes, at)?;
        let text = match text {
            Text::Plain => self.bytes[at + 1..end - 1].into(),
            Text::Escaped => json::unescape(&self.bytes[at..end]).ok_or(Fault::Syntax)?.into(),
        };
        Ok((end, text))
    }
}

/// Appends the value of a tag whose content is text.
fn scalar(name: &[u8], content: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let text = std::str::from_utf8(content);
    match name {
        b" b" => write::bytes(&STANDARD.decode(content).ok()?, out),
        b" m" => write::markup(content, out),
        b" u" => write::uuid(uuid(text.ok()?)?, out),
        b" d" => write::datetime_utc(super::forms::fields(http_date(text.ok()?)?)?, out),
        _ => return None,
    }
    Some(())
}

/// The key that Flask kept from being a tag.
fn unsuffixed(key: &[u8]) -> &[u8] {
    key.strip_suffix(b"__").unwrap_or(key)
}
