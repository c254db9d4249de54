//! A list that grows message by message: it stands beside the arena, where each message would copy
//! all before it.

use super::slot::Slot;
use super::{Data, Intent, Limits, too_large};
use crate::error::Result;
use serde::Serialize;
use session_codec::{self as codec, Format};
use std::borrow::Cow;

/// An encoded list.
pub(super) struct List {
    bytes: Vec<u8>,
    len: usize,
    format: Format,
}

impl List {
    /// A list of `elements`, which are in the format `from`: in the format `to`, or as they are if
    /// that cannot say one of them.
    pub(super) fn new(elements: &[Cow<'_, [u8]>], from: Format, to: Format) -> Self {
        let mut list = Self { bytes: Vec::new(), len: 0, format: to };
        for element in elements {
            let mut converted = Vec::new();
            if codec::transcode(element, from, to, &mut converted).is_err() {
                return Self::new(elements, from, from);
            }
            list.push(&converted);
        }
        list
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an element, encoded in the list's format.
    ///
    /// # Errors
    ///
    /// `TooLarge` and `Encode`; the list stays as it was.
    pub(super) fn add<T: Serialize>(&mut self, element: &T, limits: Limits) -> Result<()> {
        let mut encoded = Vec::new();
        codec::encode(element, self.format, limits.max_depth, &mut encoded)?;
        let len = self.bytes.len() + encoded.len();
        if len > limits.max_payload {
            return Err(too_large(len, limits.max_payload));
        }
        self.push(&encoded);
        Ok(())
    }

    fn push(&mut self, element: &[u8]) {
        codec::push_element(element, self.format, self.len, &mut self.bytes);
        self.len += 1;
    }
}

impl Data {
    #[cold]
    pub(super) fn list_bytes(&self) -> &[u8] {
        self.list.as_ref().map_or(&[], |list| &list.bytes)
    }

    #[cold]
    pub(super) fn list_format(&self) -> Format {
        self.list.as_ref().map_or(self.base_format, |list| list.format)
    }

    /// The list under `key`, if it is one that grows.
    pub(super) fn list_mut(&mut self, key: &str) -> Option<&mut List> {
        let is_list = self.cells[self.find(key.as_bytes())?].value.is_list();
        self.list.as_deref_mut().filter(|_| is_list)
    }

    /// Sets the value under `key`, which is made anew on a newer record.
    pub(super) fn set_list(&mut self, key: &str, list: List) {
        let at = self.find_or_add(key.as_bytes());
        self.cells[at].write(Slot::LIST, Intent::Derived);
        self.list = Some(Box::new(list));
    }
}
