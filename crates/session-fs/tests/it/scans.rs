//! Scans: the order of pages, what a file tells of its key, and whose files are passed by.

use crate::common::{
    KEY, MD5, MINUTE, SHA256, WRITTEN, create, key, lease, load, open, records, tail,
};
use session_core::store::{Cursor, Page};
use session_core::{Bytes, ErrorKind, Precondition, Store, StoreKey};
use session_fs::{FileHash, FileOptions, FileStore};
use std::fs;
use std::num::NonZeroUsize;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

const ONE: NonZeroUsize = NonZeroUsize::MIN;
const MANY: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

async fn scan(store: &FileStore, place: Option<&Cursor>, most: NonZeroUsize) -> Page {
    store.scan("session:", place, most).await.unwrap()
}

fn keys(page: Page) -> Vec<StoreKey> {
    page.records.into_iter().map(|(key, _)| key).collect()
}

async fn create_all(store: &FileStore, names: impl Iterator<Item = u32>) {
    for name in names {
        let key = StoreKey::new("session:", &name.to_string());
        create(store, &key, b"data", MINUTE).await;
    }
}

/// Puts a file there as another program does: it does not end, and has no key in it.
fn plant(dir: &Path, name: &str, payload: &[u8]) {
    fs::write(dir.join(name), [b"\0\0\0\0", payload].concat()).unwrap();
}

#[tokio::test]
async fn pages_follow_the_names_of_files_which_are_all_that_a_cursor_tells() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    create_all(&store, 0..20).await;
    let names = records(dir.path());
    let mut place = None;
    for name in &names[..19] {
        let page = scan(&store, place.as_ref(), ONE).await;
        place = page.next.clone();
        let cursor = page.next.unwrap();
        let (scan, last) = cursor.as_str().split_once(':').unwrap();
        assert_eq!((scan.len(), last), (16, name.as_str()));
    }
    assert!(scan(&store, place.as_ref(), ONE).await.next.is_none());
}

#[tokio::test]
async fn file_without_a_key_is_counted_until_this_store_writes_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    plant(dir.path(), MD5, b"\x80\x05}.");
    fs::write(dir.path().join("a".repeat(32)), b"\x01\0\0\0\x80\x05}.").unwrap();
    let is_unnamed = async || {
        let page = scan(&store, None, MANY).await;
        (page.unnamed, page.records.len()) == (1, 0)
    };
    assert!(is_unnamed().await, "one that ended does not count");
    let loaded = load(&store, &key()).await;
    assert_eq!(store.touch(&key(), &lease(MINUTE), &loaded).await.unwrap(), WRITTEN);
    assert!(is_unnamed().await, "a renewal is four bytes");
    let same = Precondition::Unchanged(&loaded);
    let written = store.write(&key(), Bytes::from("new"), &lease(MINUTE), same).await;
    assert_eq!(written.unwrap(), WRITTEN);
    let page = scan(&store, None, MANY).await;
    assert_eq!(page.unnamed, 0);
    assert_eq!(keys(page), [key()]);
}

#[tokio::test]
async fn payload_that_ends_like_a_tail_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    let payload = Bytes::from([b"data", &*tail()].concat());
    let absent = Precondition::Absent;
    let written = store.write(&key(), payload.clone(), &lease(MINUTE), absent).await;
    assert_eq!(written.unwrap(), WRITTEN);
    let loaded = load(&store, &key()).await;
    assert_eq!(loaded.payload, payload);
    let same = Precondition::Unchanged(&loaded);
    let written = store.write(&key(), payload.clone(), &lease(MINUTE), same).await;
    assert_eq!(written.unwrap(), WRITTEN);
    assert_eq!(store.touch(&key(), &lease(MINUTE), &loaded).await.unwrap(), WRITTEN);
    let page = scan(&store, None, MANY).await;
    assert_eq!(page.records[0].1.payload, payload);
    assert!(store.delete(&key(), None, Some(&loaded)).await.unwrap());

    // What another program wrote, and what ends in another key.
    let payload = [b"data", &*tail()].concat().replace(b"Zm9v", b"Zm9w");
    plant(dir.path(), SHA256, &payload);
    assert_eq!(load(&store, &key()).await.payload, payload);
    assert_eq!(scan(&store, None, MANY).await.unnamed, 1);
}

