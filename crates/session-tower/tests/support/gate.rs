//! Places where a test holds others up: no sleep stands in for a condition.

use session_core::store::{Cursor, Page};
use session_core::{
    Bytes, Capabilities, Lease, Outcome, Precondition, Record, Result, Store, StoreKey, async_trait,
};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;

/// A point that callers wait at until the test lets them pass.
#[derive(Debug)]
pub(crate) struct Gate {
    arrived: Semaphore,
    passes: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self { arrived: Semaphore::new(0), passes: Semaphore::new(0) }
    }
}

impl Gate {
    /// Waits to be let through.
    pub(crate) async fn pass(&self) {
        self.arrived.add_permits(1);
        self.passes.acquire().await.unwrap().forget();
    }

    /// Waits until `count` callers stand at the gate.
    pub(crate) async fn arrived(&self, count: u32) {
        self.arrived.acquire_many(count).await.unwrap().forget();
    }

    /// Makes every caller panic.
    pub(crate) fn break_down(&self) {
        self.passes.close();
    }

    /// Lets `count` callers through.
    pub(crate) fn open(&self, count: usize) {
        self.passes.add_permits(count);
    }
}

/// A store whose writes and sweeps can be held before they are applied.
#[derive(Debug)]
pub(crate) struct GatedStore {
    inner: Arc<dyn Store>,
    pub(crate) gate: Gate,
    is_holding: AtomicBool,
}

impl GatedStore {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, gate: Gate::default(), is_holding: AtomicBool::new(false) }
    }

    /// Holds every write and every sweep from now on.
    pub(crate) fn hold_writes(&self) {
        self.is_holding.store(true, Ordering::SeqCst);
    }

    /// Lets the one held call go, and all later ones.
    pub(crate) fn let_go(&self) {
        self.is_holding.store(false, Ordering::SeqCst);
        self.gate.open(1);
    }
}

#[async_trait]
impl Store for GatedStore {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        self.inner.load(key).await
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        if self.is_holding.load(Ordering::SeqCst) {
            self.gate.pass().await;
        }
        self.inner.write(key, payload, lease, when).await
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        self.inner.touch(key, lease, loaded).await
    }

    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        self.inner.delete(key, owner, expected).await
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        self.inner.list_by_owner(owner).await
    }

    async fn delete_expired(&self) -> Result<u64> {
        if self.is_holding.load(Ordering::SeqCst) {
            self.gate.pass().await;
        }
        self.inner.delete_expired().await
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        self.inner.scan(prefix, after, most).await
    }
}
