//! The places of a pool, counted as the driver counts them.
//!
//! The driver takes one request from its queue for each thing that happens to a pool. Requests whose
//! callers gave up stay in that queue, and a pool that served them all at once would need as many
//! things to happen: after a short freeze of the server under load it never serves a living one
//! again. So calls wait here, and one is let in only when the driver has a connection for it or a
//! place to make one.

use mongodb::event::cmap::CmapEvent;
use mongodb::options::ServerAddress;
use session_core::store::Lost;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

pub(crate) struct Slots {
    free: Arc<Semaphore>,
    under_way: Mutex<UnderWay>,
}

/// Connections that are being made.
#[derive(Default)]
struct UnderWay {
    connections: HashSet<(ServerAddress, u32)>,
    /// How many of them have callers that gave up; their places are not free.
    orphans: usize,
}

impl Slots {
    pub(crate) fn new(max: u32) -> Self {
        let max = usize::try_from(max).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(max)), under_way: Mutex::default() }
    }

    /// Waits in line until `deadline`.
    pub(crate) async fn take(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, Lost> {
        match timeout_at(deadline, Arc::clone(&self.free).acquire_owned()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => Err(Lost::Unsent),
        }
    }

    /// Keeps the place of a caller that gave up while its connection was being made.
    pub(crate) fn keep(&self, slot: OwnedSemaphorePermit) {
        slot.forget();
        self.change(|under_way| under_way.orphans += 1);
    }

    /// Learns what happens to connections.
    pub(crate) fn learn(&self, event: &CmapEvent) {
        match event {
            CmapEvent::ConnectionCreated(created) => self.change(|under_way| {
                under_way.connections.insert((created.address.clone(), created.connection_id));
            }),
            CmapEvent::ConnectionReady(ready) => self.change(|under_way| {
                under_way.connections.remove(&(ready.address.clone(), ready.connection_id));
            }),
            CmapEvent::ConnectionClosed(closed) => self.change(|under_way| {
                under_way.connections.remove(&(closed.address.clone(), closed.connection_id));
            }),
            _ => {}
        }
    }

    fn change(&self, change: impl FnOnce(&mut UnderWay)) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut under_way);
        // Which connection was whose the driver does not say.
        let made = under_way.orphans.saturating_sub(under_way.connections.len());
        under_way.orphans -= made;
        self.free.add_permits(made);
    }
}
