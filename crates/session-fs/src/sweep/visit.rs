//! What a sweep looks at, and what it makes of it.

use crate::disk::dir::Dir;
use crate::disk::file::{RecordFile, remove};
use crate::disk::header::Header;
use crate::disk::lock::Held;
use crate::disk::names::FileName;
use crate::disk::unless;
use crate::error::Fault;
use std::fs::{self, DirEntry, ReadDir};
use std::io::ErrorKind::{NotFound, PermissionDenied};
use std::time::{Duration, Instant, SystemTime};

/// Directory entries per visit to a blocking thread: a few milliseconds.
pub(super) const BATCH: usize = 512;
/// A draft lives for the few steps between its first byte and its name.
const DRAFT_AGE: Duration = Duration::from_secs(3600);
/// How long a sweep waits for the lock of one file.
const LOCK_TIMEOUT: Duration = Duration::from_millis(50);

/// What a walk over the directory has found so far.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) removed: u64,
    pub(super) kept: u64,
    /// Live records and their ends, only if some may have to go.
    pub(super) live: Option<Vec<(u32, FileName)>>,
    /// How many files could not be looked at or removed, and what was wrong with the first.
    pub(super) failed: u64,
    pub(super) fault: Option<Fault>,
}

impl Tally {
    /// Looks at a file, and removes it if it is dead.
    fn see(&mut self, dir: &Dir, name: FileName) -> Result<(), Fault> {
        match header_of(dir, &name)? {
            Sighting::Nothing => {}
            Sighting::Live(header) => {
                self.kept += 1;
                if let Some(live) = &mut self.live {
                    live.push((header.expiry, name));
                }
            }
            Sighting::Dead if remove_if(dir, &name, |seen| matches!(seen, Sighting::Dead))? => {
                self.removed += 1;
            }
            Sighting::Dead => self.kept += 1,
        }
        Ok(())
    }

    /// Passes by a file: one bad block must not keep all others on the disk.
    pub(super) fn pass_by(&mut self, fault: Fault) {
        self.failed += 1;
        self.fault.get_or_insert(fault);
    }
}

/// A walk over the records.
pub(super) struct Records {
    entries: ReadDir,
    pub(super) tally: Tally,
}

impl Records {
    /// Begins with the drafts, of which there are few.
    pub(super) fn begin(dir: &Dir, mut tally: Tally) -> Result<Self, Fault> {
        sweep_drafts(dir, &mut tally)?;
        Ok(Self { entries: fs::read_dir(&dir.path)?, tally })
    }

    /// Looks at a batch of files; `true` if there are no more.
    pub(super) fn look(&mut self, dir: &Dir) -> Result<bool, Fault> {
        for _ in 0..BATCH {
            let Some(entry) = self.entries.next() else { return Ok(true) };
            let Some(name) = record_name(&entry?) else { continue };
            if let Err(fault) = self.tally.see(dir, name) {
                self.tally.kept += 1;
                self.tally.pass_by(fault);
            }
        }
        Ok(false)
    }
}

/// Removes live records, the ones that end soonest first, until `surplus` are gone.
pub(super) fn evict(
    dir: &Dir,
    mut live: Vec<(u32, FileName)>,
    surplus: usize,
) -> Result<u64, Fault> {
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
    let file = match RecordFile::look(&dir.file(name)) {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(Sighting::Nothing),
        Err(Fault::Io(cause)) if cause.kind() == PermissionDenied => {
            return Ok(Sighting::Nothing);
        }
        Err(fault) => return Err(fault),
    };
    Ok(file.read_header()?.map_or(Sighting::Dead, Sighting::Live))
}

/// Removes a file if it is still as it was seen, now that nobody can change it; `false` if it is
/// not, or if somebody is at it.
fn remove_if(
    dir: &Dir,
    name: &FileName,
    is_as_seen: impl FnOnce(&Sighting) -> bool,
) -> Result<bool, Fault> {
    let Some(_held) = hold(dir, name)? else { return Ok(false) };
    Ok(is_as_seen(&header_of(dir, name)?) && remove(&dir.file(name))?)
}

/// Locks a name; `None` if somebody is at it: the next sweep comes by again.
pub(super) fn hold(dir: &Dir, name: &FileName) -> Result<Option<Held>, Fault> {
    match dir.locks.hold(name, Instant::now() + LOCK_TIMEOUT) {
        Err(Fault::TooLate) => Ok(None),
        held => held.map(Some),
    }
}

/// Removes drafts that nobody will give a name any more.
fn sweep_drafts(dir: &Dir, tally: &mut Tally) -> Result<(), Fault> {
    for draft in unless(NotFound, fs::read_dir(&dir.drafts))?.into_iter().flatten() {
        let draft = draft?;
        let made = draft.metadata().and_then(|metadata| metadata.modified());
        let age = made.ok().and_then(|made| SystemTime::now().duration_since(made).ok());
        if age.is_some_and(|age| age > DRAFT_AGE) {
            remove(&draft.path()).map_or_else(|cause| tally.pass_by(cause.into()), drop);
        }
    }
    Ok(())
}

pub(super) fn count(dir: &Dir) -> Result<u64, Fault> {
    let mut files = 0;
    for entry in fs::read_dir(&dir.path)? {
        files += u64::from(record_name(&entry?).is_some());
    }
    Ok(files)
}

fn record_name(entry: &DirEntry) -> Option<FileName> {
    FileName::of_record(entry.file_name().to_str()?)
}
