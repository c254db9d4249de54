//! From what a pickle built to the one form in which values are kept.

use super::graph::Graph;
use super::node::{Delta, Id, Node, Run};
use super::op;
use super::write::{self, Items, Shape};
use crate::fault::Fault;

/// Writes values of one graph.
pub(super) struct Emitter<'a> {
    graph: &'a Graph<'a>,
    /// Which nodes are collections around the value at hand, and how many.
    open: Vec<bool>,
    depth: usize,
    max_depth: usize,
    max_len: usize,
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
        Self { graph, open: vec![false; graph.len()], depth: 0, max_depth, max_len }
    }

    /// Appends one value.
    pub(super) fn value(&mut self, id: Id, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.node(id, Place::Value, out)
    }

    /// Appends a key and its value.
    pub(super) fn entry(&mut self, key: Id, value: Id, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.node(key, Place::Hashed, out)?;
        self.node(value, Place::Value, out)
    }

    #[inline(always)]
    fn node(&mut self, id: Id, place: Place, out: &mut Vec<u8>) -> Result<(), Fault> {
        if out.len() > self.max_len {
            return Err(Fault::Expansion);
        }
        match self.graph.get(id) {
            Node::None => out.push(op::NONE),
            Node::Bool(is_true) => write::bool(*is_true, out),
            Node::Int(number) => write::int(*number, out),
            Node::Text(text) => write::text(text.as_bytes(), out),
            _ => return self.collection(id, place, out),
        }
        Ok(())
    }

    fn collection(&mut self, id: Id, place: Place, out: &mut Vec<u8>) -> Result<(), Fault> {
        let (shape, items, inner) = match self.graph.get(id) {
            Node::Tuple(items) => (Shape::Tuple, *items, place),
            Node::Frozenset(items) => (Shape::Frozenset, *items, Place::Hashed),
            Node::List(items) if place == Place::Value => (Shape::List, *items, place),
            Node::Set(items) if place == Place::Value => (Shape::Set, *items, Place::Hashed),
            Node::Dict(entries) if place == Place::Value => return self.dict(id, *entries, out),
            _ => return self.object(id, place, out),
        };
        if items.is_empty() && self.depth < self.max_depth {
            Items::begin(shape, out).end(out);
            return Ok(());
        }
        self.items(id, shape, items, inner, out)
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
                self.items(id, shape, *items, Place::Hashed, out)?;
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

    /// Appends a collection whose items are in `place`.
    #[inline]
    fn items(
        &mut self,
        id: Id,
        shape: Shape,
        items: Run,
        place: Place,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        self.enter(id)?;
        let collection = Items::begin(shape, out);
        for item in self.graph.items(items) {
            self.node(*item, place, out)?;
        }
        collection.end(out);
        self.leave(id);
        Ok(())
    }

    fn dict(&mut self, id: Id, entries: Run, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.enter(id)?;
        let dict = Items::begin(Shape::Dict, out);
        for [key, value] in self.graph.pairs(entries) {
            self.entry(*key, *value, out)?;
        }
        dict.end(out);
        self.leave(id);
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
            self.node(zone, Place::Value, out)?;
        }
        out.push(if zone.is_some() { op::TUPLE2 } else { op::TUPLE1 });
        out.push(op::REDUCE);
        Ok(())
    }

    fn enter(&mut self, id: Id) -> Result<(), Fault> {
        let is_open = self.open.get_mut(id as usize).ok_or(Fault::Object)?;
        if *is_open {
            return Err(Fault::Loop);
        }
        if self.depth == self.max_depth {
            return Err(Fault::TooDeep);
        }
        *is_open = true;
        self.depth += 1;
        Ok(())
    }

    fn leave(&mut self, id: Id) {
        self.depth -= 1;
        if let Some(is_open) = self.open.get_mut(id as usize) {
            *is_open = false;
        }
    }
}

fn parts(delta: Delta) -> [i64; 3] {
    [delta.days.into(), delta.seconds.into(), delta.micros.into()]
}
