//! Work that many wait for, and that goes on when one of them gives up.

use tokio::sync::watch;

/// Work under way, or what came of it.
#[derive(Clone)]
pub(crate) struct Task<T>(watch::Receiver<Option<T>>);

impl<T: Clone + Send + Sync + 'static> Task<T> {
    pub(crate) fn spawn(work: impl Future<Output = T> + Send + 'static) -> Self {
        let (sender, receiver) = watch::channel(None);
        tokio::spawn(async move { sender.send_replace(Some(work.await)) });
        Self(receiver)
    }

    /// Waits for what comes of it; `None` if the runtime that it ran on was shut down.
    pub(crate) async fn end(mut self) -> Option<T> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }

    /// What came of it, if it is over.
    pub(crate) fn ended(&self) -> Option<T> {
        self.0.borrow().clone()
    }

    /// Whether it goes on, or came to something that still holds.
    pub(crate) fn is_worth_waiting_for(&self, holds: impl FnOnce(&T) -> bool) -> bool {
        match &*self.0.borrow() {
            Some(end) => holds(end),
            None => self.0.has_changed().is_ok(),
        }
    }
}
