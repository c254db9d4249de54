//! The index of owners: its files, what becomes of them, and what it is worth when they are amiss.

use crate::common::{
    KEY, MD5, MINUTE, SHA256, WRITTEN, child_dir, create, create_for, drafts, key, lease, load,
    names, open, owned, owner_42, records, spawn_unprivileged,
};
use session_core::{Bytes, ErrorKind, Lease, Outcome, Precondition, Store, StoreKey};
use session_fs::{Durability, FileHash, FileOptions, FileStore};
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::time::Duration;

async fn indexed(dir: &Path) -> FileStore {
    open(FileOptions::new(dir).owner_index(true)).await
}

/// The names of the entries of the owner `42`.
fn entries(dir: &Path) -> Vec<String> {
    if owner_42(dir).exists() { names(owner_42(dir)) } else { Vec::new() }
}

async fn listed(store: &FileStore) -> Vec<StoreKey> {
    store.list_by_owner("42").await.unwrap()
}

#[tokio::test]
async fn record_has_an_entry_that_holds_its_key() {
    let dir = tempfile::tempdir().unwrap();
    for (hash, durability) in
        [(FileHash::Sha256, Durability::Process), (FileHash::Md5, Durability::PowerCut)]
    {
        let options = FileOptions::new(dir.path()).hash(hash).durability(durability);
        let store = open(options.owner_index(true)).await;
        create_for(&store, &key(), b"data", &owned(MINUTE)).await;
        create(&store, &StoreKey::new("session:", "nobodys"), b"data", MINUTE).await;
        let entry = owner_42(dir.path()).join(SHA256);
        assert_eq!(fs::read(&entry).unwrap(), format!("session:{KEY}").as_bytes());
        assert_eq!(entries(dir.path()), [SHA256], "named by SHA-256 whatever the record is");
        assert_eq!(names(owner_42(dir.path()).parent().unwrap()).len(), 1);
        let places = ["drafts", "locks", "owners", "sweep"];
        assert_eq!(names(dir.path().join("session.__wz_cache")), places);
        assert!(drafts(dir.path()).is_empty());
        for key in [key(), StoreKey::new("session:", "nobodys")] {
            assert!(store.delete(&key, Some("42"), None).await.unwrap());
        }
        assert!(names(dir.path().join("session.__wz_cache/owners")).is_empty());
    }
}

#[tokio::test]
async fn entries_are_for_those_who_may_read_the_records() {
    for (mode, directory_mode) in [(0o600, 0o700), (0o660, 0o770)] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(FileOptions::new(dir.path()).mode(mode).owner_index(true)).await;
        create_for(&store, &key(), b"data", &owned(MINUTE)).await;
        let place = owner_42(dir.path());
        let bits = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(bits(&place.join(SHA256)), mode);
        assert_eq!(bits(&place), directory_mode);
        assert_eq!(bits(place.parent().unwrap()), directory_mode);
    }
}

#[tokio::test]
async fn renewal_leaves_an_entry_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = indexed(dir.path()).await;
    create_for(&store, &key(), b"data", &owned(MINUTE)).await;
    let inode = || fs::metadata(owner_42(dir.path()).join(SHA256)).unwrap().ino();
    let before = inode();
    let loaded = load(&store, &key()).await;
    assert_eq!(store.touch(&key(), &owned(MINUTE * 2), &loaded).await.unwrap(), WRITTEN);
    let unchanged = Precondition::Unchanged(&loaded);
    let written = store.write(&key(), Bytes::from("new"), &owned(MINUTE), unchanged).await;
    assert_eq!(written.unwrap(), WRITTEN);
    assert_eq!(inode(), before);
}

