//! The memory store keeps the contract.

use session_core::{MemoryLimits, MemoryStore, Result, Store, async_trait};
use session_testkit::{Link, Subject, store_conformance};
use std::sync::Arc;

struct Memory(Arc<MemoryStore>);

#[async_trait]
impl Subject for Memory {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        Ok(self.0.clone())
    }

    fn link(&self) -> Link<'_> {
        Link::None { because: "the records are in this process" }
    }
}

store_conformance!({
    let limits = MemoryLimits { max_payload: Some(64 << 10), ..MemoryLimits::default() };
    Memory(Arc::new(MemoryStore::with_limits(limits)))
});
