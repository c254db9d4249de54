//! The parts of an entry: where its bytes stand, and what the request did with it.

use super::Intent;
use session_codec::Span;
use std::ops::Range;

/// Where bytes stand: in the loaded payload, or in the arena of what the request wrote.
///
/// Both are far below 2 GiB (payload limits are checked when the configuration is built), so the
/// top bit is free to tell them apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slot {
    start: u32,
    len: u32,
}

const IN_ARENA: u32 = 1 << 31;

impl Slot {
    /// No value.
    pub(super) const NONE: Self = Self { start: u32::MAX, len: 0 };

    /// The list that grows.
    pub(super) const LIST: Self = Self { start: u32::MAX - 1, len: 0 };

    /// The key of an entry whose value begins with its key, since that is no text. No key is as
    /// long, so that none is taken for it.
    pub(super) const NAMELESS: Self = Self { start: u32::MAX - 2, len: IN_ARENA };

    pub(super) fn base(span: Span) -> Self {
        Self { start: span.start, len: span.end - span.start }
    }

    pub(super) fn arena(start: usize, len: usize) -> Self {
        Self { start: start as u32 | IN_ARENA, len: len as u32 }
    }

    /// The span within the source it is of.
    pub(super) fn span(self) -> Span {
        let start = self.start & !IN_ARENA;
        Span { start, end: start + self.len }
    }

    /// The same end with another start, as counted in [`span`](Self::span).
    pub(super) fn starting_at(self, start: usize) -> Self {
        let start = start as u32 | self.start & IN_ARENA;
        Self { start, len: self.start + self.len - start }
    }

    pub(super) fn is_none(self) -> bool {
        self.start == u32::MAX
    }

    /// Whether it is in the loaded payload; what is nowhere is not.
    pub(super) fn is_base(self) -> bool {
        self.start < IN_ARENA
    }

    pub(super) fn is_list(self) -> bool {
        self.start == Self::LIST.start
    }

    pub(super) fn is_arena(self) -> bool {
        (IN_ARENA..Self::NAMELESS.start).contains(&self.start)
    }

    pub(super) fn is_nameless(self) -> bool {
        self.start == Self::NAMELESS.start
    }

    pub(super) fn len(self) -> usize {
        self.len as usize
    }

    /// Whether `next` stands right behind this.
    pub(super) fn touches(self, next: Self) -> bool {
        self.start.wrapping_add(self.len) == next.start
    }

    /// From the start of this to the end of `end`, which is in the same place.
    pub(super) fn up_to(self, end: Self) -> Self {
        Self { start: self.start, len: end.start - self.start + end.len }
    }

    pub(super) fn range(self) -> Range<usize> {
        let start = (self.start & !IN_ARENA) as usize;
        start..start + self.len()
    }
}

/// What the request did with an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Marks(u8);

impl Marks {
    pub(super) const NONE: Self = Self(0);
    /// The handler saw the value, or that there was none.
    pub(super) const READ: Self = Self(1);
    /// The handler set or removed the value.
    pub(super) const WRITTEN: Self = Self(2);
    /// The write wins whatever was read.
    pub(super) const BLIND: Self = Self(4);
    /// Another request changed the value after this one had read it.
    pub(super) const STALE: Self = Self(8);
    /// The value is what functions make of the one in the record.
    pub(super) const DERIVED: Self = Self(16);

    pub(super) fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }

    pub(super) fn with(self, mark: Self) -> Self {
        Self(self.0 | mark.0)
    }

    pub(super) fn without(self, mark: Self) -> Self {
        Self(self.0 & !mark.0)
    }
}

/// One entry: its key, its value in the loaded record, its value now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) key: Slot,
    pub(super) base: Slot,
    pub(super) value: Slot,
    pub(super) marks: Marks,
    /// The last bytes of the key, by which most others are passed over.
    pub(super) tag: u16,
}

impl Cell {
    /// An entry that the loaded record has, or without a value nobody has yet.
    pub(super) fn new(key: Slot, base: Slot) -> Self {
        Self { key, base, value: base, marks: Marks::NONE, tag: 0 }
    }

    /// A value the request wrote itself tells nothing of the store, so only others count.
    pub(super) fn mark_read(&mut self) {
        if !self.is_plainly_written() {
            self.marks = self.marks.with(Marks::READ).without(Marks::STALE);
        }
    }

    pub(super) fn write(&mut self, value: Slot, intent: Intent) {
        self.value = value;
        let plain = self.marks.with(Marks::WRITTEN).without(Marks::BLIND).without(Marks::DERIVED);
        self.marks = match intent {
            Intent::Guarded => plain,
            Intent::Blind => plain.with(Marks::BLIND),
            Intent::Derived => plain.with(Marks::BLIND).with(Marks::DERIVED),
        };
    }

    pub(super) fn is_written(&self) -> bool {
        self.marks.has(Marks::WRITTEN)
    }

    pub(super) fn is_derived(&self) -> bool {
        self.marks.has(Marks::DERIVED)
    }

    /// How a plainly written value was written.
    pub(super) fn intent(&self) -> Intent {
        if self.marks.has(Marks::BLIND) { Intent::Blind } else { Intent::Guarded }
    }

    /// Whether the value is the request's own, whatever the record holds.
    pub(super) fn is_plainly_written(&self) -> bool {
        self.is_written() && !self.is_derived()
    }

    pub(super) fn is_conflict(&self) -> bool {
        // A blind write, as that of a function, has one mark more.
        self.marks == Marks::READ.with(Marks::STALE).with(Marks::WRITTEN)
    }
}
