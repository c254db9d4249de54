//! A memory store that is wrong in one way.

use super::table::Defect;
use session_core::store::{Cursor, Page, Scan};
use session_core::{
    Bytes, Capabilities, Error, ErrorKind, Lease, MemoryLimits, MemoryStore, Outcome, Precondition,
    Record, Result, Store, StoreKey, async_trait,
};
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

pub(crate) const STEP: Duration = Duration::from_millis(100);
const MAX_KEY: usize = 120;
const MAX_PAYLOAD: usize = 64 << 10;
pub(crate) const YEAR: Duration = Duration::from_secs(366 * 86_400);

/// A write that was not refused.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    pub(crate) payload: Bytes,
    pub(crate) ttl: Duration,
}

#[derive(Debug)]
pub(crate) struct BrokenStore {
    pub(crate) inner: MemoryStore,
    pub(crate) defect: Defect,
    /// What was written last under each key that was not deleted since.
    pub(crate) past: Mutex<HashMap<StoreKey, Past>>,
    pub(crate) listed: Mutex<Vec<(String, StoreKey)>>,
    epoch: Instant,
}

impl BrokenStore {
    pub(crate) fn new(defect: Defect) -> Self {
        let limits = MemoryLimits { max_payload: Some(MAX_PAYLOAD), ..MemoryLimits::default() };
        Self {
            inner: MemoryStore::with_limits(limits),
            defect,
            past: Mutex::default(),
            listed: Mutex::default(),
            epoch: Instant::now(),
        }
    }

    fn is(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn key(&self, key: &StoreKey) -> Result<StoreKey> {
        let text = key.as_str();
        let stored = match self.defect {
            Defect::KeysAreCut if text.len() > MAX_KEY => &text[..MAX_KEY],
            _ if text.len() > MAX_KEY => {
                return Err(Error::new(ErrorKind::TooLarge, "use an overlong key"));
            }
            Defect::KeysIgnoreCase => &text.to_ascii_lowercase(),
            Defect::KeysAreTrimmed => text.trim(),
            Defect::KeysEndWithTheLine => text.lines().next().unwrap_or_default(),
            Defect::KeysLoseTheirEnd if text.len() == MAX_KEY => &text[..MAX_KEY - 1],
            _ => text,
        };
        Ok(StoreKey::new("", stored))
    }

    fn ttl(&self, ttl: Duration) -> Duration {
        let tick = self.epoch.elapsed().as_nanos() % STEP.as_nanos();
        match self.defect {
            Defect::LeaseRoundsDown => {
                STEP * (ttl.as_millis() / STEP.as_millis()).min(1 << 30) as u32
            }
            Defect::LeaseEndsWithTheTick => ttl.max(STEP) - Duration::from_nanos(tick as u64),
            Defect::LeaseTurnsAbsolute if ttl > Duration::from_secs(30 * 86_400) => Duration::ZERO,
            Defect::LeaseOverflows if ttl > YEAR => Duration::ZERO,
            _ if ttl > YEAR => ttl,
            // On the next tick, as a store does whose clock has such a step.
            _ => {
                let past_tick = (ttl.as_nanos() + tick) % STEP.as_nanos();
                let up_to_tick = (STEP.as_nanos() - past_tick) % STEP.as_nanos();
                (ttl + Duration::from_nanos(up_to_tick as u64)).max(STEP)
            }
        }
    }

    fn payload(&self, payload: Bytes) -> Bytes {
        match self.defect {
            Defect::PayloadIsText => String::from_utf8_lossy(&payload).into_owned().into(),
            Defect::PayloadIsCut => payload.slice(..payload.len().min(40_000)),
            _ => payload,
        }
    }

    pub(crate) fn past(&self, key: &StoreKey) -> Option<Past> {
        self.past.lock().unwrap().get(key).cloned()
    }

    pub(crate) fn past_keys(&self) -> Vec<StoreKey> {
        self.past.lock().unwrap().keys().cloned().collect()
    }

    fn remember(&self, key: &StoreKey, payload: &Bytes, lease: &Lease<'_>) {
        let entry = Past { payload: payload.clone(), ttl: lease.ttl };
        self.past.lock().unwrap().insert(key.clone(), entry);
    }

    fn outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Refused if self.is(Defect::RefusedIsReportedAsWritten) => {
                Outcome::Written { cas: 0 }
            }
            Outcome::Written { .. } if self.is(Defect::VersionIsWrong) => {
                Outcome::Written { cas: 9 }
            }
            outcome => outcome,
        }
    }
}

