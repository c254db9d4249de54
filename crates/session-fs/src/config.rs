//! Where the files are, how many there may be, and how they are made.

use session_core::{Error, ErrorKind, Result};
use std::path::PathBuf;
use std::time::Duration;

const DIR: &str = "flask_session";
const THRESHOLD: u64 = 500;
const MODE: u32 = 0o600;
const OPERATION_TIMEOUT: Duration = Duration::from_millis(500);

/// Where session files are, how many there may be, and how they are made.
///
/// # Examples
///
/// ```
/// use session_fs::{FileHash, FileOptions};
///
/// // Beside a Flask whose cachelib is older than 0.16.
/// let options = FileOptions::new("/var/lib/shop/sessions").hash(FileHash::Md5).threshold(0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOptions {
    pub(crate) dir: PathBuf,
    pub(crate) threshold: u64,
    pub(crate) mode: u32,
    pub(crate) hash: FileHash,
    pub(crate) evict_live: bool,
    pub(crate) durability: Durability,
    pub(crate) operation_timeout: Duration,
}

/// Which digest of the key names the file of a new record.
///
/// Records are found under either name, and stay under the one where they were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileHash {
    /// SHA-256, as cachelib names files from 0.16.0 on.
    #[default]
    Sha256,
    /// MD5, as cachelib named files before that, for a Flask that still does.
    Md5,
}

/// What an acknowledged write outlives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of this process, however it ends. After a power cut the last half minute of writes
    /// may be gone, and a session whose file came back empty has ended.
    #[default]
    Process,
    /// A power cut too: file and directory are flushed before a write is acknowledged, which takes
    /// as long as the disk does.
    PowerCut,
}

impl FileOptions {
    /// Keeps the files in `dir`, which is made, with its parents, if it is not there
    /// (`SESSION_FILE_DIR`).
    ///
    /// It belongs to one file system that every process writing it shares, with locks and hard
    /// links: a local one.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            threshold: THRESHOLD,
            mode: MODE,
            hash: FileHash::default(),
            evict_live: false,
            durability: Durability::default(),
            operation_timeout: OPERATION_TIMEOUT,
        }
    }

    /// Sets above how many files expired sessions are swept without being asked; 500 by default,
    /// 0 for never (`SESSION_FILE_THRESHOLD`).
    #[must_use]
    pub fn threshold(mut self, files: u64) -> Self {
        self.threshold = files;
        self
    }

    /// Sets the permission bits of files; `0o600` by default (`SESSION_FILE_MODE`, octal).
    ///
    /// Directories made by the store get the same with the right to enter.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the digest that names new files; SHA-256 by default (`SESSION_FILE_HASH`).
    #[must_use]
    pub fn hash(mut self, hash: FileHash) -> Self {
        self.hash = hash;
        self
    }

    /// Also deletes live sessions, those that end soonest first, while there are more files than
    /// the threshold; off by default (`SESSION_FILE_EVICT_LIVE`).
    ///
    /// Flask-Session does this, and it logs users out without a trace.
    #[must_use]
    pub fn evict_live(mut self, evict_live: bool) -> Self {
        self.evict_live = evict_live;
        self
    }

    /// Sets what an acknowledged write outlives; the process by default.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Bounds each call of the store, with any wait for a lock; 500 ms by default.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.operation_timeout = timeout;
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        let complaint = if self.dir.as_os_str().is_empty() {
            "SESSION_FILE_DIR is empty"
        } else if self.mode & !0o777 != 0 {
            "SESSION_FILE_MODE has more than permission bits; write it in octal, as 0600"
        } else if self.mode & 0o600 != 0o600 {
            "SESSION_FILE_MODE keeps the owner from reading or writing; it needs at least 0600"
        } else if self.operation_timeout.is_zero() {
            "a timeout of zero lets no call succeed"
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Config, format!("open the session directory: {complaint}")))
    }

    /// The permission bits of directories: who may read a file may enter.
    pub(crate) fn directory_mode(&self) -> u32 {
        self.mode | ((self.mode & 0o444) >> 2)
    }
}

impl Default for FileOptions {
    /// `flask_session` under the current directory.
    fn default() -> Self {
        Self::new(DIR)
    }
}

impl From<PathBuf> for FileOptions {
    fn from(dir: PathBuf) -> Self {
        Self::new(dir)
    }
}

impl From<&str> for FileOptions {
    fn from(dir: &str) -> Self {
        Self::new(dir)
    }
}

#[cfg(test)]
mod tests {
    use super::FileOptions;
    use session_core::ErrorKind;
    use std::time::Duration;

    #[test]
    fn contradictions_are_config_errors() {
        for options in [
            FileOptions::new(""),
            FileOptions::default().mode(600),
            FileOptions::default().mode(0o400),
            FileOptions::default().operation_timeout(Duration::ZERO),
        ] {
            assert_eq!(options.check().err().map(|error| error.kind()), Some(ErrorKind::Config));
        }
        assert!(FileOptions::default().check().is_ok());
    }

    #[test]
    fn directories_can_be_entered_by_whoever_reads_files() {
        for (files, directories) in [(0o600, 0o700), (0o660, 0o770), (0o640, 0o750)] {
            assert_eq!(FileOptions::default().mode(files).directory_mode(), directories);
        }
    }
}
