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

    /// The same without a look at the disk: ext4 writes a file out before it is renamed over another,
    /// and not before the two exchange their names. What had the name goes with the draft's own.
    #[cfg(target_os = "linux")]
    pub(crate) fn exchange(&self, path: &Path) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, &self.path, CWD, path, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(()),
            // Nothing has the name, or the file system does not know how.
            Err(_) => self.rename(path),
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn exchange(&self, path: &Path) -> io::Result<()> {
        self.rename(path)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone if it was renamed, the former file if it was exchanged; what a failure leaves is swept.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::Draft;
    use std::fs;

    /// As on a file system that does not know how.
    #[test]
    fn exchange_for_nothing_is_a_rename() {
        let dir = tempfile::tempdir().unwrap();
        let (draft, path) = (Draft::new(dir.path()), dir.path().join("record"));
        fs::write(&draft.path, "whole").unwrap();
        draft.exchange(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert!(!draft.path.exists());
    }
}
