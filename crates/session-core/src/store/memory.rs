//! Sessions in the memory of this process, for tests, examples and single-process services.

mod shard;
#[cfg(test)]
mod tests;

use crate::error::{Error, ErrorKind, Result};
use crate::store::{
    Capabilities, Cursor, Lease, Limits, Outcome, Page, Precondition, Record, Scan, Store, StoreKey,
};
use async_trait::async_trait;
use bytes::Bytes;
use shard::{Draft, Full, Shard, Usage};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const STORE: &str = "memory";
/// Enough that a sweep of a million records holds each lock for a fraction of a millisecond.
const SHARDS: usize = 64;
/// Far beyond any lease, and far from the end of every platform's clock.
const MAX_TTL: Duration = Duration::from_secs(100 * 365 * 86_400);
/// How often a full store looks for expired records by itself.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);

/// How much a [`MemoryStore`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// The largest number of records, live or waiting to be swept; a million by default.
    pub max_records: usize,
    /// The largest sum of keys, payloads, owners and a fixed overhead per record, in bytes; 512 MiB
    /// by default.
    pub max_bytes: usize,
    /// The largest payload in bytes; no limit by default.
    pub max_payload: Option<usize>,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self { max_records: 1_000_000, max_bytes: 512 << 20, max_payload: None }
    }
}

/// A store in the memory of this process; its sessions end with it.
///
/// It is bounded and never drops a live record to make room. When it is full, expired records go
/// first (it looks for them at most once a second); if that does not help, new records, and
/// updates that would grow a record beyond `max_bytes`, fail with
/// [`Unavailable`](ErrorKind::Unavailable) and leave what is stored as it is. Loading, renewing,
/// shrinking and ending sessions always works.
///
/// Expired records wait for [`delete_expired`](Store::delete_expired) or a full store. A payload is
/// kept as it came: a slice of a larger buffer keeps that buffer alive.
///
/// Lifetimes follow tokio's clock, so tests may pause it. No method waits or needs a runtime.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use std::time::Duration;
/// use web_session::{Bytes, Lease, MemoryStore, Outcome, Precondition, Store, StoreKey};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> session_core::Result<()> {
/// let store = MemoryStore::new();
/// let key = StoreKey::new("session:", "example");
/// let lease = Lease { ttl: Duration::from_secs(60), owner: None };
///
/// let outcome = store.write(&key, Bytes::from("data"), &lease, Precondition::Absent).await?;
/// assert_eq!(outcome, Outcome::Written { cas: 0 });
/// assert_eq!(store.load(&key).await?.map(|record| record.payload), Some(Bytes::from("data")));
/// # Ok(())
/// # }
/// ```
pub struct MemoryStore {
    shards: [Mutex<Shard>; SHARDS],
    usage: Usage,
    limits: Limits,
    next_sweep: Mutex<Instant>,
}

impl MemoryStore {
    /// Makes an empty store with the default [`MemoryLimits`].
    pub fn new() -> Self {
        Self::with_limits(MemoryLimits::default())
    }

    /// Makes an empty store that holds no more than `limits`.
    pub fn with_limits(limits: MemoryLimits) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            usage: Usage::new(limits.max_records, limits.max_bytes),
            limits: Limits { payload: limits.max_payload, ..Limits::default() },
            next_sweep: Mutex::new(Instant::now()),
        }
    }

    /// The number of records held, including expired ones that were not swept yet.
    pub fn len(&self) -> usize {
        self.usage.records()
    }

    /// Whether no record is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, key: &StoreKey) -> MutexGuard<'_, Shard> {
        lock(&self.shards[shard_index(key)])
    }

    fn write_once(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome, Full> {
        let now = Instant::now();
        let new = Draft { payload, expires: deadline(now, lease.ttl), owner: lease.owner };
        let mut shard = self.shard(key);
        match when {
            Precondition::Absent => shard.create(key, new, now, &self.usage),
            Precondition::Unchanged(loaded) => shard.update(key, new, loaded, now, &self.usage),
        }
    }

    /// Removes expired records for a write that found no room, unless that was just done.
    fn make_room(&self) {
        let now = Instant::now();
        {
            let mut next = lock(&self.next_sweep);
            if now < *next {
                return;
            }
            *next = now + SWEEP_PAUSE;
        }
        for shard in &self.shards {
            lock(shard).sweep(now, &self.usage);
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: STORE,
            owner_index: true,
            needs_sweep: true,
            max_payload: self.limits.payload,
            max_key: self.limits.key,
            scan: Scan::Once,
            ttl_resolution: Duration::from_nanos(1),
        }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        let now = Instant::now();
        Ok(self.shard(key).load(key, now))
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        self.limits.check(when.call(), STORE, key, &payload, None)?;
        let Full(payload) = match self.write_once(key, payload, lease, when) {
            Ok(outcome) => return Ok(outcome),
            Err(full) => full,
        };
        self.make_room();
        self.write_once(key, payload, lease, when).map_err(|Full(_)| {
            let message = "write to a full memory store: raise its limits or use another backend";
            Error::new(ErrorKind::Unavailable, message)
        })
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        let now = Instant::now();
        let expires = deadline(now, lease.ttl);
        Ok(self.shard(key).touch(key, expires, lease.owner, loaded, now, &self.usage))
    }

    async fn delete(
        &self,
        key: &StoreKey,
        _owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        let now = Instant::now();
        Ok(self.shard(key).delete(key, expected, now, &self.usage))
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        let now = Instant::now();
        let mut keys = Vec::new();
        for shard in &self.shards {
            lock(shard).list(owner, now, &mut keys);
        }
        Ok(keys)
    }

    async fn delete_expired(&self) -> Result<u64> {
        let mut removed = 0;
        for shard in &self.shards {
            removed += lock(shard).sweep(Instant::now(), &self.usage);
            // One shard is a batch: requests waiting for this worker come first.
            tokio::task::yield_now().await;
        }
        Ok(removed)
    }

    /// A page looks at one shard after the other until it is full; each is locked while the keys
    /// of its next records are put in order.
    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        let after = after.map(|cursor| cursor.to_key(STORE)).transpose()?;
        let first = after.as_ref().map_or(0, shard_index);
        let mut after = after.as_ref().map(StoreKey::as_str);
        let mut page = Page::default();
        for shard in &self.shards[first..] {
            let room = most.get() - page.records.len();
            let listed = lock(shard).page(prefix, after.take(), room, Instant::now());
            page.records.extend(listed);
            if let (true, Some((key, _))) = (page.records.len() == most.get(), page.records.last())
            {
                page.next = Some(Cursor::after_key(key.as_str()));
                break;
            }
            tokio::task::yield_now().await;
        }
        Ok(page)
    }
}

fn deadline(now: Instant, ttl: Duration) -> Instant {
    now + ttl.min(MAX_TTL)
}

/// Ids are random, so their last bytes spread the load.
fn shard_index(key: &StoreKey) -> usize {
    let mixed = key
        .as_bytes()
        .iter()
        .rev()
        .take(4)
        .fold(0usize, |mixed, byte| mixed.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    mixed % SHARDS
}

/// No code panics while it holds one of these locks, so what a poisoned one guards is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
