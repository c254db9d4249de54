//! What a store does when its directory, its disk or its locks fail it.

use crate::common::{MINUTE, SHA256, WRITTEN, create, drafts, key, lease, load, open, skip};
use session_core::{Bytes, Error, ErrorKind, Outcome, Precondition, Record, Store, StoreKey};
use session_fs::{FileOptions, FileStore};
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Far above the deadline of an operation, far below one that waits for something.
const PATIENCE: Duration = Duration::from_secs(10);

async fn try_all(store: &FileStore, loaded: &Record) -> [Error; 5] {
    let (key, lease, payload) = (key(), lease(MINUTE), Bytes::from_static(b"new"));
    let when = Precondition::Unchanged(loaded);
    [
        store.load(&key).await.expect_err("a load"),
        store.write(&key, payload.clone(), &lease, Precondition::Absent).await.expect_err("create"),
        store.write(&key, payload, &lease, when).await.expect_err("an update"),
        store.touch(&key, &lease, loaded).await.expect_err("a touch"),
        store.delete(&key, None, None).await.expect_err("a delete"),
    ]
}

fn record(payload: &'static [u8]) -> Record {
    Record { payload: Bytes::from_static(payload), cas: 0, ttl: MINUTE }
}

#[tokio::test]
async fn directory_that_is_gone_is_an_error_at_once_and_heals() {
    let parent = tempfile::tempdir().unwrap();
    let (dir, away) = (parent.path().join("sessions"), parent.path().join("away"));
    let store = open(FileOptions::new(&dir)).await;
    create(&store, &key(), b"data", MINUTE).await;
    let loaded = load(&store, &key()).await;

    fs::rename(&dir, &away).unwrap();
    let begun = Instant::now();
    for error in try_all(&store, &loaded).await {
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
        assert!(error.to_string().contains("the directory is gone"), "{error}");
    }
    assert_eq!(store.delete_expired().await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(begun.elapsed() < PATIENCE);
    assert!(!dir.exists(), "a directory that is not mounted must not be made");

    fs::rename(&away, &dir).unwrap();
    assert_eq!(load(&store, &key()).await.payload, "data");
    assert!(store.delete(&key(), None, Some(&loaded)).await.unwrap());
}

#[tokio::test]
async fn emptied_directory_is_used_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    create(&store, &key(), b"data", MINUTE).await;
    fs::remove_file(dir.path().join(SHA256)).unwrap();
    fs::remove_dir_all(dir.path().join("session.__wz_cache")).unwrap();
    assert_eq!(store.load(&key()).await.unwrap(), None);
    assert!(!store.delete(&key(), None, None).await.unwrap());
    create(&store, &key(), b"again", MINUTE).await;
    assert_eq!(load(&store, &key()).await.payload, "again");
    fs::remove_dir_all(dir.path().join("session.__wz_cache")).unwrap();
    assert_eq!(store.delete_expired().await.unwrap(), 0);
}

#[tokio::test]
async fn path_that_is_no_directory_is_a_config_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = FileStore::connect(FileOptions::new(&path)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
        let text = error.to_string();
        for part in [path.to_str().unwrap(), "SESSION_FILE_DIR", "not a directory"] {
            assert!(text.contains(part), "{text}");
        }
    }
}

#[tokio::test]
async fn what_is_no_regular_file_is_neither_followed_nor_waited_for() {
    type Plant = fn(&Path, &Path);
    let plants: [Plant; 4] = [
        |target, name| symlink(target, name).unwrap(),
        |_, name| symlink("nowhere", name).unwrap(),
        |_, name| fs::create_dir(name).unwrap(),
        |_, name| assert!(Command::new("mkfifo").arg(name).status().unwrap().success()),
    ];
    for plant in plants {
        let dir = tempfile::tempdir().unwrap();
        let store = open(FileOptions::new(dir.path().join("sessions"))).await;
        let target = dir.path().join("target");
        fs::write(&target, b"\x01\0\0\0data").unwrap();
        let name = dir.path().join("sessions").join(SHA256);
        plant(&target, &name);

        let begun = Instant::now();
        for error in try_all(&store, &record(b"data")).await {
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        }
        assert_eq!(store.delete_expired().await.unwrap(), 0);
        assert!(begun.elapsed() < PATIENCE);
        assert!(fs::symlink_metadata(&name).is_ok(), "what was planted is not ours to remove");
        assert_eq!(fs::read(&target).unwrap(), b"\x01\0\0\0data");
    }
}

#[tokio::test]
async fn lock_that_another_holds_is_an_error_in_time_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let timeout = Duration::from_millis(100);
    let store = open(FileOptions::new(dir.path()).operation_timeout(timeout)).await;
    create(&store, &key(), b"data", MINUTE).await;
    let loaded = load(&store, &key()).await;

    let lock = File::open(dir.path().join("session.__wz_cache/locks").join(&SHA256[..2])).unwrap();
    lock.lock().unwrap();
    let begun = Instant::now();
    let (lease, new) = (lease(MINUTE), Bytes::from_static(b"new"));
    let when = Precondition::Unchanged(&loaded);
    for error in [
        store.write(&key(), new.clone(), &lease, when).await.unwrap_err(),
        store.touch(&key(), &lease, &loaded).await.unwrap_err(),
        store.delete(&key(), None, None).await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    }
    assert!(begun.elapsed() < PATIENCE);
    assert_eq!(load(&store, &key()).await.payload, "data", "a load waits for no lock");

    lock.unlock().unwrap();
    assert_eq!(store.write(&key(), new, &lease, when).await.unwrap(), WRITTEN);
    assert_eq!(load(&store, &key()).await.payload, "new");
    assert!(drafts(dir.path()).is_empty());
}

