//! What touches the disk: each call of the store in time, in turn, and off the threads that serve.

#[cfg(test)]
mod tests;

use crate::config::{FileHash, FileOptions};
use crate::disk::change::Change;
use crate::disk::dir::Dir;
use crate::disk::file::{Access, RecordFile};
use crate::disk::intent::Intent;
use crate::disk::names::{FileName, Names};
use crate::disk::owners::{Entry, Listing};
use crate::error::Fault;
use session_core::{Record, StoreKey};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::{timeout, timeout_at};

/// Making the directory and its lock files; they are few and empty.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Up to here a file in the page cache is read sooner than another thread is woken for it.
const READ_IN_PLACE: u64 = 64 << 10;

/// Takes the steps of the store on a directory.
pub(crate) struct Client {
    pub(crate) dir: Arc<Dir>,
    pub(crate) hash: FileHash,
    pub(crate) has_owners: bool,
    pub(crate) operation_timeout: Duration,
    /// Writers of this process queue here without a thread of their own, one queue for each first
    /// byte of a file name.
    turns: Box<[Arc<Mutex<()>>]>,
}

impl Client {
    pub(crate) async fn open(options: FileOptions) -> Result<Self, Fault> {
        let FileOptions { hash, owner_index: has_owners, operation_timeout, .. } = options;
        let limit = CONNECT_TIMEOUT.max(operation_timeout);
        let dir = run(limit, move || Ok(Arc::new(Dir::open(&options)?))).await?;
        let turns = (0..=u8::MAX).map(|_| Arc::default()).collect();
        Ok(Self { dir, hash, has_owners, operation_timeout, turns })
    }

    /// Reads the live record of a key, the one under the first name if there are two.
    pub(crate) async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Fault> {
        // One by one: a live record under the first name costs no digest and no look at the second.
        for hash in self.hash.and_other() {
            let name = FileName::of_key(key.as_bytes(), hash);
            let file = RecordFile::open(&self.dir.file(&name), Access::Read)?;
            let Some(file) = file else { continue };
            let contents = if file.len() <= READ_IN_PLACE {
                file.read(key.as_bytes())?
            } else {
                let key = key.clone();
                run(self.operation_timeout, move || file.read(key.as_bytes())).await?
            };
            if let Some(contents) = contents {
                return Ok(Some(contents.record()));
            }
        }
        // Without the directory nothing is known, and that is no miss.
        fs::metadata(&self.dir.path)?;
        Ok(None)
    }

    /// Makes `change` on a blocking thread, alone among all processes in changing the record of
    /// `key`, which is written for `owner`.
    ///
    /// Once begun it runs to its end, whole, even if nobody waits for it any more.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        change: impl FnOnce(&Change<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let deadline = Instant::now() + self.operation_timeout;
        let names = self.names(key);
        let entry = owner.filter(|_| self.has_owners).map(|owner| Entry::new(owner, key, &names));
        let turn = self.turns[usize::from(names.first.stripe())].clone().lock_owned();
        let turn = timeout_at(deadline.into(), turn).await.map_err(|_| Fault::TooLate)?;
        let intent = Arc::new(Intent::default());
        let work = {
            let (intent, key) = (intent.clone(), key.clone());
            move |dir: &Dir| {
                let _turn = turn;
                let _held = dir.locks.hold_both(&names, deadline)?;
                let entry = entry.as_ref();
                change(&Change { dir, key: &key, names: &names, entry, intent: &intent })
            }
        };
        match self.visit(deadline.saturating_duration_since(Instant::now()), work).await {
            Err(Fault::TooLate) if !intent.withdraw() => Err(Fault::Overdue),
            done => done,
        }
    }

    /// Reads the index of `owner` batch by batch, each within the operation timeout.
    pub(crate) async fn list(&self, owner: &str) -> Result<Vec<StoreKey>, Fault> {
        let owner = owner.to_owned();
        let begin = move |dir: &Dir| Listing::begin(dir, &owner);
        Ok(self.batches(self.operation_timeout, begin, Listing::look).await?.keys)
    }

    /// Begins on a blocking thread, and takes `step` after `step` there, each within `limit`, until
    /// one says that it was the last.
    pub(crate) async fn batches<T: Send + 'static>(
        &self,
        limit: Duration,
        begin: impl FnOnce(&Dir) -> Result<T, Fault> + Send + 'static,
        step: fn(&mut T, &Dir) -> Result<bool, Fault>,
    ) -> Result<T, Fault> {
        let (mut state, mut is_done) = (self.visit(limit, begin).await?, false);
        while !is_done {
            let step = move |dir: &Dir| step(&mut state, dir).map(|is_done| (state, is_done));
            (state, is_done) = self.visit(limit, step).await?;
        }
        Ok(state)
    }

    /// Runs `work` on a blocking thread.
    pub(crate) async fn visit<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce(&Dir) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let dir = self.dir.clone();
        run(limit, move || work(&dir)).await
    }

    fn names(&self, key: &StoreKey) -> Names {
        Names::new(key.as_bytes(), self.hash)
    }
}

/// Waits for `work` on a blocking thread for as long as `limit`; it goes on after that, unheard.
async fn run<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match timeout(limit, spawn_blocking(work)).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(Fault::Lost),
        Err(_) => Err(Fault::TooLate),
    }
}
