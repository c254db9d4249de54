//! A wrapper that counts what a session layer asks of its store.

use async_trait::async_trait;
use bytes::Bytes;
use session_core::store::{Cursor, Finding, Page};
use session_core::{Capabilities, Lease, Outcome, Precondition, Record, Result, Store, StoreKey};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A store that passes every call on and counts it.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use session_testkit::{Calls, CountingStore};
/// use std::sync::Arc;
/// use web_session::{MemoryStore, Store, StoreKey};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> session_core::Result<()> {
/// let store = CountingStore::new(Arc::new(MemoryStore::new()));
/// store.load(&StoreKey::new("session:", "example")).await?;
/// assert_eq!(store.take_calls(), Calls { load: 1, ..Calls::default() });
/// assert_eq!(store.calls().total(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CountingStore {
    inner: Arc<dyn Store>,
    calls: Mutex<Calls>,
}

/// How often each method of a store was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Calls of [`Store::load`].
    pub load: u64,
    /// Calls of [`Store::write`].
    pub write: u64,
    /// Calls of [`Store::touch`].
    pub touch: u64,
    /// Calls of [`Store::delete`].
    pub delete: u64,
    /// Calls of [`Store::list_by_owner`].
    pub list_by_owner: u64,
    /// Calls of [`Store::delete_expired`].
    pub delete_expired: u64,
    /// Calls of [`Store::scan`], a page each.
    pub scan: u64,
    /// Calls of [`Store::examine`].
    pub examine: u64,
}

impl Calls {
    /// No call of any method: what counts are compared with begins with it.
    pub const NONE: Self = Self {
        load: 0,
        write: 0,
        touch: 0,
        delete: 0,
        list_by_owner: 0,
        delete_expired: 0,
        scan: 0,
        examine: 0,
    };

    /// The number of calls of any method, each of them a round trip.
    pub fn total(&self) -> u64 {
        let Self { load, write, touch, delete, list_by_owner, delete_expired, scan, examine } =
            self;
        load + write + touch + delete + list_by_owner + delete_expired + scan + examine
    }
}

impl CountingStore {
    /// Counts the calls that reach `inner` through this wrapper.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, calls: Mutex::default() }
    }

    /// The calls so far.
    pub fn calls(&self) -> Calls {
        *self.counted()
    }

    /// The calls so far; the count starts again.
    pub fn take_calls(&self) -> Calls {
        std::mem::take(&mut *self.counted())
    }

    fn counted(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for CountingStore {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        self.counted().load += 1;
        self.inner.load(key).await
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        self.counted().write += 1;
        self.inner.write(key, payload, lease, when).await
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        self.counted().touch += 1;
        self.inner.touch(key, lease, loaded).await
    }

    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        self.counted().delete += 1;
        self.inner.delete(key, owner, expected).await
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        self.counted().list_by_owner += 1;
        self.inner.list_by_owner(owner).await
    }

    async fn delete_expired(&self) -> Result<u64> {
        self.counted().delete_expired += 1;
        self.inner.delete_expired().await
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        self.counted().scan += 1;
        self.inner.scan(prefix, after, most).await
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        self.counted().examine += 1;
        self.inner.examine().await
    }
}
