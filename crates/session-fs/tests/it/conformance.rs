//! The file store keeps the contract.

use session_core::{Result, Store, async_trait};
use session_fs::{Durability, FileHash, FileOptions, FileStore};
use session_testkit::{Link, Subject};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

struct Files {
    dir: TempDir,
    hash: FileHash,
    durability: Durability,
    has_owners: bool,
}

impl Files {
    fn named_by(hash: FileHash) -> Self {
        let (dir, durability) = (tempfile::tempdir().unwrap(), Durability::default());
        Self { dir, hash, durability, has_owners: false }
    }

    fn outliving(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    fn with_owners(self) -> Self {
        Self { has_owners: true, ..self }
    }
}

#[async_trait]
impl Subject for Files {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        // Clauses with fifty writers share this machine's cores with other tests.
        let options = FileOptions::new(self.dir.path()).operation_timeout(Duration::from_secs(20));
        let options = options.hash(self.hash).durability(self.durability);
        let options = options.owner_index(self.has_owners);
        Ok(Arc::new(FileStore::connect(options).await?))
    }

    fn link(&self) -> Link<'_> {
        Link::None { because: "the records are in local files" }
    }
}

mod sha256 {
    use super::{Durability, FileHash, Files};

    session_testkit::store_conformance!(
        Files::named_by(FileHash::Sha256).outliving(Durability::Process)
    );
}

mod owners {
    use super::{FileHash, Files};

    session_testkit::store_conformance!(Files::named_by(FileHash::Sha256).with_owners());
}

mod owners_md5 {
    use super::{FileHash, Files};

    session_testkit::store_conformance!(Files::named_by(FileHash::Md5).with_owners());
}
