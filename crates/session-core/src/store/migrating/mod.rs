//! Two stores as one, while sessions move from the old to the new.

mod claim;
mod meter;
mod scan;
mod side;
mod step;

use super::slot::{LOOKS, Slot, Verdict, judge};
use super::{
    Capabilities, Cursor, Finding, Lease, Outcome, Page, Precondition, Record, Scan, Store,
    StoreKey,
};
use crate::error::Result;
use async_trait::async_trait;
use bytes::Bytes;
use meter::Meter;
use side::Side;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// Whether records move, or are only found where another instance has moved them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migration {
    /// Writes to the old store, and reads both. A deploy to this step may take as long as it likes
    /// beside instances that know the old store alone.
    Accept,
    /// Writes to the new store, and reads both; a record moves with its next write or renewal. Only
    /// for when no instance is left that does not know the new store.
    Migrate,
}

/// Two stores as one: sessions move from the old to the new while they are used.
///
/// Nobody is signed out and no update is lost, also while instances of both steps run side by side,
/// while either store fails, and when a process is killed half-way: a record moves in three writes,
/// each under a condition, and is live in one store at every moment. After one lifetime everything
/// that is used has moved, and what is not has ended; then the new store goes on alone.
///
/// | call | [`Accept`](Migration::Accept) | [`Migrate`](Migration::Migrate) |
/// |---|---|---|
/// | `load` of what has moved | two round trips | one |
/// | `load` of what has not moved, and of nothing | one; two | two |
/// | `write` of a new record | one | one |
/// | `write` and `touch` of what has moved | one | one |
/// | `write` and `touch` of what has not moved | one | three, the one time that it moves |
/// | `delete` of a record that was loaded | one | one |
/// | `list_by_owner`, `delete_expired` | both stores | both stores |
///
/// While a store is down, calls that need it fail: in `Migrate`, a session that has moved does not
/// need the old one. What has been moved leaves a mark of 19 bytes in the old store for ten minutes,
/// which is no session. Records are not re-encoded; the next write does that.
///
/// Not beside a change of `SESSION_HASH_IDS`: it moves records in the same way, by the same marks.
/// A new record is not looked for in the other store, since keys are random.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use std::sync::Arc;
/// use std::time::Duration;
/// use web_session::store::{MigratingStore, Migration};
/// use web_session::{Bytes, Lease, MemoryStore, Precondition, Store, StoreKey};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> session_core::Result<()> {
/// let (old, new) = (Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new()));
/// let key = StoreKey::new("session:", "example");
/// let lease = Lease { ttl: Duration::from_secs(60), owner: None };
/// let _ = old.write(&key, Bytes::from("data"), &lease, Precondition::Absent).await?;
///
/// let both = MigratingStore::new(old.clone(), new.clone(), Migration::Migrate);
/// let Some(loaded) = both.load(&key).await? else { panic!("it is in the old store") };
/// let _ = both.touch(&key, &lease, &loaded).await?;
/// assert!(new.load(&key).await?.is_some());
/// # Ok(())
/// # }
/// ```
pub struct MigratingStore {
    old: Arc<dyn Store>,
    new: Arc<dyn Store>,
    migration: Migration,
    meter: Meter,
}

/// What a claim adds to a payload, an owner of some length included.
const CLAIM_ROOM: usize = 1 << 10;

impl MigratingStore {
    /// Reads `old` and `new` as one store. Both keep records under the same keys: the prefix of the
    /// application is that of both.
    pub fn new(old: Arc<dyn Store>, new: Arc<dyn Store>, migration: Migration) -> Self {
        let first = match migration {
            Migration::Accept => &old,
            Migration::Migrate => &new,
        };
        let meter = Meter::new(first.capabilities().name);
        Self { old, new, migration, meter }
    }

    fn at(&self, side: Side) -> &dyn Store {
        match side {
            Side::Old => &*self.old,
            Side::New => &*self.new,
        }
    }

    /// Where new records go, and what is looked at first.
    fn first(&self) -> Side {
        match self.migration {
            Migration::Accept => Side::Old,
            Migration::Migrate => Side::New,
        }
    }

