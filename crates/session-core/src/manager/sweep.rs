//! Sweeping: one run that removes expired records, never beside another of the same manager.

use crate::error::{Error, ErrorKind, Result};
use crate::request::telemetry::Telemetry;
use crate::store::Store;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use tokio::sync::Mutex;
use tokio::task::{AbortHandle, JoinSet};

/// The sweeps of a manager's store.
#[derive(Debug)]
pub(super) struct Sweeps {
    store: Arc<dyn Store>,
    telemetry: Telemetry,
    running: Mutex<()>,
}

impl Sweeps {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        let telemetry = Telemetry::new(store.capabilities().name);
        Self { store, telemetry, running: Mutex::const_new(()) }
    }

    /// Sweeps once, unless a sweep of this manager runs already, or the store expires records by
    /// itself, which one that was opened late may not have known before; its panic is an error.
    ///
    /// Dropping the future ends the sweep.
    pub(super) async fn run(self: Arc<Self>) -> Result<()> {
        if !self.store.capabilities().needs_sweep {
            self.telemetry.nothing_to_sweep();
            return Ok(());
        }
        let Ok(_running) = self.running.try_lock() else { return Ok(()) };
        let store = Arc::clone(&self.store);
        let mut sweep = JoinSet::new();
        sweep.spawn(async move { store.delete_expired().await });
        let swept = sweep.join_next().await.and_then(|joined| joined.ok()).unwrap_or_else(|| {
            Err(Error::new(ErrorKind::Unknown, "sweep expired sessions: the store panicked"))
        });
        self.telemetry.swept(&swept);
        swept.map(drop)
    }

    /// Sweeps once a sweep of this manager that runs is over, and tells how many it removed.
    pub(super) async fn run_next(&self) -> Result<u64> {
        let _running = self.running.lock().await;
        self.store.delete_expired().await
    }
}

/// The tasks of a manager, which end with it.
#[derive(Debug, Default)]
pub(super) struct Tasks(Lock<Vec<AbortHandle>>);

impl Tasks {
    pub(super) fn keep(&self, task: AbortHandle) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| !task.is_finished());
        tasks.push(task);
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        let tasks = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        tasks.iter().for_each(AbortHandle::abort);
    }
}
