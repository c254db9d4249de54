//! The files are those of cachelib, byte for byte.

use crate::common::{
    KEY, MD5, MINUTE, SHA256, WRITTEN, create, drafts, key, lease, load, names, open, records, tail,
};
use session_core::{Bytes, Lease, Outcome, Precondition, Store, StoreKey};
use session_fs::{FileHash, FileOptions};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn seconds_now() -> u32 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as u32
}

fn expiry(path: &Path) -> u32 {
    u32::from_le_bytes(fs::read(path).unwrap()[..4].try_into().unwrap())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn file_is_named_by_digest_and_holds_expiry_payload_and_key() {
    for (hash, name) in [(FileHash::Sha256, SHA256), (FileHash::Md5, MD5)] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(FileOptions::new(dir.path()).hash(hash)).await;
        let before = seconds_now();
        create(&store, &key(), b"\x81\xa1a\x01", MINUTE).await;
        assert_eq!(records(dir.path()), [name]);
        let path = dir.path().join(name);
        assert_eq!(fs::read(&path).unwrap()[4..], [b"\x81\xa1a\x01", &*tail()].concat());
        assert!((before + 60..=seconds_now() + 61).contains(&expiry(&path)));
        assert!(drafts(dir.path()).is_empty());
    }
}

#[tokio::test]
async fn modes_are_those_asked_for() {
    let parent = tempfile::tempdir().unwrap();
    for (files, directories) in [(0o600, 0o700), (0o660, 0o770)] {
        let dir = parent.path().join(format!("{files:o}")).join("deep");
        let store = open(FileOptions::new(&dir).mode(files)).await;
        create(&store, &key(), b"data", MINUTE).await;
        assert_eq!(mode(&dir.join(SHA256)), files);
        let own = dir.join("session.__wz_cache");
        for made in [&dir, &own, &own.join("drafts"), &own.join("locks")] {
            assert_eq!(mode(made), directories, "{made:?}");
        }
        assert_eq!(mode(&own.join("locks/00")), files);
    }
}

#[tokio::test]
async fn all_but_records_lies_under_a_name_that_cachelib_ignores() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    create(&store, &key(), b"data", MINUTE).await;
    store.delete(&key(), None, None).await.unwrap();
    assert_eq!(names(dir.path()), ["session.__wz_cache"]);
    assert_eq!(names(dir.path().join("session.__wz_cache")), ["drafts", "locks", "sweep"]);
    assert_eq!(names(dir.path().join("session.__wz_cache/locks")).len(), 256);
}

#[tokio::test]
async fn record_stays_under_the_name_where_it_was_found() {
    let dir = tempfile::tempdir().unwrap();
    let older = open(FileOptions::new(dir.path()).hash(FileHash::Md5)).await;
    create(&older, &key(), b"one", MINUTE).await;

    let store = open(FileOptions::new(dir.path())).await;
    let loaded = load(&store, &key()).await;
    assert_eq!(loaded.payload, "one");
    let absent = Precondition::Absent;
    let outcome = store.write(&key(), Bytes::from("no"), &lease(MINUTE), absent).await.unwrap();
    assert_eq!(outcome, Outcome::Refused);
    let unchanged = Precondition::Unchanged(&loaded);
    let outcome = store.write(&key(), Bytes::from("two"), &lease(MINUTE), unchanged).await.unwrap();
    assert_eq!(outcome, WRITTEN);
    let loaded = load(&store, &key()).await;
    assert_eq!(store.touch(&key(), &lease(MINUTE * 9), &loaded).await.unwrap(), WRITTEN);
    assert_eq!(records(dir.path()), [MD5]);
    assert_eq!(load(&older, &key()).await.payload, "two");

    assert!(store.delete(&key(), None, None).await.unwrap());
    assert!(records(dir.path()).is_empty());
}

#[tokio::test]
async fn delete_leaves_no_copy_under_the_other_name() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    for hash in [FileHash::Sha256, FileHash::Md5] {
        let dead = open(FileOptions::new(dir.path()).hash(hash)).await;
        create(&store, &key(), b"new", MINUTE).await;
        fs::copy(dir.path().join(SHA256), dir.path().join(MD5)).unwrap();
        assert!(dead.delete(&key(), None, None).await.unwrap());
        assert!(records(dir.path()).is_empty());
    }
}

#[tokio::test]
async fn first_name_wins_if_both_are_live() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(SHA256), b"\0\0\0\0sha256").unwrap();
    fs::write(dir.path().join(MD5), b"\0\0\0\0md5").unwrap();
    for (hash, payload) in [(FileHash::Sha256, "sha256"), (FileHash::Md5, "md5")] {
        let store = open(FileOptions::new(dir.path()).hash(hash)).await;
        assert_eq!(load(&store, &key()).await.payload, payload);
    }
}