trait Replace {
    fn replace(self, from: &[u8], to: &[u8]) -> Self;
}

impl Replace for Vec<u8> {
    fn replace(mut self, from: &[u8], to: &[u8]) -> Self {
        let at = self.windows(from.len()).position(|part| part == from).unwrap();
        self[at..at + to.len()].copy_from_slice(to);
        self
    }
}

/// The names that a store keeps for its own scan are too old for one that begins later.
#[tokio::test]
async fn scan_that_goes_on_elsewhere_misses_nothing_from_before_its_begin() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) =
        (open(FileOptions::new(dir.path())).await, open(FileOptions::new(dir.path())).await);
    create_all(&one, 0..20).await;
    assert!(scan(&one, None, ONE).await.next.is_some());
    create_all(&one, 20..40).await;
    let first = scan(&other, None, ONE).await;
    let rest = scan(&one, first.next.as_ref(), MANY).await;
    assert_eq!(keys(first).len() + keys(rest).len(), 40);
}

#[tokio::test]
async fn pages_of_one_scan_take_one_look_at_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    create_all(&store, 0..20).await;
    let first = scan(&store, None, ONE).await;
    create_all(&store, 20..40).await;
    let rest = scan(&store, first.next.as_ref(), MANY).await;
    assert_eq!(keys(first).len() + keys(rest).len(), 20, "what is new need not be listed");
    assert_eq!(keys(scan(&store, None, MANY).await).len(), 40);
}

#[tokio::test]
async fn what_lies_under_both_names_is_listed_once_as_it_is_loaded() {
    let dir = tempfile::tempdir().unwrap();
    for hash in [FileHash::Sha256, FileHash::Md5] {
        let store = open(FileOptions::new(dir.path()).hash(hash)).await;
        for (name, payload) in [(SHA256, "sha256"), (MD5, "md5")] {
            plant(dir.path(), name, &[payload.as_bytes(), &tail()].concat());
        }
        let page = scan(&store, None, MANY).await;
        assert_eq!(page.records.len(), 1, "{hash:?}");
        assert_eq!(page.records[0].1.payload, load(&store, &key()).await.payload);
    }
}

#[tokio::test]
async fn what_is_no_record_is_passed_by() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    create(&store, &key(), b"data", MINUTE).await;
    let ended = StoreKey::new("session:", "ended");
    create(&store, &ended, b"data", Duration::from_millis(1)).await;
    plant(dir.path(), "2029240f6d1128be89ddc32729463129", b"\x80\x05K\x01.");
    plant(dir.path(), "README", b"read me");
    fs::write(dir.path().join("b".repeat(64)), b"").unwrap();
    fs::create_dir(dir.path().join("c".repeat(64))).unwrap();
    symlink(dir.path().join(SHA256), dir.path().join("d".repeat(64))).unwrap();
    while store.load(&ended).await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let page = scan(&store, None, MANY).await;
    assert_eq!(page.unnamed, 0);
    assert_eq!(keys(page), [key()]);
}

#[tokio::test]
async fn directory_that_is_gone_is_an_error_also_within_a_scan() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    create_all(&store, 0..3).await;
    let place = scan(&store, None, ONE).await.next;
    fs::remove_dir_all(dir.path()).unwrap();
    for place in [None, place.as_ref()] {
        let error = store.scan("session:", place, ONE).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    }
}

#[tokio::test]
async fn other_cursors_are_errors_that_show_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    let other = Cursor::new(format!("session:{KEY}"));
    let error = store.scan("session:", Some(&other), ONE).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Decode, false));
    assert!(!format!("{error:?}").contains(KEY));
}
