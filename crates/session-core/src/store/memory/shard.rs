//! One lock's worth of records, and the count of what all shards hold.

use crate::store::{Outcome, Record, StoreKey};
use bytes::Bytes;
use foldhash::fast::RandomState;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::Instant;

/// What a record costs beside its own bytes: two map slots, the allocations of key and payload.
const OVERHEAD: usize = 192;

const WRITTEN: Outcome = Outcome::Written { cas: 0 };

/// The limits left no room; the payload comes back.
pub(super) struct Full(pub(super) Bytes);

/// What a write would store.
pub(super) struct Draft<'a> {
    pub(super) payload: Bytes,
    pub(super) expires: Instant,
    pub(super) owner: Option<&'a str>,
}

/// Records and the keys of each owner; both change under one lock, so they always agree.
///
/// Nobody outside chooses the keys of records, so their hash may be a fast one.
#[derive(Default)]
pub(super) struct Shard {
    records: HashMap<StoreKey, Slot, RandomState>,
    owners: HashMap<Box<str>, HashSet<StoreKey>>,
}

struct Slot {
    payload: Bytes,
    expires: Instant,
    owner: Option<Box<str>>,
}

impl Shard {
    pub(super) fn load(&self, key: &StoreKey, now: Instant) -> Option<Record> {
        let slot = self.records.get(key)?;
        let ttl = slot.expires.checked_duration_since(now).filter(|ttl| !ttl.is_zero())?;
        Some(Record { payload: slot.payload.clone(), cas: 0, ttl })
    }

    pub(super) fn create(
        &mut self,
        key: &StoreKey,
        new: Draft<'_>,
        now: Instant,
        usage: &Usage,
    ) -> Result<Outcome, Full> {
        match self.records.get(key) {
            Some(slot) if slot.is_live(now) => return Ok(Outcome::Refused),
            Some(_) => self.remove(key, usage),
            None => {}
        }
        let slot =
            Slot { payload: new.payload, expires: new.expires, owner: new.owner.map(Box::from) };
        if !usage.reserve(1, slot.size(key)) {
            return Err(Full(slot.payload));
        }
        self.records.insert(key.clone(), slot);
        self.link(key, new.owner);
        Ok(WRITTEN)
    }

    pub(super) fn update(
        &mut self,
        key: &StoreKey,
        new: Draft<'_>,
        loaded: &Record,
        now: Instant,
        usage: &Usage,
    ) -> Result<Outcome, Full> {
        let Some(slot) = self.records.get_mut(key).filter(|slot| slot.is_current(loaded, now))
        else {
            return Ok(Outcome::Refused);
        };
        let old_size = slot.payload.len() + slot.owner.as_ref().map_or(0, |owner| owner.len());
        let new_size = new.payload.len() + new.owner.map_or(0, str::len);
        if new_size > old_size && !usage.reserve(0, new_size - old_size) {
            return Err(Full(new.payload));
        }
        usage.release(0, old_size.saturating_sub(new_size));
        slot.payload = new.payload;
        slot.expires = new.expires;
        self.assign(key, new.owner);
        Ok(WRITTEN)
    }

    pub(super) fn touch(
        &mut self,
        key: &StoreKey,
        expires: Instant,
        owner: Option<&str>,
        loaded: &Record,
        now: Instant,
        usage: &Usage,
    ) -> Outcome {
        let Some(slot) = self.records.get_mut(key).filter(|slot| slot.is_current(loaded, now))
        else {
            return Outcome::Refused;
        };
        slot.expires = expires;
        let old_size = slot.owner.as_ref().map_or(0, |owner| owner.len());
        // Renewing always works, so a name may go a little beyond the limit.
        usage.bytes.fetch_add(owner.map_or(0, str::len), Ordering::Relaxed);
        usage.release(0, old_size);
        self.assign(key, owner);
        WRITTEN
    }

    pub(super) fn delete(
        &mut self,
        key: &StoreKey,
        expected: Option<&Record>,
        now: Instant,
        usage: &Usage,
    ) -> bool {
        let Some(slot) = self.records.get(key) else { return false };
        let holds = match expected {
            Some(expected) => slot.is_current(expected, now),
            None => slot.is_live(now),
        };
        if holds {
            self.remove(key, usage);
        }
        holds
    }