#[tokio::test]
async fn files_of_older_cachelibs_are_read_renewed_and_replaced() {
    let ends = seconds_now() + 1_000;
    let pickle = b"\x80\x05}\x94.";
    let bare = [b"J", &ends.to_le_bytes()[..], b"."].concat();
    let framed = [b"\x80\x05\x95\x06\0\0\0\0\0\0\0J", &ends.to_le_bytes()[..], b"."].concat();
    for (header, ttl) in [
        (bare, Duration::from_secs(1_000)),
        (framed, Duration::from_secs(1_000)),
        (b"K\0.".to_vec(), Duration::MAX),
        (b"\x80\x05K\0.".to_vec(), Duration::MAX),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(MD5);
        fs::write(&path, [&header[..], pickle].concat()).unwrap();
        let store = open(FileOptions::new(dir.path())).await;
        let loaded = load(&store, &key()).await;
        assert_eq!(loaded.payload, pickle.as_slice());
        assert!(loaded.ttl <= ttl && loaded.ttl > ttl - MINUTE, "{:?}", loaded.ttl);

        assert_eq!(store.touch(&key(), &lease(MINUTE), &loaded).await.unwrap(), WRITTEN);
        assert_eq!(fs::read(&path).unwrap()[4..], [&pickle[..], &tail()].concat());
        let loaded = load(&store, &key()).await;
        assert!(loaded.ttl <= MINUTE + Duration::from_secs(1));

        let unchanged = Precondition::Unchanged(&loaded);
        let outcome = store.write(&key(), Bytes::from("new"), &lease(MINUTE), unchanged).await;
        assert_eq!(outcome.unwrap(), WRITTEN);
        assert_eq!(records(dir.path()), [MD5]);
        assert_eq!(fs::read(&path).unwrap()[4..], [b"new", &*tail()].concat());
    }
}

/// An expiry whose first byte is `J`, two bytes, a dot and two that begin a pickle: the last is of the
/// key.
#[tokio::test]
async fn payload_and_key_together_never_look_like_an_older_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    let (key, payload) = (StoreKey::new("\x04", "key"), b"\0.\x80");
    create(&store, &key, payload, MINUTE).await;
    let loaded = load(&store, &key).await;
    assert_eq!(store.touch(&key, &until_j(), &loaded).await.unwrap(), WRITTEN);
    assert_eq!(load(&store, &key).await.payload, &payload[..]);
    let same = Precondition::Unchanged(&loaded);
    let written = store.write(&key, Bytes::from_static(payload), &until_j(), same).await;
    assert_eq!(written.unwrap(), WRITTEN);
    assert_eq!(load(&store, &key).await.payload, &payload[..]);
}

/// Ends in a second whose lowest byte is `J`, if it is asked for within half a second.
fn until_j() -> Lease<'static> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let second = (now.as_secs() | 0xff) + 1 + u64::from(b'J');
    lease(Duration::from_secs(second) - now - Duration::from_millis(500))
}

#[tokio::test]
async fn touch_writes_the_expiry_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    create(&store, &key(), b"data", MINUTE).await;
    let open_before = File::open(dir.path().join(SHA256)).unwrap();
    let loaded = load(&store, &key()).await;
    assert_eq!(store.touch(&key(), &lease(MINUTE * 60), &loaded).await.unwrap(), WRITTEN);
    let mut header = [0; 4];
    std::os::unix::fs::FileExt::read_exact_at(&open_before, &mut header, 0).unwrap();
    assert!(u32::from_le_bytes(header) >= seconds_now() + 3_590);
}

#[tokio::test]
async fn sweep_removes_expired_records_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    let expired = [&1u32.to_le_bytes()[..], b"\x80\x05}."].concat();
    let pickled = b"J\x01\0\0\0.\x80\x05}.";
    let others = [
        "2029240f6d1128be89ddc32729463129",
        "79bc207ee04a581ab2348ca1f3494e64cd0ec36128735b8c6bc85ddd8fe1938c",
        "tmpabcdefgh.__wz_cache",
        "README",
        "ABCDEF00ABCDEF00ABCDEF00ABCDEF00",
    ];
    for name in others {
        fs::write(dir.path().join(name), &expired).unwrap();
    }
    fs::write(dir.path().join("a".repeat(32)), &expired).unwrap();
    fs::write(dir.path().join("b".repeat(64)), &expired).unwrap();
    fs::write(dir.path().join("c".repeat(32)), pickled).unwrap();
    fs::write(dir.path().join("d".repeat(64)), b"").unwrap();
    fs::write(dir.path().join("e".repeat(64)), b"\0\0\0\0never").unwrap();
    create(&store, &key(), b"data", MINUTE).await;

    assert_eq!(store.delete_expired().await.unwrap(), 4);
    let mut expected: Vec<String> = others.map(String::from).to_vec();
    expected.extend([SHA256.to_owned(), "e".repeat(64)]);
    expected.sort();
    assert_eq!(records(dir.path()), expected);
}

#[tokio::test]
async fn sweep_removes_drafts_that_were_abandoned() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    let place = dir.path().join("session.__wz_cache/drafts");
    let old = File::create(place.join("old")).unwrap();
    old.set_modified(SystemTime::now() - MINUTE * 61).unwrap();
    File::create(place.join("young")).unwrap();
    assert_eq!(store.delete_expired().await.unwrap(), 0);
    assert_eq!(drafts(dir.path()), ["young"]);
}

#[tokio::test]
async fn file_too_short_for_a_record_is_none_and_gives_way() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path())).await;
    fs::write(dir.path().join(SHA256), b"\x01\x02").unwrap();
    assert_eq!(store.load(&key()).await.unwrap(), None);
    create(&store, &key(), b"data", MINUTE).await;
    assert_eq!(load(&store, &key()).await.payload, "data");
}

#[test]
fn name_of_a_key_never_reaches_debug() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let store = runtime.block_on(open(FileOptions::new(dir.path())));
    runtime.block_on(create(&store, &StoreKey::new("session:", KEY), b"data", MINUTE));
    let shown = format!("{store:?}");
    assert!(!shown.contains(SHA256) && !shown.contains(KEY), "{shown}");
}
