//! A store whose calls are pending before and after they are applied.

use session_core::store::{Cursor, Page};
use session_core::{
    Bytes, Capabilities, Lease, Outcome, Precondition, Record, Result, Store, StoreKey, async_trait,
};
use std::num::NonZeroUsize;
use std::sync::Arc;
use tokio::task::yield_now;

#[derive(Debug)]
pub(crate) struct YieldingStore(pub(crate) Arc<dyn Store>);

async fn slowly<T>(call: impl Future<Output = T>) -> T {
    pause().await;
    let result = call.await;
    pause().await;
    result
}

/// Yields more often than once, as a deadline polls what it waits for twice.
async fn pause() {
    for _ in 0..4 {
        yield_now().await;
    }
}

#[async_trait]
impl Store for YieldingStore {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        slowly(self.0.load(key)).await
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        slowly(self.0.write(key, payload, lease, when)).await
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        slowly(self.0.touch(key, lease, loaded)).await
    }

    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        slowly(self.0.delete(key, owner, expected)).await
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        slowly(self.0.list_by_owner(owner)).await
    }

    async fn delete_expired(&self) -> Result<u64> {
        slowly(self.0.delete_expired()).await
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        slowly(self.0.scan(prefix, after, most)).await
    }
}