    pub(super) fn list(&self, owner: &str, now: Instant, keys: &mut Vec<StoreKey>) {
        let Some(owned) = self.owners.get(owner) else { return };
        let is_live = |key: &&StoreKey| self.records.get(*key).is_some_and(|s| s.is_live(now));
        keys.extend(owned.iter().filter(is_live).cloned());
    }

    pub(super) fn sweep(&mut self, now: Instant, usage: &Usage) -> u64 {
        let expired: Vec<StoreKey> = self
            .records
            .iter()
            .filter(|(_, slot)| !slot.is_live(now))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &expired {
            self.remove(key, usage);
        }
        expired.len() as u64
    }

    /// The first `most` live records after `after` in the order of their keys.
    pub(super) fn page(
        &self,
        prefix: &str,
        after: Option<&str>,
        most: usize,
        now: Instant,
    ) -> Vec<(StoreKey, Record)> {
        let is_next = |key: &StoreKey| {
            key.as_str().starts_with(prefix) && after.is_none_or(|after| key.as_str() > after)
        };
        let live = |(key, slot): (&StoreKey, &Slot)| is_next(key) && slot.is_live(now);
        let mut keys: Vec<&StoreKey> =
            self.records.iter().filter(|entry| live(*entry)).map(|(key, _)| key).collect();
        if keys.len() > most {
            keys.select_nth_unstable(most);
            keys.truncate(most);
        }
        keys.sort_unstable();
        keys.into_iter().filter_map(|key| Some((key.clone(), self.load(key, now)?))).collect()
    }

    #[cfg(test)]
    pub(super) fn has_no_owners(&self) -> bool {
        self.owners.is_empty()
    }

    fn remove(&mut self, key: &StoreKey, usage: &Usage) {
        let Some(slot) = self.records.remove(key) else { return };
        usage.release(1, slot.size(key));
        self.unlink(key, slot.owner.as_deref());
    }

    /// Lists the record under `key` for `owner` instead of the one it had.
    fn assign(&mut self, key: &StoreKey, owner: Option<&str>) {
        let Some(slot) = self.records.get_mut(key).filter(|slot| slot.owner.as_deref() != owner)
        else {
            return;
        };
        let former = std::mem::replace(&mut slot.owner, owner.map(Box::from));
        self.unlink(key, former.as_deref());
        self.link(key, owner);
    }

    fn link(&mut self, key: &StoreKey, owner: Option<&str>) {
        if let Some(owner) = owner {
            self.owners.entry(Box::from(owner)).or_default().insert(key.clone());
        }
    }

    fn unlink(&mut self, key: &StoreKey, owner: Option<&str>) {
        let Some(owner) = owner else { return };
        if let Entry::Occupied(mut keys) = self.owners.entry(Box::from(owner)) {
            keys.get_mut().remove(key);
            if keys.get().is_empty() {
                keys.remove();
            }
        }
    }
}

impl Slot {
    fn is_live(&self, now: Instant) -> bool {
        self.expires > now
    }

    fn is_current(&self, loaded: &Record, now: Instant) -> bool {
        self.is_live(now) && same_bytes(&self.payload, &loaded.payload)
    }

    fn size(&self, key: &StoreKey) -> usize {
        let owner = self.owner.as_ref().map_or(0, |owner| owner.len());
        OVERHEAD + key.as_bytes().len() + self.payload.len() + owner
    }
}

/// A loaded payload shares the stored one's buffer until someone else writes.
fn same_bytes(a: &Bytes, b: &Bytes) -> bool {
    a.len() == b.len() && (a.as_ptr() == b.as_ptr() || a == b)
}

/// What all shards hold together, and how much they may.
pub(super) struct Usage {
    records: AtomicUsize,
    bytes: AtomicUsize,
    max_records: usize,
    max_bytes: usize,
}

impl Usage {
    pub(super) fn new(max_records: usize, max_bytes: usize) -> Self {
        Self { records: AtomicUsize::new(0), bytes: AtomicUsize::new(0), max_records, max_bytes }
    }

    pub(super) fn records(&self) -> usize {
        self.records.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Takes room for `records` and `bytes`, or takes none.
    fn reserve(&self, records: usize, bytes: usize) -> bool {
        let held_records = self.records.fetch_add(records, Ordering::Relaxed);
        let held_bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let fits = held_records.saturating_add(records) <= self.max_records
            && held_bytes.saturating_add(bytes) <= self.max_bytes;
        if !fits {
            self.release(records, bytes);
        }
        fits
    }

    fn release(&self, records: usize, bytes: usize) {
        self.records.fetch_sub(records, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}
