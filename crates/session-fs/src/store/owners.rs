//! The index of owners: a directory per owner, a file per record, which holds the record's key.
//!
//! Whoever changes an entry holds the locks of its record. It is made before the record and removed
//! after it, so a live record that was written for an owner always has one. An entry without a live
//! record is skipped when the index is read, and swept.

use super::dir::{Dir, remove};
use super::file::{Access, RecordFile, now};
use super::layout::{FileName, Names, hex};
use super::lock::{make_dir, make_one};
use crate::config::FileHash;
use crate::error::Fault;
use session_core::{Outcome, StoreKey};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, ReadDir};
use std::io;
use std::path::{Path, PathBuf};

/// Entries per visit to a blocking thread.
const BATCH: usize = 256;
/// How often an owner's directory is made again that others remove, each time they find it empty.
const ATTEMPTS: usize = 64;

/// One record's place in its owner's index.
pub(super) struct Entry {
    owner: Box<str>,
    key: StoreKey,
}

/// What was read of an owner's index so far.
pub(super) struct Listing {
    entries: ReadDir,
    pub(super) keys: Vec<StoreKey>,
}

impl Entry {
    pub(super) fn new(owner: &str, key: &StoreKey) -> Self {
        Self { owner: digest(owner), key: key.clone() }
    }
}

impl Dir {
    /// Makes `change` with `entry` in the index: there before the change, and afterwards unless
    /// nothing came of it. The locks of the record are held.
    pub(super) fn with_entry(
        &self,
        names: &Names,
        entry: Option<&Entry>,
        change: impl FnOnce() -> Result<Outcome, Fault>,
    ) -> Result<Outcome, Fault> {
        let Some(entry) = entry else { return change() };
        let is_new = self.enter(names, entry)?;
        let changed = change();
        let is_made = matches!(changed, Ok(Outcome::Written { .. }) | Err(Fault::Unflushed(_)));
        if is_new && !is_made {
            self.leave(names, entry);
        }
        changed
    }

    /// Takes the entry of a record that is no more; the record's locks are held.
    ///
    /// A session must always end, so what fails here is left to a sweep.
    pub(super) fn leave(&self, names: &Names, entry: &Entry) {
        let place = self.owner(&entry.owner);
        let _ = remove(&place.join(names.sha256().as_str()));
        // Fails while there are others.
        let _ = fs::remove_dir(place);
    }

    /// Begins to read the index of `owner`; `None` if there is none.
    pub(super) fn listing(&self, owner: &str) -> Result<Option<Listing>, Fault> {
        match fs::read_dir(self.owner(&digest(owner))) {
            Ok(entries) => Ok(Some(Listing { entries, keys: Vec::new() })),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                // Without the directory nothing is known, and that is no empty index.
                fs::metadata(self.path())?;
                Ok(None)
            }
            Err(cause) => Err(cause.into()),
        }
    }

    /// Reads a batch of entries; `true` if there are no more.
    pub(super) fn list_some(&self, listing: &mut Listing) -> Result<bool, Fault> {
        for _ in 0..BATCH {
            let Some(entry) = listing.entries.next() else { return Ok(true) };
            let Some(key) = read_key(&entry?.path())? else { continue };
            // What cannot be read may live, and must not keep the owner's others out of the list.
            if self.is_live(names_of(&key).both()).unwrap_or(true) {
                listing.keys.push(key);
            }
        }
        Ok(false)
    }

    /// Whether there is a live record under one of `names`.
    pub(super) fn is_live<'a>(
        &self,
        names: impl IntoIterator<Item = &'a FileName>,
    ) -> Result<bool, Fault> {
        for name in names {
            let header = match RecordFile::open(&self.file(name), Access::Read) {
                Ok(Some(file)) => file.read_header()?,
                // What cannot be loaded is no record.
                Ok(None) | Err(Fault::NotAFile) => None,
                Err(fault) => return Err(fault),
            };
            if header.is_some_and(|header| header.is_live(now())) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Puts `entry` into the index; `false` if it was there.
    fn enter(&self, names: &Names, entry: &Entry) -> Result<bool, Fault> {
        let place = self.owner(&entry.owner);
        let path = place.join(names.sha256().as_str());
        if read_key(&path)?.is_some_and(|key| key == entry.key) {
            return Ok(false);
        }
        let draft = self.draft_of(&[entry.key.as_bytes()])?;
        for _ in 0..ATTEMPTS {
            match draft.rename(&path) {
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                    self.make_owner(&place)?;
                }
                renamed => {
                    renamed?;
                    self.flush_entry(&place)?;
                    return Ok(true);
                }
            }
        }
        Err(io::Error::from(io::ErrorKind::ResourceBusy).into())
    }

    fn make_owner(&self, place: &Path) -> io::Result<()> {
        make_dir(self.owners(), self.directory_mode())?;
        match make_one(place, self.directory_mode()) {
            // Somebody else made it, or has removed it again.
            Err(cause)
                if matches!(
                    cause.kind(),
                    io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound
                ) =>
            {
                Ok(())
            }
            made => made,
        }
    }

    fn flush_entry(&self, place: &Path) -> io::Result<()> {
        if self.is_flushing() {
            // The owner's, that of all owners and the store's own: each may be new.
            for dir in place.ancestors().take(3) {
                File::open(dir)?.sync_all()?;
            }
        }
        Ok(())
    }

    /// The directory of an owner's entries.
    fn owner(&self, digest: &str) -> PathBuf {
        self.owners().join(digest)
    }
}

/// Reads the key in the entry at `path`; `None` if there is no entry, or none that belongs there,
/// as a power cut leaves one behind.
pub(super) fn read_key(path: &Path) -> Result<Option<StoreKey>, Fault> {
    let file = match RecordFile::open(path, Access::Read) {
        Ok(Some(file)) => file,
        Ok(None) | Err(Fault::NotAFile) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let Some(bytes) = file.read_whole()? else { return Ok(None) };
    let Ok(key) = std::str::from_utf8(&bytes) else { return Ok(None) };
    let key = StoreKey::new("", key);
    let is_named = path.file_name().is_some_and(|name| name == names_of(&key).sha256().as_str());
    Ok(is_named.then_some(key))
}

/// The names of a key, the one by SHA-256 first.
pub(super) fn names_of(key: &StoreKey) -> Names {
    Names::new(key.as_bytes(), FileHash::Sha256)
}

fn digest(owner: &str) -> Box<str> {
    hex(&Sha256::digest(owner.as_bytes()))
}
