//! Where a copy stands, in a file.

use super::counts::Counts;
use crate::failure::Failure;
use crate::site::Name;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use web_session::store::Cursor;

/// What a file holds, as JSON. The place may hold a key, which is a credential: nobody but the
/// owner of the file reads it.
#[derive(Serialize, Deserialize)]
struct Kept {
    from: String,
    to: String,
    after: String,
    counts: Counts,
}

/// The file that was asked for, if one was.
pub(super) struct Resume {
    file: Option<PathBuf>,
    from: String,
    to: String,
    place: Option<Cursor>,
    counts: Counts,
}

impl Resume {
    /// Reads what an earlier run has kept.
    pub(super) fn open(file: Option<&Path>, from: &Name, to: &Name) -> Result<Self, Failure> {
        let (from, to) = (from.to_string(), to.to_string());
        let Some(kept) = file.map(read).transpose()?.flatten() else {
            let (file, place, counts) = (file.map(Path::to_owned), None, Counts::default());
            return Ok(Self { file, from, to, place, counts });
        };
        if (&kept.from, &kept.to) != (&from, &to) {
            return Err(Failure::Usage(format!(
                "go on with a copy: the file of --resume is of the copy from {} to {}; name \
                 another file, or remove it",
                kept.from, kept.to
            )));
        }
        let (file, place) = (file.map(Path::to_owned), Some(Cursor::new(kept.after)));
        Ok(Self { file, from, to, place, counts: kept.counts })
    }

    pub(super) fn place(&self) -> Option<Cursor> {
        self.place.clone()
    }

    /// What earlier runs did.
    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Keeps that everything before `place` is done; at the end the file is removed, so that the
    /// next copy begins anew.
    pub(super) fn keep(&mut self, place: Option<&Cursor>, counts: &Counts) -> Result<(), Failure> {
        let Some(file) = &self.file else { return Ok(()) };
        let done = match place {
            None => remove(file),
            Some(place) => replace(
                file,
                &Kept {
                    from: self.from.clone(),
                    to: self.to.clone(),
                    after: place.as_str().to_owned(),
                    counts: counts.clone(),
                },
            ),
        };
        done.map_err(|error| {
            Failure::System("keep the place of a copy in the file of --resume", error)
        })
    }
}

fn read(file: &Path) -> Result<Option<Kept>, Failure> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::System("read the file of --resume", error)),
    };
    serde_json::from_slice(&text).map(Some).map_err(|_| {
        Failure::Usage(
            "go on with a copy: the file of --resume is none that a copy has written; name \
             another one"
                .to_owned(),
        )
    })
}

/// Writes a file beside it that only its owner reads, and puts that in its place.
fn replace(file: &Path, kept: &Kept) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut next = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    next.write_all(&serde_json::to_vec(kept)?)?;
    next.as_file().sync_data()?;
    next.persist(file).map(drop).map_err(|error| error.error)
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::Resume;
    use crate::command::copy::counts::Counts;
    use crate::failure::Failure;
    use crate::site::Name;
    use std::os::unix::fs::PermissionsExt as _;
    use web_session::store::Cursor;

    fn name(store: &str) -> Name {
        Name { store: store.to_owned(), address: None, prefix: "session:".to_owned() }
    }

    #[test]
    fn place_is_kept_for_its_owner_alone_until_the_copy_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("place");
        let open = |to| Resume::open(Some(&file), &name("redis"), &name(to));
        let mut resume = open("sqlalchemy").unwrap();
        assert!(resume.place().is_none());
        let counts = Counts { copied: 7, ..Counts::default() };
        resume.keep(Some(&Cursor::new("here")), &counts).unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        let mut again = open("sqlalchemy").unwrap();
        assert_eq!(again.place().unwrap().as_str(), "here");
        assert_eq!(*again.counts(), counts);
        assert!(matches!(open("mongodb"), Err(Failure::Usage(_))), "another copy");

        again.keep(None, &counts).unwrap();
        assert!(!file.exists());
        std::fs::write(&file, "{}").unwrap();
        assert!(matches!(open("sqlalchemy"), Err(Failure::Usage(_))), "another file");
    }
}
