//! An application whose store fails on demand.

use super::app::App;
use super::yielding::YieldingStore;
use super::{Answer, Browser};
use session_core::{Config, Exchange, MemoryStore, Result, Session};
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

    /// The browser of a session in which `fill` wrote, and the `Set-Cookie` field that it got. Calls
    /// are counted from here on.
    pub(crate) async fn stored(
        &self,
        fill: impl FnOnce(&Session) -> Result<()>,
    ) -> (Browser, String) {
        let session = self.app.manager.create();
        fill(&session).unwrap();
        let cookie = session.commit().await.unwrap().id_field().unwrap().to_owned();
        self.counting.take_calls();
        (Browser::holding(&cookie), cookie)
    }

    /// A request of `browser`.
    pub(crate) async fn open(&self, browser: &Browser) -> (Exchange, Session) {
        let exchange = self.app.manager.open();
        let session = exchange.session([browser.cookie.as_deref().unwrap().as_bytes()]);
        let session = session.await.unwrap();
        (exchange, session)
    }

    pub(crate) async fn get(&self, browser: &mut Browser, path: &str) -> Answer {
        browser.get(&self.app.router, path).await
    }
}