#[async_trait]
impl Store for BrokenStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            max_payload: Some(match self.defect {
                Defect::LimitIsOffByOne => MAX_PAYLOAD - 1,
                _ => MAX_PAYLOAD,
            }),
            scan: match self.defect {
                Defect::ScansNothingWithoutAList => Scan::Unsupported,
                _ => Scan::Once,
            },
            owner_index: !self.is(Defect::ListsNothingWithoutAnIndex),
            max_key: Some(MAX_KEY),
            ttl_resolution: match self.defect {
                Defect::LeaseDeclaresAnotherStep => STEP * 4,
                _ => STEP,
            },
            ..self.inner.capabilities()
        }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        let key = &self.key(key)?;
        let found = self.inner.load(key).await?;
        let past = self.past(key);
        Ok(match (self.defect, found, past) {
            (Defect::LoadIgnoresExpiry, None, Some(Past { payload, ttl })) => {
                Some(Record { payload, cas: 0, ttl })
            }
            (Defect::LoadMissesEmptyPayloads, Some(record), _) if record.payload.is_empty() => None,
            (Defect::LoadReportsTheWholeLease, Some(record), Some(Past { ttl, .. })) => {
                Some(Record { ttl, ..record })
            }
            (_, found, _) => found,
        })
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        let key = &self.key(key)?;
        if self.is(Defect::LimitIsCheckedTooLate) && payload.len() > MAX_PAYLOAD {
            self.inner.delete(key, None, None).await?;
        }
        let payload = self.payload(payload);
        let owner = lease.owner.map(|owner| self.owner(owner));
        let lease = &Lease { ttl: self.ttl(lease.ttl), owner: owner.as_deref() };
        let outcome = match when {
            Precondition::Absent => self.create(key, payload.clone(), lease).await?,
            Precondition::Unchanged(loaded)
                if self.is(Defect::VersionIsWrong) && loaded.cas == 9 =>
            {
                Outcome::Refused
            }
            Precondition::Unchanged(loaded) => {
                self.update(key, payload.clone(), lease, loaded).await?
            }
        };
        if outcome != Outcome::Refused || self.is(Defect::ListsRefusedCalls) {
            self.remember(key, &payload, lease);
            if let Some(owner) = lease.owner {
                self.enlist(key, owner).await;
            }
        }
        Ok(self.outcome(outcome))
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        let key = &self.key(key)?;
        let lease = &Lease { ttl: self.ttl(lease.ttl), ..*lease };
        let outcome = self.renew(key, lease, loaded).await?;
        if let (Outcome::Written { .. }, Some(owner)) = (outcome, lease.owner) {
            self.enlist(key, owner).await;
        }
        Ok(self.outcome(outcome))
    }

    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        let key = &self.key(key)?;
        if let Some(removed) = self.wrong_delete(key, expected).await? {
            return Ok(removed);
        }
        let removed = self.inner.delete(key, owner, expected).await?;
        if removed {
            self.past.lock().unwrap().remove(key);
        }
        Ok(removed)
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        self.list(owner).await
    }

    async fn delete_expired(&self) -> Result<u64> {
        if self.is(Defect::SweepTakesTheLiving) {
            for key in self.past_keys() {
                self.inner.delete(&key, None, None).await?;
            }
        }
        if self.is(Defect::SweepTakesNothing) {
            return Ok(0);
        }
        self.inner.delete_expired().await
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        self.read(prefix, after, most).await
    }
}
