//! Collections that are being written.

use super::super::write::{self, Items};
use super::{Place, Serializer};
use serde::de::value::Error;
use serde::ser::{self, Serialize};

/// A collection that is being written.
pub(crate) struct Collection<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) items: Items,
    pub(super) outer: Option<Items>,
    pub(super) place: Place,
}

impl Collection<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(Serializer { out: self.out, place: self.place })
    }

    fn finish(self) -> Result<(), Error> {
        self.items.end(self.out);
        if let Some(outer) = self.outer {
            outer.end(self.out);
        }
        Ok(())
    }
}

macro_rules! sequences {
    ($($trait:ident::$method:ident),* $(,)?) => {
        $(
            impl ser::$trait for Collection<'_> {
                type Ok = ();
                type Error = Error;

                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                    self.item(value)
                }

                fn end(self) -> Result<(), Error> {
                    self.finish()
                }
            }
        )*
    };
}

sequences! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

impl ser::SerializeMap for Collection<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        key.serialize(Serializer { out: self.out, place: Place::Key })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

macro_rules! structs {
    ($($trait:ident),* $(,)?) => {
        $(
            impl ser::$trait for Collection<'_> {
                type Ok = ();
                type Error = Error;

                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    name: &'static str,
                    value: &T,
                ) -> Result<(), Error> {
                    write::text(name, self.out);
                    self.item(value)
                }

                fn end(self) -> Result<(), Error> {
                    self.finish()
                }
            }
        )*
    };
}

structs! { SerializeStruct, SerializeStructVariant }
