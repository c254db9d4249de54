//! A store whose owner index is as a test wants it.

use session_core::store::{Cursor, Page};
use session_core::{
    Bytes, Capabilities, Lease, Outcome, Precondition, Record, Result, SessionManager, Store,
    StoreKey, async_trait,
};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Debug)]
pub(crate) struct IndexedStore {
    inner: Arc<dyn Store>,
    pub(crate) has_index: bool,
    /// Answers a load at once, as a store in memory does.
    pub(crate) never_waits: bool,
    /// Keys that every listing names besides.
    pub(crate) stale: Mutex<Vec<StoreKey>>,
    listings: AtomicUsize,
    /// Listings that miss what moves while they are made: everything.
    pub(crate) blind_listings: AtomicUsize,
    /// Moves of a record of ann's to a new id, each right before it is loaded.
    pub(crate) moves: AtomicUsize,
    /// Sign-ins that are stored right before as many deletes.
    pub(crate) sign_ins: AtomicUsize,
    /// The owner that each delete was told, and each write of a trace.
    pub(crate) told: Mutex<Vec<Option<String>>>,
    in_flight: AtomicUsize,
    pub(crate) most_in_flight: AtomicUsize,
}

impl IndexedStore {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            has_index: true,
            never_waits: false,
            stale: Mutex::default(),
            listings: AtomicUsize::new(0),
            blind_listings: AtomicUsize::new(0),
            moves: AtomicUsize::new(0),
            sign_ins: AtomicUsize::new(0),
            told: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        }
    }

    async fn sign_in(&self) {
        if take_one(&self.sign_ins) {
            super::owners::sign_in(&self.manager(), "ann", &[]).await;
        }
    }

    async fn relocate(&self, key: &StoreKey) -> Result<()> {
        if let Some(record) = self.inner.load(key).await?
            && take_one(&self.moves)
        {
            let new = StoreKey::new("session:", &super::ids::made_up());
            let lease = Lease { ttl: record.ttl, owner: Some("ann") };
            let payload = record.payload.clone();
            let _ = self.inner.write(&new, payload, &lease, Precondition::Absent).await?;
            self.inner.delete(key, Some("ann"), Some(&record)).await?;
        }
        Ok(())
    }

    fn manager(&self) -> SessionManager {
        SessionManager::new(Arc::clone(&self.inner), super::owners::indexed(), None).unwrap()
    }
}

#[async_trait]
impl Store for IndexedStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { owner_index: self.has_index, ..self.inner.capabilities() }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_in_flight.fetch_max(now, Ordering::SeqCst);
        // A deadline polls what it waits for twice.
        for _ in 0..if self.never_waits { 0 } else { 4 } {
            tokio::task::yield_now().await;
        }
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.relocate(key).await?;
        self.inner.load(key).await
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        if super::is_trace(&payload) {
            self.told.lock().unwrap().push(lease.owner.map(str::to_owned));
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
        self.told.lock().unwrap().push(owner.map(str::to_owned));
        self.sign_in().await;
        self.inner.delete(key, owner, expected).await
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        let mut keys = self.inner.list_by_owner(owner).await?;
        if take_one(&self.blind_listings) {
            keys.clear();
        }
        // No store promises an order.
        keys.sort();
        if self.listings.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            keys.reverse();
        }
        keys.extend(self.stale.lock().unwrap().iter().cloned());
        Ok(keys)
    }

    async fn delete_expired(&self) -> Result<u64> {
        self.inner.delete_expired().await
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        self.inner.scan(prefix, after, most).await
    }
}

fn take_one(count: &AtomicUsize) -> bool {
    let less = |left: usize| left.checked_sub(1);
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
}
