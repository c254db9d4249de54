//! Places where a test holds others up: no sleep stands in for a condition.

use tokio::sync::Semaphore;

/// A point that callers wait at until the test lets them pass.
#[derive(Debug)]
pub(crate) struct Gate {
    arrived: Semaphore,
    passes: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self { arrived: Semaphore::new(0), passes: Semaphore::new(0) }
    }
}

impl Gate {
    /// Waits to be let through.
    pub(crate) async fn pass(&self) {
        self.arrived.add_permits(1);
        self.passes.acquire().await.unwrap().forget();
    }

    /// Waits until `count` callers stand at the gate.
    pub(crate) async fn arrived(&self, count: u32) {
        self.arrived.acquire_many(count).await.unwrap().forget();
    }

    /// Lets `count` callers through.
    pub(crate) fn open(&self, count: usize) {
        self.passes.add_permits(count);
    }
}
