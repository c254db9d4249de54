//! What the store may do at its server, tried on a session of nobody's.

use crate::stop::Stop;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use web_session::store::{Finding, Scan, Topic};
use web_session::{
    Bytes, Error, ErrorKind, IdHash, Lease, Outcome, Precondition, Record, Result, SessionId,
    Store, StoreKey,
};

/// What stays of the trial if this process is killed ends by itself.
const TTL: Duration = Duration::from_secs(60);
/// A table that nobody swept for months is no reason to wait.
const SWEEP: Duration = Duration::from_secs(1);

/// A session of the check's own.
pub(super) struct Trial<'a> {
    store: &'a dyn Store,
    prefix: &'a str,
    key: StoreKey,
    /// With an index of owners, an owner whom nobody else has.
    owner: Option<String>,
    /// How long the application waits for a call.
    limit: Duration,
    is_there: bool,
    findings: Vec<Finding>,
}

impl<'a> Trial<'a> {
    /// # Errors
    ///
    /// If this system gives no random numbers.
    pub(super) fn new(store: &'a dyn Store, prefix: &'a str, limit: Duration) -> Result<Self> {
        let id = SessionId::generate(32)?;
        let key = id.to_key(prefix, IdHash::Plain);
        let has_owners = store.capabilities().owner_index;
        let owner = has_owners.then(|| SessionId::generate(16)).transpose()?;
        let owner = owner.map(|name| format!("check-{}", name.as_str()));
        let findings = Vec::new();
        Ok(Self { store, prefix, key, owner, limit, is_there: false, findings })
    }

    /// Tries each right, and removes what it wrote, however that ends.
    pub(super) async fn run(mut self, stop: &Stop) -> Vec<Finding> {
        tokio::select! {
            () = self.steps() => {}
            () = stop.asked() => {}
        }
        if self.is_there && self.store.delete(&self.key, self.owner.as_deref(), None).await.is_err()
        {
            let seen = "the session of this check could not be removed; it ends in a minute";
            self.findings.push(Finding::note(Topic::Rights, seen));
        }
        self.findings
    }

    async fn steps(&mut self) {
        let (store, key) = (self.store, self.key.clone());
        let owner = self.owner.clone();
        let lease = Lease { ttl: TTL, owner: owner.as_deref() };
        let is_written = |outcome: &Outcome| outcome.is_written();
        let payload = |text: &'static str| Bytes::from_static(text.as_bytes());
        // Before the answer: it may be written and the answer lost.
        self.is_there = true;
        let created = store.write(&key, payload("{}"), &lease, Precondition::Absent);
        if self.tried("write", created, is_written).await.is_none() {
            return;
        }
        let Some(loaded) = self.loaded().await else { return };
        let when = Precondition::Unchanged(&loaded);
        let replaced = store.write(&key, payload("{\"n\":1}"), &lease, when);
        self.tried("replace, if unchanged", replaced, is_written).await;
        let Some(loaded) = self.loaded_again().await else { return };
        self.tried("renew", store.touch(&key, &lease, &loaded), is_written).await;
        if let Some(owner) = &owner {
            let listed = store.list_by_owner(owner);
            self.tried("list those of an owner", listed, |keys| keys.contains(&key)).await;
        }
        if store.capabilities().scan != Scan::Unsupported {
            let page = store.scan(self.prefix, None, NonZeroUsize::MIN);
            self.tried("list all", page, |_| true).await;
        }
        if store.capabilities().needs_sweep {
            self.sweep().await;
        }
        let loaded = self.loaded_again().await;
        let deleted = store.delete(&key, owner.as_deref(), loaded.as_ref());
        if self.tried("delete", deleted, |is_removed| *is_removed).await.is_some() {
            self.is_there = false;
        }
    }

    async fn loaded(&mut self) -> Option<Record> {
        let (store, key) = (self.store, self.key.clone());
        self.tried("read", store.load(&key), Option::is_some).await.flatten()
    }

