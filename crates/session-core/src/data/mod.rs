//! A session's data: an index of keys over encoded values, with marks of what the request did.
//!
//! Values nobody touches are never decoded; they are copied to the next payload byte for byte.
//! Keys and values written by the request are appended to an arena, so that an entry is a few
//! numbers and a record of up to sixteen entries is indexed without an allocation.

mod arena;
mod changes;
mod encode;
mod entry;
mod flash;
mod index;
mod list;
mod lookup;
mod modify;
mod names;
mod rebase;
mod slot;
#[cfg(test)]
mod tests;
mod typed;
mod write;

pub(crate) use entry::Entry;
pub use flash::Flash;
pub(crate) use flash::FlashLog;
pub(crate) use modify::ModifyLog;

use crate::error::{Error, ErrorKind};
use crate::store::Record;
use list::List;
use lookup::Lookup;
use session_codec::{self as codec, Format};
use slot::{Cell, Marks, Slot};
use smallvec::SmallVec;
use std::fmt;

/// Entries kept in place; larger records allocate once.
const INLINE: usize = 16;

/// What payloads may hold, fixed when the manager is built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The format that is written.
    pub format: Format,
    /// The deepest nesting, the map of the session itself included.
    pub max_depth: usize,
    /// The largest payload in bytes.
    pub max_payload: usize,
}

/// How a write treats what other requests did to the same key meanwhile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Intent {
    /// Conflicts if the request had read the key and it changed since.
    Guarded,
    /// Wins, whatever was read.
    Blind,
    /// Wins, and is made anew from the value of the record that it is written over.
    Derived,
}

/// The ordered entries of one session as this request sees them.
pub(crate) struct Data {
    base: Record,
    /// The record as it is stored, where the values of `base` had to be rewritten to be sliced.
    stored: Option<Box<Record>>,
    base_format: Format,
    limits: Limits,
    arena: Vec<u8>,
    list: Option<Box<List>>,
    cells: SmallVec<[Cell; INLINE]>,
    lookup: Lookup,
    is_cleared: bool,
    /// A key was asked for, also one that no record could have.
    is_read: bool,
}

impl Data {
    /// Starts without a record.
    pub(crate) fn empty(limits: Limits) -> Self {
        let base = Record { payload: bytes::Bytes::new(), cas: 0, ttl: std::time::Duration::ZERO };
        Self {
            base,
            stored: None,
            base_format: limits.format,
            limits,
            arena: Vec::new(),
            list: None,
            cells: SmallVec::new(),
            lookup: Lookup::default(),
            is_cleared: false,
            is_read: false,
        }
    }

    /// The record that the data was indexed from.
    pub(crate) fn base(&self) -> &Record {
        self.stored.as_deref().unwrap_or(&self.base)
    }

    /// What payloads may hold.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// The encoded value under `key`, without marking it as read.
    pub(crate) fn peek(&self, key: &str) -> Option<(&[u8], Format)> {
        let value = self.cells[self.find(key.as_bytes())?].value;
        (!value.is_none()).then(|| (self.bytes(value), self.format_of(value)))
    }

    /// The encoded value under `key` in the loaded record, whatever the request did since.
    pub(crate) fn peek_base(&self, key: &str) -> Option<(&[u8], Format)> {
        let value = self.cells[self.find(key.as_bytes())?].base;
        (!value.is_none()).then(|| (self.bytes(value), self.base_format))
    }

    /// The encoded value under `key`; what it says is now part of what the request relies on.
    pub(crate) fn read(&mut self, key: &str) -> Option<(&[u8], Format)> {
        match self.find(key.as_bytes()) {
            Some(at) => {
                self.cells[at].mark_read();
                let value = self.cells[at].value;
                (!value.is_none()).then(|| (self.bytes(value), self.format_of(value)))
            }
            None => {
                self.is_read = true;
                // Absence is an answer too, unless there is no record that could gain the key, or
                // the request cleared it.
                if !self.base.payload.is_empty() && !self.is_cleared {
                    let at = self.find_or_add(key.as_bytes());
                    self.cells[at].mark_read();
                }
                None
            }
        }
    }

    /// Gives up what the request meant to write under `key`, as an `update` has just stored another
    /// value there, and counts that one as read: the caller was told it. What functions make of the
    /// stored value stays pending.
    pub(crate) fn accept(&mut self, key: &str) {
        let Some(at) = self.find(key.as_bytes()) else { return };
        let cell = &mut self.cells[at];
        if cell.is_derived() {
            // It was made anew from the stored value, which is no other request's.
            cell.marks = cell.marks.with(Marks::READ).without(Marks::STALE);
            return;
        }
        cell.value = cell.base;
        // After a clear, only what was written since outlasts another replay.
        cell.marks = if self.is_cleared { Marks::READ.with(Marks::WRITTEN) } else { Marks::READ };
    }

    /// Removes `key`; `false` if there was none.
    pub(crate) fn remove(&mut self, key: &str, intent: Intent) -> bool {
        match self.find(key.as_bytes()) {
            Some(at) if !self.cells[at].value.is_none() => {
                self.cells[at].write(Slot::NONE, intent);
                true
            }
            _ => false,
        }
    }

    /// Removes every key that `keep` does not spare, here and in whatever record is replayed on.
    pub(crate) fn clear(&mut self, keep: impl Fn(&str) -> bool) {
        self.is_cleared = true;
        for at in 0..self.cells.len() {
            if !keep(self.key(&self.cells[at])) {
                self.cells[at].write(Slot::NONE, Intent::Blind);
            }
        }
    }

    /// Whether there is no record and the request has written nothing.
    pub(crate) fn is_untouched(&self) -> bool {
        self.cells.is_empty() && self.base.payload.is_empty()
    }

    fn is_same(&self, a: Slot, b: Slot) -> bool {
        codec::is_equal((self.bytes(a), self.format_of(a)), (self.bytes(b), self.format_of(b)))
    }

    /// The key of an entry; empty if it has no name in Rust.
    fn key(&self, cell: &Cell) -> &str {
        std::str::from_utf8(self.bytes(cell.key)).unwrap_or_default()
    }

    fn bytes(&self, slot: Slot) -> &[u8] {
        if slot.is_base() { base_bytes(&self.base, slot) } else { self.written(slot) }
    }

    #[inline(never)]
    fn written(&self, slot: Slot) -> &[u8] {
        if slot.is_list() { self.list_bytes() } else { slice(&self.base, &self.arena, slot) }
    }

    fn format_of(&self, slot: Slot) -> Format {
        if slot.is_base() {
            self.base_format
        } else if slot.is_arena() {
            self.limits.format
        } else {
            self.list_format()
        }
    }
}

/// Values are the application's, and some are secrets.
impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data").field("entries", &self.cells.len()).finish_non_exhaustive()
    }
}

fn slice<'a>(base: &'a Record, arena: &'a [u8], slot: Slot) -> &'a [u8] {
    if slot.is_base() {
        base_bytes(base, slot)
    } else {
        arena.get(slot.range()).unwrap_or_default()
    }
}

fn base_bytes(base: &Record, slot: Slot) -> &[u8] {
    base.payload.get(slot.range()).unwrap_or_default()
}

pub(crate) fn too_large(len: usize, limit: usize) -> Error {
    let message = format!(
        "store a session of {len} bytes where at most {limit} are allowed: keep less in it, or \
         raise SESSION_MAX_PAYLOAD if the store takes more"
    );
    Error::new(ErrorKind::TooLarge, message)
}
