//! Keeps the number of files down: expired records, abandoned drafts, and live ones if told.

use super::dir::{Dir, remove};
use super::file::{Access, RecordFile, now};
use super::layout::{FileName, Header};
use crate::config::FileOptions;
use crate::error::Fault;
use std::fs::{self, DirEntry, ReadDir};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::task::spawn_blocking;

/// Directory entries per visit to a blocking thread: a few milliseconds.
const BATCH: usize = 512;
/// A draft lives for the few steps between its first byte and its name.
const DRAFT_AGE: Duration = Duration::from_secs(3600);
/// How long a sweep waits for the lock of one file; the next sweep comes by again.
const LOCK_TIMEOUT: Duration = Duration::from_millis(50);
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

/// What a walk over the directory has found so far.
#[derive(Default)]
struct Tally {
    removed: u64,
    kept: u64,
    /// Live records and their ends, only if some may have to go.
    live: Vec<(u32, FileName)>,
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

    /// Removes expired records and abandoned drafts, and returns the number of the records.
    pub(super) async fn sweep(&self, dir: &Arc<Dir>) -> Result<u64, Fault> {
        Ok(self.walk(dir, false).await?.removed)
    }

    /// Counts the files if nobody has yet, and sweeps if there are too many.
    async fn tend(&self, dir: &Arc<Dir>) -> Result<(), Fault> {
        if !self.is_counted.load(Ordering::Acquire) {
            let files = blocking({
                let dir = dir.clone();
                move || count(&dir)
            });
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
            let dir = dir.clone();
            let evicted = blocking(move || evict(&dir, tally.live, surplus)).await?;
            self.correct(tally.kept.saturating_sub(evicted));
        }
        Ok(())
    }

    async fn walk(&self, dir: &Arc<Dir>, keeps_list: bool) -> Result<Tally, Fault> {
        let mut tally = Tally::default();
        let mut entries = blocking({
            let dir = dir.clone();
            move || {
                sweep_drafts(&dir)?;
                Ok(fs::read_dir(dir.path())?)
            }
        })
        .await?;
        loop {
            let dir = dir.clone();
            let is_done;
            (entries, tally, is_done) = blocking(move || {
                let is_done = visit(&dir, &mut entries, &mut tally, keeps_list)?;
                Ok((entries, tally, is_done))
            })
            .await?;
            if is_done {
                self.correct(tally.kept);
                return Ok(tally);
            }
        }
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

/// Looks at a batch of entries; `true` if there are no more.
fn visit(
    dir: &Dir,
    entries: &mut ReadDir,
    tally: &mut Tally,
    keeps_list: bool,
) -> Result<bool, Fault> {
    for _ in 0..BATCH {
        let Some(entry) = entries.next() else { return Ok(true) };
        let Some(name) = record_name(&entry?) else { continue };
        match header_of(dir, &name)? {
            Sighting::Nothing => {}
            Sighting::Live(header) => {
                tally.kept += 1;
                if keeps_list {
                    tally.live.push((header.expiry, name));
                }
            }
            Sighting::Dead if remove_if(dir, &name, |seen| matches!(seen, Sighting::Dead))? => {
                tally.removed += 1;
            }
            Sighting::Dead => tally.kept += 1,
        }
    }
    Ok(false)
}

/// Removes live records, the ones that end soonest first, until `surplus` are gone.
fn evict(dir: &Dir, mut live: Vec<(u32, FileName)>, surplus: usize) -> Result<u64, Fault> {
    // 0 is never, so it comes last.
    live.sort_unstable_by_key(|(expiry, _)| expiry.wrapping_sub(1));
    let mut evicted = 0;
    for (expiry, name) in live.iter().take(surplus) {
        let is_as_seen =
            |seen: &Sighting| matches!(seen, Sighting::Live(header) if header.expiry == *expiry);
        evicted += u64::from(remove_if(dir, name, is_as_seen)?);
    }
    Ok(evicted)
}

/// What is under a name.
enum Sighting {
    /// No record, or something that is not ours to judge.
    Nothing,
    Live(Header),
    Dead,
}

fn header_of(dir: &Dir, name: &FileName) -> Result<Sighting, Fault> {
    let file = match RecordFile::open(&dir.file(name), Access::Read) {
        Ok(Some(file)) => file,
        Ok(None) | Err(Fault::NotAFile) => return Ok(Sighting::Nothing),
        Err(Fault::Io(cause)) if cause.kind() == io::ErrorKind::PermissionDenied => {
            return Ok(Sighting::Nothing);
        }
        Err(fault) => return Err(fault),
    };
    Ok(match file.read_header()? {
        Some(header) if header.is_live(now()) => Sighting::Live(header),
        _ => Sighting::Dead,
    })
}

/// Removes a file if it is still as it was seen, now that nobody can change it; `false` if it is
/// not, or if somebody is at it.
fn remove_if(
    dir: &Dir,
    name: &FileName,
    is_as_seen: impl FnOnce(&Sighting) -> bool,
) -> Result<bool, Fault> {
    let _held = match dir.locks.hold(name, Instant::now() + LOCK_TIMEOUT) {
        Err(Fault::TooLate) => return Ok(false),
        held => held?,
    };
    Ok(is_as_seen(&header_of(dir, name)?) && remove(&dir.file(name))?)
}

fn sweep_drafts(dir: &Dir) -> Result<(), Fault> {
    let drafts = match fs::read_dir(dir.drafts()) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        drafts => drafts?,
    };
    for draft in drafts {
        let draft = draft?;
        let made = draft.metadata().and_then(|metadata| metadata.modified());
        let age = made.ok().and_then(|made| SystemTime::now().duration_since(made).ok());
        if age.is_some_and(|age| age > DRAFT_AGE) {
            remove(&draft.path())?;
        }
    }
    Ok(())
}

fn count(dir: &Dir) -> Result<u64, Fault> {
    let mut files = 0;
    for entry in fs::read_dir(dir.path())? {
        files += u64::from(record_name(&entry?).is_some());
    }
    Ok(files)
}

fn record_name(entry: &DirEntry) -> Option<FileName> {
    FileName::of_record(entry.file_name().to_str()?)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    spawn_blocking(work).await.map_err(|_| Fault::Lost)?
}
