//! The store: the contract, each call one change at most.

mod examine;

use crate::client::Client;
use crate::config::{FileOptions, STORE};
use crate::scan::{Place, Scans};
use crate::sweep::Keeper;
use session_core::store::{Call, Cursor, Failure, Finding, Page, Scan, no_owner_index};
use session_core::{
    Bytes, Capabilities, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store, StoreKey,
    async_trait,
};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

/// Sessions in the files of one directory, shared by any number of processes.
///
/// Cheap to clone; clones share everything. There is no `from_client`: a directory has no client
/// to share.
#[derive(Clone)]
pub struct FileStore {
    client: Arc<Client>,
    keeper: Arc<Keeper>,
    scans: Arc<Scans>,
}

impl FileStore {
    /// Opens the directory of `options`, making what is missing of it.
    ///
    /// # Errors
    ///
    /// `Config` for options that cannot be; `Unavailable` if the directory cannot be made or
    /// entered; `Timeout` if that takes more than two seconds, or
    /// the operation timeout if that is longer.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod web_session {
    /// #     pub use session_core::*;
    /// #     pub mod stores { pub use session_fs as filesystem; }
    /// # }
    /// use std::time::Duration;
    /// use web_session::{Bytes, Lease, Outcome, Precondition, Store, StoreKey};
    /// use web_session::stores::filesystem::{FileOptions, FileStore};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let dir = tempfile::tempdir()?;
    /// let store = FileStore::connect(FileOptions::new(dir.path())).await?;
    /// let key = StoreKey::new("session:", "example");
    /// let lease = Lease { ttl: Duration::from_secs(60), owner: None };
    ///
    /// let outcome = store.write(&key, Bytes::from("data"), &lease, Precondition::Absent).await?;
    /// assert_eq!(outcome, Outcome::Written { cas: 0 });
    /// assert_eq!(store.load(&key).await?.map(|record| record.payload), Some(Bytes::from("data")));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(options: impl Into<FileOptions>) -> Result<Self> {
        let options = options.into();
        options.check()?;
        let opening = Client::open(options.clone()).await;
        let client = opening.map_err(|fault| fault.into_connect_error(&options.dir))?;
        let client = Arc::new(client);
        let keeper = Arc::new(Keeper::new(client.clone(), &options));
        Ok(Self { keeper, scans: Arc::new(Scans::new(client.clone())), client })
    }

    /// Does what [`connect`](Self::connect) does, and makes no directory: one that is missing is an
    /// error, for tools that look at what is there.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_existing(options: impl Into<FileOptions>) -> Result<Self> {
        let options = options.into();
        if !options.dir.is_dir() {
            let missing = Failure::Final(ErrorKind::Unavailable, "there is no such directory");
            return Err(Call::Connect.failed("filesystem", missing));
        }
        Self::connect(options).await
    }
}

#[async_trait]
impl Store for FileStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "filesystem",
            owner_index: self.client.has_owners,
            needs_sweep: true,
            max_payload: None,
            max_key: None,
            scan: Scan::Once,
            ttl_resolution: Duration::from_secs(1),
        }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        self.client.load(key).await.map_err(|fault| fault.into_error(Call::Load))
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        let (ttl, loaded) = (lease.ttl, when.loaded().cloned());
        let writing = self.client.change(key, lease.owner, move |change| match loaded {
            None => change.create(&payload, ttl),
            Some(loaded) => change.update(&payload, ttl, &loaded),
        });
        let outcome = writing.await.map_err(|fault| fault.into_error(when.call()))?;
        if outcome.is_written() && when.call() == Call::Create {
            self.keeper.added();
        }
        Ok(outcome)
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        let (ttl, loaded) = (lease.ttl, loaded.clone());
        let touching =
            self.client.change(key, lease.owner, move |change| change.touch(ttl, &loaded));
        touching.await.map_err(|fault| fault.into_error(Call::Touch))
    }

    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        let expected = expected.cloned();
        let deleting =
            self.client.change(key, owner, move |change| change.delete(expected.as_ref()));
        let is_removed = deleting.await.map_err(|fault| fault.into_error(Call::Delete))?;
        if is_removed {
            self.keeper.removed();
        }
        Ok(is_removed)
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        if !self.client.has_owners {
            return Err(no_owner_index(STORE, "set SESSION_OWNER_INDEX=true"));
        }
        self.client.list(owner).await.map_err(|fault| fault.into_error(Call::List))
    }

    async fn delete_expired(&self) -> Result<u64> {
        self.keeper.sweep().await.map_err(|fault| fault.into_error(Call::Sweep))
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        let place = match after {
            Some(cursor) => Place::read(cursor.as_str()).ok_or_else(|| Cursor::unknown(STORE))?,
            None => Place::begin(),
        };
        let reading = self.scans.page(prefix, place, most);
        reading.await.map_err(|fault| fault.into_error(Call::Scan))
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        self.findings().await
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("dir", &self.client.dir.path)
            .field("hash", &self.client.hash)
            .finish_non_exhaustive()
    }
}
