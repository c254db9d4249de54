//! Above the threshold expired records go, and live ones only if told.

use crate::common::{MINUTE, create, open, records};
use session_core::StoreKey;
use session_fs::{FileOptions, FileStore};
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

async fn create_many(store: &FileStore, prefix: &str, ttls: impl IntoIterator<Item = Duration>) {
    for (number, ttl) in ttls.into_iter().enumerate() {
        create(store, &StoreKey::new(prefix, &number.to_string()), b"data", ttl).await;
    }
}

async fn until_there_are(dir: &Path, files: usize) {
    let begun = Instant::now();
    while records(dir).len() != files {
        assert!(begun.elapsed() < PATIENCE, "{} files, not {files}", records(dir).len());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn expired_records_are_swept_above_the_threshold() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(FileOptions::new(dir.path()).threshold(6)).await;
    create_many(&store, "short", [Duration::from_millis(1); 5]).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    create_many(&store, "below", [MINUTE]).await;
    assert_eq!(records(dir.path()).len(), 6, "nothing is swept up to the threshold");
    create_many(&store, "above", [MINUTE; 7]).await;
    until_there_are(dir.path(), 8).await;
}

#[tokio::test]
async fn live_records_stay_above_the_threshold() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a".repeat(64)), b"\x01\0\0\0\x80").unwrap();
    let store = open(FileOptions::new(dir.path()).threshold(3)).await;
    create_many(&store, "live", [MINUTE; 9]).await;
    // The expired one shows that the sweep has been here.
    until_there_are(dir.path(), 9).await;
    assert!(!records(dir.path()).contains(&"a".repeat(64)));
}

#[tokio::test]
async fn evicted_are_those_that_end_soonest() {
    let dir = tempfile::tempdir().unwrap();
    let never = "b".repeat(64);
    std::fs::write(dir.path().join(&never), b"\0\0\0\0\x80").unwrap();
    let filler = open(FileOptions::new(dir.path()).threshold(0)).await;
    create_many(&filler, "live", (1..=9).rev().map(|minutes| MINUTE * minutes)).await;
    assert_eq!(records(dir.path()).len(), 10);

    let store = open(FileOptions::new(dir.path()).threshold(4).evict_live(true)).await;
    create_many(&store, "last", [MINUTE * 10]).await;
    until_there_are(dir.path(), 4).await;
    assert!(records(dir.path()).contains(&never));
    for number in 0..9 {
        use session_core::Store as _;
        let key = StoreKey::new("live", &number.to_string());
        assert_eq!(store.load(&key).await.unwrap().is_some(), number < 2, "{number}");
    }
}
