//! The stores that applications run on here: in memory, and a real Redis.

use session_core::{ConfigBuilder, MemoryStore, SessionId, SessionManager, Store};
use session_redis::{RedisOptions, RedisStore};
use std::sync::Arc;

pub(crate) fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

/// The server of the tests; keys are of a prefix that is new each time.
pub(crate) async fn redis() -> Arc<dyn Store> {
    let url = session_testkit::server::url("SESSION_TEST_REDIS");
    Arc::new(RedisStore::connect(RedisOptions::new(url)).await.unwrap())
}

/// Managers of one application: the same prefix each time it is asked, and the settings as changed.
pub(crate) struct Place {
    store: Arc<dyn Store>,
    prefix: String,
}

impl Place {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        let unique = SessionId::generate(16).unwrap();
        Self { store, prefix: format!("bridge:{}:", unique.as_str()) }
    }

    /// The same records, over another connection.
    pub(crate) fn beside(&self, store: Arc<dyn Store>) -> Self {
        Self { store, prefix: self.prefix.clone() }
    }

    pub(crate) fn manager(
        &self,
        change: impl FnOnce(ConfigBuilder) -> ConfigBuilder,
    ) -> SessionManager {
        let config = session_core::Config::builder().cookie_name("id").key_prefix(&self.prefix);
        SessionManager::new(self.store.clone(), change(config).build().unwrap(), None).unwrap()
    }
}
