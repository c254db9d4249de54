//! What holds for all guards of one value, and what they find in it.

use crate::format::Format;
use crate::msgpack;
use crate::scalar::Scalar;
use crate::timestamp::Timestamp;
use serde::ser::{Serialize, Serializer as _};
use std::cell::Cell;

/// Why a [`Guard`](super::Guard) stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    TooDeep,
    TooLong,
    WrongLength,
    NotFinite,
    Bytes,
    Extension,
    NotTextKey,
}

/// What holds for all guards of one value, and what they found.
pub(crate) struct Rules {
    pub(super) format: Format,
    pub(super) is_text: bool,
    refusal: Cell<Option<Refusal>>,
}

impl Rules {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, is_text: format.is_text(), refusal: Cell::new(None) }
    }

    /// The reason of a guard's error; `None` if the error came from elsewhere.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.refusal.get()
    }

    #[cold]
    pub(super) fn refuse<E: serde::ser::Error>(&self, refusal: Refusal) -> E {
        self.refusal.set(Some(refusal));
        E::custom("refused")
    }
}

/// The timestamp in a newtype that is one, or is an extension.
pub(super) fn timestamp<T: Serialize + ?Sized>(name: &'static str, value: &T) -> Option<Timestamp> {
    let mut bytes = Vec::new();
    rmp_serde::Serializer::new(&mut bytes).serialize_newtype_struct(name, value).ok()?;
    match bytes.as_slice() {
        [0xd6 | 0xd7, 0xff, content @ ..] | [0xc7, 12, 0xff, content @ ..] => {
            Timestamp::from_extension(content)
        }
        text => match msgpack::scalar(text)? {
            Scalar::Text(text) => text.parse().ok(),
            _ => None,
        },
    }
}
