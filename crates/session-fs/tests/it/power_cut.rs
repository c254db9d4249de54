//! What a power cut leaves of sessions on ext4, for each `Durability`.
//!
//! A file system lies in a file, and a copy of that file is what a disk holds when the power goes.
//! It is taken right after the journal was committed, which happens every few seconds; what is in
//! files may be written out half a minute later.

use crate::common::{MINUTE, WRITTEN, create, lease, load, open, skip};
use rustix::fs::syncfs;
use session_core::{Bytes, Precondition, Store, StoreKey};
use session_fs::{Durability, FileOptions, FileStore};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SESSIONS: usize = 8;
/// Far above what it takes to write to a disk, far below the half minute.
const SOON: Duration = Duration::from_secs(5);

/// An ext4 file system, unmounted with this.
struct Disk(TempDir);

impl Disk {
    /// `None`, said aloud, where this process may not mount one.
    fn make() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let image = image(&dir);
        File::create(&image).unwrap().set_len(16 << 20).unwrap();
        if run("mkfs.ext4", |command| command.args(["-q", "-F"]).arg(&image))
            && let Some(disk) = Self::mount(dir)
        {
            return Some(disk);
        }
        skip("a power cut needs root, mkfs.ext4 and a loop device");
        None
    }

    fn mount(dir: TempDir) -> Option<Self> {
        let (image, place) = (image(&dir), dir.path().join("disk"));
        fs::create_dir(&place).unwrap();
        run("mount", |command| command.args(["-o", "loop"]).args([image, place])).then(|| Self(dir))
    }

    fn place(&self) -> PathBuf {
        self.0.path().join("disk")
    }

    fn sessions(&self) -> PathBuf {
        self.place().join("sessions")
    }

    fn write_out(&self) {
        syncfs(File::open(self.place()).unwrap()).unwrap();
    }

    /// Commits the journal, with what was done to names, and returns the disk as it is then.
    fn cut(&self) -> Self {
        File::create(self.place().join("any")).unwrap().sync_all().unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::copy(image(&self.0), image(&dir)).unwrap();
        Self::mount(dir).unwrap()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", |command| command.arg(self.place()));
    }
}

fn image(dir: &TempDir) -> PathBuf {
    dir.path().join("image")
}

fn run(program: &str, arguments: impl FnOnce(&mut Command) -> &mut Command) -> bool {
    let done = arguments(&mut Command::new(program)).output();
    done.is_ok_and(|output| output.status.success())
}

async fn store(dir: &Path, durability: Durability) -> FileStore {
    // However long a busy disk takes.
    let options = FileOptions::new(dir).operation_timeout(Duration::from_secs(30));
    open(options.durability(durability)).await
}

fn keys() -> Vec<StoreKey> {
    (0..SESSIONS).map(|number| StoreKey::new("session:", &number.to_string())).collect()
}

/// A disk that holds each session as `old`, to which `new` was written a moment ago.
async fn written(durability: Durability) -> Option<Disk> {
    let disk = Disk::make()?;
    let store = store(&disk.sessions(), durability).await;
    for key in keys() {
        create(&store, &key, b"old", MINUTE).await;
    }
    disk.write_out();
    for key in keys() {
        let loaded = load(&store, &key).await;
        let same = Precondition::Unchanged(&loaded);
        let written = store.write(&key, Bytes::from_static(b"new"), &lease(MINUTE), same).await;
        assert_eq!(written.unwrap(), WRITTEN);
    }
    Some(disk)
}

/// What is left of the sessions after a power cut.
async fn left(store: &FileStore) -> Vec<Option<Bytes>> {
    let mut left = Vec::new();
    for key in keys() {
        left.push(store.load(&key).await.unwrap().map(|record| record.payload));
    }
    assert!(left.iter().flatten().all(|found| found == "old" || found == "new"), "{left:?}");
    left
}

#[tokio::test]
async fn acknowledged_write_outlives_a_power_cut_if_asked_for() {
    let Some(disk) = written(Durability::PowerCut).await else { return };
    let cut = disk.cut();
    let left = left(&store(&cut.sessions(), Durability::PowerCut).await).await;
    assert!(left.iter().flatten().filter(|found| *found == "new").count() == SESSIONS, "{left:?}");
}

#[tokio::test]
async fn session_that_was_there_outlives_a_power_cut_soon_after_a_write() {
    let Some(disk) = written(Durability::default()).await else { return };
    // The last ones may still be on their way.
    let begun = Instant::now();
    loop {
        let cut = disk.cut();
        let left = left(&store(&cut.sessions(), Durability::default()).await).await;
        if left.iter().all(Option::is_some) {
            break;
        }
        assert!(begun.elapsed() < SOON, "{left:?}");
    }
}

#[tokio::test]
async fn file_that_a_power_cut_took_is_no_record() {
    let Some(disk) = written(Durability::Process).await else { return };
    let cut = disk.cut();
    let store = store(&cut.sessions(), Durability::Process).await;
    let ended: Vec<_> = keys().into_iter().zip(left(&store).await).collect();
    let ended: Vec<_> = ended.into_iter().filter(|(_, found)| found.is_none()).collect();
    for (key, _) in ended.iter().step_by(2) {
        create(&store, key, b"new", MINUTE).await;
    }
    let swept = store.delete_expired().await.unwrap();
    assert_eq!(swept, ended.len() as u64 / 2);
}
