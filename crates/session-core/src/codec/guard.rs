//! A serializer around another that enforces what neither `rmp-serde` nor `serde_json` does.
//!
//! It stops before the nesting gets too deep for a reader (or for the stack), and refuses
//! collections that announce another length than they have, which would corrupt the whole payload.

use super::Format;
use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use std::cell::Cell;
use std::fmt::Display;

/// Why a [`Guard`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    TooDeep,
    TooLong,
    WrongLength,
}

/// What holds for all guards of one value, and what they found.
pub(super) struct Rules {
    #[expect(dead_code)]
    format: Format,
    refusal: Cell<Option<Refusal>>,
}

impl Rules {
    pub(super) fn new(format: Format) -> Self {
        Self { format, refusal: Cell::new(None) }
    }

    /// The reason of a guard's error; `None` if the error came from elsewhere.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.refusal.get()
    }

    #[cold]
    fn refuse<E: serde::ser::Error>(&self, refusal: Refusal) -> E {
        self.refusal.set(Some(refusal));
        E::custom("refused")
    }
}

/// Wraps `inner`; `depth` more containers may be open at once.
pub(super) struct Guard<'a, S> {
    inner: S,
    rules: &'a Rules,
    depth: usize,
}

impl<'a, S: Serializer> Guard<'a, S> {
    pub(super) fn new(inner: S, rules: &'a Rules, depth: usize) -> Self {
        Self { inner, rules, depth }
    }

    /// The depth that is left inside `levels` more containers.
    fn inside(&self, levels: usize) -> Result<usize, S::Error> {
        self.depth.checked_sub(levels).ok_or_else(|| self.rules.refuse(Refusal::TooDeep))
    }
}

/// A value to be serialized under a guard.
struct Guarded<'a, T: ?Sized> {
    value: &'a T,
    rules: &'a Rules,
    depth: usize,
}

impl<T: Serialize + ?Sized> Serialize for Guarded<'_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Guard { inner, rules: self.rules, depth: self.depth })
    }
}

/// A collection under a guard: its items are guarded and counted.
pub(super) struct Compound<'a, C> {
    inner: C,
    rules: &'a Rules,
    depth: usize,
    announced: Option<usize>,
    written: usize,
}

impl<'a, C> Compound<'a, C> {
    fn new(inner: C, rules: &'a Rules, depth: usize, announced: Option<usize>) -> Self {
        Self { inner, rules, depth, announced, written: 0 }
    }

    fn guarded<'b, T: ?Sized>(&self, value: &'b T) -> Guarded<'b, T>
    where
        'a: 'b,
    {
        Guarded { value, rules: self.rules, depth: self.depth }
    }

    fn check<E: serde::ser::Error>(&self) -> Result<(), E> {
        match self.announced {
            Some(announced) if announced != self.written => {
                Err(self.rules.refuse(Refusal::WrongLength))
            }
            _ => Ok(()),
        }
    }
}

macro_rules! forward {
    ($($method:ident($type:ty)),* $(,)?) => {
        $(
            #[inline]
            fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
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
        serialize_f32(f32),
        serialize_f64(f64),
        serialize_char(char),
        serialize_str(&str),
        serialize_bytes(&[u8]),
    }

    // rmp-serde writes every 128-bit integer as 16 bytes, which nobody else reads as a number.
    fn serialize_i128(self, value: i128) -> Result<S::Ok, S::Error> {
        if let Ok(value) = i64::try_from(value) {
            self.serialize_i64(value)
        } else if let Ok(value) = u64::try_from(value) {
            self.serialize_u64(value)
        } else {
            self.inner.serialize_i128(value)
        }
    }

    fn serialize_u128(self, value: u128) -> Result<S::Ok, S::Error> {
        match u64::try_from(value) {
            Ok(value) => self.serialize_u64(value),
            Err(_) => self.inner.serialize_u128(value),
        }
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
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
        if name == rmp_serde::MSGPACK_EXT_STRUCT_NAME {
            return self.inner.serialize_newtype_struct(name, value);
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = Guarded { value, rules: self.rules, depth: self.inside(1)? };
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

macro_rules! compound {
    ($($trait:ident::$method:ident($($name:ident)?)),* $(,)?) => {
        $(
            impl<C: $trait> $trait for Compound<'_, C> {
                type Ok = C::Ok;
                type Error = C::Error;

                #[inline]
                fn $method<T: Serialize + ?Sized>(
                    &mut self,
                    $($name: &'static str,)?
                    value: &T,
                ) -> Result<(), C::Error> {
                    self.written += 1;
                    let value = self.guarded(value);
                    self.inner.$method($($name,)? &value)
                }

                #[inline]
                fn end(self) -> Result<C::Ok, C::Error> {
                    self.check()?;
                    self.inner.end()
                }
            }
        )*
    };
}

compound! {
    SerializeSeq::serialize_element(),
    SerializeTuple::serialize_element(),
    SerializeTupleStruct::serialize_field(),
    SerializeTupleVariant::serialize_field(),
    SerializeStruct::serialize_field(name),
    SerializeStructVariant::serialize_field(name),
}

impl<C: SerializeMap> SerializeMap for Compound<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        let key = self.guarded(key);
        self.inner.serialize_key(&key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        self.written += 1;
        let value = self.guarded(value);
        self.inner.serialize_value(&value)
    }

    #[inline]
    fn end(self) -> Result<C::Ok, C::Error> {
        self.check()?;
        self.inner.end()
    }
}
