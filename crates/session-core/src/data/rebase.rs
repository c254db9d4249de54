//! Replaying what the request did on a newer record.

use super::Data;
use super::slot::{Cell, Marks, Slot};
use crate::error::Result;
use session_codec as codec;

impl Data {
    /// Replays this request's reads and writes on a newer record.
    ///
    /// A key that was read and has another value now is marked stale; [`Data::conflict`] then
    /// tells whether the request also wrote it. `keep` is the one [`Data::clear`] was given.
    ///
    /// # Errors
    ///
    /// `Encode` if a value that an `update` stored cannot be said in the configured format.
    pub(crate) fn rebase_on(&self, mut next: Self, keep: impl Fn(&str) -> bool) -> Result<Self> {
        if self.is_cleared {
            next.clear(keep);
        }
        let is_marked = |cell: &&Cell| cell.marks != Marks::NONE;
        // What has no name is changed by a clear alone.
        for cell in self.cells.iter().filter(is_marked).filter(|cell| !cell.key.is_nameless()) {
            self.replay(cell, &mut next)?;
        }
        Ok(next)
    }

    fn replay(&self, cell: &Cell, next: &mut Self) -> Result<()> {
        let key = self.bytes(cell.key);
        let at = next.find_or_add(key);
        let mut marks = cell.marks;
        if marks.has(Marks::READ) && !self.is_same_base(cell, next, at) {
            marks = marks.with(Marks::STALE);
        }
        // What is derived is made anew, by the functions that the request has.
        if cell.is_plainly_written() {
            let value = if cell.value.is_none() {
                Slot::NONE
            } else {
                // What an `update` stored is as its record is.
                let start = next.arena.len();
                let (from, to) = (self.format_of(cell.value), next.limits.format);
                codec::transcode(self.bytes(cell.value), from, to, &mut next.arena)?;
                Slot::arena(start, next.arena.len() - start)
            };
            next.cells[at].value = value;
        }
        next.cells[at].marks = marks;
        Ok(())
    }

    fn is_same_base(&self, cell: &Cell, next: &Self, at: usize) -> bool {
        let newer = next.cells[at].base;
        match (cell.base.is_none(), newer.is_none()) {
            (true, true) => true,
            (false, false) => codec::is_equal(
                (self.bytes(cell.base), self.base_format),
                (next.bytes(newer), next.base_format),
            ),
            _ => false,
        }
    }
}
