//! Where the files are, how many there may be, and how they are made.

use session_core::config::{KeyInfo, Kind, Settings};
use session_core::store::{Call, Failure, Timeouts, owner_index};
use session_core::{ErrorKind, Result};
use std::path::PathBuf;
use std::time::Duration;

/// The store's name in messages.
pub(crate) const STORE: &str = "the session directory";

const DIR: &str = "flask_session";
const THRESHOLD: u64 = 500;
const MODE: u32 = 0o600;

const HASHES: &[(&str, FileHash)] = &[("sha256", FileHash::Sha256), ("md5", FileHash::Md5)];

/// The settings that [`FileOptions::from_settings`] reads, besides `SESSION_OWNER_INDEX`.
pub const KEYS: &[KeyInfo] = &[
    KeyInfo::new(
        "SESSION_FILE_DIR",
        Kind::Text,
        Some(DIR),
        "The directory of session files; a relative one is under the current directory.",
    ),
    KeyInfo::new(
        "SESSION_FILE_THRESHOLD",
        Kind::Number,
        Some("500"),
        "Above how many files expired sessions are swept without being asked; 0 is never.",
    ),
    KeyInfo::new("SESSION_FILE_MODE", Kind::Octal, Some("0600"), "The permission bits of files."),
    KeyInfo::new(
        "SESSION_FILE_HASH",
        Kind::Choice(&["sha256", "md5"]),
        Some("sha256"),
        "The digest that names new files; `md5` beside a cachelib before 0.16. One before 0.7 does \
         not read what is written here.",
    ),
    KeyInfo::new(
        "SESSION_FILE_EVICT_LIVE",
        Kind::Flag,
        Some("false"),
        "Whether live sessions go too while there are more files than the threshold, as with \
         Flask-Session.",
    ),
];

/// Where session files are, how many there may be, and how they are made.
///
/// # Examples
///
/// ```
/// # mod web_session { pub mod stores { pub use session_fs as filesystem; } }
/// use web_session::stores::filesystem::{FileHash, FileOptions};
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
    pub(crate) owner_index: bool,
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

/// What an acknowledged write outlives, the cheapest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of this process, however it ends. A power cut may end every session that was written
    /// in the last half minute: its file comes back empty, which is no record.
    Process,
    /// The same; and a power cut takes the last half minute of writes at most, not the sessions that
    /// were there before. This rests on the file system writing a file out before it replaces
    /// another: ext4 does as it comes, XFS does not, and ends sessions as with
    /// [`Process`](Self::Process).
    #[default]
    Session,
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
            owner_index: false,
            durability: Durability::default(),
            operation_timeout: Timeouts::default().operation(),
        }
    }

    /// Reads [`KEYS`], `SESSION_OWNER_INDEX` and `SESSION_OPERATION_TIMEOUT`; what is not set keeps
    /// its default.
    ///
    /// # Errors
    ///
    /// `Config` if a value is not what its key takes.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod web_session {
    /// #     pub use session_core::*;
    /// #     pub mod stores { pub use session_fs as filesystem; }
    /// # }
    /// use web_session::config::Settings;
    /// use web_session::stores::filesystem::{FileHash, FileOptions};
    ///
    /// let settings: Settings = [("SESSION_FILE_HASH", "md5")].into_iter().collect();
    /// let options = FileOptions::from_settings(&settings)?;
    /// assert_eq!(options, FileOptions::default().hash(FileHash::Md5));
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let default = Self::new(settings.text("SESSION_FILE_DIR")?.unwrap_or(DIR));
        Ok(Self {
            threshold: settings.number("SESSION_FILE_THRESHOLD")?.unwrap_or(default.threshold),
            mode: settings.octal("SESSION_FILE_MODE")?.unwrap_or(default.mode),
            hash: settings.choice("SESSION_FILE_HASH", HASHES)?.unwrap_or(default.hash),
            evict_live: settings.flag("SESSION_FILE_EVICT_LIVE")?.unwrap_or(default.evict_live),
            owner_index: owner_index(settings)?,
            operation_timeout: Timeouts::from_settings(settings)?.operation(),
            ..default
        })
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
    /// Directories made by the store get the same with the right to enter. Both are exact, whatever
    /// the process's mask.
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

    /// Keeps an index of owners beside the records; off by default (`SESSION_OWNER_INDEX`).
    ///
    /// A session from before it was turned on, or of Flask, is listed once this store writes or
    /// renews it.
    #[must_use]
    pub fn owner_index(mut self, owner_index: bool) -> Self {
        self.owner_index = owner_index;
        self
    }

    /// Sets what an acknowledged write outlives; [`Durability::Session`] by default.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Bounds each call of the store, with any wait for a lock; 500 ms by default, a day at most.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.operation_timeout = Timeouts::default().with_operation(timeout).operation();
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        let what = if self.dir.as_os_str().is_empty() {
            "SESSION_FILE_DIR is empty"
        } else if self.mode & !0o777 != 0 {
            "SESSION_FILE_MODE has more than permission bits; write it in octal, as 0600"
        } else if self.mode & 0o600 != 0o600 {
            "SESSION_FILE_MODE keeps the owner from reading or writing; it needs at least 0600"
        } else {
            return Timeouts::default().with_operation(self.operation_timeout).check(STORE);
        };
        Err(Call::Connect.failed(STORE, Failure::Final(ErrorKind::Config, what)))
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
mod tests;
