//! A serializer around another that enforces what neither `rmp-serde` nor `serde_json` does.
//!
//! It stops before the nesting gets too deep for a reader (or for the stack), and refuses
//! collections that announce another length than they have, which would corrupt the whole payload.
//! For JSON it refuses what `serde_json` would write as something else: infinite numbers (null),
//! bytes (an array of numbers) and keys that are no text (quoted).

mod compound;
mod rules;

pub(crate) use rules::{Refusal, Rules};

use crate::format::Format;
use crate::timestamp::{EXTENSION, TIMESTAMP};
use crate::value::Octets;
use compound::{Compound, Guarded};
use rmp_serde::MSGPACK_EXT_STRUCT_NAME;
use rules::timestamp;
use serde::ser::{Serialize, Serializer};
use std::fmt::Display;

/// Wraps `inner`; `depth` more containers may be open at once.
pub(crate) struct Guard<'a, S> {
    inner: S,
    rules: &'a Rules,
    depth: usize,
    place: Place,
}

/// What a guarded value is in its container.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Value,
    Key,
}

impl<'a, S: Serializer> Guard<'a, S> {
    pub(crate) fn new(inner: S, rules: &'a Rules, depth: usize) -> Self {
        Self { inner, rules, depth, place: Place::Value }
    }

    /// Refuses a key that is no text where there can be none; called for all that is no text.
    #[inline]
    fn check_key(&self) -> Result<(), S::Error> {
        if self.place == Place::Key && self.rules.is_text {
            return Err(self.rules.refuse(Refusal::NotTextKey));
        }
        Ok(())
    }

    #[inline]
    fn check_finite(&self, is_finite: bool) -> Result<(), S::Error> {
        self.check_key()?;
        if self.rules.is_text && !is_finite {
            return Err(self.rules.refuse(Refusal::NotFinite));
        }
        Ok(())
    }

    /// The depth that is left inside `levels` more containers.
    fn inside(&self, levels: usize) -> Result<usize, S::Error> {
        self.check_key()?;
        self.depth.checked_sub(levels).ok_or_else(|| self.rules.refuse(Refusal::TooDeep))
    }
}

macro_rules! forward {
    ($($method:ident($type:ty)),* $(,)?) => {
        $(
            #[inline]
            fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
                self.check_key()?;
                self.inner.$method(value)
            }
        )*
    };
}

impl<'a, S: Serializer> Serializer for Guard<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Compound<'a, S::SerializeSeq>;
    type SerializeTuple = Compound<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Compound<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Compound<'a, S::SerializeTupleVariant>;
    type SerializeMap = Compound<'a, S::SerializeMap>;
    type SerializeStruct = Compound<'a, S::SerializeStruct>;
    type SerializeStructVariant = Compound<'a, S::SerializeStructVariant>;

    forward! {
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
    }

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.check_finite(value.is_finite())?;
        self.inner.serialize_f32(value)
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.check_finite(value.is_finite())?;
        self.inner.serialize_f64(value)
    }

    fn serialize_char(self, value: char) -> Result<S::Ok, S::Error> {
        self.inner.serialize_char(value)
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<S::Ok, S::Error> {
        self.inner.serialize_str(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<S::Ok, S::Error> {
        if self.rules.is_text {
            return Err(self.rules.refuse(Refusal::Bytes));
        }
        self.inner.serialize_bytes(value)
    }

    // rmp-serde writes every 128-bit integer as 16 bytes, which nobody else reads as a number.
    fn serialize_i128(self, value: i128) -> Result<S::Ok, S::Error> {
        if let Ok(value) = i64::try_from(value) {
            self.serialize_i64(value)
        } else if let Ok(value) = u64::try_from(value) {
            self.serialize_u64(value)
        } else {
            self.check_key()?;
            self.inner.serialize_i128(value)
        }
    }

    fn serialize_u128(self, value: u128) -> Result<S::Ok, S::Error> {
        match u64::try_from(value) {
            Ok(value) => self.serialize_u64(value),
            Err(_) => {
                self.check_key()?;
                self.inner.serialize_u128(value)
            }
        }
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.check_key()?;
        self.inner.serialize_unit()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<S::Ok, S::Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let is_extension = name == MSGPACK_EXT_STRUCT_NAME;
        if !is_extension && name != TIMESTAMP {
            return value.serialize(self);
        }
        if is_extension && self.rules.format == Format::MessagePack {
            return self.inner.serialize_newtype_struct(name, value);
        }
        let Some(timestamp) = timestamp(name, value) else {
            return Err(self.rules.refuse(Refusal::Extension));
        };
        match self.rules.format {
            Format::MessagePack => {
                let content = (EXTENSION, Octets(&timestamp.to_extension()));
                self.inner.serialize_newtype_struct(MSGPACK_EXT_STRUCT_NAME, &content)
            }
            #[cfg(feature = "json")]
            Format::Json => self.inner.collect_str(&timestamp),
            #[cfg(feature = "flask")]
            Format::Pickle => {
                self.inner.serialize_newtype_struct(TIMESTAMP, timestamp.to_string().as_str())
            }
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let depth = self.inside(1)?;
        let value = Guarded { value, rules: self.rules, depth, place: Place::Value };
        self.inner.serialize_newtype_variant(name, index, variant, &value)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        let depth = self.inside(1)?;
        Ok(Compound::new(self.inner.serialize_seq(len)?, self.rules, depth, len))
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        let depth = self.inside(1)?;
        Ok(Compound::new(self.inner.serialize_tuple(len)?, self.rules, depth, Some(len)))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        let depth = self.inside(1)?;
        let inner = self.inner.serialize_tuple_struct(name, len)?;
        Ok(Compound::new(inner, self.rules, depth, Some(len)))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let depth = self.inside(2)?;
        let inner = self.inner.serialize_tuple_variant(name, index, variant, len)?;
        Ok(Compound::new(inner, self.rules, depth, Some(len)))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        let depth = self.inside(1)?;
        Ok(Compound::new(self.inner.serialize_map(len)?, self.rules, depth, len))
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        let depth = self.inside(1)?;
        let inner = self.inner.serialize_struct(name, len)?;
        Ok(Compound::new(inner, self.rules, depth, Some(len)))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let depth = self.inside(2)?;
        let inner = self.inner.serialize_struct_variant(name, index, variant, len)?;
        Ok(Compound::new(inner, self.rules, depth, Some(len)))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
