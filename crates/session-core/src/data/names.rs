//! The keys that have a value.

use super::Data;
use super::slot::Cell;

impl Data {
    /// The keys that have a value, in order; one that is no text, or has half of a surrogate pair,
    /// has no name here.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.sizes().map(|(key, _)| key)
    }

    /// The same, and how many bytes each value takes.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = (&str, usize)> {
        let is_named = |cell: &&Cell| !cell.value.is_none() && !cell.key.is_nameless();
        let cells = self.cells.iter().filter(is_named);
        let sized = cells.map(|cell| (self.bytes(cell.key), self.bytes(cell.value).len()));
        sized.filter_map(|(key, len)| Some((std::str::from_utf8(key).ok()?, len)))
    }

    /// The text of each key that has a value, for comparisons: it costs no check that it is UTF-8,
    /// and is empty where the key is no text.
    pub(crate) fn key_bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.cells.iter().filter(|cell| !cell.value.is_none()).map(|cell| self.bytes(cell.key))
    }
}
