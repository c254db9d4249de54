//! Files and directories with exactly the permission bits asked for, whatever the process's mask:
//! processes of other users write there, too, if the bits let them.

use super::unless;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::io::ErrorKind::{AlreadyExists, NotFound};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// The permission bits of files, from which those of directories follow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Modes {
    pub(crate) files: u32,
}

impl Modes {
    /// Who may read a file may enter.
    fn directories(self) -> u32 {
        self.files | ((self.files & 0o444) >> 2)
    }

    /// Makes a file, which must not be there, and what is missing of the way to it
    /// ([`make_own`](Self::make_own)).
    pub(crate) fn make_file(self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(self.files);
        let make = || options.open(path);
        let file = match unless(NotFound, make())? {
            Some(file) => file,
            None => {
                path.parent().map_or(Ok(()), |dir| self.make_own(dir))?;
                make()?
            }
        };
        file.set_permissions(Permissions::from_mode(self.files))?;
        Ok(file)
    }

    /// Opens a file of the store's own, making it if it is missing: somebody may have emptied the
    /// place. A link is not followed.
    pub(crate) fn open(self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_NOFOLLOW);
        if let Some(file) = unless(NotFound, options.open(path))? {
            return Ok(file);
        }
        match unless(AlreadyExists, self.make_file(path))? {
            Some(file) => Ok(file),
            // Another process has just made it.
            None => options.open(path),
        }
    }

    /// Makes a directory, which must not be there.
    pub(crate) fn make_dir(self, dir: &Path) -> io::Result<()> {
        DirBuilder::new().mode(self.directories()).create(dir)?;
        fs::set_permissions(dir, Permissions::from_mode(self.directories()))
    }

    /// Makes what is missing of `dir` and its parent, which belong to the store, but never the
    /// session directory: where that is gone, its file system may not be mounted.
    pub(crate) fn make_own(self, dir: &Path) -> io::Result<()> {
        for dir in [dir.parent(), Some(dir)].into_iter().flatten() {
            unless(AlreadyExists, self.make_dir(dir))?;
        }
        Ok(())
    }

    /// Makes the session directory, with its parents, unless it is there.
    pub(crate) fn make_session_dir(self, dir: &Path) -> io::Result<()> {
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(self.directories()).create(parent)?;
        }
        match self.make_dir(dir) {
            Err(cause) if cause.kind() == AlreadyExists && dir.is_dir() => Ok(()),
            made => made,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Modes;

    #[test]
    fn directories_can_be_entered_by_whoever_reads_files() {
        for (files, directories) in [(0o600, 0o700), (0o660, 0o770), (0o640, 0o750)] {
            assert_eq!(Modes { files }.directories(), directories);
        }
    }
}
