//! One entry as it was before a write that may have to be taken back.

use super::Data;
use super::slot::{Cell, Marks, Slot};
use session_codec::Format;

/// What there was under a key, until the second write after it.
pub(crate) struct Entry(Option<Cell>);

impl Entry {
    /// The encoded values: in the loaded record, and as the request has it.
    pub(crate) fn values<'d>(&self, data: &'d Data) -> [Option<(&'d [u8], Format)>; 2] {
        let value =
            |slot: Slot| (!slot.is_none()).then(|| (data.bytes(slot), data.format_of(slot)));
        self.0.map_or([None; 2], |cell| [value(cell.base), value(cell.value)])
    }
}

impl Data {
    /// What there is under `key` before a write of it.
    #[cold]
    pub(crate) fn entry_of(&mut self, key: &str) -> Entry {
        // Or that write would move the value; where there is no room, it fails itself.
        let _ = self.compact_if_due();
        Entry(self.find(key.as_bytes()).map(|at| self.cells[at]))
    }

    /// Takes back the write that followed [`entry_of`](Self::entry_of).
    pub(crate) fn restore(&mut self, key: &str, entry: Entry) {
        let Some(at) = self.find(key.as_bytes()) else { return };
        let none = (Slot::NONE, Marks::NONE);
        let cell = &mut self.cells[at];
        (cell.value, cell.marks) = entry.0.map_or(none, |was| (was.value, was.marks));
    }
}
