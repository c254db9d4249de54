//! Pickles: data is read out of any that Flask-Session wrote, and data alone is written.
//!
//! A pickle is a program. This machine has no instruction that runs anything: it knows the calls
//! by which Python writes dates, decimals, sets and the like, reads their arguments, and refuses
//! every other name. So reading pickles is always on.
//!
//! The memo of a pickle ties its values together, so they cannot be sliced as in other formats.
//! They are written anew when a record is loaded, each in the one form of [`write`]; from then on
//! a value is bytes that stand for themselves, and one that nobody touches is copied, its type of
//! Python included.

mod argument;
mod de;
mod emit;
mod export;
#[cfg(feature = "json")]
mod flask;
mod forms;
mod input;
mod integer;
mod machine;
mod node;
mod object;
mod op;
mod ser;
#[cfg(feature = "json")]
pub(super) mod tagged;
mod write;

pub(super) use ser::Serializer;
pub(super) use write::{text_header as write_text_header, text_header_size};

use super::scalar::Scalar;
use super::{DEPTH_CEILING, Fault, Format, Span};
use emit::Emitter;
use export::Unsayable;
use machine::Program;
use node::Node;
use serde::Deserialize;
use std::borrow::Cow;

/// Room for what is shared in a pickle and repeated here, in bytes and in times its size.
const EXPANSION: (usize, usize) = (64 * 1024, 8);

/// A payload in the one form of ours, and where its keys and values are.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) payload: Vec<u8>,
    pub(crate) entries: Vec<(Span, Span)>,
}

impl Opened {
    fn begin(len: usize) -> Self {
        let mut payload = Vec::with_capacity(len + 8);
        begin_map(1, &mut payload);
        Self { payload, entries: Vec::new() }
    }

    fn entry(
        &mut self,
        key: &str,
        value: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        write::text(key, &mut self.payload);
        let start = self.payload.len();
        value(&mut self.payload)?;
        let key = Span::new(start - key.len(), start);
        self.entries.push((key, Span::new(start, self.payload.len())));
        Ok(())
    }

    fn end(mut self) -> Self {
        if self.entries.is_empty() {
            self.payload.pop();
        }
        end_map(self.entries.len(), &mut self.payload);
        self
    }
}

/// Reads a payload that anybody wrote.
pub(super) fn open(payload: &[u8], max_depth: usize) -> Result<Opened, Fault> {
    let graph = machine::run(payload, Program::Whole)?;
    let Node::Dict(entries) = graph.get(graph.root) else { return Err(Fault::NotMap) };
    let depth = max_depth.min(DEPTH_CEILING).checked_sub(1).ok_or(Fault::TooDeep)?;
    let max_len = payload.len().saturating_mul(EXPANSION.1).saturating_add(EXPANSION.0);
    let mut emitter = Emitter::new(&graph, depth, max_len);
    let mut opened = Opened::begin(payload.len());
    for (key, value) in entries {
        let key = graph.text(*key).ok_or(Fault::NotTextKey)?;
        opened.entry(key, |out| emitter.value(*value, out))?;
    }
    Ok(opened.end())
}

/// Splits a list or a tuple into its elements.
pub(super) fn elements(value: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let graph = machine::run(value, Program::Fragment)?;
    let (Node::List(items) | Node::Tuple(items)) = graph.get(graph.root) else {
        return Err(Fault::NotArray);
    };
    let mut emitter = Emitter::new(&graph, DEPTH_CEILING, usize::MAX);
    let mut element = |item: &u32| {
        let mut out = Vec::new();
        emitter.value(*item, &mut out).map(|()| out)
    };
    items.iter().map(&mut element).collect()
}

/// Why a value could not be turned into a type.
pub(super) enum Undecoded {
    /// It is no value.
    Malformed(Fault),
    /// It has another shape.
    Shape,
}

/// Turns one value into a `T`.
pub(super) fn decode<'de, T: Deserialize<'de>>(value: &[u8]) -> Result<T, Undecoded> {
    let graph = machine::run(value, Program::Fragment).map_err(Undecoded::Malformed)?;
    T::deserialize(de::Deserializer::new(&graph)).map_err(|_| Undecoded::Shape)
}

/// Appends one value in another format; why it cannot if it cannot.
pub(super) fn convert(
    value: &[u8],
    to: Format,
    out: &mut Vec<u8>,
) -> Result<Result<(), &'static str>, Fault> {
    let graph = machine::run(value, Program::Fragment)?;
    let converted = match to {
        Format::MessagePack => export::to_msgpack(&graph, graph.root, out),
        #[cfg(feature = "json")]
        Format::Json => export::to_json(&graph, graph.root, out),
        Format::Pickle => {
            out.extend_from_slice(value);
            Ok(())
        }
    };
    Ok(converted.map_err(Unsayable::reason))
}

/// Reads a value that is a boolean, an integer of at most 64 bits or a string.
pub(super) fn scalar(value: &[u8]) -> Option<Scalar<'_>> {
    match *value {
        [op::NEWTRUE] => Some(Scalar::Bool(true)),
        [op::NEWFALSE] => Some(Scalar::Bool(false)),
        [op::SHORT_BINUNICODE, len, ref rest @ ..] if rest.len() == usize::from(len) => {
            std::str::from_utf8(rest).ok().map(|text| Scalar::Text(Cow::Borrowed(text)))
        }
        _ => {
            let graph = machine::run(value, Program::Fragment).ok()?;
            match graph.get(graph.root) {
                Node::Int(number) => Some(Scalar::signed(*number)),
                Node::Wide(bytes) => {
                    let number = u64::try_from(integer::narrow(bytes)?).ok()?;
                    Some(Scalar::Unsigned(number))
                }
                Node::Text(text) => Some(Scalar::Text(Cow::Owned(text.clone().into_owned()))),
                _ => None,
            }
        }
    }
}

/// The bytes of a payload beside its entries.
pub(super) fn frame_size(entries: usize) -> usize {
    write::START.len() + 1 + if entries > 0 { 2 } else { 0 }
}

/// Appends what precedes the entries of a payload.
pub(super) fn begin_map(entries: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&write::START);
    if entries > 0 {
        out.push(op::MARK);
    }
}

/// Appends what follows the entries of a payload.
pub(super) fn end_map(entries: usize, out: &mut Vec<u8>) {
    if entries > 0 {
        out.push(op::SETITEMS);
    }
    out.push(op::STOP);
}

/// Appends a list of values.
pub(super) fn write_list<'a>(values: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    let list = write::Items::begin(write::Shape::List, out);
    values.for_each(|value| out.extend_from_slice(value));
    list.end(out);
}
