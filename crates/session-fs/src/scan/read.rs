//! The records in the files of a page.

use crate::config::FileHash;
use crate::disk::dir::Dir;
use crate::disk::file::RecordFile;
use crate::disk::names::{FileName, Names};
use crate::error::Fault;
use session_core::store::Page;
use std::fs;
use std::vec::IntoIter;

/// Files per visit to a blocking thread.
const BATCH: usize = 64;

/// A page that is being read.
pub(super) struct Reading {
    names: IntoIter<FileName>,
    prefix: String,
    hash: FileHash,
    pub(super) page: Page,
    /// How many files could not be looked at, and what was wrong with the first.
    pub(super) failed: u64,
    pub(super) fault: Option<Fault>,
}

impl Reading {
    pub(super) fn begin(
        dir: &Dir,
        names: Vec<FileName>,
        prefix: String,
        hash: FileHash,
    ) -> Result<Self, Fault> {
        // Without the directory nothing is known, and that is no empty page.
        fs::metadata(&dir.path)?;
        let (names, page) = (names.into_iter(), Page::default());
        Ok(Self { names, prefix, hash, page, failed: 0, fault: None })
    }

    /// Looks at a batch of files; `true` if there are no more.
    pub(super) fn look(&mut self, dir: &Dir) -> Result<bool, Fault> {
        for _ in 0..BATCH {
            let Some(name) = self.names.next() else { return Ok(true) };
            if let Err(fault) = self.see(dir, &name) {
                self.failed += 1;
                self.fault.get_or_insert(fault);
            }
        }
        Ok(false)
    }

    fn see(&mut self, dir: &Dir, name: &FileName) -> Result<(), Fault> {
        let Some(file) = RecordFile::look(&dir.file(name))? else { return Ok(()) };
        let Some((contents, key)) = file.read_under(name)? else { return Ok(()) };
        let Some(key) = key else {
            self.page.unnamed += 1;
            return Ok(());
        };
        if !key.as_str().starts_with(&self.prefix) {
            return Ok(());
        }
        let names = Names::new(key.as_bytes(), self.hash);
        // What lies under both names is loaded from the first, and listed once.
        if *name == names.first || !dir.is_live([&names.first])? {
            self.page.records.push((key, contents.record()));
        }
        Ok(())
    }
}
