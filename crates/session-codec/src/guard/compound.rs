//! Collections under a guard.

use super::rules::{Refusal, Rules};
use super::{Guard, Place};
use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// A value to be serialized under a guard.
pub(super) struct Guarded<'a, T: ?Sized> {
    pub(super) value: &'a T,
    pub(super) rules: &'a Rules,
    pub(super) depth: usize,
    pub(super) place: Place,
}

impl<T: Serialize + ?Sized> Serialize for Guarded<'_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Guard {
            inner,
            rules: self.rules,
            depth: self.depth,
            place: self.place,
        })
    }
}

/// A collection under a guard: its items are guarded and counted.
pub(crate) struct Compound<'a, C> {
    inner: C,
    rules: &'a Rules,
    depth: usize,
    announced: Option<usize>,
    written: usize,
}

impl<'a, C> Compound<'a, C> {
    pub(super) fn new(inner: C, rules: &'a Rules, depth: usize, announced: Option<usize>) -> Self {
        Self { inner, rules, depth, announced, written: 0 }
    }

    fn guarded<'b, T: ?Sized>(&self, value: &'b T, place: Place) -> Guarded<'b, T>
    where
        'a: 'b,
    {
        Guarded { value, rules: self.rules, depth: self.depth, place }
    }

    fn check<E: Error>(&self) -> Result<(), E> {
        match self.announced {
            Some(announced) if announced != self.written => {
                Err(self.rules.refuse(Refusal::WrongLength))
            }
            _ => Ok(()),
        }
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
                    let value = self.guarded(value, Place::Value);
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
        let key = self.guarded(key, Place::Key);
        self.inner.serialize_key(&key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        self.written += 1;
        let value = self.guarded(value, Place::Value);
        self.inner.serialize_value(&value)
    }

    #[inline]
    fn end(self) -> Result<C::Ok, C::Error> {
        self.check()?;
        self.inner.end()
    }
}
