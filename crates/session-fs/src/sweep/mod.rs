//! Keeps the number of files down, as no server does: when to sweep, and in what order.

mod orphans;
mod visit;

use crate::client::Client;
use crate::config::FileOptions;
use crate::disk::dir::Dir;
use crate::error::Fault;
use orphans::Orphans;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use visit::{Records, Tally, count, evict};

/// From the end of a sweep that removes no live record to the next one.
const PAUSE: Duration = Duration::from_secs(60);
/// The same if live records go, whose number is then kept near the threshold.
const EVICTION_PAUSE: Duration = Duration::from_secs(1);
/// A sweep is followed by so many times its own duration.
const REST: u32 = 20;
/// A sweep takes as long as it takes.
const NO_LIMIT: Duration = Duration::MAX;

/// Knows about how many files there are, and sweeps when they are too many.
///
/// Other processes add and remove files unseen, so the number is corrected by every sweep.
pub(crate) struct Keeper {
    client: Arc<Client>,
    threshold: u64,
    evict_live: bool,
    /// `None` until they are counted.
    files: Mutex<Option<u64>>,
    /// When the next sweep above the threshold may begin; locked while there is one.
    next: Arc<tokio::sync::Mutex<Instant>>,
}

impl Keeper {
    pub(crate) fn new(client: Arc<Client>, options: &FileOptions) -> Self {
        let next = Arc::new(tokio::sync::Mutex::new(Instant::now()));
        let (threshold, evict_live) = (options.threshold, options.evict_live);
        Self { client, threshold, evict_live, files: Mutex::new(None), next }
    }

    /// Notes a new file, and sweeps in the background if it was one too many.
    pub(crate) fn added(self: &Arc<Self>) {
        let files = self.files().as_mut().map(|files| {
            *files += 1;
            *files
        });
        if self.threshold == 0 || files.is_some_and(|files| files <= self.threshold) {
            return;
        }
        let Ok(mut next) = self.next.clone().try_lock_owned() else { return };
        if Instant::now() < *next {
            return;
        }
        let keeper = self.clone();
        tokio::spawn(async move {
            if let Err(fault) = keeper.tend(&mut next).await {
                tracing::warn!(?fault, "sweep the session directory above its threshold");
            }
        });
    }

    /// Notes that a file is gone.
    pub(crate) fn removed(&self) {
        if let Some(files) = self.files().as_mut() {
            // None below zero: another process made the file.
            *files = files.saturating_sub(1);
        }
    }

    /// Removes expired records, abandoned drafts and owners' entries without a record, and returns
    /// the number of the records.
    ///
    /// What cannot be looked at or removed is passed by and logged.
    pub(crate) async fn sweep(&self) -> Result<u64, Fault> {
        Ok(self.walk(Tally::default()).await?.removed)
    }

    /// Counts the files if nobody has yet, and sweeps if there are too many.
    async fn tend(&self, next: &mut Instant) -> Result<(), Fault> {
        let pause = if self.evict_live { EVICTION_PAUSE } else { PAUSE };
        if self.files().is_none() {
            let counted = self.client.visit(NO_LIMIT, count).await;
            // Or every write would try again, and warn again.
            *self.files() = Some(counted.inspect_err(|_| *next = Instant::now() + pause)?);
        }
        if self.files().is_some_and(|files| files <= self.threshold) {
            return Ok(());
        }
        let begun = Instant::now();
        let swept = self.sweep_surplus().await;
        *next = Instant::now() + pause.max(begun.elapsed() * REST);
        swept
    }

    async fn sweep_surplus(&self) -> Result<(), Fault> {
        let live = self.evict_live.then(Vec::new);
        let Tally { live, kept, .. } = self.walk(Tally { live, ..Tally::default() }).await?;
        let surplus = usize::try_from(kept.saturating_sub(self.threshold)).unwrap_or(usize::MAX);
        if let Some(live) = live.filter(|_| surplus > 0) {
            let evicted = self.client.visit(NO_LIMIT, move |dir| evict(dir, live, surplus)).await?;
            *self.files() = Some(kept.saturating_sub(evicted));
        }
        Ok(())
    }

    async fn walk(&self, tally: Tally) -> Result<Tally, Fault> {
        let begin = move |dir: &Dir| Records::begin(dir, tally);
        let tally = self.client.batches(NO_LIMIT, begin, Records::look).await?.tally;
        *self.files() = Some(tally.kept);
        // After the records, so that their entries go at once.
        let begin = move |dir: &Dir| Orphans::begin(dir, tally);
        let tally = self.client.batches(NO_LIMIT, begin, Orphans::look).await?.tally;
        if let Some(fault) = &tally.fault {
            tracing::warn!(?fault, files = tally.failed, "sweep the session directory: passed by");
        }
        Ok(tally)
    }

    fn files(&self) -> MutexGuard<'_, Option<u64>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