#[tokio::test]
async fn store_without_the_index_keeps_none() {
    let dir = tempfile::tempdir().unwrap();
    let (without, with) = (open(dir.path().to_owned()).await, indexed(dir.path()).await);
    create_for(&without, &key(), b"data", &owned(MINUTE)).await;
    assert!(!owner_42(dir.path()).exists());
    assert_eq!(without.list_by_owner("42").await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(listed(&with).await.is_empty());

    // From the first renewal on it is there, and who knows of no index leaves it to the sweep.
    let loaded = load(&with, &key()).await;
    assert_eq!(with.touch(&key(), &owned(MINUTE), &loaded).await.unwrap(), WRITTEN);
    assert_eq!(listed(&with).await, [key()]);
    assert!(without.delete(&key(), Some("42"), None).await.unwrap());
    assert!(listed(&with).await.is_empty());
    assert_eq!(entries(dir.path()), [SHA256]);
    assert_eq!(without.delete_expired().await.unwrap(), 0);
    assert!(!owner_42(dir.path()).exists());
}

#[tokio::test]
async fn sweep_takes_entries_without_a_live_record_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let store = indexed(dir.path()).await;
    let by_md5 = open(FileOptions::new(dir.path()).hash(FileHash::Md5).owner_index(true)).await;
    let session = |name: &str| StoreKey::new("session:", name);
    create_for(&by_md5, &key(), b"data", &owned(MINUTE)).await;
    create_for(&store, &session("live"), b"data", &owned(MINUTE)).await;
    create_for(&store, &session("ended"), b"data", &owned(Duration::from_millis(1))).await;
    create_for(&store, &session("gone"), b"data", &owned(MINUTE)).await;
    let lonely = Lease { ttl: MINUTE, owner: Some("another") };
    create_for(&store, &session("lonely"), b"data", &lonely).await;
    for gone in ["gone", "lonely"] {
        assert!(store.delete(&session(gone), None, None).await.unwrap());
    }
    fs::write(owner_42(dir.path()).join("a".repeat(64)), b"cut short").unwrap();
    let owners = owner_42(dir.path()).parent().unwrap().to_owned();
    fs::create_dir(owners.join("e".repeat(64))).unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(entries(dir.path()).len(), 5);

    assert_eq!(store.delete_expired().await.unwrap(), 1);
    assert_eq!(records(dir.path()).len(), 2);
    let mut left = listed(&store).await;
    left.sort();
    assert_eq!(left, [key(), session("live")]);
    assert_eq!(entries(dir.path()).len(), 2);
    assert_eq!(names(owners).len(), 1, "an owner without entries has no directory");
    assert!(records(dir.path()).contains(&MD5.to_owned()));
}

/// A create that is under way has its entry already, and the lock.
#[tokio::test]
async fn sweep_passes_by_an_entry_whose_record_is_locked() {
    let dir = tempfile::tempdir().unwrap();
    let store = indexed(dir.path()).await;
    create_for(&store, &key(), b"data", &owned(MINUTE)).await;
    let lock = File::open(dir.path().join("session.__wz_cache/locks").join(&SHA256[..2])).unwrap();
    lock.lock().unwrap();
    fs::remove_file(dir.path().join(SHA256)).unwrap();
    assert_eq!(store.delete_expired().await.unwrap(), 0);
    assert_eq!(entries(dir.path()), [SHA256]);
    lock.unlock().unwrap();
    assert_eq!(store.delete_expired().await.unwrap(), 0);
    assert!(!owner_42(dir.path()).exists());
}

#[tokio::test]
async fn damaged_entry_lists_nothing_until_the_next_renewal() {
    let dir = tempfile::tempdir().unwrap();
    let store = indexed(dir.path()).await;
    create_for(&store, &key(), b"data", &owned(MINUTE)).await;
    let loaded = load(&store, &key()).await;
    for damage in [&b""[..], b"session:of someone else", b"\xff\xfe"] {
        fs::write(owner_42(dir.path()).join(SHA256), damage).unwrap();
        assert!(listed(&store).await.is_empty());
        assert_eq!(store.touch(&key(), &owned(MINUTE), &loaded).await.unwrap(), WRITTEN);
        assert_eq!(listed(&store).await, [key()]);
    }
    // A copy under another name is not a second entry.
    let place = owner_42(dir.path());
    fs::copy(place.join(SHA256), place.join("b".repeat(64))).unwrap();
    fs::create_dir(place.join("c".repeat(64))).unwrap();
    assert_eq!(listed(&store).await, [key()]);
}

/// As one is that a program of another user has written.
#[test]
fn record_that_cannot_be_read_keeps_no_other_from_being_listed() {
    let dir = tempfile::tempdir().unwrap();
    let child = spawn_unprivileged("owners::child_lists_a_record_that_it_cannot_read", dir.path());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[tokio::test]
#[ignore = "a part of the test above, which runs it as a user to whom modes apply"]
async fn child_lists_a_record_that_it_cannot_read() {
    let Some(dir) = child_dir() else { return };
    let store = indexed(&dir).await;
    let other = StoreKey::new("session:", "other");
    for key in [&key(), &other] {
        create_for(&store, key, b"data", &owned(MINUTE)).await;
    }
    fs::set_permissions(dir.join(SHA256), fs::Permissions::from_mode(0o000)).unwrap();
    assert_eq!(store.load(&key()).await.unwrap_err().kind(), ErrorKind::Unavailable);
    let mut listed = listed(&store).await;
    listed.sort();
    assert_eq!(listed, [key(), other], "what cannot be read may live");
}

#[tokio::test]
async fn sweep_follows_no_link_out_of_the_index() {
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let store = indexed(dir.path()).await;
    create_for(&store, &key(), b"data", &owned(MINUTE)).await;
    fs::write(elsewhere.path().join("a".repeat(64)), b"another application's").unwrap();
    let owners = owner_42(dir.path()).parent().unwrap().to_owned();
    symlink(elsewhere.path(), owners.join("b".repeat(64))).unwrap();
    store.delete_expired().await.unwrap();
    assert_eq!(names(elsewhere.path()).len(), 1);
}

#[tokio::test]
async fn refused_call_leaves_the_index_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let store = indexed(dir.path()).await;
    create(&store, &key(), b"data", MINUTE).await;
    let mut stale = load(&store, &key()).await;
    stale.payload = Bytes::from_static(b"older");
    let lease = owned(MINUTE);
    for when in [Precondition::Absent, Precondition::Unchanged(&stale)] {
        let refused = store.write(&key(), Bytes::from("new"), &lease, when).await;
        assert_eq!(refused.unwrap(), Outcome::Refused);
    }
    assert_eq!(store.touch(&key(), &lease, &stale).await.unwrap(), Outcome::Refused);
    assert!(!owner_42(dir.path()).exists());

    let loaded = load(&store, &key()).await;
    assert_eq!(store.touch(&key(), &lease, &loaded).await.unwrap(), WRITTEN);
    assert!(!store.delete(&key(), Some("42"), Some(&stale)).await.unwrap());
    assert_eq!(listed(&store).await, [key()]);
}

