//! The session directory: every operation as the blocking steps it takes.

use super::file::{Access, Contents, Draft, RecordFile, now};
use super::intent::Intent;
use super::layout::{FileName, Form, Names, TRANSACTION_SUFFIX, expiry_for};
use super::lock::{Locks, make_dir, make_one};
use super::owners::Entry;
use crate::config::{Durability, FileOptions};
use crate::error::Fault;
use session_core::{Bytes, Outcome, Record};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

const WRITTEN: Outcome = Outcome::Written { cas: 0 };

/// A session directory that was made ready.
#[derive(Debug)]
pub(super) struct Dir {
    path: PathBuf,
    drafts: PathBuf,
    owners: PathBuf,
    pub(super) locks: Locks,
    mode: u32,
    directory_mode: u32,
    flush: bool,
}

/// A record that was found, and where.
struct Found<'a> {
    name: &'a FileName,
    contents: Contents,
}

impl Dir {
    /// Makes what is missing of the directory and of what the store keeps in it.
    pub(super) fn open(options: &FileOptions) -> io::Result<Self> {
        let directory_mode = options.directory_mode();
        make_session_dir(&options.dir, directory_mode)?;
        // The path must hold when the process changes its directory.
        let path = options.dir.canonicalize()?;
        let own = path.join(format!("session{TRANSACTION_SUFFIX}"));
        let drafts = own.join("drafts");
        make_dir(&drafts, directory_mode)?;
        let locks = Locks::open(own.join("locks"), options.mode, directory_mode)?;
        let flush = options.durability == Durability::PowerCut;
        let owners = own.join("owners");
        Ok(Self { path, drafts, owners, locks, mode: options.mode, directory_mode, flush })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn drafts(&self) -> &Path {
        &self.drafts
    }

    pub(super) fn owners(&self) -> &Path {
        &self.owners
    }

    pub(super) fn directory_mode(&self) -> u32 {
        self.directory_mode
    }

    /// Whether what is acknowledged must outlive a power cut.
    pub(super) fn is_flushing(&self) -> bool {
        self.flush
    }

    pub(super) fn file(&self, name: &FileName) -> PathBuf {
        self.path.join(name.as_str())
    }

    /// Opens the files of both names that there are.
    pub(super) fn candidates(&self, names: &Names) -> Result<[Option<RecordFile>; 2], Fault> {
        let first = RecordFile::open(&self.file(&names.first), Access::Read)?;
        let second = RecordFile::open(&self.file(&names.second), Access::Read)?;
        if first.is_none() && second.is_none() {
            // Without the directory nothing is known, and that is no miss.
            fs::metadata(&self.path)?;
        }
        Ok([first, second])
    }

    /// Writes a record under a key that has no live one; its locks are held.
    pub(super) fn create(
        &self,
        names: &Names,
        payload: &Bytes,
        ttl: Duration,
        entry: Option<&Entry>,
        intent: &Intent,
    ) -> Result<Outcome, Fault> {
        if self.find(names, Access::Read)?.is_some() {
            return Ok(Outcome::Refused);
        }
        let draft = self.draft(payload, ttl)?;
        let path = self.file(&names.first);
        self.with_entry(names, entry, || {
            intent.stand()?;
            match draft.link(&path) {
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
                    // An expired record, or one that a writer without our locks has just put there.
                    if self.find(names, Access::Read)?.is_some() {
                        return Ok(Outcome::Refused);
                    }
                    draft.rename(&path)?;
                }
                linked => linked?,
            }
            self.flush_names()?;
            Ok(WRITTEN)
        })
    }

    /// Replaces a record that is still `loaded`; its locks are held.
    pub(super) fn update(
        &self,
        names: &Names,
        payload: &Bytes,
        ttl: Duration,
        loaded: &Record,
        entry: Option<&Entry>,
        intent: &Intent,
    ) -> Result<Outcome, Fault> {
        match self.find(names, Access::Read)? {
            Some(found) if found.contents.is(loaded) => self.with_entry(names, entry, || {
                self.replace(found.name, payload, ttl, intent)?;
                Ok(WRITTEN)
            }),
            _ => Ok(Outcome::Refused),
        }
    }

