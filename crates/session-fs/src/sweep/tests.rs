//! What the keepers of several processes do about one directory.

use super::turn::Turn;
use super::{EVICTION_PAUSE, Keeper, PAUSE, Tally, rest_after};
use crate::client::Client;
use crate::config::FileOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a process has: locks are held by open files, so those of two keepers exclude each other.
async fn keeper(dir: &Path) -> Keeper {
    let options = FileOptions::new(dir).threshold(2);
    Keeper::new(Arc::new(Client::open(options.clone()).await.unwrap()), &options)
}

/// Puts a record there, expired or not, as another program does.
fn plant(dir: &Path, name: char, expiry: u32) -> PathBuf {
    let path = dir.join(String::from(name).repeat(64));
    std::fs::write(&path, [&expiry.to_le_bytes()[..], b"\x80"].concat()).unwrap();
    path
}

#[tokio::test]
async fn one_process_sweeps_for_all() {
    let dir = tempfile::tempdir().unwrap();
    for name in ['a', 'b', 'c'] {
        plant(dir.path(), name, u32::MAX);
    }
    let (one, other) = (keeper(dir.path()).await, keeper(dir.path()).await);
    let expired = plant(dir.path(), 'd', 1);
    let mut next = Instant::now();
    one.tend(&mut next).await.unwrap();
    assert!(!expired.exists(), "four are too many");

    let expired = plant(dir.path(), 'd', 1);
    let mut next = Instant::now();
    other.tend(&mut next).await.unwrap();
    assert!(expired.exists(), "the directory was walked again right after");
    assert!(next > Instant::now(), "and it is not before the other one may");
    assert_eq!(other.sweep().await.unwrap(), 1, "a sweep that is asked for is made");
}

#[test]
fn sweeps_take_a_twentieth_of_the_time_at_most() {
    let seconds = Duration::from_secs;
    // Ten million files take minutes.
    for (took, expected) in [(0, 60), (3, 60), (4, 80), (300, 6_000)] {
        assert_eq!(rest_after(PAUSE, seconds(took)), seconds(expected));
    }
    assert_eq!(rest_after(EVICTION_PAUSE, Duration::ZERO), EVICTION_PAUSE);
    assert_eq!(rest_after(PAUSE, Duration::MAX), Duration::MAX);
}

#[tokio::test]
async fn one_process_counts_for_all() {
    let dir = tempfile::tempdir().unwrap();
    plant(dir.path(), 'a', u32::MAX);
    let (one, other) = (keeper(dir.path()).await, keeper(dir.path()).await);
    one.tend(&mut Instant::now()).await.unwrap();
    for name in ['b', 'c', 'd'] {
        plant(dir.path(), name, u32::MAX);
    }
    other.tend(&mut Instant::now()).await.unwrap();
    assert_eq!(other.files().map(|count| count.files), Some(1), "it was counted again");
    other.walk(Tally::default()).await.unwrap();
    assert_eq!(other.files().map(|count| count.files), Some(4), "a walk corrects it");
}

#[tokio::test]
async fn nobody_waits_for_the_one_who_sweeps() {
    let dir = tempfile::tempdir().unwrap();
    let keeper = keeper(dir.path()).await;
    let expired = plant(dir.path(), 'a', 1);
    let other = Turn::take(&keeper.client.dir).unwrap();
    let mut next = Instant::now();
    keeper.tend(&mut next).await.unwrap();
    assert!(expired.exists() && next > Instant::now());
    assert_eq!(keeper.sweep().await.unwrap(), 1, "a sweep that is asked for is made");
    drop(other);
    assert!(Turn::take(&keeper.client.dir).is_some());
}
