//! The parts of a payload: one map from text keys to values, as `msgspec` writes it.

use crate::format::Format;

/// The deepest nesting any setting may allow, the map of the payload included.
///
/// Decoders recurse once per level, so this bounds the stack; `serde_json` stops at the same
/// depth by itself.
pub const DEPTH_CEILING: usize = 128;

/// A range of bytes within a payload; payloads are limited far below 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// Callers have checked that `end` is within a payload of at most `u32::MAX` bytes.
    #[inline]
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// How many bytes the span covers.
    #[inline]
    pub(crate) fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// The bytes of the span within the payload it was made for.
    #[inline]
    pub fn of(self, payload: &[u8]) -> &[u8] {
        &payload[self.start as usize..self.end as usize]
    }
}

/// The key of an entry, as [`index`](crate::index) or [`index_any`](crate::index_any) found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key<'p> {
    /// The text as it stands in the payload, valid UTF-8, without header or quotes; and where.
    Raw(&'p [u8], Span),
    /// The text of a key that is written with escapes, maybe with halves of surrogate pairs
    /// (WTF-8).
    Owned(Vec<u8>),
    /// A key that is no text, as Python's `{1: "a"}` has: the span beside it is that of key and
    /// value together. [`index_any`](crate::index_any) alone reports it.
    Nameless,
}

/// A payload that [`open`](crate::open) wrote anew, and where its keys and values are.
#[derive(Debug)]
pub struct Opened {
    /// The payload, in `format`.
    pub payload: Vec<u8>,
    /// The format it is in now.
    pub format: Format,
    /// The spans of each key, without its header, and of its value; of a key that is no text and
    /// its value together.
    pub entries: Vec<(Option<Span>, Span)>,
}
