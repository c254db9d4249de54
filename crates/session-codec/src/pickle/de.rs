//! Values of pickles to Rust types, through serde.
//!
//! What serde has no type for is read as text, in the form of [`forms`]; sets and tuples are
//! sequences, complex numbers two floats.

use super::graph::Graph;
use super::node::{Id, Node};
use super::{forms, integer};
use crate::payload::DEPTH_CEILING;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{self, Error as _, IntoDeserializer, Visitor};

/// Reads one value of a graph in which nothing is shared.
#[derive(Clone, Copy)]
pub(super) struct Deserializer<'a> {
    graph: &'a Graph<'a>,
    id: Id,
    depth: usize,
}

impl<'a> Deserializer<'a> {
    pub(super) fn new(graph: &'a Graph<'a>) -> Self {
        Self { graph, id: graph.root, depth: DEPTH_CEILING - 1 }
    }

    fn node(self) -> &'a Node<'a> {
        self.graph.get(self.id)
    }

    fn inner(self) -> Result<impl Fn(&Id) -> Self, Error> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| Error::custom("too deep"))?;
        Ok(move |id: &Id| Self { id: *id, depth, ..self })
    }

    fn sequence<'de, V: Visitor<'de>>(self, items: &[Id], visitor: V) -> Result<V::Value, Error> {
        let mut items = SeqDeserializer::new(items.iter().map(self.inner()?));
        let value = visitor.visit_seq(&mut items)?;
        items.end()?;
        Ok(value)
    }

    fn items(self) -> Option<&'a [Id]> {
        match self.node() {
            Node::List(items) | Node::Tuple(items) | Node::Set(items) | Node::Frozenset(items) => {
                Some(self.graph.items(*items))
            }
            _ => None,
        }
    }
}

impl<'de> de::Deserializer<'de> for Deserializer<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Some(items) = self.items() {
            return self.sequence(items, visitor);
        }
        match self.node() {
            Node::None => visitor.visit_unit(),
            Node::Bool(is_true) => visitor.visit_bool(*is_true),
            Node::Int(number) => match u64::try_from(*number) {
                Ok(number) => visitor.visit_u64(number),
                Err(_) => visitor.visit_i64(*number),
            },
            Node::Wide(bytes) => match integer::narrow(bytes) {
                Some(number) => match u64::try_from(number) {
                    Ok(number) => visitor.visit_u64(number),
                    Err(_) => visitor.visit_i128(number),
                },
                None => match bytes.split_last() {
                    Some((0, number)) => match <[u8; 16]>::try_from(number) {
                        Ok(number) => visitor.visit_u128(u128::from_le_bytes(number)),
                        Err(_) => visitor.visit_f64(integer::to_float(bytes)),
                    },
                    _ => visitor.visit_f64(integer::to_float(bytes)),
                },
            },
            Node::Float(number) => visitor.visit_f64(*number),
            Node::Complex(re, im) => {
                let mut parts = SeqDeserializer::new([*re, *im].into_iter());
                let value = visitor.visit_seq(&mut parts)?;
                parts.end()?;
                Ok(value)
            }
            Node::Text(text) | Node::Str(text) => visitor.visit_str(text),
            Node::Markup(id) => Self { id: *id, ..self }.deserialize_any(visitor),
            Node::Bytes(bytes) | Node::Halves(bytes) => visitor.visit_bytes(bytes),
            Node::Bytearray(bytes) => match self.graph.bytes(*bytes) {
                Some(bytes) => visitor.visit_bytes(&bytes),
                None => Err(Error::custom("no bytes")),
            },
            Node::Dict(entries) => {
                let inner = self.inner()?;
                let entries = self.graph.pairs(*entries).iter();
                let entries = entries.map(|[key, value]| (inner(key), inner(value)));
                let mut entries = MapDeserializer::new(entries);
                let value = visitor.visit_map(&mut entries)?;
                entries.end()?;
                Ok(value)
            }
            _ => match forms::text(self.graph, self.id) {
                Some(text) => visitor.visit_string(text),
                None => Err(Error::custom("no data")),
            },
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node() {
            Node::Wide(number) => visitor.visit_f64(integer::to_float(number)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node() {
            Node::None => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.node() {
            Node::Dict(entries) => match self.graph.pairs(*entries) {
                [[variant, content]] => {
                    let inner = self.inner()?;
                    visitor.visit_enum(Variant { name: inner(variant), content: inner(content) })
                }
                _ => Err(Error::custom("an enum has one entry")),
            },
            _ => match self.graph.text(self.id) {
                Some(text) => visitor.visit_enum(text.into_deserializer()),
                None => Err(Error::custom("no enum")),
            },
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node() {
            Node::Bytes(bytes) => {
                let mut bytes = SeqDeserializer::new(bytes.iter().copied());
                visitor.visit_seq(&mut bytes)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf unit
        unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Deserializer<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// A variant that is the one entry of a dictionary.
struct Variant<'a> {
    name: Deserializer<'a>,
    content: Deserializer<'a>,
}

impl<'de, 'a> de::EnumAccess<'de> for Variant<'a> {
    type Error = Error;
    type Variant = Content<'a>;

    fn variant_seed<V: de::DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Content<'a>), Error> {
        Ok((seed.deserialize(self.name)?, Content(self.content)))
    }
}

struct Content<'a>(Deserializer<'a>);

impl<'de> de::VariantAccess<'de> for Content<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        de::Deserialize::deserialize(self.0)
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_any(self.0, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_any(self.0, visitor)
    }
}
