//! The index of owners: a directory per owner, a file per record, which holds the record's key.
//!
//! Whoever changes an entry holds the locks of its record. It is made before the record and removed
//! after it, so a live record that was written for an owner always has one. An entry without a live
//! record is skipped when the index is read, and swept.

use super::dir::Dir;
use super::file::{RecordFile, remove};
use super::names::{FileName, Names, hex};
use super::unless;
use crate::config::FileHash;
use crate::error::Fault;
use session_core::{Outcome, StoreKey};
use sha2::{Digest as _, Sha256};
use std::fs::{self, ReadDir};
use std::io;
use std::io::ErrorKind::{AlreadyExists, NotFound};
use std::path::{Path, PathBuf};

/// Entries per visit to a blocking thread.
const BATCH: usize = 256;
/// How often an owner's directory is made again that others remove, each time they find it empty.
const ATTEMPTS: usize = 64;

/// One record's place in its owner's index.
pub(crate) struct Entry {
    owner: Box<str>,
    name: FileName,
    key: StoreKey,
}

/// What was read of an owner's index so far.
pub(crate) struct Listing {
    entries: Option<ReadDir>,
    pub(crate) keys: Vec<StoreKey>,
}

impl Entry {
    /// The place of `key`, whose names are `names`, in the index of `owner`.
    pub(crate) fn new(owner: &str, key: &StoreKey, names: &Names) -> Self {
        Self { owner: digest(owner), name: names.sha256().clone(), key: key.clone() }
    }
}

impl Listing {
    /// Begins to read the index of `owner`.
    pub(crate) fn begin(dir: &Dir, owner: &str) -> Result<Self, Fault> {
        let entries = unless(NotFound, fs::read_dir(dir.owner(&digest(owner))))?;
        if entries.is_none() {
            // Without the directory nothing is known, and that is no empty index.
            fs::metadata(&dir.path)?;
        }
        Ok(Self { entries, keys: Vec::new() })
    }

    /// Reads a batch of entries; `true` if there are no more.
    pub(crate) fn look(&mut self, dir: &Dir) -> Result<bool, Fault> {
        for _ in 0..BATCH {
            let Some(entry) = self.entries.as_mut().and_then(Iterator::next) else {
                return Ok(true);
            };
            let Some(key) = read_key(&entry?.path())? else { continue };
            // What cannot be read may live, and must not keep the owner's others out of the list.
            if dir.is_live(names_of(&key).both()).unwrap_or(true) {
                self.keys.push(key);
            }
        }
        Ok(false)
    }
}

impl Dir {
    /// Makes `change` with `entry` in the index: there before the change, and afterwards unless
    /// nothing came of it. The locks of the record are held.
    pub(crate) fn with_entry(
        &self,
        entry: Option<&Entry>,
        change: impl FnOnce() -> Result<Outcome, Fault>,
    ) -> Result<Outcome, Fault> {
        let Some(entry) = entry else { return change() };
        let is_new = self.enter(entry)?;
        let changed = change();
        let is_made = matches!(changed, Ok(Outcome::Written { .. }) | Err(Fault::Unflushed(_)));
        if is_new && !is_made {
            self.leave(entry);
        }
        changed
    }

    /// Takes the entry of a record that is no more; the record's locks are held.
    ///
    /// A session must always end, so what fails here is left to a sweep.
    pub(crate) fn leave(&self, entry: &Entry) {
        let _ = remove_entry(&self.owner(&entry.owner).join(entry.name.as_str()));
    }

    /// Whether there is a live record under one of `names`.
    pub(crate) fn is_live<'a>(
        &self,
        names: impl IntoIterator<Item = &'a FileName>,
    ) -> Result<bool, Fault> {
        for name in names {
            // What cannot be loaded is no record.
            let file = RecordFile::look(&self.file(name))?;
            if file.map(|file| file.read_header()).transpose()?.flatten().is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Puts `entry` into the index; `false` if it was there.
    fn enter(&self, entry: &Entry) -> Result<bool, Fault> {
        let place = self.owner(&entry.owner);
        let path = place.join(entry.name.as_str());
        if read_key(&path)?.is_some_and(|key| key == entry.key) {
            return Ok(false);
        }
        let draft = self.draft(&[entry.key.as_bytes()])?;
        for _ in 0..ATTEMPTS {
            if unless(NotFound, draft.rename(&path))?.is_some() {
                // The owner's, that of all owners and the store's own: each may be new.
                if let Err(cause) = place.ancestors().take(3).try_for_each(|dir| self.flush(dir)) {
                    // Whoever found it there would take it for flushed.
                    self.leave(entry);
                    return Err(cause.into());
                }
                return Ok(true);
            }
            self.modes.make_own(&self.owners)?;
            // Somebody else may make it, or remove it again.
            unless(NotFound, unless(AlreadyExists, self.modes.make_dir(&place)))?;
        }
        Err(io::Error::from(io::ErrorKind::ResourceBusy).into())
    }

    /// The directory of an owner's entries.
    fn owner(&self, digest: &str) -> PathBuf {
        self.owners.join(digest)
    }
}

/// Reads the key in the entry at `path`; `None` if there is no entry, or none that belongs there,
/// as a power cut leaves one behind.
pub(crate) fn read_key(path: &Path) -> Result<Option<StoreKey>, Fault> {
    let Some(file) = RecordFile::look(path)? else { return Ok(None) };
    let Some(bytes) = file.read_whole()? else { return Ok(None) };
    let Ok(key) = std::str::from_utf8(&bytes) else { return Ok(None) };
    let key = StoreKey::new("", key);
    let is_named = path.file_name().is_some_and(|name| name == names_of(&key).sha256().as_str());
    Ok(is_named.then_some(key))
}

/// Removes the entry at `path`, and its owner's directory if it was the last.
pub(crate) fn remove_entry(path: &Path) -> io::Result<()> {
    remove(path)?;
    if let Some(place) = path.parent() {
        // Fails while there are others.
        let _ = fs::remove_dir(place);
    }
    Ok(())
}

/// The names of a key, the one by SHA-256 first.
pub(crate) fn names_of(key: &StoreKey) -> Names {
    Names::new(key.as_bytes(), FileHash::Sha256)
}

fn digest(owner: &str) -> Box<str> {
    hex(&Sha256::digest(owner.as_bytes()))
}