#[tokio::test]
async fn sweep_passes_by_a_file_that_another_has_locked() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    fs::write(dir.path().join(SHA256), b"\x01\0\0\0data").unwrap();
    let lock = File::open(dir.path().join("session.__wz_cache/locks").join(&SHA256[..2])).unwrap();
    lock.lock().unwrap();
    assert_eq!(store.delete_expired().await.unwrap(), 0);
    lock.unlock().unwrap();
    assert_eq!(store.delete_expired().await.unwrap(), 1);
}

/// What the sweep saw dead may live by the time it has the lock.
#[tokio::test(flavor = "multi_thread")]
async fn sweep_looks_again_once_it_has_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    let (path, next) = (dir.path().join(SHA256), dir.path().join("next"));
    let lock = File::open(dir.path().join("session.__wz_cache/locks").join(&SHA256[..2])).unwrap();
    for _ in 0..20 {
        fs::write(&path, b"\x01\0\0\0dead").unwrap();
        fs::write(&next, b"\0\0\0\0live").unwrap();
        lock.lock().unwrap();
        let sweep = tokio::spawn({
            let store = store.clone();
            async move { store.delete_expired().await }
        });
        // Time to see the dead file and to ask for its lock.
        tokio::time::sleep(Duration::from_millis(10)).await;
        fs::rename(&next, &path).unwrap();
        lock.unlock().unwrap();
        assert_eq!(sweep.await.unwrap().unwrap(), 0);
        assert_eq!(load(&store, &key()).await.payload, "live");
    }
}

/// One bad file is no reason to keep all others.
#[tokio::test]
async fn sweep_goes_on_past_a_file_that_cannot_be_removed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    let dead: Vec<_> = (0..8).map(|n| dir.path().join(format!("{n:064x}"))).collect();
    for path in &dead {
        fs::write(path, b"\x01\0\0\0data").unwrap();
    }
    // What something is mounted on cannot be removed.
    let mount = Command::new("mount").arg("--bind").args([&dead[0], &dead[3]]).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        return skip("a file that cannot be removed needs root to mount something on it");
    }
    let swept = store.delete_expired().await;
    assert!(Command::new("umount").arg(&dead[3]).status().unwrap().success());
    assert_eq!(swept.unwrap(), 7);
    assert_eq!(store.delete_expired().await.unwrap(), 1);
}

/// A file system with room for a few records, gone with this.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None`, said aloud, where this process may not mount one; that is an error under `CI=true`.
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(dir.path());
        if command.output().is_ok_and(|output| output.status.success()) {
            return Some(Self(dir));
        }
        skip("a full disk needs root to mount a tmpfs");
        None
    }

    fn fill(&self) {
        let mut filler = File::create(self.0.path().join("filler")).unwrap();
        while filler.write_all(&[0; 512]).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn full_disk_keeps_the_old_record_and_lets_it_end() {
    let Some(disk) = SmallDisk::mount() else { return };
    let dir = disk.0.path().join("sessions");
    let store = open(FileOptions::new(&dir)).await;
    create(&store, &key(), b"old", MINUTE).await;
    let loaded = load(&store, &key()).await;
    disk.fill();

    let big = Bytes::from(vec![b'n'; 20_000]);
    let other = StoreKey::new("session:", "other");
    for (key, when) in [(key(), Precondition::Unchanged(&loaded)), (other, Precondition::Absent)] {
        let error = store.write(&key, big.clone(), &lease(MINUTE), when).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
        assert!(error.to_string().contains("the disk is full"), "{error}");
    }
    assert!(drafts(&dir).is_empty(), "what did not fit is not left behind");
    assert_eq!(load(&store, &key()).await.payload, "old");
    assert_eq!(store.touch(&key(), &lease(MINUTE), &loaded).await.unwrap(), WRITTEN);
    assert!(store.delete(&key(), None, Some(&loaded)).await.unwrap(), "logout needs no room");
    assert_eq!(store.load(&key()).await.unwrap(), None);

    fs::remove_file(disk.0.path().join("filler")).unwrap();
    let outcome = store.write(&key(), big, &lease(MINUTE), Precondition::Absent).await.unwrap();
    assert_eq!(outcome, WRITTEN);
}

#[tokio::test]
async fn store_opens_on_a_full_disk_that_it_has_used_before() {
    let Some(disk) = SmallDisk::mount() else { return };
    let dir = disk.0.path().join("sessions");
    create(&open(FileOptions::new(&dir)).await, &key(), b"old", MINUTE).await;
    disk.fill();
    let store = open(FileOptions::new(&dir)).await;
    assert_eq!(load(&store, &key()).await.payload, "old");
    assert!(store.delete(&key(), None, None).await.unwrap());
}

#[tokio::test]
async fn late_change_that_was_given_up_is_never_made() {
    let dir = tempfile::tempdir().unwrap();
    let timeout = Duration::from_millis(50);
    let store = open(FileOptions::new(dir.path()).operation_timeout(timeout)).await;
    let path = dir.path().join("session.__wz_cache/locks").join(&SHA256[..2]);
    let lock = OpenOptions::new().write(true).open(path).unwrap();
    lock.lock().unwrap();
    let (lease, payload) = (lease(MINUTE), Bytes::from_static(b"late"));
    let late = store.write(&key(), payload.clone(), &lease, Precondition::Absent).await;
    assert_eq!(late.unwrap_err().kind(), ErrorKind::Unavailable);
    lock.unlock().unwrap();
    // Queued behind the one that was given up: once this is refused or written, that one is over.
    let outcome = store.write(&key(), payload.clone(), &lease, Precondition::Absent).await.unwrap();
    assert_eq!(outcome, WRITTEN);
    let outcome = store.write(&key(), payload, &lease, Precondition::Absent).await.unwrap();
    assert_eq!(outcome, Outcome::Refused);
}
