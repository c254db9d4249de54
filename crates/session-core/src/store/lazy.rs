//! A store that the first call opens, so that an application starts before its server does.

use super::{
    Call, Capabilities, Cursor, Finding, Lease, Outcome, Page, Precondition, Record, Store,
    StoreKey, Timeouts, undisturbed,
};
use crate::error::{Error, ErrorKind, Result};
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout_at};

/// How long callers are told of a failed attempt before the next one is made.
const PAUSE: Duration = Duration::from_secs(1);

type Attempt<S> = Pin<Box<dyn Future<Output = Result<S>> + Send>>;
type Words = dyn Fn(Error) -> Error + Send + Sync;

/// A store that is opened by the first call that reaches its server, once and for all callers.
///
/// Opening is whatever the function does: connecting, making what is missing, checking. It goes on
/// when the caller that began it has no more time, so a table that takes longer is made, too. Each
/// call waits for it as long as an operation may take, and then has the time of an operation for
/// itself; once the store is open it costs a call nothing but one more future.
///
/// # Errors
///
/// Until it is open, every call fails and nothing of it was sent: `Config` or `Unsupported` if that
/// is what opening failed with, otherwise `Unavailable`. A failure is told to all callers of the
/// next second; the first call after that makes the next attempt. One that somebody must do
/// something about is logged once.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::{Store, StoreKey};
/// use web_session::store::{LazyStore, MemoryStore, Timeouts};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> session_core::Result<()> {
/// let before = MemoryStore::new().capabilities();
/// let store = LazyStore::new(before, Timeouts::default(), async || Ok(MemoryStore::new()));
/// assert!(store.get().is_none());
/// assert!(store.load(&StoreKey::new("session:", "k")).await?.is_none());
/// assert!(store.get().is_some());
/// # Ok(())
/// # }
/// ```
pub struct LazyStore<S> {
    opened: Arc<OnceLock<S>>,
    last: Arc<Mutex<Option<Failed>>>,
    open: Box<dyn Fn() -> Attempt<S> + Send + Sync>,
    words: Arc<Words>,
    before: Capabilities,
    timeouts: Timeouts,
}

/// An attempt that failed.
struct Failed {
    at: Instant,
    told: Told,
}

/// Its error, as often as it is needed.
#[derive(Clone, PartialEq, Eq)]
struct Told {
    kind: ErrorKind,
    is_retryable: bool,
    what: String,
}

impl<S: Store> LazyStore<S> {
    /// Makes a store that `open` opens, and sends nothing.
    ///
    /// `before` holds until then; of `timeouts` the operation's is used.
    pub fn new<F>(
        before: Capabilities,
        timeouts: Timeouts,
        open: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<S>> + Send + 'static,
    {
        Self {
            opened: Arc::default(),
            last: Arc::default(),
            open: Box::new(move || Box::pin(open())),
            words: Arc::new(|error| error),
            before,
            timeouts,
        }
    }

    /// Has what callers are told until it is open pass through `words`, which add what the store
    /// does not know: the setting that names the server, say. Those of an earlier call come first.
    #[must_use]
    pub fn map_err(mut self, words: impl Fn(Error) -> Error + Send + Sync + 'static) -> Self {
        let earlier = self.words;
        self.words = Arc::new(move |error| words(earlier(error)));
        self
    }

    /// The store, if it was opened.
    pub fn get(&self) -> Option<&S> {
        self.opened.get()
    }

    /// Opens the store if it is not, as each call does; for an application that wants to know at
    /// its start, and goes on in any case.
    ///
    /// # Errors
    ///
    /// Those of the type.
    pub async fn open(&self) -> Result<&S> {
        self.opened(Call::Connect).await
    }

    async fn opened(&self, call: Call) -> Result<&S> {
        if let Some(store) = self.opened.get() {
            return Ok(store);
        }
        let deadline = Instant::now() + self.timeouts.operation();
        let opening = timeout_at(deadline, self.opening()).await;
        let told = match opening {
            Ok(Err(told)) => Some(told),
            Ok(Ok(())) | Err(_) => None,
        };
        match (self.opened.get(), told) {
            (Some(store), _) => Ok(store),
            (None, Some(told)) => Err(told.error(call, self.before.name)),
            (None, None) => {
                let what = "the store is still being opened; nothing was sent";
                Err((self.words)(call.error(self.before.name, ErrorKind::Unavailable, what)))
            }
        }
    }

    /// Waits for the attempt that is under way, or makes one.
    async fn opening(&self) -> Result<(), Told> {
        let last = Arc::clone(&self.last).lock_owned().await;
        if self.opened.get().is_some() {
            return Ok(());
        }
        match &*last {
            Some(failed) if failed.at.elapsed() < PAUSE => Err(failed.told.clone()),
            _ => {
                let (opening, words) = ((self.open)(), Arc::clone(&self.words));
                let opening = async move { opening.await.map_err(|error| words(error)) };
                let attempt = attempt(self.before.name, opening, Arc::clone(&self.opened), last);
                undisturbed(attempt).await.unwrap_or(Ok(()))
            }
        }
    }
}

/// Opens a store while `last` keeps others from it, and notes what came of it.
async fn attempt<S>(
    name: &'static str,
    opening: impl Future<Output = Result<S>>,
    opened: Arc<OnceLock<S>>,
    mut last: OwnedMutexGuard<Option<Failed>>,
) -> Result<(), Told> {
    match opening.await {
        Ok(store) => {
            tracing::info!(backend = name, "session store opened");
            // Nobody else could while this holds the lock.
            let _ = opened.set(store);
            Ok(())
        }
        Err(error) => {
            let told = Told::of(&error);
            let is_known = last.as_ref().is_some_and(|failed| failed.told == told);
            if !told.is_retryable && !is_known {
                tracing::error!(
                    backend = name,
                    error = told.what,
                    "session store cannot be opened"
                );
            }
            *last = Some(Failed { at: Instant::now(), told: told.clone() });
            Err(told)
        }
    }
}

impl Told {
    fn of(error: &Error) -> Self {
        let (kind, is_retryable) = match error.kind() {
            kind @ (ErrorKind::Config | ErrorKind::Unsupported) => (kind, false),
            ErrorKind::Unavailable => (ErrorKind::Unavailable, error.is_retryable()),
            // Whatever became of the attempt, nothing of the call was sent.
            _ => (ErrorKind::Unavailable, true),
        };
        Self { kind, is_retryable, what: format!("{error:#}") }
    }

    fn error(&self, call: Call, name: &str) -> Error {
        let what = format!("the store is not open yet: {}", self.what);
        call.error(name, self.kind, &what).with_retryable(self.is_retryable)
    }
}

#[async_trait]
impl<S: Store> Store for LazyStore<S> {
    fn capabilities(&self) -> Capabilities {
        self.get().map_or(self.before, Store::capabilities)
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        self.opened(Call::Load).await?.load(key).await
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        self.opened(when.call()).await?.write(key, payload, lease, when).await
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        self.opened(Call::Touch).await?.touch(key, lease, loaded).await
    }

    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        self.opened(Call::Delete).await?.delete(key, owner, expected).await
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        self.opened(Call::List).await?.list_by_owner(owner).await
    }

    async fn delete_expired(&self) -> Result<u64> {
        self.opened(Call::Sweep).await?.delete_expired().await
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        self.opened(Call::Scan).await?.scan(prefix, after, most).await
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        self.opened(Call::Inspect).await?.examine().await
    }
}

impl<S: Store> fmt::Debug for LazyStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyStore")
            .field("backend", &self.before.name)
            .field("opened", &self.get())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
