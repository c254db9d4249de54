//! The next names in the order of a scan.

use super::Place;
use crate::disk::dir::Dir;
use crate::disk::names::FileName;
use crate::error::Fault;
use std::collections::BTreeSet;
use std::fs::{self, ReadDir};

/// How many names are kept, of about a hundred bytes each.
const NAMES: usize = 1 << 16;
/// Directory entries per visit to a blocking thread.
const BATCH: usize = 4_096;
/// Some file systems (tmpfs) pass over a file that is replaced while they list the directory.
const WALKS: u32 = 2;

/// Walks over the directory.
pub(super) struct Selecting {
    place: Place,
    entries: ReadDir,
    walks_left: u32,
    names: BTreeSet<FileName>,
    most: usize,
    is_last: bool,
}

/// Names in order, all that there were after `place` up to the last of them.
pub(super) struct Selection {
    place: Place,
    names: Vec<FileName>,
    /// Whether there were no more.
    pub(super) is_last: bool,
}

impl Selecting {
    pub(super) fn begin(dir: &Dir, place: Place) -> Result<Self, Fault> {
        Self::begin_with(dir, place, NAMES)
    }

    fn begin_with(dir: &Dir, place: Place, most: usize) -> Result<Self, Fault> {
        let (entries, names) = (fs::read_dir(&dir.path)?, BTreeSet::new());
        Ok(Self { place, entries, walks_left: WALKS - 1, names, most, is_last: true })
    }

    /// Looks at a batch of entries; `true` if there are no more.
    pub(super) fn look(&mut self, dir: &Dir) -> Result<bool, Fault> {
        for _ in 0..BATCH {
            match self.entries.next() {
                Some(entry) => self.see(entry?.file_name().to_str().and_then(FileName::of_record)),
                None if self.walks_left == 0 => return Ok(true),
                None => {
                    self.walks_left -= 1;
                    self.entries = fs::read_dir(&dir.path)?;
                }
            }
        }
        Ok(false)
    }

    fn see(&mut self, name: Option<FileName>) {
        let Some(name) = name.filter(|name| Some(name) > self.place.last.as_ref()) else { return };
        self.names.insert(name);
        if self.names.len() > self.most {
            self.names.pop_last();
            self.is_last = false;
        }
    }

    pub(super) fn end(self) -> Selection {
        let names = self.names.into_iter().collect();
        Selection { place: self.place, names, is_last: self.is_last }
    }
}

impl Selection {
    /// Whether it tells what comes after `place`.
    pub(super) fn has_next_of(&self, place: &Place) -> bool {
        let is_within = self.place.scan == place.scan && self.place.last <= place.last;
        is_within && (self.is_last || !self.after(place).is_empty())
    }

    /// The names after `place`.
    pub(super) fn after(&self, place: &Place) -> &[FileName] {
        let begin = self.names.partition_point(|name| Some(name) <= place.last.as_ref());
        &self.names[begin..]
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Selecting, Selection};
    use crate::config::FileOptions;
    use crate::disk::dir::Dir;
    use crate::disk::names::FileName;

    fn select(dir: &Dir, place: &Place, most: usize) -> Selection {
        let mut selecting = Selecting::begin_with(dir, place.clone(), most).unwrap();
        while !selecting.look(dir).unwrap() {}
        selecting.end()
    }

    #[test]
    fn names_are_selected_in_order_and_in_parts() {
        let path = tempfile::tempdir().unwrap();
        let dir = Dir::open(&FileOptions::new(path.path())).unwrap();
        let mut names: Vec<FileName> = (0..50_u64)
            .map(|number| format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
            .map(|word| FileName::of_record(&word.repeat(2)).unwrap())
            .collect();
        for name in &names {
            std::fs::write(dir.file(name), b"").unwrap();
        }
        std::fs::write(path.path().join("README"), b"").unwrap();
        names.sort();
        let (mut place, mut found, mut parts) = (Place::begin(), Vec::new(), 0);
        loop {
            let selection = select(&dir, &place, 20);
            assert!(selection.has_next_of(&place), "it is what was asked for");
            found.extend_from_slice(selection.after(&place));
            parts += 1;
            place = place.after(found.last().unwrap().clone());
            assert_eq!(selection.has_next_of(&place), selection.is_last);
            if selection.is_last {
                break;
            }
        }
        assert!(found == names && parts == 3, "{parts} parts");
    }

    #[test]
    fn selection_serves_its_own_scan_alone_and_from_its_begin_on() {
        let path = tempfile::tempdir().unwrap();
        let dir = Dir::open(&FileOptions::new(path.path())).unwrap();
        let [first, second] = ["a", "b"].map(|sign| FileName::of_record(&sign.repeat(32)).unwrap());
        std::fs::write(dir.file(&second), b"").unwrap();
        let begin = Place::begin();
        let place = begin.clone().after(first.clone());
        let selection = select(&dir, &place, 20);
        assert!(selection.has_next_of(&place) && !selection.has_next_of(&begin));
        assert!(!selection.has_next_of(&Place::begin().after(first)), "another scan begins later");
    }
}
