//! Values of pickles in another format, as `msgspec` encodes the same objects.
//!
//! Departing from it, `Markup` is text, where `msgspec` gives up.

use super::graph::Graph;
use super::node::{Id, Node};
use super::{forms, integer};
use crate::timestamp::EXTENSION;
use crate::{json, msgpack};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Why another format cannot say a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsayable {
    WideInteger,
    Complex,
    Zone,
    Key,
    Halves,
    /// What no value of ours has.
    Malformed,
}

impl Unsayable {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::WideInteger => "an integer has more than 64 bits",
            Self::Complex => "it holds a complex number",
            Self::Zone => "it holds a time zone",
            Self::Key => "a key is neither text nor a number",
            Self::Halves => "text has half of a surrogate pair",
            Self::Malformed => "it is malformed",
        }
    }
}

/// Appends a value as MessagePack.
pub(super) fn to_msgpack(graph: &Graph<'_>, id: Id, out: &mut Vec<u8>) -> Result<(), Unsayable> {
    match graph.get(id) {
        Node::None => out.push(0xc0),
        Node::Bool(is_true) => out.push(0xc2 + u8::from(*is_true)),
        Node::Int(number) => msgpack::write_int(*number, out),
        Node::Wide(bytes) => match integer::narrow(bytes).map(u64::try_from) {
            Some(Ok(number)) => msgpack::write_unsigned(number, out),
            _ => return Err(Unsayable::WideInteger),
        },
        Node::Float(number) => {
            out.push(0xcb);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Node::Bytes(bytes) => msgpack::write_bytes(bytes, out),
        Node::Bytearray(bytes) => {
            msgpack::write_bytes(&graph.bytes(*bytes).ok_or(Unsayable::Malformed)?, out);
        }
        Node::List(items) | Node::Tuple(items) | Node::Set(items) | Node::Frozenset(items) => {
            let items = graph.items(*items);
            msgpack::write_array_header(items.len(), out);
            items.iter().try_for_each(|item| to_msgpack(graph, *item, out))?;
        }
        Node::Dict(entries) => {
            let entries = graph.pairs(*entries);
            msgpack::write_map_header(entries.len(), out);
            for [key, value] in entries {
                to_msgpack(graph, *key, out)?;
                to_msgpack(graph, *value, out)?;
            }
        }
        Node::DateTime(fields, Some(zone)) => match forms::instant(graph, fields, *zone) {
            Some(timestamp) => {
                msgpack::write_extension(EXTENSION, &timestamp.to_extension(), out);
            }
            // An offset can lead out of the calendar by a day.
            None => return Err(Unsayable::Malformed),
        },
        _ => {
            let text = text(graph, id)?;
            msgpack::write_text_header(text.len(), out);
            out.extend_from_slice(text.as_bytes());
        }
    }
    Ok(())
}

/// Appends a value as JSON: bytes as base64, numbers that are not finite as null.
pub(super) fn to_json(graph: &Graph<'_>, id: Id, out: &mut Vec<u8>) -> Result<(), Unsayable> {
    match graph.get(id) {
        Node::None => out.extend_from_slice(b"null"),
        Node::Bool(is_true) => out.extend_from_slice(if *is_true { b"true" } else { b"false" }),
        Node::Float(number) if number.is_finite() => json::write_float(*number, out),
        Node::Float(_) => out.extend_from_slice(b"null"),
        Node::Int(_) | Node::Wide(_) => out.extend_from_slice(digits(graph, id).as_bytes()),
        Node::List(items) | Node::Tuple(items) | Node::Set(items) | Node::Frozenset(items) => {
            out.push(b'[');
            for (position, item) in graph.items(*items).iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                to_json(graph, *item, out)?;
            }
            out.push(b']');
        }
        Node::Dict(entries) => {
            out.push(b'{');
            for (position, [key, value]) in graph.pairs(*entries).iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                json::write_quoted(key_text(graph, *key)?.as_bytes(), out);
                out.push(b':');
                to_json(graph, *value, out)?;
            }
            out.push(b'}');
        }
        _ => json::write_quoted(json_text(graph, id)?.as_bytes(), out),
    }
    Ok(())
}

fn key_text(graph: &Graph<'_>, id: Id) -> Result<String, Unsayable> {
    match graph.get(id) {
        Node::Int(_) | Node::Wide(_) => Ok(digits(graph, id)),
        Node::Float(number) if number.is_finite() => {
            let mut text = Vec::new();
            json::write_float(*number, &mut text);
            String::from_utf8(text).map_err(|_| Unsayable::Malformed)
        }
        Node::None | Node::Bool(_) | Node::Float(_) | Node::Tuple(_) | Node::Frozenset(_) => {
            Err(Unsayable::Key)
        }
        _ => json_text(graph, id),
    }
}

fn json_text(graph: &Graph<'_>, id: Id) -> Result<String, Unsayable> {
    match graph.get(id) {
        Node::Bytes(bytes) => Ok(STANDARD.encode(&**bytes)),
        Node::Bytearray(bytes) => {
            Ok(STANDARD.encode(graph.bytes(*bytes).ok_or(Unsayable::Malformed)?))
        }
        _ => text(graph, id),
    }
}

fn digits(graph: &Graph<'_>, id: Id) -> String {
    match graph.get(id) {
        Node::Int(number) => number.to_string(),
        Node::Wide(bytes) => integer::decimal(bytes),
        _ => String::new(),
    }
}

fn text(graph: &Graph<'_>, id: Id) -> Result<String, Unsayable> {
    match graph.get(id) {
        Node::Text(text) | Node::Str(text) => Ok(text.to_string()),
        Node::Markup(text) => graph.text(*text).map(str::to_owned).ok_or(Unsayable::Halves),
        Node::Halves(_) => Err(Unsayable::Halves),
        Node::Complex(..) => Err(Unsayable::Complex),
        Node::TimeZone(..) => Err(Unsayable::Zone),
        _ => forms::text(graph, id).ok_or(Unsayable::Malformed),
    }
}
