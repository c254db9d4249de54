//! A wrapper that fails on demand, to see what a session layer makes of it.

use async_trait::async_trait;
use bytes::Bytes;
use session_core::store::{Cursor, Finding, Page};
use session_core::{
    Capabilities, Error, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store, StoreKey,
};
use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A method of [`Store`] that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// [`Store::load`].
    Load,
    /// [`Store::write`].
    Write,
    /// [`Store::touch`].
    Touch,
    /// [`Store::delete`].
    Delete,
    /// [`Store::list_by_owner`].
    ListByOwner,
    /// [`Store::delete_expired`].
    DeleteExpired,
    /// [`Store::scan`].
    Scan,
    /// [`Store::examine`].
    Examine,
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the call is passed on. Queued before another fault, it delays that one.
    Pass,
    /// The call fails with this kind and is not applied.
    Fail(ErrorKind),
    /// The call is applied and then fails with this kind; `Unknown` is a lost reply.
    FailAfterApplying(ErrorKind),
    /// The call is not applied and never answered.
    Hang,
    /// The call is applied and never answered.
    HangAfterApplying,
}

/// A store that passes calls on unless a fault is queued for them.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use session_testkit::{Fault, FaultyStore, Method};
/// use std::sync::Arc;
/// use web_session::{ErrorKind, MemoryStore, Store, StoreKey};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> session_core::Result<()> {
/// let store = FaultyStore::new(Arc::new(MemoryStore::new()));
/// let key = StoreKey::new("session:", "example");
/// store.push(Method::Load, Fault::Fail(ErrorKind::Unavailable));
/// assert!(store.load(&key).await.is_err());
/// assert!(store.load(&key).await?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    faults: Mutex<Faults>,
}

#[derive(Debug)]
struct Faults {
    /// For one call each.
    queued: HashMap<Method, VecDeque<Fault>>,
    /// For calls for which none is queued.
    always: Fault,
}

impl FaultyStore {
    /// Wraps `inner`, with no faults queued.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        let faults = Faults { queued: HashMap::new(), always: Fault::Pass };
        Self { inner, faults: Mutex::new(faults) }
    }

    /// Queues `fault` for the next call of `method` that none is queued for yet.
    pub fn push(&self, method: Method, fault: Fault) {
        self.faults().queued.entry(method).or_default().push_back(fault);
    }

    /// Does `fault` to every call from now on for which none is queued: `Fail(Unavailable)` is an
    /// outage, and [`Fault::Pass`] its end.
    pub fn always(&self, fault: Fault) {
        self.faults().always = fault;
    }

    /// Drops all faults that are still queued.
    pub fn clear(&self) {
        self.faults().queued.clear();
    }

    /// The number of faults still queued; 0 says that a test met all it asked for.
    pub fn pending(&self) -> usize {
        self.faults().queued.values().map(VecDeque::len).sum()
    }

    async fn through<T>(&self, method: Method, call: impl Future<Output = Result<T>>) -> Result<T> {
        let fault = self.faults().next(method);
        match fault {
            Fault::Pass => call.await,
            Fault::Fail(kind) => Err(failure(kind)),
            Fault::FailAfterApplying(kind) => {
                call.await?;
                Err(failure(kind))
            }
            Fault::Hang => std::future::pending().await,
            Fault::HangAfterApplying => {
                call.await?;
                std::future::pending().await
            }
        }
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Faults {
    fn next(&mut self, method: Method) -> Fault {
        let queued = self.queued.get_mut(&method).and_then(VecDeque::pop_front);
        queued.unwrap_or(self.always)
    }
}

#[async_trait]
impl Store for FaultyStore {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        self.through(Method::Load, self.inner.load(key)).await
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        self.through(Method::Write, self.inner.write(key, payload, lease, when)).await
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        self.through(Method::Touch, self.inner.touch(key, lease, loaded)).await
    }

    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        self.through(Method::Delete, self.inner.delete(key, owner, expected)).await
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        self.through(Method::ListByOwner, self.inner.list_by_owner(owner)).await
    }

    async fn delete_expired(&self) -> Result<u64> {
        self.through(Method::DeleteExpired, self.inner.delete_expired()).await
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        self.through(Method::Scan, self.inner.scan(prefix, after, most)).await
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        self.through(Method::Examine, self.inner.examine()).await
    }
}

fn failure(kind: ErrorKind) -> Error {
    Error::new(kind, "call a store that was told to fail")
}
