//! Owners' entries whose record is gone, or never came.
//!
//! Who makes an entry holds the locks of its record until that is there, too, and a killed process
//! lets go of them: an entry without a live record, seen under its lock, is nobody's.

use super::dir::{Dir, remove};
use super::layout::FileName;
use super::owners::{names_of, read_key};
use super::visit::{BATCH, Tally, hold};
use crate::error::Fault;
use std::fs::{self, ReadDir};
use std::io;
use std::path::{Path, PathBuf};

/// A walk over the entries of all owners.
pub(super) struct Orphans {
    owners: ReadDir,
    /// The owner at hand.
    place: Option<(PathBuf, ReadDir)>,
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
            let Some((place, entries)) = &mut orphans.place else {
                let Some(owner) = orphans.owners.next() else { return Ok(true) };
                let place = owner?.path();
                match fs::read_dir(&place) {
                    Ok(entries) => orphans.place = Some((place, entries)),
                    // Its last entry went meanwhile, or it is none of ours.
                    Err(cause) if is_no_owner(&cause) => {}
                    Err(cause) => tally.pass_by(cause.into()),
                }
                continue;
            };
            match entries.next() {
                Some(Ok(entry)) => {
                    if let Err(fault) = self.sweep_entry(&entry.path()) {
                        tally.pass_by(fault);
                    }
                }
                Some(Err(cause)) => tally.pass_by(cause.into()),
                None => {
                    // Fails while there is anything.
                    let _ = fs::remove_dir(place);
                    orphans.place = None;
                }
            }
        }
        Ok(false)
    }

    fn sweep_entry(&self, path: &Path) -> Result<(), Fault> {
        let name = path.file_name().and_then(|name| FileName::of_record(name.to_str()?));
        let Some(name) = name else { return Ok(()) };
        if !self.is_orphan(path)? {
            return Ok(());
        }
        if let Some(_held) = hold(self, &name)?
            && self.is_orphan(path)?
        {
            remove(path)?;
        }
        Ok(())
    }

    fn is_orphan(&self, path: &Path) -> Result<bool, Fault> {
        // One that does not say whose it is tells of no record.
        let is_live = match read_key(path)? {
            Some(key) => self.is_live(&names_of(&key))?,
            None => false,
        };
        Ok(!is_live)
    }
}

fn is_no_owner(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
    )
}
