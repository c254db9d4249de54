//! The session directory: where everything lies, and how files get there.

use super::draft::Draft;
use super::lock::Locks;
use super::modes::Modes;
use super::names::{FileName, TRANSACTION_SUFFIX};
use crate::config::{Durability, FileOptions};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A session directory that was made ready.
#[derive(Debug)]
pub(crate) struct Dir {
    pub(crate) path: PathBuf,
    pub(crate) drafts: PathBuf,
    pub(crate) owners: PathBuf,
    pub(crate) locks: Locks,
    /// What its processes tell each other about sweeps.
    pub(crate) sweep: PathBuf,
    pub(crate) modes: Modes,
    durability: Durability,
}

impl Dir {
    /// Makes what is missing of the directory and of what the store keeps in it.
    pub(crate) fn open(options: &FileOptions) -> io::Result<Self> {
        let modes = Modes { files: options.mode };
        modes.make_session_dir(&options.dir)?;
        // The path must hold when the process changes its directory.
        let path = options.dir.canonicalize()?;
        let own = path.join(format!("session{TRANSACTION_SUFFIX}"));
        let (drafts, owners) = (own.join("drafts"), own.join("owners"));
        modes.make_own(&drafts)?;
        let locks = Locks::open(own.join("locks"), modes)?;
        let sweep = own.join("sweep/turn");
        modes.open(&sweep)?;
        Ok(Self { path, drafts, owners, locks, sweep, modes, durability: options.durability })
    }

    pub(crate) fn file(&self, name: &FileName) -> PathBuf {
        self.path.join(name.as_str())
    }

    /// Writes a file, of `parts` one after the other, that has no name yet.
    pub(crate) fn draft(&self, parts: &[&[u8]]) -> io::Result<Draft> {
        let draft = Draft::new(&self.drafts);
        let mut file = self.modes.make_file(&draft.path)?;
        file.write_all(&parts.concat())?;
        self.flush_data(&file)?;
        Ok(draft)
    }

    /// Gives `draft` the name `path`, in place of what has it.
    pub(crate) fn replace(&self, draft: &Draft, path: &Path) -> io::Result<()> {
        match self.durability {
            Durability::Process => draft.exchange(path),
            Durability::Session | Durability::PowerCut => draft.rename(path),
        }
    }

    /// Makes names that were given or taken in `dir` outlive a power cut, if that was asked for.
    pub(crate) fn flush(&self, dir: &Path) -> io::Result<()> {
        match self.durability {
            Durability::Process | Durability::Session => Ok(()),
            Durability::PowerCut => File::open(dir)?.sync_all(),
        }
    }

    /// Makes what was written into `file` outlive a power cut, if that was asked for.
    pub(crate) fn flush_data(&self, file: &File) -> io::Result<()> {
        match self.durability {
            Durability::Process | Durability::Session => Ok(()),
            Durability::PowerCut => file.sync_data(),
        }
    }
}
