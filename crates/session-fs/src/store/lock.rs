//! The locks that the processes of one directory share.

use super::layout::{FileName, Names};
use crate::error::Fault;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Between two attempts at a lock that another process has; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(4);

/// One lock file for each first byte of a file name.
///
/// They are made when the directory is opened, so that taking one needs no room on the disk. All
/// processes must agree on their names.
#[derive(Debug)]
pub(super) struct Locks {
    dir: PathBuf,
    mode: u32,
    directory_mode: u32,
}

/// Locks that are held until this is dropped, or the process ends.
#[derive(Debug)]
pub(super) struct Held {
    _files: [Option<File>; 2],
}

impl Locks {
    /// Makes the lock files that are missing.
    pub(super) fn open(dir: PathBuf, mode: u32, directory_mode: u32) -> io::Result<Self> {
        let locks = Self { dir, mode, directory_mode };
        make_dir(&locks.dir, directory_mode)?;
        for stripe in 0..=u8::MAX {
            locks.open_file(&format!("{stripe:02x}"))?;
        }
        Ok(locks)
    }

    /// Locks both names of a key, in the order that every process takes them in.
    pub(super) fn hold_both(&self, names: &Names, deadline: Instant) -> Result<Held, Fault> {
        let [first, second] = names.both().map(FileName::stripe);
        let lower = self.lock(first.min(second), deadline)?;
        let upper = match first == second {
            true => None,
            false => Some(self.lock(first.max(second), deadline)?),
        };
        Ok(Held { _files: [Some(lower), upper] })
    }

    /// Locks one name.
    pub(super) fn hold(&self, name: &FileName, deadline: Instant) -> Result<Held, Fault> {
        Ok(Held { _files: [Some(self.lock(name.stripe(), deadline)?), None] })
    }

    /// Asks again and again instead of waiting in the kernel, which knows no deadline.
    fn lock(&self, stripe: &str, deadline: Instant) -> Result<File, Fault> {
        let mut pause = FIRST_PAUSE;
        loop {
            let file = self.open_file(stripe)?;
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(cause)) => return Err(cause.into()),
            }
            if Instant::now() >= deadline {
                return Err(Fault::TooLate);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Opens a lock file, making it, and its directory, if somebody emptied the place.
    fn open_file(&self, stripe: &str) -> io::Result<File> {
        let path = self.dir.join(stripe);
        match open(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        match self.make_file(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                make_dir(&self.dir, self.directory_mode)?;
                self.make_file(&path)
            }
            made => made,
        }
    }

    /// Makes a lock file that is missing, unless another process has just done so.
    fn make_file(&self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        match options.write(true).create_new(true).mode(self.mode).open(path) {
            Ok(file) => {
                file.set_permissions(Permissions::from_mode(self.mode))?;
                Ok(file)
            }
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => open(path),
            Err(cause) => Err(cause),
        }
    }
}

/// Opens a lock file; a link is not followed.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).custom_flags(libc::O_NOFOLLOW).open(path)
}

/// Makes `dir` and its parent, which belong to the store, but never the session directory: where
/// that is gone, its file system may not be mounted.
pub(super) fn make_dir(dir: &Path, mode: u32) -> io::Result<()> {
    for dir in [dir.parent(), Some(dir)].into_iter().flatten() {
        match make_one(dir, mode) {
            Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => return Err(cause),
            _ => {}
        }
    }
    Ok(())
}

/// Makes `dir`, with the mode asked for, whatever the process's mask: processes of other users
/// write there, too, if the mode lets them.
pub(super) fn make_one(dir: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(mode).create(dir)?;
    fs::set_permissions(dir, Permissions::from_mode(mode))
}
