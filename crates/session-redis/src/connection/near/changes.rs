//! Which keys have changed since a moment.

use std::hash::{BuildHasher as _, RandomState};

/// How many numbers are kept. Two keys with one number seem changed together, and are then read once
/// more.
const NUMBERS: usize = 1024;

/// A number that grows with each change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(u64);

/// A record that changes while it is being read is told of before its reader has it.
pub(super) struct Changes {
    now: Moment,
    /// The last one that was of all keys.
    of_all: Moment,
    of_some: Box<[Moment; NUMBERS]>,
    hashes: RandomState,
}

impl Default for Changes {
    fn default() -> Self {
        let (now, hashes) = (Moment::default(), RandomState::new());
        Self { now, of_all: now, of_some: Box::new([now; NUMBERS]), hashes }
    }
}

impl Changes {
    pub(super) fn now(&self) -> Moment {
        self.now
    }

    pub(super) fn note(&mut self, key: &[u8]) {
        self.now.0 += 1;
        self.of_some[self.number(key)] = self.now;
    }

    pub(super) fn note_all(&mut self) {
        self.now.0 += 1;
        self.of_all = self.now;
    }

    /// Whether `key` may have changed after `seen`.
    pub(super) fn since(&self, seen: Moment, key: &[u8]) -> bool {
        self.of_all > seen || self.of_some[self.number(key)] > seen
    }

    fn number(&self, key: &[u8]) -> usize {
        // The remainder is small.
        (self.hashes.hash_one(key) % NUMBERS as u64) as usize
    }
}
