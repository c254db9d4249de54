//! The locks that the processes of one directory share.

use super::layout::{FileName, Names};
use super::modes::Modes;
use super::unless;
use crate::error::Fault;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::io::ErrorKind::{AlreadyExists, NotFound};
use std::os::unix::fs::OpenOptionsExt as _;
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
pub(crate) struct Locks {
    dir: PathBuf,
    modes: Modes,
}

/// Locks that are held until this is dropped, or the process ends.
#[derive(Debug)]
pub(crate) struct Held {
    _files: [Option<File>; 2],
}

impl Locks {
    /// Makes the lock files that are missing.
    pub(crate) fn open(dir: PathBuf, modes: Modes) -> io::Result<Self> {
        let locks = Self { dir, modes };
        for stripe in 0..=u8::MAX {
            locks.open_file(stripe)?;
        }
        Ok(locks)
    }

    /// Locks both names of a key, in the order that every process takes them in.
    pub(crate) fn hold_both(&self, names: &Names, deadline: Instant) -> Result<Held, Fault> {
        let [first, second] = names.both().map(FileName::stripe);
        let lower = self.lock(first.min(second), deadline)?;
        let upper = match first == second {
            true => None,
            false => Some(self.lock(first.max(second), deadline)?),
        };
        Ok(Held { _files: [Some(lower), upper] })
    }

    /// Locks one name.
    pub(crate) fn hold(&self, name: &FileName, deadline: Instant) -> Result<Held, Fault> {
        Ok(Held { _files: [Some(self.lock(name.stripe(), deadline)?), None] })
    }

    /// Asks again and again instead of waiting in the kernel, which knows no deadline.
    fn lock(&self, stripe: u8, deadline: Instant) -> Result<File, Fault> {
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

    /// Opens a lock file, making it if it is missing: somebody may have emptied the place.
    fn open_file(&self, stripe: u8) -> io::Result<File> {
        let path = self.dir.join(format!("{stripe:02x}"));
        if let Some(file) = unless(NotFound, open(&path))? {
            return Ok(file);
        }
        match unless(AlreadyExists, self.modes.make_file(&path))? {
            Some(file) => Ok(file),
            // Another process has just made it.
            None => open(&path),
        }
    }
}

/// Opens a lock file; a link is not followed.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).custom_flags(libc::O_NOFOLLOW).open(path)
}
