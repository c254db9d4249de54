//! What a request has changed, or read.

use super::Data;
use super::slot::{Cell, Marks};

impl Data {
    /// Whether the next payload would say anything else than the loaded one.
    pub(crate) fn is_modified(&self) -> bool {
        self.cells.iter().any(|cell| cell.is_written() && self.differs(cell))
    }

    /// Whether the request read or wrote any value.
    pub(crate) fn is_accessed(&self) -> bool {
        self.is_read || self.cells.iter().any(|cell| cell.marks != Marks::NONE)
    }

    /// Whether the value under `key` is another than in the loaded record.
    pub(crate) fn is_changed(&self, key: &str) -> bool {
        self.find(key.as_bytes())
            .is_some_and(|at| self.cells[at].is_written() && self.differs(&self.cells[at]))
    }

    /// The first key that was read, changed by others since, and written by this request.
    pub(crate) fn conflict(&self) -> Option<&str> {
        self.cells.iter().find(|cell| cell.is_conflict()).map(|cell| self.key(cell))
    }

    fn differs(&self, cell: &Cell) -> bool {
        match (cell.base.is_none(), cell.value.is_none()) {
            (true, true) => false,
            (false, false) => !self.is_same(cell.base, cell.value),
            _ => true,
        }
    }
}
