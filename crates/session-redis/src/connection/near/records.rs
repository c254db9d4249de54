//! The records themselves: those read last, within a bound of bytes.

use lru::LruCache;
use session_core::{Bytes, Record};
use std::num::NonZeroUsize;
use std::time::Duration;
use tokio::time::Instant;

/// What a record counts at least; the room is as many times this as sessions are asked for.
pub(super) const PLACE: usize = 4096;

/// What a record takes beside its key and payload, generously.
const FRAME: usize = 256;

pub(super) struct Records {
    held: LruCache<Box<[u8]>, Entry>,
    /// Bytes.
    room: usize,
    used: usize,
}

struct Entry {
    payload: Bytes,
    /// `None`: it has no end.
    until: Option<Instant>,
    size: usize,
}

impl Records {
    pub(super) fn new(sessions: NonZeroUsize) -> Self {
        Self { held: LruCache::unbounded(), room: sessions.get().saturating_mul(PLACE), used: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.held.clear();
        self.used = 0;
    }

    pub(super) fn get(&mut self, key: &[u8], now: Instant) -> Option<Record> {
        let entry = self.held.get(key)?;
        let ttl = entry.until.map_or(Duration::MAX, |until| until.saturating_duration_since(now));
        if ttl.is_zero() {
            self.remove(key);
            return None;
        }
        Some(Record { payload: entry.payload.clone(), cas: 0, ttl })
    }

    /// Holds what was read, in place of those that were not read for longest.
    pub(super) fn hold(&mut self, key: &[u8], payload: &[u8], until: Option<Instant>) {
        self.remove(key);
        let size = (key.len() + payload.len() + FRAME).max(PLACE);
        if size > self.room {
            return;
        }
        while self.used + size > self.room {
            let Some((_, entry)) = self.held.pop_lru() else { break };
            self.used -= entry.size;
        }
        let entry = Entry { payload: Bytes::copy_from_slice(payload), until, size };
        self.held.push(key.into(), entry);
        self.used += size;
    }

    pub(super) fn remove(&mut self, key: &[u8]) {
        if let Some(entry) = self.held.pop(key) {
            self.used -= entry.size;
        }
    }
}
