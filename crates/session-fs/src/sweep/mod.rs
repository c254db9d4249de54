//! Keeps the number of files down, as no server does: when to sweep, and in what order.

mod orphans;
#[cfg(test)]
mod tests;
mod turn;
mod visit;

use crate::client::Client;
use crate::config::FileOptions;
use crate::disk::dir::Dir;
use crate::error::Fault;
use orphans::Orphans;
use session_core::store::unix_time;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use turn::{Count, Turn};
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
/// Other processes add and remove files unseen, so the number is corrected by every walk over the
/// directory, of which one process at a time makes one for all.
pub(crate) struct Keeper {
    client: Arc<Client>,
    threshold: u64,
    evict_live: bool,
    /// `None` until they are counted.
    files: Mutex<Option<Count>>,
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
        let files = self.files().as_mut().map(|count| {
            count.files += 1;
            count.files
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
        if let Some(count) = self.files().as_mut() {
            // None below zero: another process made the file.
            count.files = count.files.saturating_sub(1);
        }
    }

    /// Removes expired records, abandoned drafts and owners' entries without a record, and returns
    /// the number of the records.
    ///
    /// What cannot be looked at or removed is passed by and logged. Who asks for it gets it, also
    /// while another process has the turn.
    pub(crate) async fn sweep(&self) -> Result<u64, Fault> {
        let turn = self.client.visit(NO_LIMIT, |dir| Ok(Turn::take(dir))).await?;
        let begun = Instant::now();
        let tally = self.walk(Tally::default()).await?;
        self.conclude(turn, rest_after(self.pause(), begun.elapsed())).await?;
        Ok(tally.removed)
    }

    /// Counts the files if nobody has lately, and sweeps if there are too many and nobody has since.
    async fn tend(&self, next: &mut Instant) -> Result<(), Fault> {
        // Also after a failure, or every write would try again, and warn again.
        *next = Instant::now() + self.pause();
        let Some((turn, count)) = self.client.visit(NO_LIMIT, begin).await? else { return Ok(()) };
        let files = {
            let mut known = self.files();
            let known = match &mut *known {
                // What this process added and removed since is in its own alone.
                Some(own) if own.at >= count.at => own,
                known => known.insert(count),
            };
            known.files
        };
        if files <= self.threshold {
            *next = Instant::now();
            return Ok(());
        }
        let rest = count.rest_left(unix_time());
        if !rest.is_zero() {
            *next = Instant::now() + rest;
            return Ok(());
        }
        let begun = Instant::now();
        let swept = self.sweep_surplus().await;
        let rest = rest_after(self.pause(), begun.elapsed());
        *next = Instant::now() + rest;
        self.conclude(swept.map(|()| Some(turn))?, rest).await
    }

    async fn sweep_surplus(&self) -> Result<(), Fault> {
        let live = self.evict_live.then(Vec::new);
        let Tally { live, kept, .. } = self.walk(Tally { live, ..Tally::default() }).await?;
        let surplus = usize::try_from(kept.saturating_sub(self.threshold)).unwrap_or(usize::MAX);
        if let Some(live) = live.filter(|_| surplus > 0) {
            let evicted = self.client.visit(NO_LIMIT, move |dir| evict(dir, live, surplus)).await?;
            self.learn(kept.saturating_sub(evicted));
        }
        Ok(())
    }

    async fn walk(&self, tally: Tally) -> Result<Tally, Fault> {
        let begin = move |dir: &Dir| Records::begin(dir, tally);
        let tally = self.client.batches(NO_LIMIT, begin, Records::look).await?.tally;
        self.learn(tally.kept);
        // After the records, so that their entries go at once.
        let begin = move |dir: &Dir| Orphans::begin(dir, tally);
        let tally = self.client.batches(NO_LIMIT, begin, Orphans::look).await?.tally;
        if let Some(fault) = &tally.fault {
            tracing::warn!(?fault, files = tally.failed, "sweep the session directory: passed by");
        }
        Ok(tally)
    }

    /// Tells the others what a walk found, and lets them have the turn.
    async fn conclude(&self, turn: Option<Turn>, rest: Duration) -> Result<(), Fault> {
        let Some((turn, count)) = turn.zip(*self.files()) else { return Ok(()) };
        let told = Count { rest, ..count };
        let tell = move |_: &Dir| {
            turn.tell(told);
            Ok(())
        };
        self.client.visit(NO_LIMIT, tell).await
    }

    fn pause(&self) -> Duration {
        if self.evict_live { EVICTION_PAUSE } else { PAUSE }
    }

    fn learn(&self, files: u64) {
        *self.files() = Some(Count { files, at: unix_time(), rest: Duration::ZERO });
    }

    fn files(&self) -> MutexGuard<'_, Option<Count>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From the end of a sweep that `took` so long to the next one: the more files, the longer.
fn rest_after(pause: Duration, took: Duration) -> Duration {
    pause.max(took.saturating_mul(REST))
}

/// Takes the turn and what is known; counts if nobody has lately. `None` if it is another's turn.
fn begin(dir: &Dir) -> Result<Option<(Turn, Count)>, Fault> {
    let Some(turn) = Turn::take(dir) else { return Ok(None) };
    let now = unix_time();
    if let Some(count) = turn.told().filter(|count| count.is_current(now)) {
        return Ok(Some((turn, count)));
    }
    let count = Count { files: count(dir)?, at: now, rest: Duration::ZERO };
    turn.tell(count);
    Ok(Some((turn, count)))
}
