//! An application whose store fails on demand.

use super::app::App;
use super::yielding::YieldingStore;
use super::{Answer, Browser};
use session_core::{Config, MemoryStore};
use session_testkit::{CountingStore, FaultyStore};
use std::sync::Arc;

/// An application over a store in memory that fails on demand, and how often it is called.
pub(crate) struct Bench {
    pub(crate) app: App,
    pub(crate) faulty: Arc<FaultyStore>,
    pub(crate) counting: Arc<CountingStore>,
    pub(crate) memory: Arc<MemoryStore>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let memory = Arc::new(MemoryStore::new());
        let faulty = Arc::new(FaultyStore::new(Arc::new(YieldingStore(memory.clone()))));
        let counting = Arc::new(CountingStore::new(faulty.clone()));
        Self { app: App::with(counting.clone(), config, None), faulty, counting, memory }
    }

    pub(crate) async fn get(&self, browser: &mut Browser, path: &str) -> Answer {
        browser.get(&self.app.router, path).await
    }
}
