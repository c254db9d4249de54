//! Stores that show a move: one under which all that is changed moves, one whose calls are shuffled.

use session_core::store::{Cursor, MigratingStore, Page};
use session_core::{
    Bytes, Capabilities, Lease, MemoryStore, Outcome, Precondition, Record, Result, Store,
    StoreKey, async_trait,
};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use tokio::task::yield_now;

/// Creates records in the old store and does all else as at the last step: whatever is changed moves.
#[derive(Debug)]
pub(super) struct Moving {
    pub(super) accept: MigratingStore,
    pub(super) migrate: MigratingStore,
}

#[async_trait]
impl Store for Moving {
    fn capabilities(&self) -> Capabilities {
        self.migrate.capabilities()
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        self.migrate.load(key).await
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        match when {
            // Keys of this kit are used again after a delete, those of sessions are not.
            Precondition::Absent if self.migrate.load(key).await?.is_some() => Ok(Outcome::Refused),
            Precondition::Absent => self.accept.write(key, payload, lease, when).await,
            Precondition::Unchanged(_) => self.migrate.write(key, payload, lease, when).await,
        }
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        self.migrate.touch(key, lease, loaded).await
    }

    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        self.migrate.delete(key, owner, expected).await
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        self.migrate.list_by_owner(owner).await
    }

    async fn delete_expired(&self) -> Result<u64> {
        self.migrate.delete_expired().await
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        self.migrate.scan(prefix, after, most).await
    }
}

/// A store whose calls others get in between of, in an order that the seed gives.
#[derive(Debug)]
pub(super) struct Shuffled {
    pub(super) inner: MemoryStore,
    pub(super) order: Arc<Mutex<u64>>,
}

impl Shuffled {
    async fn between<T>(&self, call: impl Future<Output = T>) -> T {
        self.turns().await;
        let answer = call.await;
        self.turns().await;
        answer
    }

    async fn turns(&self) {
        // Knuth's generator, whose upper bits are the better ones.
        let turns = {
            let mut order = self.order.lock().unwrap();
            *order = order.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (*order >> 60) % 6
        };
        for _ in 0..turns {
            yield_now().await;
        }
    }
}

#[async_trait]
impl Store for Shuffled {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        self.between(self.inner.load(key)).await
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        self.between(self.inner.write(key, payload, lease, when)).await
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        self.between(self.inner.touch(key, lease, loaded)).await
    }

    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        self.between(self.inner.delete(key, owner, expected)).await
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        self.between(self.inner.list_by_owner(owner)).await
    }

    async fn delete_expired(&self) -> Result<u64> {
        self.inner.delete_expired().await
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        self.inner.scan(prefix, after, most).await
    }
}
