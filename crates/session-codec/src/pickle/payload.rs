//! What is around the entries of a payload.

use super::op;
use super::write;
use crate::fault::Fault;
use crate::format::Format;
use crate::payload::{Opened, Span};

/// The bytes of a payload beside its entries.
pub(crate) fn frame_size(entries: usize) -> usize {
    write::START.len() + 1 + if entries > 0 { 2 } else { 0 }
}

/// Appends what precedes the entries of a payload.
pub(crate) fn begin_map(entries: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&write::START);
    if entries > 0 {
        out.push(op::MARK);
    }
}

/// Appends what follows the entries of a payload.
pub(crate) fn end_map(entries: usize, out: &mut Vec<u8>) {
    if entries > 0 {
        out.push(op::SETITEMS);
    }
    out.push(op::STOP);
}

/// See [`crate::push_element`].
pub(crate) fn push_element(element: &[u8], len: usize, list: &mut Vec<u8>) {
    if len == 0 {
        list.extend_from_slice(&[op::EMPTY_LIST, op::MARK]);
    } else {
        list.pop();
    }
    list.extend_from_slice(element);
    list.push(op::APPENDS);
}

/// A payload that is written entry by entry.
impl Opened {
    pub(super) fn begin(len: usize) -> Self {
        let mut payload = Vec::with_capacity(len + 8);
        begin_map(1, &mut payload);
        Self { payload, format: Format::Pickle, entries: Vec::new() }
    }

    pub(super) fn entry(
        &mut self,
        key: &[u8],
        value: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        write::text(key, &mut self.payload);
        let start = self.payload.len();
        self.push(Some(Span::new(start - key.len(), start)), value)
    }

    /// An entry whose key is no text; `both` appends key and value.
    pub(super) fn nameless_entry(
        &mut self,
        both: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.push(None, both)
    }

    fn push(
        &mut self,
        key: Option<Span>,
        append: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let start = self.payload.len();
        append(&mut self.payload)?;
        self.entries.push((key, Span::new(start, self.payload.len())));
        Ok(())
    }

    pub(super) fn end(mut self) -> Self {
        if self.entries.is_empty() {
            self.payload.pop();
        }
        end_map(self.entries.len(), &mut self.payload);
        self
    }
}
