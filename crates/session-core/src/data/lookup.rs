//! From a key to its entry, in time that does not grow with the number of entries.

use super::slot::{Cell, Slot};
use super::{Data, slice};
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher};

/// Entries up to which they are searched one by one: most sessions have fewer, and pay for nothing.
const FEW: usize = 64;

/// What tells most keys apart at a glance: their last two bytes, the first one, and their length.
#[derive(Clone, Copy)]
pub(super) struct Print(u32);

impl Print {
    #[inline(always)]
    fn of(key: &[u8]) -> Self {
        let ends = match (key.first(), key.last_chunk()) {
            (Some(first), Some(last)) => {
                u32::from(*first) << 16 | u32::from(u16::from_le_bytes(*last))
            }
            (Some(only), None) => u32::from(*only),
            (None, _) => 0,
        };
        Self((key.len() as u32) << 24 | ends)
    }

    /// One of 64 bits.
    fn bit(self) -> u64 {
        1 << (self.0.wrapping_mul(0x9e37_79b1) >> 26)
    }

    /// What an entry keeps of it.
    fn tag(self) -> u16 {
        self.0 as u16
    }
}

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
        let print = Print::of(key);
        if self.lookup.filter & print.bit() == 0 { None } else { self.find_likely(print, key) }
    }

    /// The entry of `key`, or what one must have that is added next.
    #[inline(always)]
    pub(super) fn find_or_expect(&mut self, key: &[u8]) -> Result<usize, Print> {
        let print = Print::of(key);
        let is_likely = self.lookup.filter & print.bit() != 0;
        self.lookup.filter |= print.bit();
        if is_likely { self.find_likely(print, key).ok_or(print) } else { Err(print) }
    }

    #[inline(never)]
    fn find_likely(&self, print: Print, key: &[u8]) -> Option<usize> {
        match &self.lookup.many {
            None => self.search(print, key),
            Some(many) => {
                let at = *many.positions.get(&many.hash(key))? as usize;
                if self.is_key(&self.cells[at], key) { Some(at) } else { self.search(print, key) }
            }
        }
    }

    /// The entry of `key`, which is a new one without a value if there is none.
    pub(super) fn find_or_add(&mut self, key: &[u8]) -> usize {
        self.find_or_expect(key).unwrap_or_else(|print| {
            let slot = self.append_key(key);
            self.push_cell(print, key, Cell::new(slot, Slot::NONE))
        })
    }

    /// Adds an entry whose key is no text: it has no name here, and nobody looks for it.
    #[cold]
    pub(super) fn add_nameless(&mut self, entry: Slot) {
        self.push_cell(Print::of(&[]), &[], Cell::new(Slot::NAMELESS, entry));
    }

    /// Adds an entry whose key was looked for, and is not there.
    #[inline]
    pub(super) fn push_cell(&mut self, print: Print, key: &[u8], cell: Cell) -> usize {
        let at = self.cells.len();
        self.cells.push(Cell { tag: print.tag(), ..cell });
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

    fn search(&self, print: Print, key: &[u8]) -> Option<usize> {
        let tag = print.tag();
        self.cells.iter().position(|cell| cell.tag == tag && self.is_key(cell, key))
    }

    fn is_key(&self, cell: &Cell, key: &[u8]) -> bool {
        #[cfg(test)]
        super::tests::growth::count_comparison();
        cell.key.len() == key.len() && slice(&self.base, &self.arena, cell.key) == key
    }
}
