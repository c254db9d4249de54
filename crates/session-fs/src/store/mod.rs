//! The store: decides what runs where, and for how long.

mod dir;
mod file;
mod intent;
mod layout;
mod lock;
mod orphans;
mod owners;
mod sweep;
#[cfg(test)]
mod tests;
mod visit;

use crate::config::{FileHash, FileOptions};
use crate::error::{Call, Fault};
use dir::{Dir, live_record};
use intent::Intent;
use layout::Names;
use owners::Entry;
use session_core::store::no_owner_index;
use session_core::{
    Bytes, Capabilities, Lease, Outcome, Precondition, Record, Result, Store, StoreKey, async_trait,
};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use sweep::Keeper;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout_at;

/// Making the directory and its lock files; they are few and empty.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Up to here a file in the page cache is read sooner than another thread is woken for it.
const READ_IN_PLACE: u64 = 64 << 10;
/// Writers of one process that queue without a thread of their own.
const TURNS: usize = 256;

/// Sessions in the files of one directory, shared by any number of processes.
///
/// Cheap to clone; clones share everything. There is no `from_client`: a directory has no client
/// to share.
#[derive(Clone)]
pub struct FileStore {
    dir: Arc<Dir>,
    keeper: Arc<Keeper>,
    turns: Arc<[Arc<Mutex<()>>]>,
    hash: FileHash,
    has_owners: bool,
    operation_timeout: Duration,
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
    /// use session_core::{Bytes, Lease, Outcome, Precondition, Store, StoreKey};
    /// use session_fs::{FileOptions, FileStore};
    /// use std::time::Duration;
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
        let (hash, has_owners) = (options.hash, options.owner_index);
        let operation_timeout = options.operation_timeout;
        let keeper = Arc::new(Keeper::new(&options));
        let path = options.dir.clone();
        let opening = spawn_blocking(move || Ok(Dir::open(&options)?));
        let limit = CONNECT_TIMEOUT.max(operation_timeout);
        let dir = finish(opening, Instant::now() + limit)
            .await
            .map_err(|fault| fault.into_connect_error(&path))?;
        let turns = (0..TURNS).map(|_| Arc::default()).collect();
        Ok(Self { dir: Arc::new(dir), keeper, turns, hash, has_owners, operation_timeout })
    }

    fn names(&self, key: &StoreKey) -> Names {
        Names::new(key.as_bytes(), self.hash)
    }

    /// The place in the index of `owner`, if there are both.
    fn entry(&self, key: &StoreKey, owner: Option<&str>) -> Option<Entry> {
        owner.filter(|_| self.has_owners).map(|owner| Entry::new(owner, key))
    }

    async fn read(&self, key: &StoreKey) -> Result<Option<Record>, Fault> {
        let candidates = self.dir.candidates(&self.names(key))?;
        if candidates.iter().flatten().all(|file| file.len() <= READ_IN_PLACE) {
            return live_record(candidates);
        }
        finish(spawn_blocking(move || live_record(candidates)), self.deadline()).await
    }

    /// Reads the index of `owner` batch by batch, each within the operation timeout.
    async fn list(&self, owner: Box<str>) -> Result<Vec<StoreKey>, Fault> {
        let dir = self.dir.clone();
        let opening = spawn_blocking(move || dir.listing(&owner));
        let Some(mut listing) = finish(opening, self.deadline()).await? else {
            return Ok(Vec::new());
        };
        loop {
            let dir = self.dir.clone();
            let reading = spawn_blocking(move || {
                let is_done = dir.list_some(&mut listing)?;
                Ok((listing, is_done))
            });
            let is_done;
            (listing, is_done) = finish(reading, self.deadline()).await?;
            if is_done {
                return Ok(listing.keys);
            }
        }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.operation_timeout
    }

    /// Runs `change` on a blocking thread, alone among all processes in changing `names`.
    ///
    /// Once begun it runs to its end, whole, even if nobody waits for it any more.
    async fn change<T: Send + 'static>(
        &self,
        names: Names,
        change: impl FnOnce(&Dir, &Names, &Intent) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let deadline = self.deadline();
        let turn = self.turn(&names, deadline).await?;
        let intent = Arc::new(Intent::default());
        let work = spawn_blocking({
            let (dir, intent) = (self.dir.clone(), intent.clone());
            move || {
                let _turn = turn;
                let _held = dir.locks.hold_both(&names, deadline)?;
                change(&dir, &names, &intent)
            }
        });
        match finish(work, deadline).await {
            Err(Fault::TooLate) if !intent.withdraw() => Err(Fault::Overdue),
            done => done,
        }
    }

    /// Waits until no other writer of this process is at these names.
    async fn turn(&self, names: &Names, deadline: Instant) -> Result<OwnedMutexGuard<()>, Fault> {
        let turn = self.turns[names.turn() % self.turns.len()].clone();
        timeout_at(deadline.into(), turn.lock_owned()).await.map_err(|_| Fault::TooLate)
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("dir", &self.dir.path())
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for FileStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "filesystem",
            owner_index: self.has_owners,
            needs_sweep: true,
            max_payload: None,
            max_key: None,
            ttl_resolution: Duration::from_secs(1),
        }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        self.read(key).await.map_err(|fault| fault.into_error(Call::Load))
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        let (names, ttl) = (self.names(key), lease.ttl);
        let entry = self.entry(key, lease.owner);
        let outcome = match when {
            Precondition::Absent => {
                self.change(names, move |dir, names, intent| {
                    dir.create(names, &payload, ttl, entry.as_ref(), intent)
                })
                .await
            }
            Precondition::Unchanged(loaded) => {
                let loaded = loaded.clone();
                self.change(names, move |dir, names, intent| {
                    dir.update(names, &payload, ttl, &loaded, entry.as_ref(), intent)
                })
                .await
            }
        };
        let outcome = outcome.map_err(|fault| fault.into_error(Call::Write))?;
        if matches!((when, outcome), (Precondition::Absent, Outcome::Written { .. })) {
            self.keeper.added(&self.dir);
        }
        Ok(outcome)
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        let (ttl, loaded) = (lease.ttl, loaded.clone());
        let entry = self.entry(key, lease.owner);
        self.change(self.names(key), move |dir, names, intent| {
            dir.touch(names, ttl, &loaded, entry.as_ref(), intent)
        })
        .await
        .map_err(|fault| fault.into_error(Call::Touch))
    }

    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        let expected = expected.cloned();
        let entry = self.entry(key, owner);
        let removed = self
            .change(self.names(key), move |dir, names, intent| {
                dir.delete(names, expected.as_ref(), entry.as_ref(), intent)
            })
            .await
            .map_err(|fault| fault.into_error(Call::Delete))?;
        if removed {
            self.keeper.removed();
        }
        Ok(removed)
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        if !self.has_owners {
            return Err(no_owner_index("the session directory", "set SESSION_OWNER_INDEX=true"));
        }
        self.list(owner.into()).await.map_err(|fault| fault.into_error(Call::List))
    }

    async fn delete_expired(&self) -> Result<u64> {
        self.keeper.sweep(&self.dir).await.map_err(|fault| fault.into_error(Call::Sweep))
    }
}

/// Waits for blocking work until `deadline`; it goes on after that, unheard.
async fn finish<T>(work: JoinHandle<Result<T, Fault>>, deadline: Instant) -> Result<T, Fault> {
    match timeout_at(deadline.into(), work).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(Fault::Lost),
        Err(_) => Err(Fault::TooLate),
    }
}
