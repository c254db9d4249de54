//! The locks that the processes of one directory share.

use super::modes::Modes;
use super::names::{FileName, Names};
use crate::error::Fault;
use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;
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

    fn open_file(&self, stripe: u8) -> io::Result<File> {
        self.modes.open(&self.dir.join(format!("{stripe:02x}")))
    }
}
