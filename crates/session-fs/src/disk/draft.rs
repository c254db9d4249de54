//! Files that are finished before they get a name, so that nobody sees half of one.

use session_core::store::unix_time;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, io, process};

/// A file without a name in the session directory yet; removed unless it gets one.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) path: PathBuf,
}

impl Draft {
    /// A place in `dir` that no other draft has.
    pub(crate) fn new(dir: &Path) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Tells this process from a former one with its number, or one in a container.
        static START: LazyLock<u128> = LazyLock::new(|| unix_time().as_nanos());
        let (process, start) = (process::id(), *START);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { path: dir.join(format!("{process:x}-{start:x}-{next:x}")) }
    }

    /// Gives the file the name `path`, which nothing may have.
    pub(crate) fn link(&self, path: &Path) -> io::Result<()> {
        fs::hard_link(&self.path, path)
    }

    /// Gives the file the name `path`, in place of what has it.
    pub(crate) fn rename(&self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone if it was renamed; what a failure leaves is swept.
        let _ = fs::remove_file(&self.path);
    }
}
