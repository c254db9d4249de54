//! Sweeping by a timer: a task that removes expired records every so often.

use super::sweep::{Sweeps, Tasks};
use crate::config::MAX_LIFETIME;
use rand::TryRng as _;
use rand::rngs::SysRng;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The least time between two sweeps.
const LEAST: Duration = Duration::from_secs(1);
/// While sweeps fail, the time between them grows eightfold at most, and not beyond this.
const LONGEST_BACKOFF: Duration = Duration::from_secs(3600);
const MOST_DOUBLINGS: u32 = 3;

/// The handle of a task that sweeps; [`SessionManager::spawn_sweeper`] makes it.
///
/// Dropping it ends the task at once. A sweep that runs then is given up where it is, which
/// harms nothing: what it has not removed is expired all the same, and another sweep finds it.
///
/// [`SessionManager::spawn_sweeper`]: crate::SessionManager::spawn_sweeper
#[must_use = "dropping it ends the sweeping"]
pub struct Sweeper {
    stop: oneshot::Sender<()>,
    handle: JoinHandle<()>,
}

impl Sweeper {
    /// Starts the task.
    pub(super) fn spawn(sweeps: &Arc<Sweeps>, every: Duration, tasks: &Tasks) -> Self {
        let (stop, stopped) = oneshot::channel();
        let handle = tokio::spawn(keep_sweeping(Arc::downgrade(sweeps), every, stopped));
        tasks.keep(handle.abort_handle());
        Self { stop, handle }
    }

    /// Lets a sweep that runs finish, and ends the task.
    ///
    /// # Cancellation
    ///
    /// Dropping the future is dropping the handle, so a shutdown that cannot wait wraps it in a
    /// timeout.
    pub async fn stop(mut self) {
        let (closed, _) = oneshot::channel();
        // The task that is gone already needs no message.
        let _ = std::mem::replace(&mut self.stop, closed).send(());
        let _ = (&mut self.handle).await;
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

impl fmt::Debug for Sweeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_running = !self.handle.is_finished();
        f.debug_struct("Sweeper").field("is_running", &is_running).finish()
    }
}

/// Sweeps until `stopped` resolves or the manager is gone.
pub(super) async fn keep_sweeping(
    sweeps: Weak<Sweeps>,
    every: Duration,
    mut stopped: impl Future + Unpin,
) {
    let mut pause = first_pause(every, chance());
    let mut failures = 0;
    while timeout(pause, &mut stopped).await.is_err() {
        let Some(sweeps) = sweeps.upgrade() else { return };
        failures = match sweeps.run().await {
            Ok(()) => 0,
            Err(_) => failures + 1,
        };
        pause = next_pause(every, failures, chance());
    }
}

/// Somewhere in the first interval: processes that start together do not sweep together.
fn first_pause(every: Duration, chance: f64) -> Duration {
    every.clamp(LEAST, MAX_LIFETIME).mul_f64(chance)
}

/// The interval, longer after failures, give or take a tenth.
fn next_pause(every: Duration, failures: u32, chance: f64) -> Duration {
    let every = every.clamp(LEAST, MAX_LIFETIME);
    let backed_off = every * (1 << failures.min(MOST_DOUBLINGS));
    let pause = backed_off.min(LONGEST_BACKOFF.max(every));
    pause - pause / 10 + (pause / 5).mul_f64(chance)
}

/// A random number from 0 to 1; a half where the system has none.
fn chance() -> f64 {
    SysRng.try_next_u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{MAX_LIFETIME, first_pause, next_pause};
    use std::time::Duration;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn first_sweep_is_somewhere_in_the_first_interval() {
        assert_eq!(first_pause(seconds(100), 0.0), Duration::ZERO);
        assert_eq!(first_pause(seconds(100), 0.25), seconds(25));
        assert_eq!(first_pause(seconds(100), 1.0), seconds(100));
    }

    #[test]
    fn pauses_spread_by_a_tenth_and_grow_with_failures() {
        let hours = seconds(4 * 3600);
        // The interval, failures in a row, and the pause in the middle.
        let table = [
            (seconds(100), 0, seconds(100)),
            (seconds(100), 1, seconds(200)),
            (seconds(100), 2, seconds(400)),
            (seconds(100), 3, seconds(800)),
            (seconds(100), u32::MAX, seconds(800)),
            (seconds(900), 3, seconds(3600)),
            (hours, 3, hours),
            (Duration::ZERO, 0, seconds(1)),
        ];
        for (every, failures, middle) in table {
            assert_eq!(next_pause(every, failures, 0.0), middle - middle / 10);
            assert_eq!(next_pause(every, failures, 0.5), middle);
            assert_eq!(next_pause(every, failures, 1.0), middle + middle / 10);
        }
    }

    #[test]
    fn endless_intervals_do_not_overflow() {
        assert_eq!(next_pause(Duration::MAX, u32::MAX, 0.5), MAX_LIFETIME);
        assert_eq!(first_pause(Duration::MAX, 1.0), MAX_LIFETIME);
    }
}