    async fn loaded_again(&mut self) -> Option<Record> {
        self.store.load(&self.key).await.ok().flatten()
    }

    async fn sweep(&mut self) {
        let store = self.store;
        match timeout(SWEEP, store.delete_expired()).await {
            Ok(Ok(_)) => self.findings.push(Finding::ok(Topic::Rights, "sweep")),
            Ok(Err(error)) => self.refused("sweep", &error),
            Err(_) => self.findings.push(
                Finding::note(Topic::Rights, "more is expired than a second's sweep removes")
                    .change("session sweep"),
            ),
        }
    }

    /// Makes one call, and says how long it took or what was wrong.
    async fn tried<T>(
        &mut self,
        what: &str,
        call: impl Future<Output = Result<T>>,
        is_right: impl FnOnce(&T) -> bool,
    ) -> Option<T> {
        let began = Instant::now();
        match call.await {
            Ok(answer) if is_right(&answer) => {
                self.findings.push(pace(what, began.elapsed(), self.limit));
                Some(answer)
            }
            Ok(_) => {
                let seen = format!("{what}: the store answers, and it is not done");
                let change = "look for another program that changes sessions, or a full server";
                self.findings.push(Finding::problem(Topic::Rights, seen).change(change));
                None
            }
            Err(error) => {
                // Before anything was done, only a write whose answer was lost may have left it.
                self.is_there &= !self.findings.is_empty() || error.kind() == ErrorKind::Unknown;
                self.refused(what, &error);
                None
            }
        }
    }

    fn refused(&mut self, what: &str, error: &Error) {
        self.findings.push(Finding::problem(Topic::Rights, format!("{what}: {error:#}")));
    }
}

/// How long a call took, beside what the application waits for one.
fn pace(what: &str, took: Duration, limit: Duration) -> Finding {
    let seen = format!("{what}: {:.1} ms", took.as_secs_f64() * 1_000.0);
    if took <= limit / 2 {
        return Finding::ok(Topic::Rights, seen);
    }
    let seen = format!("{seen}, and the application waits {} ms", limit.as_millis());
    let change = "raise SESSION_OPERATION_TIMEOUT, or move the server nearer";
    Finding::warning(Topic::Rights, seen).change(change)
}

#[cfg(test)]
mod tests {
    use super::{Trial, pace};
    use crate::stop::Stop;
    use session_testkit::{Calls, CountingStore};
    use std::sync::Arc;
    use std::time::Duration;
    use web_session::MemoryStore;
    use web_session::store::Level;

    #[tokio::test]
    async fn each_right_is_tried_once_and_a_load_stands_before_each_condition() {
        let store = CountingStore::new(Arc::new(MemoryStore::new()));
        let trial = Trial::new(&store, "session:", Duration::from_secs(9)).unwrap();
        let findings = trial.run(&Stop::listen()).await;
        assert!(findings.iter().all(|finding| finding.level == Level::Ok), "{findings:?}");
        let expected = Calls {
            write: 2,
            load: 3,
            touch: 1,
            list_by_owner: 1,
            scan: 1,
            delete: 1,
            delete_expired: 1,
            ..Calls::NONE
        };
        assert_eq!(store.calls(), expected);
    }

    #[test]
    fn call_that_takes_half_of_what_the_application_waits_is_a_warning() {
        let limit = Duration::from_millis(500);
        for (ms, level) in [(1, Level::Ok), (250, Level::Ok), (251, Level::Warning)] {
            assert_eq!(pace("read", Duration::from_millis(ms), limit).level, level, "{ms}");
        }
        let said = pace("read", limit, limit).to_string();
        let expected = "read: 500.0 ms, and the application waits 500 ms: raise \
                        SESSION_OPERATION_TIMEOUT, or move the server nearer";
        assert_eq!(said, expected);
    }
}
