//! Owners' entries whose record is gone, or never came.
//!
//! Who makes an entry holds the locks of its record until that is there, too, and a killed process
//! lets go of them: an entry without a live record, seen under its lock, is nobody's.

use super::dir::{Dir, remove};
use super::layout::FileName;
use super::owners::{names_of, read_key};
use super::visit::{BATCH, Tally, hold};
use crate::error::Fault;
use std::fs::{self, FileType, ReadDir};
use std::io;
use std::path::{Path, PathBuf};

/// A walk over the entries of all owners.
pub(super) struct Orphans {
    owners: ReadDir,
    place: Option<Place>,
}

/// The owner at hand.
struct Place {
    path: PathBuf,
    entries: ReadDir,
    has_entries: bool,
}

impl Dir {
    /// Begins to look for entries without a record; `None` if there are no owners.
    pub(super) fn orphans(&self) -> Result<Option<Orphans>, Fault> {
        match fs::read_dir(self.owners()) {
            Ok(owners) => Ok(Some(Orphans { owners, place: None })),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(cause.into()),
        }
    }

    /// Looks at a batch of entries and owners; `true` if there are no more.
    pub(super) fn sweep_orphans(
        &self,
        orphans: &mut Orphans,
        tally: &mut Tally,
    ) -> Result<bool, Fault> {
        for _ in 0..BATCH {
            let Some(place) = &mut orphans.place else {
                let Some(owner) = orphans.owners.next() else { return Ok(true) };
                let owner = owner?;
                let path = owner.path();
                // A link could lead out of the index.
                match owner.file_type().and_then(|kind| open_dir(kind, &path)) {
                    Ok(entries) => {
                        orphans.place = Some(Place { path, entries, has_entries: false });
                    }
                    // Its last entry went meanwhile, or it is none of ours.
                    Err(cause) if is_no_owner(&cause) => {}
                    Err(cause) => tally.pass_by(cause.into()),
                }
                continue;
            };
            let swept = match place.entries.next() {
                Some(entry) => {
                    entry.map_err(Fault::from).and_then(|entry| self.sweep_entry(&entry.path()))
                }
                None => {
                    if !place.has_entries {
                        // Fails if there is one again.
                        let _ = fs::remove_dir(&place.path);
                    }
                    orphans.place = None;
                    continue;
                }
            };
            match swept {
                Ok(is_kept) => place.has_entries |= is_kept,
                Err(fault) => {
                    place.has_entries = true;
                    tally.pass_by(fault);
                }
            }
        }
        Ok(false)
    }

    /// Looks at one entry; `true` if it stays.
    fn sweep_entry(&self, path: &Path) -> Result<bool, Fault> {
        let name = path.file_name().and_then(|name| FileName::of_record(name.to_str()?));
        let Some(name) = name else { return Ok(true) };
        if self.is_needed(path, &name)? {
            return Ok(true);
        }
        let Some(_held) = hold(self, &name)? else { return Ok(true) };
        if self.is_needed(path, &name)? {
            return Ok(true);
        }
        remove(path)?;
        Ok(false)
    }

    /// Whether there is a live record for the entry at `path`, which is called `name`.
    fn is_needed(&self, path: &Path, name: &FileName) -> Result<bool, Fault> {
        // Most records have the name of their entry.
        if self.is_live([name])? {
            return Ok(true);
        }
        // One that does not say whose it is tells of no record.
        match read_key(path)? {
            Some(key) => self.is_live([&names_of(&key).second]),
            None => Ok(false),
        }
    }
}

fn open_dir(kind: FileType, path: &Path) -> io::Result<ReadDir> {
    if kind.is_dir() { fs::read_dir(path) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

fn is_no_owner(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
    )
}
