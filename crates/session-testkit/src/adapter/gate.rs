//! A place where a test holds handlers up: no sleep stands in for a condition.

use tokio::sync::Semaphore;

/// A point that handlers wait at until the story lets them pass. Works under every runtime.
#[derive(Debug)]
pub struct Gate {
    arrived: Semaphore,
    passes: Semaphore,
    left: Semaphore,
}

/// Says so if a caller is dropped while it waits.
struct Waiting<'a>(Option<&'a Semaphore>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(left) = self.0 {
            left.add_permits(1);
        }
    }
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { arrived: Semaphore::new(0), passes: Semaphore::new(0), left: Semaphore::new(0) }
    }

    /// Waits to be let through.
    pub async fn pass(&self) {
        let mut waiting = Waiting(Some(&self.left));
        self.arrived.add_permits(1);
        if let Ok(pass) = self.passes.acquire().await {
            pass.forget();
        }
        waiting.0 = None;
    }

    /// Waits until `count` more callers stand at the gate.
    pub(super) async fn arrived(&self, count: u32) {
        if let Ok(arrived) = self.arrived.acquire_many(count).await {
            arrived.forget();
        }
    }

    /// Waits until one that stood there was dropped.
    pub(super) async fn left(&self) {
        if let Ok(left) = self.left.acquire().await {
            left.forget();
        }
    }

    /// Lets `count` callers through.
    pub(super) fn open(&self, count: usize) {
        self.passes.add_permits(count);
    }
}
