//! From what a pickle built to the one form in which values are kept.

use super::graph::Graph;
use super::node::{Delta, Id, Node, Run};
use super::op;
use super::write::{self, Shape};
use crate::fault::Fault;

/// Writes values of one graph.
pub(super) struct Emitter<'a> {
    graph: &'a Graph<'a>,
    /// The collections around the value at hand.
    open: Vec<Open<'a>>,
    max_depth: usize,
    max_len: usize,
}

/// A collection whose items are being written.
struct Open<'a> {
    id: Id,
    shape: Shape,
    place: Place,
    rest: std::slice::Iter<'a, Id>,
}

impl Open<'_> {
    fn next(&mut self) -> Option<(Id, Place)> {
        let id = *self.rest.next()?;
        let is_key = self.shape == Shape::Dict && self.rest.len() % 2 == 1;
        Some((id, if is_key { Place::Hashed } else { self.place }))
    }
}

/// What a value is in its collection: keys of dictionaries and members of sets cannot change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Value,
    Hashed,
}

impl<'a> Emitter<'a> {
    /// `max_depth` collections may be open at once, and output may grow up to `max_len` bytes: a
    /// value is written as often as it is referred to.
    pub(super) fn new(graph: &'a Graph<'a>, max_depth: usize, max_len: usize) -> Self {
        Self { graph, open: Vec::new(), max_depth, max_len }
    }

    /// Appends one value.
    pub(super) fn value(&mut self, id: Id, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.write(id, Place::Value, out)
    }

    /// Appends a key and its value.
    pub(super) fn entry(&mut self, key: Id, value: Id, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.write(key, Place::Hashed, out)?;
        self.write(value, Place::Value, out)
    }

    fn write(&mut self, id: Id, place: Place, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut next = (id, place);
        loop {
            let (id, place) = next;
            self.begin(id, place, out)?;
            next = loop {
                let Some(inner) = self.open.last_mut() else { return Ok(()) };
                match inner.next() {
                    Some(item) => break item,
                    None => out.push(inner.shape.end()),
                }
                self.open.pop();
            };
        }
    }

    /// Appends a value, or what precedes the items of a collection.
    #[inline(always)]
    fn begin(&mut self, id: Id, place: Place, out: &mut Vec<u8>) -> Result<(), Fault> {
        if out.len() > self.max_len {
            return Err(self.refusal(Fault::Expansion));
        }
        match self.graph.get(id) {
            Node::None => out.push(op::NONE),
            Node::Bool(is_true) => write::bool(*is_true, out),
            Node::Int(number) => write::int(*number, out),
            Node::Text(text) => write::text(text.as_bytes(), out),
            Node::Tuple(items) => return self.open(id, Shape::Tuple, *items, place, out),
            Node::Frozenset(items) => {
                return self.open(id, Shape::Frozenset, *items, Place::Hashed, out);
            }
            Node::List(items) if place == Place::Value => {
                return self.open(id, Shape::List, *items, place, out);
            }
            Node::Set(items) if place == Place::Value => {
                return self.open(id, Shape::Set, *items, Place::Hashed, out);
            }
            Node::Dict(entries) if place == Place::Value => {
                return self.open(id, Shape::Dict, *entries, place, out);
            }
            _ => return self.object(id, place, out),
        }
        Ok(())
    }

    /// Begins a collection whose items are in `place`.
    #[inline]
    fn open(
        &mut self,
        id: Id,
        shape: Shape,
        items: Run,
        place: Place,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        if self.open.len() == self.max_depth {
            return Err(self.refusal(Fault::TooDeep));
        }
        if items.is_empty() {
            shape.empty(out);
        } else {
            shape.begin(out);
            self.open.push(Open { id, shape, place, rest: self.graph.items(items).iter() });
        }
        Ok(())
    }

    /// Why a value is too much: it has no end if it is open within itself.
    #[cold]
    fn refusal(&self, otherwise: Fault) -> Fault {
        let mut open = self.open.iter().map(|open| open.id);
        while let Some(id) = open.next() {
            if open.clone().any(|inner| inner == id) {
                return Fault::Loop;
            }
        }
        otherwise
    }

    /// Appends what most records have few of.
    #[inline(never)]
    fn object(&mut self, id: Id, place: Place, out: &mut Vec<u8>) -> Result<(), Fault> {
        let graph = self.graph;
        match graph.get(id) {
            Node::Wide(number) => write::wide(number, out),
            Node::Float(number) => write::float(*number, out),
            Node::Str(text) => write::text(text.as_bytes(), out),
            Node::Halves(text) => write::text(&**text, out),
            Node::Bytes(bytes) => write::bytes(bytes, out),
            Node::Latin1(_) => write::bytes(&graph.bytes(id).ok_or(Fault::Object)?, out),
            Node::Bytearray(bytes) if place == Place::Value => {
                write::class("builtins", "bytearray", out);
                write::bytes(&graph.bytes(*bytes).ok_or(Fault::Object)?, out);
                out.extend_from_slice(&[op::TUPLE1, op::REDUCE]);
            }
            Node::SetOf(list, is_frozen) if *is_frozen || place == Place::Value => {
                let (Node::List(items) | Node::Tuple(items)) = graph.get(*list) else {
                    return Err(Fault::Object);
                };
                let shape = if *is_frozen { Shape::Frozenset } else { Shape::Set };
                self.open(id, shape, *items, Place::Hashed, out)?;
            }
            Node::DateTime(fields, zone) => self.moment("datetime", fields, *zone, out)?,
            Node::Date(fields) => self.moment("date", fields, None, out)?,
            Node::Time(fields, zone) => self.moment("time", fields, *zone, out)?,
            Node::TimeDelta(delta) => write::timedelta(parts(*delta), out),
            Node::TimeZone(offset, name) => {
                let name = name.and_then(|name| graph.text(name));
                write::zone(parts(*offset), name, out);
            }
            Node::Decimal(text) => {
                write::class("decimal", "Decimal", out);
                write::text(graph.text(*text).ok_or(Fault::Object)?, out);
                out.extend_from_slice(&[op::TUPLE1, op::REDUCE]);
            }
            Node::Uuid(number) => write::uuid(*number, out),
            Node::Complex(re, im) => {
                write::class("builtins", "complex", out);
                write::float(*re, out);
                write::float(*im, out);
                out.extend_from_slice(&[op::TUPLE2, op::REDUCE]);
            }
            Node::Markup(text) => write::markup(graph.any_text(*text).ok_or(Fault::Object)?, out),
            // A class is no value; an empty UUID and a mutable key are none that Python makes.
            _ => return Err(Fault::Object),
        }
        Ok(())
    }

    fn moment(
        &mut self,
        class: &str,
        fields: &[u8],
        zone: Option<Id>,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        write::class("datetime", class, out);
        write::bytes(fields, out);
        if let Some(zone) = zone {
            self.object(zone, Place::Value, out)?;
        }
        out.push(if zone.is_some() { op::TUPLE2 } else { op::TUPLE1 });
        out.push(op::REDUCE);
        Ok(())
    }
}

fn parts(delta: Delta) -> [i64; 3] {
    [delta.days.into(), delta.seconds.into(), delta.micros.into()]
}