    /// The record under `key`, wherever it is; a move that was cut off is ended.
    async fn find(&self, key: &StoreKey) -> Result<Option<(Side, Record)>> {
        for _ in 0..LOOKS {
            let [old, new] = self.look(key).await?;
            match judge(Slot::of(old.as_ref()), Slot::of(new.as_ref())) {
                Verdict::Old => return Ok(old.map(|record| (Side::Old, record))),
                Verdict::New => return Ok(new.map(|record| (Side::New, record))),
                Verdict::Settle => {
                    if let Some(record) = self.settle(key, new).await? {
                        return Ok(Some((Side::New, record)));
                    }
                }
                Verdict::Again => {}
                Verdict::Nowhere => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Loads from the store that is written to, and from the other one if that does not decide.
    ///
    /// A record moves from the old store to the new one and never back. So whoever finds neither a
    /// record nor a mark in the old one, and then nothing in the new one, has not missed it; in the
    /// other order the mark tells.
    async fn look(&self, key: &StoreKey) -> Result<[Option<Record>; 2]> {
        let first = self.first();
        let at_first = self.at(first).load(key).await?;
        let is_decided = Slot::of(at_first.as_ref()).decides();
        let at_second = if is_decided { None } else { self.at(first.other()).load(key).await? };
        Ok(match first {
            Side::Old => [at_first, at_second],
            Side::New => [at_second, at_first],
        })
    }

    /// Removes the record that is there by now, whatever it is.
    async fn end(&self, key: &StoreKey, owner: Option<&str>) -> Result<bool> {
        for _ in 0..LOOKS {
            let Some((side, record)) = self.find(key).await? else { return Ok(false) };
            if self.at(side).delete(key, owner, Some(&record)).await? {
                return Ok(true);
            }
        }
        // It changes all the time. In this order it does not get away: it moves only forward.
        let was_old = self.old.delete(key, owner, None).await?;
        Ok(self.new.delete(key, owner, None).await? || was_old)
    }
}

#[async_trait]
impl Store for MigratingStore {
    fn capabilities(&self) -> Capabilities {
        let [old, new] = [self.old.capabilities(), self.new.capabilities()];
        let least = |a: Option<usize>, b: Option<usize>| a.into_iter().chain(b).min();
        let new_payload = new.max_payload.map(|most| most.saturating_sub(CLAIM_ROOM));
        Capabilities {
            name: self.at(self.first()).capabilities().name,
            owner_index: old.owner_index && new.owner_index,
            scan: match (old.scan, new.scan) {
                (Scan::Unsupported, _) | (_, Scan::Unsupported) => Scan::Unsupported,
                _ => Scan::MayRepeat,
            },
            needs_sweep: old.needs_sweep || new.needs_sweep,
            max_payload: least(old.max_payload, new_payload),
            max_key: least(old.max_key, new.max_key),
            ttl_resolution: old.ttl_resolution.max(new.ttl_resolution),
        }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        let Some((side, record)) = self.find(key).await? else { return Ok(None) };
        self.meter.found(side);
        Ok(Some(side.record(record)))
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        let Some(loaded) = when.loaded() else {
            let side = self.first();
            return self.at(side).write(key, payload, lease, when).await.map(|o| side.outcome(o));
        };
        let (side, loaded) = Side::of(loaded);
        if self.moves(side, &payload)
            && let Some(moved) = self.advance(key, payload.clone(), lease, &loaded).await?
        {
            return Ok(moved);
        }
        let when = Precondition::Unchanged(&loaded);
        self.at(side).write(key, payload, lease, when).await.map(|outcome| side.outcome(outcome))
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        let (side, loaded) = Side::of(loaded);
        if self.moves(side, &loaded.payload)
            && let Some(moved) = self.advance(key, loaded.payload.clone(), lease, &loaded).await?
        {
            return Ok(moved);
        }
        self.at(side).touch(key, lease, &loaded).await.map(|outcome| side.outcome(outcome))
    }

    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        let Some(expected) = expected else { return self.end(key, owner).await };
        let (side, expected) = Side::of(expected);
        self.at(side).delete(key, owner, Some(&expected)).await
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        // In this order one that moves meanwhile is listed: its claim names the owner, too.
        let mut keys = self.old.list_by_owner(owner).await?;
        keys.extend(self.new.list_by_owner(owner).await?);
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    async fn delete_expired(&self) -> Result<u64> {
        let removed = self.old.delete_expired().await?;
        Ok(removed + self.new.delete_expired().await?)
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        self.page(prefix, after, most).await
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        let (mut findings, new) = (self.old.examine().await?, self.new.examine().await?);
        findings.extend(new);
        Ok(findings)
    }
}

impl fmt::Debug for MigratingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MigratingStore")
            .field("old", &self.old)
            .field("new", &self.new)
            .field("migration", &self.migration)
            .finish()
    }
}