#[tokio::test]
async fn owner_is_no_part_of_a_path() {
    let dir = tempfile::tempdir().unwrap();
    let store = indexed(dir.path()).await;
    let long = "x".repeat(1 << 20);
    let owners = ["../../up", "/etc", "a\0b", ".", "zo\u{eb}@example.org", "", &long];
    for (n, owner) in owners.iter().enumerate() {
        let key = StoreKey::new("session:", &n.to_string());
        let lease = Lease { ttl: MINUTE, owner: Some(owner) };
        create_for(&store, &key, b"data", &lease).await;
    }
    for (n, owner) in owners.iter().enumerate() {
        let key = StoreKey::new("session:", &n.to_string());
        assert_eq!(store.list_by_owner(owner).await.unwrap(), [key]);
    }
    let places = names(dir.path().join("session.__wz_cache/owners"));
    assert_eq!(places.len(), owners.len());
    assert!(places.iter().all(|place| place.len() == 64));
}

#[tokio::test]
async fn listing_without_the_directory_is_an_error() {
    let parent = tempfile::tempdir().unwrap();
    let (dir, away) = (parent.path().join("sessions"), parent.path().join("away"));
    let store = indexed(&dir).await;
    create_for(&store, &key(), b"data", &owned(MINUTE)).await;
    let loaded = load(&store, &key()).await;
    fs::rename(&dir, &away).unwrap();
    for error in [
        store.list_by_owner("42").await.unwrap_err(),
        store.touch(&key(), &owned(MINUTE), &loaded).await.unwrap_err(),
        store.write(&key(), "new".into(), &owned(MINUTE), Precondition::Absent).await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    }
    assert!(!dir.exists(), "a directory that is not mounted must not be made");
    fs::rename(&away, &dir).unwrap();
    assert_eq!(listed(&store).await, [key()]);

    // Emptied of what is ours, it is used on.
    fs::remove_dir_all(dir.join("session.__wz_cache")).unwrap();
    assert!(listed(&store).await.is_empty());
    assert_eq!(store.touch(&key(), &owned(MINUTE), &loaded).await.unwrap(), WRITTEN);
    assert_eq!(listed(&store).await, [key()]);
}

#[tokio::test]
async fn entry_that_cannot_be_made_stops_the_write() {
    let dir = tempfile::tempdir().unwrap();
    let store = indexed(dir.path()).await;
    create(&store, &key(), b"old", MINUTE).await;
    let loaded = load(&store, &key()).await;
    let owners = dir.path().join("session.__wz_cache/owners");
    fs::write(&owners, b"in the way").unwrap();
    let lease_of_42 = owned(MINUTE * 60);
    let changed = Precondition::Unchanged(&loaded);
    let other = StoreKey::new("session:", "other");
    for error in [
        store.write(&key(), "new".into(), &lease_of_42, changed).await.unwrap_err(),
        store.write(&other, "new".into(), &lease_of_42, Precondition::Absent).await.unwrap_err(),
        store.touch(&key(), &lease_of_42, &loaded).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    }
    assert_eq!(store.load(&other).await.unwrap(), None);
    let still = load(&store, &key()).await;
    assert_eq!(still.payload, "old");
    assert!(still.ttl <= MINUTE + Duration::from_secs(1));
    assert!(drafts(dir.path()).is_empty());
    assert_eq!(store.touch(&key(), &lease(MINUTE), &loaded).await.unwrap(), WRITTEN);
    assert!(store.delete(&key(), Some("42"), Some(&loaded)).await.unwrap(), "a logout ends it");
}
