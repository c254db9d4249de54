//! The bytes that a request wrote: keys and values, one after the other.

use super::slot::Slot;
use super::{Data, too_large};
use crate::error::Result;
use session_codec::{self as codec, Format};

/// Arena bytes below which nothing is ever compacted.
pub(super) const ARENA_SLACK: usize = 64 * 1024;

impl Data {
    /// Appends a key; a value that is appended next makes it an entry in the configured format.
    #[inline]
    pub(super) fn append_key(&mut self, key: &[u8]) -> Slot {
        write_key(key, self.limits.format, &mut self.arena)
    }

    /// Drops overwritten values, so that a loop of inserts does not grow without bound.
    ///
    /// # Errors
    ///
    /// `TooLarge` if what is left would not fit a payload anyhow.
    #[inline]
    pub(super) fn compact_if_due(&mut self) -> Result<()> {
        let room = ARENA_SLACK.max(self.limits.max_payload);
        if self.arena.len() <= room { Ok(()) } else { self.compact(room) }
    }

    #[cold]
    fn compact(&mut self, room: usize) -> Result<()> {
        let old = std::mem::take(&mut self.arena);
        for cell in &mut self.cells {
            if cell.key.is_arena() {
                let key = &old[cell.key.range()];
                cell.key = write_key(key, self.limits.format, &mut self.arena);
            }
            if cell.value.is_arena() {
                let start = self.arena.len();
                self.arena.extend_from_slice(&old[cell.value.range()]);
                cell.value = Slot::arena(start, cell.value.len());
            }
        }
        if self.arena.len() > room { Err(too_large(self.arena.len(), room)) } else { Ok(()) }
    }
}

#[inline]
fn write_key(key: &[u8], format: Format, arena: &mut Vec<u8>) -> Slot {
    codec::write_key(format, key, arena);
    Slot::arena(arena.len() - key.len(), key.len())
}
