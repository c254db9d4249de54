//! The contract, on each database, in tables of our own and in tables that Flask made.

#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]

use session_core::{Result, Store, async_trait};
use session_sql::{SqlOptions, SqlStore};
use session_testkit::{Link, Subject};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// The kit's crowds and large payloads on a busy machine take longer than a session may.
const PATIENCE: Duration = Duration::from_secs(20);

struct Sqlite {
    dir: TempDir,
}

impl Sqlite {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }
}

#[async_trait]
impl Subject for Sqlite {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        let url = format!("sqlite:///{}/sessions.db", self.dir.path().display());
        let options = SqlOptions::new(url).owner_index(true).operation_timeout(PATIENCE);
        let store = SqlStore::connect(options).await?;
        store.init().await?;
        Ok(Arc::new(store))
    }

    fn link(&self) -> Link<'_> {
        Link::None { because: "the database is in this process" }
    }
}

mod sqlite {
    session_testkit::store_conformance!(super::Sqlite::new());
}
