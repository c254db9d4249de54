//! A store under test with the kit's proxy between it and its server.

use crate::probe::{MINUTE, create, fresh_key, fresh_payload, lease};
use crate::proxy::{Mode, Proxy};
use crate::verdict::ensure;
use crate::{Finding, Link, Remote, Subject, Verdict};
use bytes::Bytes;
use session_core::{ErrorKind, Outcome, Precondition, Record, Result, Store, StoreKey};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How much later than its deadline a call may return on a busy machine.
const SLACK: Duration = Duration::from_secs(2);
/// How soon after its server is back a store must work again.
const RECOVERY: Duration = Duration::from_secs(2);
/// Between two questions whether it does.
const PAUSE: Duration = Duration::from_millis(10);

/// A store behind the proxy, and one beside it that sees what the server really holds.
pub(crate) struct Wiretap {
    pub(crate) proxy: Proxy,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) direct: Arc<dyn Store>,
    deadline: Duration,
}

/// The calls that change something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Create,
    Update,
    Touch,
    Delete,
}

pub(crate) const CHANGES: [Change; 4] =
    [Change::Create, Change::Update, Change::Touch, Change::Delete];

/// A change about to be made to a key of its own.
pub(crate) struct Attempt {
    pub(crate) key: StoreKey,
    change: Change,
    before: Option<Record>,
    new: Bytes,
}

/// What the server holds after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Before,
    After,
}

impl Wiretap {
    pub(crate) async fn open(subject: &dyn Subject) -> Result<Self, Finding> {
        let remote = remote(subject)?;
        let proxy = Proxy::start(remote.server()).await?;
        let store = remote.store_at(proxy.addr()).await?;
        Self::tap(subject, remote, proxy, store).await
    }

    /// The same with a store that is wary of connections which it did not use for long.
    pub(crate) async fn open_wary(subject: &dyn Subject) -> Result<Self, Finding> {
        let remote = remote(subject)?;
        let proxy = Proxy::start(remote.server()).await?;
        let Some(store) = remote.wary_store_at(proxy.addr()).await? else {
            let why = "the store does nothing about connections that it did not use for long";
            return Err(Finding::NotApplicable(why.into()));
        };
        Self::tap(subject, remote, proxy, store).await
    }

    async fn tap(
        subject: &dyn Subject,
        remote: &dyn Remote,
        proxy: Proxy,
        store: Arc<dyn Store>,
    ) -> Result<Self, Finding> {
        let direct = subject.witness().await?;
        let tap = Self { proxy, store, direct, deadline: remote.deadline() };
        tap.warm_up().await?;
        Ok(tap)
    }

    /// Makes every call once, so that connections are open and statements prepared.
    pub(crate) async fn warm_up(&self) -> Verdict {
        let key = fresh_key();
        self.await_recovery(&key).await?;
        for change in CHANGES {
            let attempt = self.await_change(change).await?;
            self.store.load(&attempt.key).await?;
        }
        Ok(())
    }

