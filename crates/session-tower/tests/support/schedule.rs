//! A store that asks a scheduler before and after every call, so that a seed decides the order.

use session_core::store::{Cursor, Page};
use session_core::{
    Bytes, Capabilities, Lease, Outcome, Precondition, Record, Result, Store, StoreKey, async_trait,
};
use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

/// Polls that settle everything which waits for no one but the scheduler.
const ROUNDS: usize = 10;

/// Random numbers that a seed repeats (SplitMix64).
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

#[derive(Debug)]
pub(crate) struct ScheduledStore {
    inner: Arc<dyn Store>,
    waiting: Mutex<Vec<oneshot::Sender<()>>>,
    keys: Mutex<HashSet<StoreKey>>,
    applied: Mutex<Vec<Applied>>,
}

/// What concerns the owner index, in the order in which the store did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    Created(StoreKey),
    Listed,
}

impl ScheduledStore {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, waiting: Mutex::default(), keys: Mutex::default(), applied: Mutex::default() }
    }

    /// Lets one waiting call go on at a time, in the order of `dice`, until `is_done`.
    ///
    /// Needs a runtime of one thread.
    pub(crate) async fn run(&self, dice: &mut Dice, is_done: impl Fn() -> bool) {
        while !is_done() {
            for _ in 0..ROUNDS {
                tokio::task::yield_now().await;
            }
            let mut waiting = self.waiting.lock().unwrap();
            if !waiting.is_empty() {
                let chosen = dice.below(waiting.len());
                let _ = waiting.swap_remove(chosen).send(());
            }
        }
    }

    /// Counts a session among the records, though it was not stored through this wrapper.
    pub(crate) fn know(&self, id: &str) {
        self.keys.lock().unwrap().insert(StoreKey::new("session:", id));
    }

    /// The live sessions of all keys ever written.
    pub(crate) async fn records(&self) -> Vec<(StoreKey, Record)> {
        let keys: Vec<StoreKey> = self.keys.lock().unwrap().iter().cloned().collect();
        let mut records = Vec::new();
        for key in keys {
            if let Some(record) = self.inner.load(&key).await.unwrap()
                && !super::is_trace(&record.payload)
            {
                records.push((key, record));
            }
        }
        records
    }

    pub(crate) fn applied(&self) -> Vec<Applied> {
        self.applied.lock().unwrap().clone()
    }

    async fn turn(&self) {
        let (go, wait) = oneshot::channel();
        self.waiting.lock().unwrap().push(go);
        // A scheduler that is gone holds nobody up.
        let _ = wait.await;
    }

    async fn between<T>(&self, call: impl Future<Output = T>) -> T {
        self.turn().await;
        let result = call.await;
        self.turn().await;
        result
    }
}

#[async_trait]
impl Store for ScheduledStore {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        self.between(self.inner.load(key)).await
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        self.keys.lock().unwrap().insert(key.clone());
        self.between(async {
            let is_create = matches!(when, Precondition::Absent);
            let outcome = self.inner.write(key, payload, lease, when).await?;
            if is_create && outcome != Outcome::Refused {
                self.applied.lock().unwrap().push(Applied::Created(key.clone()));
            }
            Ok(outcome)
        })
        .await
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        self.between(self.inner.touch(key, lease, loaded)).await
    }

    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        self.between(self.inner.delete(key, owner, expected)).await
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        self.between(async {
            let keys = self.inner.list_by_owner(owner).await?;
            self.applied.lock().unwrap().push(Applied::Listed);
            Ok(keys)
        })
        .await
    }

    async fn delete_expired(&self) -> Result<u64> {
        self.inner.delete_expired().await
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        self.between(self.inner.scan(prefix, after, most)).await
    }
}
