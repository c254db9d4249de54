//! JSON as Python's `json` reads it, where `serde_json` gives up or says something else: `NaN`,
//! halves of surrogate pairs, numbers of any size, and `-0`, which is an integer.

use super::scan::{Text, blank, expect, skip, string};
use super::unescape;
use crate::fault::Fault;
use crate::payload::DEPTH_CEILING;
use crate::value::Value;

/// A value, and whether that is all that the JSON says.
pub(crate) struct Reading {
    pub(crate) value: Value,
    /// No integer became a float or a float infinite, and text is text and not bytes.
    pub(crate) is_exact: bool,
}

/// Reads one value.
pub(crate) fn read(bytes: &[u8]) -> Result<Reading, Fault> {
    let mut reader = Reader { bytes, is_exact: true };
    let (value, end) = reader.value(blank(bytes, 0), DEPTH_CEILING)?;
    if blank(bytes, end) != bytes.len() {
        return Err(Fault::Trailing);
    }
    Ok(Reading { value, is_exact: reader.is_exact })
}

struct Reader<'j> {
    bytes: &'j [u8],
    is_exact: bool,
}

impl Reader<'_> {
    fn value(&mut self, at: usize, depth: usize) -> Result<(Value, usize), Fault> {
        match self.bytes.get(at) {
            Some(b'[') => {
                let mut values = Vec::new();
                let end = self.items(at, b']', depth, |reader, at, depth| {
                    let (value, end) = reader.value(at, depth)?;
                    values.push(value);
                    Ok(end)
                })?;
                Ok((Value::Array(values), end))
            }
            Some(b'{') => {
                let mut entries = Vec::new();
                let end = self.items(at, b'}', depth, |reader, at, depth| {
                    let (key, end) = reader.text(at)?;
                    let colon = expect(reader.bytes, blank(reader.bytes, end), b':')?;
                    let (value, end) = reader.value(blank(reader.bytes, colon), depth)?;
                    entries.push((key, value));
                    Ok(end)
                })?;
                Ok((Value::Map(entries), end))
            }
            Some(b'"') => self.text(at),
            _ => {
                let end = skip(self.bytes, at, 0)?;
                let value = match &self.bytes[at..end] {
                    b"null" => Value::Null,
                    b"true" => Value::Bool(true),
                    b"false" => Value::Bool(false),
                    number => self.number(number)?,
                };
                Ok((value, end))
            }
        }
    }

    fn items(
        &mut self,
        at: usize,
        close: u8,
        depth: usize,
        mut item: impl FnMut(&mut Self, usize, usize) -> Result<usize, Fault>,
    ) -> Result<usize, Fault> {
        let depth = depth.checked_sub(1).ok_or(Fault::TooDeep)?;
        let mut at = blank(self.bytes, at + 1);
        if self.bytes.get(at) == Some(&close) {
            return Ok(at + 1);
        }
        loop {
            at = blank(self.bytes, item(self, at, depth)?);
            match self.bytes.get(at) {
                Some(b',') => at = blank(self.bytes, at + 1),
                _ => return expect(self.bytes, at, close),
            }
        }
    }

    fn text(&mut self, at: usize) -> Result<(Value, usize), Fault> {
        if self.bytes.get(at) != Some(&b'"') {
            return Err(Fault::Syntax);
        }
        let (end, text) = string(self.bytes, at)?;
        let text = match text {
            Text::Plain => self.bytes[at + 1..end - 1].to_vec(),
            Text::Escaped => unescape(&self.bytes[at..end]).ok_or(Fault::Syntax)?,
        };
        let value = String::from_utf8(text).map_or_else(
            |error| {
                self.is_exact = false;
                Value::Bytes(error.into_bytes())
            },
            Value::Text,
        );
        Ok((value, end))
    }

    fn number(&mut self, text: &[u8]) -> Result<Value, Fault> {
        let text = std::str::from_utf8(text).map_err(|_| Fault::NotUtf8)?;
        if let Ok(number) = text.parse() {
            return Ok(Value::Integer(number));
        }
        if let Ok(number) = text.parse() {
            return Ok(Value::Unsigned(number));
        }
        // Rust knows the names `NaN`, `Infinity` and `-Infinity` as well.
        let number: f64 = text.parse().map_err(|_| Fault::Syntax)?;
        let is_named = text.ends_with(['N', 'y']);
        let is_integer = !is_named && !text.contains(['.', 'e', 'E']);
        self.is_exact &= is_named || number.is_finite() && !is_integer;
        Ok(Value::Float(number))
    }
}
