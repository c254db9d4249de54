//! Named facts of one server process: set once, awaited by anyone.

use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::watch;

/// The facts that came true so far.
#[derive(Clone, Debug)]
pub struct Signals(Arc<watch::Sender<HashSet<String>>>);

impl Signals {
    /// Starts without any.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }

    /// Makes `name` true for good.
    pub fn set(&self, name: impl Into<String>) {
        self.0.send_modify(|names| {
            names.insert(name.into());
        });
    }

    /// Waits until `name` is true.
    pub async fn wait(&self, name: &str) {
        let mut names = self.0.subscribe();
        let _ = names.wait_for(|names| names.contains(name)).await;
    }

    /// Makes `name` true when the guard is dropped, however that comes.
    pub fn set_on_drop(&self, name: impl Into<String>) -> OnDrop {
        OnDrop { signals: self.clone(), name: name.into() }
    }
}

impl Default for Signals {
    fn default() -> Self {
        Self::new()
    }
}

/// Sets its signal when it is dropped.
#[derive(Debug)]
pub struct OnDrop {
    signals: Signals,
    name: String,
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.signals.set(std::mem::take(&mut self.name));
    }
}
