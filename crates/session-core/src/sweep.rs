//! Sweeping on the side: about every n-th request removes expired records.

use crate::manager::Shared;
use crate::telemetry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// A sweep under way, until it is dropped: a store that panics must not stop all later ones.
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.sweeper.is_running.store(false, Ordering::Release);
    }
}

/// Counts requests and lets one sweep run at a time.
#[derive(Debug)]
pub(crate) struct Sweeper {
    requests: AtomicU32,
    is_running: AtomicBool,
}

impl Sweeper {
    pub(crate) fn new() -> Self {
        Self { requests: AtomicU32::new(0), is_running: AtomicBool::new(false) }
    }

    /// Counts a request; the n-th one (`SESSION_CLEANUP_N_REQUESTS`) starts a sweep in the
    /// background, unless one runs or the store expires records by itself.
    pub(crate) fn request(&self, shared: &Arc<Shared>) {
        let Some(every) = shared.config.cleanup_n_requests() else { return };
        if !shared.capabilities.needs_sweep {
            return;
        }
        let count = self.requests.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if count % every != 0 || self.is_running.swap(true, Ordering::AcqRel) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            self.is_running.store(false, Ordering::Release);
            return;
        };
        let shared = Arc::clone(shared);
        runtime.spawn(async move {
            let running = Running(shared);
            let swept = running.0.store.delete_expired().await;
            telemetry::swept(&running.0, &swept);
        });
    }
}
