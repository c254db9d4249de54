//! From a key to its entry, in time that does not grow with the number of entries.

use super::slot::{Cell, Marks, Slot};
use super::{Data, slice};
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher};

/// Entries up to which they are searched one by one: most sessions have fewer, and pay for nothing.
const FEW: usize = 32;

/// Which keys there are.
#[derive(Default)]
pub(super) struct Lookup {
    /// One bit for each key's hash: most lookups of absent keys end here.
    filter: u64,
    /// Where they stand, of more than [`FEW`].
    many: Option<Box<Many>>,
}

/// The positions of entries by the hash of their key, which nobody outside can foresee: keys may
/// be made of what visitors send.
#[derive(Default)]
struct Many {
    hasher: RandomState,
    positions: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
}

impl Many {
    fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash_one(key)
    }

    /// The first of two keys with one hash stays; the other is searched.
    fn add(&mut self, key: &[u8], at: usize) {
        let hash = self.hash(key);
        self.positions.entry(hash).or_insert(at as u32);
    }
}

/// A hash is its own hash.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl Data {
    /// The entry of `key`, also one without a value.
    #[inline(always)]
    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        if self.lookup.filter & filter_bit(key) == 0 { None } else { self.find_likely(key) }
    }

    #[inline(never)]
    fn find_likely(&self, key: &[u8]) -> Option<usize> {
        match &self.lookup.many {
            None => self.search(key),
            Some(many) => {
                let at = *many.positions.get(&many.hash(key))? as usize;
                if self.is_key(&self.cells[at], key) { Some(at) } else { self.search(key) }
            }
        }
    }

    /// Adds a key that there is not yet, without a value.
    pub(super) fn append(&mut self, key: &[u8]) -> usize {
        let slot = self.append_key(key);
        self.push(key, slot)
    }

    /// Adds a key that stands at `slot`, without a value.
    pub(super) fn push(&mut self, key: &[u8], slot: Slot) -> usize {
        let none = Slot::NONE;
        self.push_cell(key, Cell { key: slot, base: none, value: none, marks: Marks::NONE })
    }

    /// Adds an entry whose key is no text: it has no name here, and nobody looks for it.
    #[cold]
    pub(super) fn add_nameless(&mut self, entry: Slot) {
        let (key, marks) = (Slot::NAMELESS, Marks::NONE);
        self.push_cell(&[], Cell { key, base: entry, value: entry, marks });
    }

    /// Adds an entry whose key there is not yet.
    #[inline]
    pub(super) fn push_cell(&mut self, key: &[u8], cell: Cell) -> usize {
        let at = self.cells.len();
        self.cells.push(cell);
        self.lookup.filter |= filter_bit(key);
        if at >= FEW {
            self.add_to_many(key, at);
        }
        at
    }

    #[cold]
    fn add_to_many(&mut self, key: &[u8], at: usize) {
        if let Some(many) = &mut self.lookup.many {
            many.add(key, at);
            return;
        }
        let mut many = Box::<Many>::default();
        for (at, cell) in self.cells.iter().enumerate() {
            many.add(self.bytes(cell.key), at);
        }
        self.lookup.many = Some(many);
    }

    fn search(&self, key: &[u8]) -> Option<usize> {
        self.cells.iter().position(|cell| self.is_key(cell, key))
    }

    fn is_key(&self, cell: &Cell, key: &[u8]) -> bool {
        #[cfg(test)]
        super::tests::growth::count_comparison();
        cell.key.len() == key.len() && slice(&self.base, &self.arena, cell.key) == key
    }
}

#[inline(always)]
fn filter_bit(key: &[u8]) -> u64 {
    let (Some(first), Some(last)) = (key.first(), key.last()) else { return 1 };
    let hash = usize::from(*first) + 7 * usize::from(*last) + 31 * key.len();
    1 << (hash % 64)
}
