//! Owners' entries whose record is gone, or never came.
//!
//! Who makes an entry holds the locks of its record until that is there, too, and a killed process
//! lets go of them: an entry without a live record, seen under its lock, is nobody's.

use super::visit::{BATCH, Tally, hold};
use crate::disk::dir::Dir;
use crate::disk::names::FileName;
use crate::disk::owners::{names_of, read_key, remove_entry};
use crate::disk::unless;
use crate::error::Fault;
use std::fs::{self, DirEntry, ReadDir};
use std::io;
use std::io::ErrorKind::{NotFound, PermissionDenied};
use std::path::Path;

/// A walk over the entries of all owners.
pub(super) struct Orphans {
    owners: Option<ReadDir>,
    /// Those of the owner at hand.
    entries: Option<ReadDir>,
    pub(super) tally: Tally,
}

impl Orphans {
    pub(super) fn begin(dir: &Dir, tally: Tally) -> Result<Self, Fault> {
        Ok(Self { owners: unless(NotFound, fs::read_dir(&dir.owners))?, entries: None, tally })
    }

    /// Looks at a batch of entries and owners; `true` if there are no more.
    pub(super) fn look(&mut self, dir: &Dir) -> Result<bool, Fault> {
        for _ in 0..BATCH {
            if let Some(entry) = self.entries.as_mut().and_then(Iterator::next) {
                let swept = entry.map_err(Fault::from).and_then(|entry| sweep(dir, &entry.path()));
                swept.unwrap_or_else(|fault| self.tally.pass_by(fault));
                continue;
            }
            let Some(owner) = self.owners.as_mut().and_then(Iterator::next) else {
                return Ok(true);
            };
            self.entries = open(&owner?).unwrap_or_else(|cause| {
                self.tally.pass_by(cause.into());
                None
            });
        }
        Ok(false)
    }
}

/// Begins to read an owner's entries; `None` if there are none, or if it is no owner of ours.
fn open(owner: &DirEntry) -> io::Result<Option<ReadDir>> {
    let opened = owner.file_type().and_then(|kind| {
        // A link could lead out of the index. A directory is removed only if it is empty.
        let is_left = kind.is_dir() && fs::remove_dir(owner.path()).is_err();
        is_left.then(|| fs::read_dir(owner.path())).transpose()
    });
    Ok(unless(NotFound, unless(PermissionDenied, opened))?.flatten().flatten())
}

/// Removes the entry at `path` if it has no live record, and its owner's directory if it was the
/// last.
fn sweep(dir: &Dir, path: &Path) -> Result<(), Fault> {
    let name = path.file_name().and_then(|name| FileName::of_record(name.to_str()?));
    let Some(name) = name else { return Ok(()) };
    if is_needed(dir, path, &name)? {
        return Ok(());
    }
    let Some(_held) = hold(dir, &name)? else { return Ok(()) };
    if !is_needed(dir, path, &name)? {
        remove_entry(path)?;
    }
    Ok(())
}

/// Whether there is a live record for the entry at `path`, which is called `name`.
fn is_needed(dir: &Dir, path: &Path, name: &FileName) -> Result<bool, Fault> {
    // Most records have the name of their entry.
    if dir.is_live([name])? {
        return Ok(true);
    }
    // One that does not say whose it is tells of no record.
    match read_key(path)? {
        Some(key) => dir.is_live([&names_of(&key).second]),
        None => Ok(false),
    }
}
