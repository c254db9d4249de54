//! Pickles: data is read out of any that Flask-Session wrote, and data alone is written.
//!
//! A pickle is a program. This machine has no instruction that runs anything: it knows the calls
//! by which Python writes dates, decimals, sets and the like, reads their arguments, and refuses
//! every other name.
//!
//! The memo of a pickle ties its values together, so they cannot be sliced as in other formats.
//! They are written anew when a record is loaded, each in the one form of [`write`]; from then on
//! a value is bytes that stand for themselves, and one that nobody touches is copied, its type of
//! Python included.

mod argument;
mod de;
mod emit;
mod export;
mod flask;
mod forms;
mod graph;
mod input;
mod integer;
mod machine;
mod memo;
mod node;
mod object;
mod op;
mod payload;
mod ser;
mod stack;
pub(crate) mod tagged;
mod thin;
mod write;

pub(crate) use payload::{begin_map, end_map, frame_size, push_element};
pub(crate) use ser::Serializer;
pub(crate) use write::{text_header as write_text_header, text_header_size};

use crate::fault::Fault;
use crate::format::Format;
use crate::payload::{DEPTH_CEILING, Opened};
use crate::scalar::Scalar;
use emit::Emitter;
use export::Unsayable;
use machine::Program;
use node::Node;
use serde::Deserialize;
use std::borrow::Cow;

/// Room for what is shared in a pickle and repeated here, in bytes and in times its size.
const EXPANSION: (usize, usize) = (64 * 1024, 8);

/// Reads a payload that anybody wrote.
pub(crate) fn open(payload: &[u8], max_depth: usize) -> Result<Opened, Fault> {
    let graph = machine::run(payload, Program::Whole)?;
    let Node::Dict(entries) = graph.get(graph.root) else { return Err(Fault::NotMap) };
    let depth = max_depth.min(DEPTH_CEILING).checked_sub(1).ok_or(Fault::TooDeep)?;
    let max_len = payload.len().saturating_mul(EXPANSION.1).saturating_add(EXPANSION.0);
    let mut emitter = Emitter::new(&graph, depth, max_len);
    let mut opened = Opened::begin(payload.len());
    for [key, value] in graph.pairs(*entries) {
        match graph.any_text(*key) {
            Some(key) => opened.entry(key, |out| emitter.value(*value, out))?,
            None => opened.nameless_entry(|out| emitter.entry(*key, *value, out))?,
        }
    }
    Ok(opened.end())
}

/// Splits a list or a tuple into its elements.
pub(crate) fn elements(value: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let graph = machine::run(value, Program::Fragment)?;
    let (Node::List(items) | Node::Tuple(items)) = graph.get(graph.root) else {
        return Err(Fault::NotArray);
    };
    let mut emitter = Emitter::new(&graph, DEPTH_CEILING, usize::MAX);
    let mut element = |item: &u32| {
        let mut out = Vec::new();
        emitter.value(*item, &mut out).map(|()| out)
    };
    graph.items(*items).iter().map(&mut element).collect()
}

/// Why a value could not be turned into a type.
pub(crate) enum Undecoded {
    /// It is no value.
    Malformed(Fault),
    /// It has another shape.
    Shape,
}

/// Turns one value into a `T`.
pub(crate) fn decode<'de, T: Deserialize<'de>>(value: &[u8]) -> Result<T, Undecoded> {
    let graph = machine::run(value, Program::Fragment).map_err(Undecoded::Malformed)?;
    T::deserialize(de::Deserializer::new(&graph)).map_err(|_| Undecoded::Shape)
}

/// Appends one value in another format; why it cannot if it cannot.
pub(crate) fn convert(
    value: &[u8],
    to: Format,
    out: &mut Vec<u8>,
) -> Result<Result<(), &'static str>, Fault> {
    let graph = machine::run(value, Program::Fragment)?;
    let converted = match to {
        Format::MessagePack => export::to_msgpack(&graph, graph.root, out),
        Format::Json => export::to_json(&graph, graph.root, out),
        Format::Pickle => {
            out.extend_from_slice(value);
            Ok(())
        }
    };
    Ok(converted.map_err(Unsayable::reason))
}

/// Reads a value that is a boolean, an integer of at most 64 bits or a string.
pub(crate) fn scalar(value: &[u8]) -> Option<Scalar<'_>> {
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
                Node::Text(text) => Some(Scalar::Text(Cow::Owned(text.to_string()))),
                _ => None,
            }
        }
    }
}