    /// Renews a record that is still `loaded`; its locks are held.
    pub(super) fn touch(
        &self,
        names: &Names,
        ttl: Duration,
        loaded: &Record,
        entry: Option<&Entry>,
        intent: &Intent,
    ) -> Result<Outcome, Fault> {
        let Some(found) = self.find(names, Access::Renew)? else { return Ok(Outcome::Refused) };
        let contents = found.contents;
        if !contents.is(loaded) {
            return Ok(Outcome::Refused);
        }
        self.with_entry(names, entry, || {
            match contents.header.form {
                Form::Plain => {
                    let expiry = expiry_for(now(), ttl, &loaded.payload);
                    intent.stand()?;
                    contents.renew(expiry, self.flush)?;
                }
                // A pickled expiry has no room for a longer one.
                Form::Pickled => self.replace(found.name, &contents.payload(), ttl, intent)?,
            }
            Ok(WRITTEN)
        })
    }

    /// Removes a record, only if it is still `expected` where that is given; its locks are held.
    pub(super) fn delete(
        &self,
        names: &Names,
        expected: Option<&Record>,
        entry: Option<&Entry>,
        intent: &Intent,
    ) -> Result<bool, Fault> {
        let found = self.find(names, Access::Read)?;
        let Some(found) = found else {
            if let Some(entry) = entry {
                self.leave(names, entry);
            }
            return Ok(false);
        };
        if expected.is_some_and(|expected| !found.contents.is(expected)) {
            return Ok(false);
        }
        intent.stand()?;
        // What lies under the other name goes first, or it would be what the key holds next.
        for name in names.both().into_iter().filter(|name| *name != found.name) {
            remove(&self.file(name))?;
        }
        let removed = remove(&self.file(found.name))?;
        // Before the entry goes: after a power cut the record may be back, and must be listed.
        self.flush_names()?;
        if let Some(entry) = entry {
            self.leave(names, entry);
        }
        Ok(removed)
    }

    /// Returns the live record, the one under the first name if there are two.
    fn find<'a>(&self, names: &'a Names, access: Access) -> Result<Option<Found<'a>>, Fault> {
        for name in names.both() {
            let Some(file) = RecordFile::open(&self.file(name), access)? else { continue };
            match file.read()? {
                Some(contents) if contents.is_live() => return Ok(Some(Found { name, contents })),
                _ => {}
            }
        }
        Ok(None)
    }

    fn replace(
        &self,
        name: &FileName,
        payload: &Bytes,
        ttl: Duration,
        intent: &Intent,
    ) -> Result<(), Fault> {
        let draft = self.draft(payload, ttl)?;
        intent.stand()?;
        draft.rename(&self.file(name))?;
        self.flush_names()
    }

    fn draft(&self, payload: &Bytes, ttl: Duration) -> io::Result<Draft> {
        self.draft_of(&[&expiry_for(now(), ttl, payload).to_le_bytes(), payload])
    }

    /// Writes a file that has no name yet.
    pub(super) fn draft_of(&self, parts: &[&[u8]]) -> io::Result<Draft> {
        let write = || Draft::write(&self.drafts, self.mode, parts, self.flush);
        match write() {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                make_dir(&self.drafts, self.directory_mode)?;
                write()
            }
            written => written,
        }
    }

    /// Makes names that were given or taken outlive a power cut, if that was asked for.
    fn flush_names(&self) -> Result<(), Fault> {
        if !self.flush {
            return Ok(());
        }
        File::open(&self.path).and_then(|dir| dir.sync_all()).map_err(Fault::Unflushed)
    }
}

/// Makes the session directory, with its parents, unless it is there.
fn make_session_dir(dir: &Path, mode: u32) -> io::Result<()> {
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(mode).create(parent)?;
    }
    match make_one(dir, mode) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        made => made,
    }
}

/// Returns the record among what [`Dir::candidates`] opened.
pub(super) fn live_record(candidates: [Option<RecordFile>; 2]) -> Result<Option<Record>, Fault> {
    for file in candidates.into_iter().flatten() {
        match file.read()? {
            Some(contents) if contents.is_live() => return Ok(Some(contents.record())),
            _ => {}
        }
    }
    Ok(None)
}

/// Removes a file; `false` if there was none.
pub(super) fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(cause),
    }
}
