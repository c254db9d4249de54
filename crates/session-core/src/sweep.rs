//! Sweeping on the side: of all requests about every n-th, or a timer, removes expired records.

use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::manager::Shared;
use crate::store::Capabilities;
use crate::sweeper;
use crate::telemetry;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// What of the configuration asks for sweeps, and which of them are under way.
#[derive(Debug)]
pub(crate) struct Sweeps {
    every_nth: Option<NonZeroU32>,
    interval: Option<Duration>,
    requests: AtomicU32,
    is_timed: AtomicBool,
    is_running: AtomicBool,
}

impl Sweeps {
    pub(crate) fn new(config: &Config, capabilities: &Capabilities) -> Self {
        let needed = capabilities.needs_sweep;
        let interval = config.cleanup_interval();
        if !needed && (interval.is_some() || config.cleanup_n_requests().is_some()) {
            telemetry::nothing_to_sweep(capabilities);
        }
        Self {
            every_nth: config.cleanup_n_requests().filter(|_| needed),
            interval: interval.filter(|_| needed),
            requests: AtomicU32::new(0),
            is_timed: AtomicBool::new(false),
            is_running: AtomicBool::new(false),
        }
    }

    /// Counts a request: the first one starts the timer of `SESSION_CLEANUP_INTERVAL`, and every
    /// n-th one (`SESSION_CLEANUP_N_REQUESTS`) a sweep in the background.
    pub(crate) fn request(&self, shared: &Arc<Shared>) {
        if let Some(every) = self.interval
            && !self.is_timed.load(Ordering::Relaxed)
        {
            self.start_timer(shared, every);
        }
        if let Some(every_nth) = self.every_nth {
            let count = self.requests.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            if count % every_nth == 0
                && let Ok(runtime) = Handle::try_current()
            {
                runtime.spawn(run(Arc::clone(shared)));
            }
        }
    }

    fn start_timer(&self, shared: &Arc<Shared>, every: Duration) {
        let Ok(runtime) = Handle::try_current() else { return };
        if !self.is_timed.swap(true, Ordering::AcqRel) {
            let timer = Timer(Arc::downgrade(shared));
            runtime.spawn(async move {
                sweeper::keep_sweeping(timer.0.clone(), every, std::future::pending::<()>()).await;
            });
        }
    }
}

/// Sweeps once, unless a sweep of this manager runs already; the store's panic is an error.
///
/// Dropping the future ends the sweep.
pub(crate) async fn run(shared: Arc<Shared>) -> Result<()> {
    if shared.sweeps.is_running.swap(true, Ordering::AcqRel) {
        return Ok(());
    }
    let running = Running(shared);
    let store = Arc::clone(&running.0.store);
    let mut sweep = JoinSet::new();
    sweep.spawn(async move { store.delete_expired().await });
    let swept = sweep.join_next().await.and_then(|joined| joined.ok()).unwrap_or_else(|| {
        Err(Error::new(ErrorKind::Unknown, "sweep expired sessions: the store panicked"))
    });
    telemetry::swept(&running.0, &swept);
    swept.map(drop)
}

/// A sweep under way, until it is dropped.
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.sweeps.is_running.store(false, Ordering::Release);
    }
}

/// The task of `SESSION_CLEANUP_INTERVAL`. It ends with its runtime, which may not be the last one
/// that the manager serves: then the next request starts another.
struct Timer(Weak<Shared>);

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.sweeps.is_timed.store(false, Ordering::Release);
        }
    }
}