    /// Makes `change` until the store does it, which must be soon.
    async fn await_change(&self, change: Change) -> Result<Attempt, Finding> {
        let started = Instant::now();
        loop {
            let attempt = self.prepare(change).await?;
            match self.in_time(attempt.make(&*self.store)).await? {
                Ok(true) => return Ok(attempt),
                Ok(false) => {
                    let what = format!("{change:?} was refused where nothing stood in its way");
                    return Err(Finding::Broken(what));
                }
                Err(error) => ensure!(
                    started.elapsed() < RECOVERY,
                    "{RECOVERY:?} after its server was back {change:?} still failed: {error:?}"
                ),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Sets up, beside the proxy, what `change` needs.
    pub(crate) async fn prepare(&self, change: Change) -> Result<Attempt, Finding> {
        let key = fresh_key();
        let before = match change {
            Change::Create => None,
            Change::Update | Change::Touch | Change::Delete => {
                let old = fresh_payload();
                Some(create(&*self.direct, &key, old, &lease(MINUTE)).await?)
            }
        };
        Ok(Attempt { key, change, before, new: fresh_payload() })
    }

    /// Fails unless `call` returns within the store's deadline.
    pub(crate) async fn in_time<T>(&self, call: impl Future<Output = T>) -> Result<T, Finding> {
        let limit = self.deadline + SLACK;
        tokio::time::timeout(limit, call).await.map_err(|_| {
            let deadline = self.deadline;
            Finding::Broken(format!("a call with a deadline of {deadline:?} took over {limit:?}"))
        })
    }

    /// Waits until the store answers again, which must be soon; returns its answer.
    pub(crate) async fn await_recovery(&self, key: &StoreKey) -> Result<Option<Record>, Finding> {
        let started = Instant::now();
        loop {
            match self.in_time(self.store.load(key)).await? {
                Ok(found) => return Ok(found),
                Err(error) => ensure!(
                    started.elapsed() < RECOVERY,
                    "{RECOVERY:?} after its server was back the store still failed: {error:?}"
                ),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Puts the proxy back to work and fails unless the store follows.
    pub(crate) async fn restore(&self) -> Verdict {
        self.proxy.set(Mode::Forward).await;
        self.warm_up().await
    }
}

fn remote(subject: &dyn Subject) -> Result<&dyn Remote, Finding> {
    match subject.link() {
        Link::Tcp(remote) => Ok(remote),
        Link::None { because } => Err(Finding::NotApplicable(because.into())),
    }
}

impl Attempt {
    /// Makes the change; `false` if it was refused.
    pub(crate) async fn make(&self, store: &dyn Store) -> Result<bool> {
        let (minute, longer) = (lease(MINUTE), lease(MINUTE * 10));
        let outcome = match (self.change, &self.before) {
            (Change::Create, _) | (_, None) => {
                store.write(&self.key, self.new.clone(), &minute, Precondition::Absent).await?
            }
            (Change::Update, Some(loaded)) => {
                let when = Precondition::Unchanged(loaded);
                store.write(&self.key, self.new.clone(), &minute, when).await?
            }
            (Change::Touch, Some(loaded)) => store.touch(&self.key, &longer, loaded).await?,
            (Change::Delete, Some(loaded)) => {
                return store.delete(&self.key, None, Some(loaded)).await;
            }
        };
        Ok(matches!(outcome, Outcome::Written { .. }))
    }

    /// Looks at what the server holds; neither the old nor the new state is a broken store.
    pub(crate) async fn find(&self, direct: &dyn Store) -> Result<Found, Finding> {
        let record = direct.load(&self.key).await?;
        let holds = |payload: &Bytes| record.as_ref().is_some_and(|r| r.payload == payload);
        let was_touched = || record.as_ref().is_some_and(|record| record.ttl > MINUTE * 5);
        let is_after = match self.change {
            Change::Create | Change::Update => holds(&self.new),
            Change::Touch => was_touched(),
            Change::Delete => record.is_none(),
        };
        let is_before = match &self.before {
            None => record.is_none(),
            Some(before) => holds(&before.payload) && !was_touched(),
        };
        match (is_after, is_before) {
            (true, _) => Ok(Found::After),
            (false, true) => Ok(Found::Before),
            (false, false) => Err(Finding::Broken(format!(
                "{:?} left a record that is neither the old nor the new one",
                self.change
            ))),
        }
    }
}

/// Fails unless a load failed in a way that a later request may retry.
pub(crate) fn ensure_retryable<T: Debug>(result: Result<T>) -> Verdict {
    match result {
        Ok(answer) => Err(Finding::Broken(format!("a load without its server gave {answer:?}"))),
        Err(error) => {
            let is_right = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout);
            ensure!(
                is_right && error.is_retryable(),
                "a load without its server gave {error:?}; a retryable Unavailable or Timeout \
                 is right"
            );
            Ok(())
        }
    }
}
