//! Keeps the number of files down: when to sweep, and in what order.

use super::dir::Dir;
use super::visit::{Tally, count, evict, sweep_drafts, visit};
use crate::config::FileOptions;
use crate::error::Fault;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;

/// From the end of a sweep that removes no live record to the next one.
const PAUSE: Duration = Duration::from_secs(60);
/// The same if live records go, whose number is then kept near the threshold.
const EVICTION_PAUSE: Duration = Duration::from_secs(1);
/// A sweep is followed by so many times its own duration.
const REST: u32 = 20;

/// Knows about how many files there are, and sweeps when they are too many.
///
/// Other processes add and remove files unseen, so the number is corrected by every sweep.
#[derive(Debug)]
pub(super) struct Keeper {
    threshold: u64,
    evict_live: bool,
    files: AtomicU64,
    is_counted: AtomicBool,
    is_busy: AtomicBool,
    next: Mutex<Instant>,
}

impl Keeper {
    pub(super) fn new(options: &FileOptions) -> Self {
        Self {
            threshold: options.threshold,
            evict_live: options.evict_live,
            files: AtomicU64::new(0),
            is_counted: AtomicBool::new(false),
            is_busy: AtomicBool::new(false),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Notes a new file, and sweeps in the background if it was one too many.
    pub(super) fn added(self: &Arc<Self>, dir: &Arc<Dir>) {
        let files = self.files.fetch_add(1, Ordering::Relaxed) + 1;
        let is_counted = self.is_counted.load(Ordering::Acquire);
        if self.threshold == 0 || (is_counted && files <= self.threshold) || !self.is_due() {
            return;
        }
        if self.is_busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let (keeper, dir) = (self.clone(), dir.clone());
        tokio::spawn(async move {
            let _busy = Busy(&keeper.is_busy);
            if let Err(fault) = keeper.tend(&dir).await {
                tracing::warn!(?fault, "sweep the session directory above its threshold");
            }
        });
    }

    /// Notes that a file is gone.
    pub(super) fn removed(&self) {
        let less = |files: u64| files.checked_sub(1);
        // None below zero: another process made the file.
        let _ = self.files.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Removes expired records, abandoned drafts and owners' entries without a record, and returns
    /// the number of the records.
    ///
    /// What cannot be looked at or removed is passed by and logged.
    pub(super) async fn sweep(&self, dir: &Arc<Dir>) -> Result<u64, Fault> {
        Ok(self.walk(dir, false).await?.removed)
    }

    /// Counts the files if nobody has yet, and sweeps if there are too many.
    async fn tend(&self, dir: &Arc<Dir>) -> Result<(), Fault> {
        if !self.is_counted.load(Ordering::Acquire) {
            let files = visiting(dir, count);
            // Or every write would try again, and warn again.
            self.correct(files.await.inspect_err(|_| self.rest(Duration::ZERO))?);
        }
        if self.files.load(Ordering::Relaxed) <= self.threshold {
            return Ok(());
        }
        let begun = Instant::now();
        let swept = self.sweep_surplus(dir).await;
        self.rest(begun.elapsed());
        swept
    }

    async fn sweep_surplus(&self, dir: &Arc<Dir>) -> Result<(), Fault> {
        let tally = self.walk(dir, self.evict_live).await?;
        let surplus = usize::try_from(tally.kept.saturating_sub(self.threshold));
        let surplus = surplus.unwrap_or(usize::MAX).min(tally.live.len());
        if surplus > 0 {
            let evicted = visiting(dir, move |dir| evict(dir, tally.live, surplus)).await?;
            self.correct(tally.kept.saturating_sub(evicted));
        }
        Ok(())
    }

    async fn walk(&self, dir: &Arc<Dir>, keeps_list: bool) -> Result<Tally, Fault> {
        let mut tally = Tally::default();
        let mut entries;
        (entries, tally) = visiting(dir, move |dir| {
            sweep_drafts(dir, &mut tally)?;
            Ok((fs::read_dir(dir.path())?, tally))
        })
        .await?;
        let mut is_done = false;
        while !is_done {
            (entries, tally, is_done) = visiting(dir, move |dir| {
                let is_done = visit(dir, &mut entries, &mut tally, keeps_list)?;
                Ok((entries, tally, is_done))
            })
            .await?;
        }
        self.correct(tally.kept);
        // After the records, so that their entries go at once.
        let mut orphans = visiting(dir, |dir| dir.orphans()).await?;
        while let Some(mut some) = orphans {
            (orphans, tally) = visiting(dir, move |dir| {
                let is_done = dir.sweep_orphans(&mut some, &mut tally)?;
                Ok(((!is_done).then_some(some), tally))
            })
            .await?;
        }
        if let Some(fault) = &tally.fault {
            tracing::warn!(?fault, files = tally.failed, "sweep the session directory: passed by");
        }
        Ok(tally)
    }

    fn correct(&self, files: u64) {
        self.files.store(files, Ordering::Relaxed);
        self.is_counted.store(true, Ordering::Release);
    }

    fn is_due(&self) -> bool {
        Instant::now() >= *self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rest(&self, after: Duration) {
        let pause = if self.evict_live { EVICTION_PAUSE } else { PAUSE };
        let next = Instant::now() + pause.max(after * REST);
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

/// Frees the keeper even if its task is dropped with the runtime.
struct Busy<'a>(&'a AtomicBool);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

async fn visiting<T: Send + 'static>(
    dir: &Arc<Dir>,
    work: impl FnOnce(&Dir) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let dir = dir.clone();
    spawn_blocking(move || work(&dir)).await.map_err(|_| Fault::Lost)?
}
