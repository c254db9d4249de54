//! When the configuration asks for sweeps: about every n-th request, or by a timer.

use super::sweep::{Sweeps, Tasks};
use super::sweeper::keep_sweeping;
use crate::config::Config;
use std::future::pending;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;

/// `SESSION_CLEANUP_N_REQUESTS` and `SESSION_CLEANUP_INTERVAL`.
#[derive(Debug)]
pub(super) struct Schedule {
    every_nth: Option<NonZeroU32>,
    interval: Option<Duration>,
    requests: AtomicU32,
    is_timed: Arc<AtomicBool>,
    pub(super) tasks: Tasks,
}

impl Schedule {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            every_nth: config.cleanup_n_requests(),
            interval: config.cleanup_interval(),
            requests: AtomicU32::new(0),
            is_timed: Arc::new(AtomicBool::new(false)),
            tasks: Tasks::default(),
        }
    }

    /// Counts a request: the first one starts the timer, and every n-th one a sweep in the
    /// background.
    pub(super) fn count_request(&self, sweeps: &Arc<Sweeps>) {
        if let Some(every) = self.interval
            && !self.is_timed.load(Ordering::Relaxed)
        {
            self.start_timer(sweeps, every);
        }
        if let Some(every_nth) = self.every_nth {
            let count = self.requests.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            if count % every_nth == 0
                && let Ok(runtime) = Handle::try_current()
            {
                self.tasks.keep(runtime.spawn(Arc::clone(sweeps).run()).abort_handle());
            }
        }
    }

    fn start_timer(&self, sweeps: &Arc<Sweeps>, every: Duration) {
        let Ok(runtime) = Handle::try_current() else { return };
        if !self.is_timed.swap(true, Ordering::AcqRel) {
            let timer = Timer(Arc::clone(&self.is_timed));
            let sweeps = Arc::downgrade(sweeps);
            let task = runtime.spawn(async move {
                let _timer = timer;
                keep_sweeping(sweeps, every, pending::<()>()).await;
            });
            self.tasks.keep(task.abort_handle());
        }
    }
}

/// The task of `SESSION_CLEANUP_INTERVAL`. It ends with its runtime, which may not be the last one
/// that the manager serves: then the next request starts another.
struct Timer(Arc<AtomicBool>);

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
