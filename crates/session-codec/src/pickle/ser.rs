//! Values of Rust types to pickles, through serde.
//!
//! Sequences become lists and tuples tuples; structs become dictionaries, as in every format.

mod collection;

use super::forms;
use super::op;
use super::write::{self, Items, Shape};
use crate::timestamp::{TIMESTAMP, Timestamp};
use collection::Collection;
use serde::de::value::Error;
use serde::ser::{self, Error as _, Serialize};

/// Appends one value to a buffer.
pub(crate) struct Serializer<'a> {
    out: &'a mut Vec<u8>,
    place: Place,
}

/// What is about to be written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Value,
    /// A key of a dictionary, which Python must be able to hash.
    Key,
    /// The text of a timestamp.
    Timestamp,
}

impl<'a> Serializer<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, place: Place::Value }
    }

    fn begin(self, shape: Shape) -> Result<Collection<'a>, Error> {
        let shape = match (self.place, shape) {
            (Place::Key, Shape::Dict) => return Err(Error::custom("a key that is a dictionary")),
            (Place::Key, _) => Shape::Tuple,
            (_, shape) => shape,
        };
        let items = Items::begin(shape, self.out);
        Ok(Collection { out: self.out, items, outer: None, place: self.place })
    }

    /// Opens a collection that is the value of a dictionary of one entry.
    fn begin_variant(self, variant: &str, shape: Shape) -> Result<Collection<'a>, Error> {
        let out = self.out_of_value()?;
        let outer = Items::begin(Shape::Dict, out);
        write::text(variant, out);
        let items = Items::begin(shape, out);
        Ok(Collection { out, items, outer: Some(outer), place: Place::Value })
    }

    fn out_of_value(self) -> Result<&'a mut Vec<u8>, Error> {
        match self.place {
            Place::Value => Ok(self.out),
            _ => Err(Error::custom("a key that is a dictionary")),
        }
    }
}

macro_rules! scalars {
    ($($method:ident($type:ty) => |$value:ident, $out:ident| $write:expr),* $(,)?) => {
        $(
            fn $method(self, $value: $type) -> Result<(), Error> {
                let $out = self.out;
                $write;
                Ok(())
            }
        )*
    };
}

impl<'a> ser::Serializer for Serializer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Collection<'a>;
    type SerializeTuple = Collection<'a>;
    type SerializeTupleStruct = Collection<'a>;
    type SerializeTupleVariant = Collection<'a>;
    type SerializeMap = Collection<'a>;
    type SerializeStruct = Collection<'a>;
    type SerializeStructVariant = Collection<'a>;

    scalars! {
        serialize_bool(bool) => |is_true, out| write::bool(is_true, out),
        serialize_i8(i8) => |number, out| write::int(number.into(), out),
        serialize_i16(i16) => |number, out| write::int(number.into(), out),
        serialize_i32(i32) => |number, out| write::int(number.into(), out),
        serialize_i64(i64) => |number, out| write::int(number, out),
        serialize_u8(u8) => |number, out| write::int(number.into(), out),
        serialize_u16(u16) => |number, out| write::int(number.into(), out),
        serialize_u32(u32) => |number, out| write::int(number.into(), out),
        serialize_u64(u64) => |number, out| write::any_int(number.into(), out),
        serialize_i128(i128) => |number, out| write::any_int(number, out),
        serialize_f32(f32) => |number, out| write::float(number.into(), out),
        serialize_f64(f64) => |number, out| write::float(number, out),
        serialize_bytes(&[u8]) => |bytes, out| write::bytes(bytes, out),
    }

    fn serialize_u128(self, number: u128) -> Result<(), Error> {
        match i128::try_from(number) {
            Ok(number) => self.serialize_i128(number),
            Err(_) => {
                let mut wide = [0; 17];
                wide[..16].copy_from_slice(&number.to_le_bytes());
                write::wide(&wide, self.out);
                Ok(())
            }
        }
    }

    fn serialize_char(self, char: char) -> Result<(), Error> {
        self.serialize_str(char.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        if self.place == Place::Timestamp {
            let timestamp = text.parse::<Timestamp>().ok().and_then(forms::fields);
            let fields = timestamp.ok_or_else(|| Error::custom("no such time in Python"))?;
            write::datetime_utc(fields, self.out);
        } else {
            write::text(text, self.out);
        }
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.out.push(op::NONE);
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        if name == TIMESTAMP {
            self.place = Place::Timestamp;
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let out = self.out_of_value()?;
        let dict = Items::begin(Shape::Dict, out);
        write::text(variant, out);
        value.serialize(Serializer::new(out))?;
        dict.end(out);
        Ok(())
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Collection<'a>, Error> {
        self.begin(Shape::List)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Collection<'a>, Error> {
        self.begin(Shape::Tuple)
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Collection<'a>, Error> {
        self.begin(Shape::Tuple)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Collection<'a>, Error> {
        self.begin_variant(variant, Shape::Tuple)
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Collection<'a>, Error> {
        self.begin(Shape::Dict)
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Collection<'a>, Error> {
        self.begin(Shape::Dict)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Collection<'a>, Error> {
        self.begin_variant(variant, Shape::Dict)
    }
}
