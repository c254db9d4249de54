//! A value's way into the arena.

use super::slot::{Cell, Slot};
use super::{Data, Intent, Limits, too_large};
use crate::error::Result;

/// What the arena begins with, so that a whole new session of the usual size is one allocation.
const ARENA_START: usize = 512;

impl Data {
    /// Sets `key` to what `encode` appends; `false` if that is the value it had.
    ///
    /// # Errors
    ///
    /// Those of `encode`, and `TooLarge`; the data stays as it was.
    pub(crate) fn set(
        &mut self,
        key: &str,
        intent: Intent,
        encode: impl FnOnce(&mut Vec<u8>, Limits) -> Result<()>,
    ) -> Result<bool> {
        self.compact_if_due()?;
        if self.arena.capacity() == 0 {
            self.arena = Vec::with_capacity(ARENA_START);
        }
        let start = self.arena.len();
        let key = key.as_bytes();
        let found = self.find_or_expect(key).map_err(|print| (print, self.append_key(key)));
        let value_start = self.arena.len();
        if let Err(error) = encode(&mut self.arena, self.limits) {
            self.arena.truncate(start);
            return Err(error);
        }
        let len = self.arena.len() - value_start;
        if len > self.limits.max_payload {
            self.arena.truncate(start);
            return Err(too_large(len, self.limits.max_payload));
        }
        let value = Slot::arena(value_start, len);
        match found {
            Ok(at) => {
                let old = self.cells[at].value;
                if !old.is_none() && self.is_same(old, value) {
                    self.arena.truncate(start);
                    if self.cells[at].is_written() || intent == Intent::Derived {
                        self.cells[at].write(old, intent);
                    }
                    return Ok(false);
                }
                self.cells[at].write(value, intent);
            }
            Err((print, slot)) => {
                let mut cell = Cell::new(slot, Slot::NONE);
                cell.write(value, intent);
                self.push_cell(print, key, cell);
            }
        }
        Ok(true)
    }
}
