//! The whole contract, on a file of its own for each clause.

use custom_store::RedbStore;
use session_testkit::{Link, Subject, store_conformance};
use std::sync::Arc;
use tempfile::TempDir;
use web_session::{Result, Store, async_trait};

struct File {
    store: RedbStore,
    _dir: TempDir,
}

impl File {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("there is room for a directory");
        let store = RedbStore::open(dir.path().join("sessions.redb")).expect("the file opens");
        Self { store, _dir: dir }
    }
}

#[async_trait]
impl Subject for File {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(self.store.clone()))
    }

    fn link(&self) -> Link<'_> {
        Link::None { because: "the file is opened in this process" }
    }
}

store_conformance!(File::new());
