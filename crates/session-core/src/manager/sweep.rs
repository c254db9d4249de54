//! Sweeping: one run that removes expired records, never beside another of the same manager.

use crate::error::{Error, ErrorKind, Result};
use crate::request::telemetry::Telemetry;
use crate::store::{Capabilities, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinSet;

/// The sweeps of a manager's store.
#[derive(Debug)]
pub(super) struct Sweeps {
    store: Arc<dyn Store>,
    pub(super) telemetry: Telemetry,
    /// Whether expired records stay until they are swept.
    pub(super) is_needed: bool,
    is_running: AtomicBool,
}

impl Sweeps {
    pub(super) fn new(store: Arc<dyn Store>, capabilities: &Capabilities) -> Self {
        Self {
            store,
            telemetry: Telemetry::new(capabilities.name),
            is_needed: capabilities.needs_sweep,
            is_running: AtomicBool::new(false),
        }
    }

    /// Sweeps once, unless a sweep of this manager runs already; the store's panic is an error.
    ///
    /// Dropping the future ends the sweep.
    pub(super) async fn run(self: Arc<Self>) -> Result<()> {
        if self.is_running.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let running = Running(self);
        let store = Arc::clone(&running.0.store);
        let mut sweep = JoinSet::new();
        sweep.spawn(async move { store.delete_expired().await });
        let swept = sweep.join_next().await.and_then(|joined| joined.ok()).unwrap_or_else(|| {
            Err(Error::new(ErrorKind::Unknown, "sweep expired sessions: the store panicked"))
        });
        running.0.telemetry.swept(&swept);
        swept.map(drop)
    }
}

/// A sweep under way, until it is dropped.
struct Running(Arc<Sweeps>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.is_running.store(false, Ordering::Release);
    }
}
