//! The bytes that a request wrote: keys and values, one after the other.

use super::slot::Slot;
use super::{Data, too_large};
use crate::error::Result;

/// Arena bytes below which nothing is ever compacted.
pub(super) const ARENA_SLACK: usize = 64 * 1024;

impl Data {
    pub(super) fn append_arena(&mut self, bytes: &[u8]) -> Slot {
        let start = self.arena.len();
        self.arena.extend_from_slice(bytes);
        Slot::arena(start, bytes.len())
    }

    /// Drops overwritten values, so that a loop of inserts does not grow without bound.
    ///
    /// # Errors
    ///
    /// `TooLarge` if what is left would not fit a payload anyhow.
    pub(super) fn compact_if_due(&mut self) -> Result<()> {
        let room = ARENA_SLACK.max(self.limits.max_payload);
        if self.arena.len() <= room {
            return Ok(());
        }
        let old = std::mem::take(&mut self.arena);
        for cell in &mut self.cells {
            for slot in [&mut cell.key, &mut cell.value] {
                if slot.is_arena() {
                    let bytes = &old[slot.range()];
                    let start = self.arena.len();
                    self.arena.extend_from_slice(bytes);
                    *slot = Slot::arena(start, bytes.len());
                }
            }
        }
        if self.arena.len() > room { Err(too_large(self.arena.len(), room)) } else { Ok(()) }
    }
}
