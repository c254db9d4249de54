//! From a key to its entry.

use super::Data;
use super::slot::{Cell, Marks, Slot};

impl Data {
    pub(super) fn find(&self, key: &str) -> Option<usize> {
        let key = key.as_bytes();
        if self.filter & filter_bit(key) == 0 {
            return None;
        }
        self.position(key)
    }

    /// Adds a key that there is not yet, without a value.
    pub(super) fn append(&mut self, key: &str) -> usize {
        let slot = self.append_key(key.as_bytes());
        self.push(key, slot)
    }

    /// Adds a key that stands at `slot`.
    pub(super) fn push(&mut self, key: &str, slot: Slot) -> usize {
        self.filter |= filter_bit(key.as_bytes());
        self.cells.push(Cell {
            key: slot,
            base: Slot::NONE,
            value: Slot::NONE,
            marks: Marks::NONE,
        });
        self.cells.len() - 1
    }

    pub(super) fn position(&self, key: &[u8]) -> Option<usize> {
        let is_key = |cell: &Cell| cell.key.len() == key.len() && self.bytes(cell.key) == key;
        self.cells.iter().position(is_key)
    }
}

pub(super) fn filter_bit(key: &[u8]) -> u64 {
    let (Some(first), Some(last)) = (key.first(), key.last()) else { return 1 };
    let hash = usize::from(*first) + 7 * usize::from(*last) + 31 * key.len();
    1 << (hash % 64)
}
