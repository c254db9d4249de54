//! Several processes, and threads of one, change the same records and lose nothing.

mod support;

use session_core::{Bytes, Precondition, Store, StoreKey};
use session_fs::{FileHash, FileOptions, FileStore};
use std::time::Duration;
use support::{MINUTE, WRITTEN, child_dir, create, lease, load, open, spawn};

const PROCESSES: usize = 4;
const TASKS: usize = 4;
const ADDITIONS: usize = 50;

fn counter() -> StoreKey {
    StoreKey::new("session:", "counter")
}

fn options(dir: &std::path::Path) -> FileOptions {
    // One key under all that contention on two cores is no matter of half a second.
    FileOptions::new(dir).operation_timeout(Duration::from_secs(30))
}

async fn add(store: FileStore) {
    for _ in 0..ADDITIONS {
        loop {
            let loaded = load(&store, &counter()).await;
            let count: usize = std::str::from_utf8(&loaded.payload).unwrap().parse().unwrap();
            let next = Bytes::from((count + 1).to_string());
            let when = Precondition::Unchanged(&loaded);
            if store.write(&counter(), next, &lease(MINUTE), when).await.unwrap() == WRITTEN {
                break;
            }
        }
    }
}

#[test]
fn additions_of_several_processes_are_all_counted() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for hash in [FileHash::Sha256, FileHash::Md5] {
        let store = runtime.block_on(open(options(dir.path()).hash(hash)));
        runtime.block_on(create(&store, &counter(), b"0", MINUTE));
        // The children name files by SHA-256: both names are locked, whatever a process prefers.
        let children: Vec<_> = (0..PROCESSES).map(|_| spawn("child_adds", dir.path())).collect();
        for child in children {
            assert!(child.wait_with_output().unwrap().status.success());
        }
        let count = runtime.block_on(load(&store, &counter())).payload;
        assert_eq!(count, (PROCESSES * TASKS * ADDITIONS).to_string());
        assert!(runtime.block_on(store.delete(&counter(), None, None)).unwrap());
    }
}

#[test]
#[ignore = "the part of additions_of_several_processes_are_all_counted that runs in children"]
fn child_adds() {
    let Some(dir) = child_dir() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = open(options(&dir)).await;
        let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(add(store.clone()))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// A sweep that looked before a renewal and removed after it would take a live record.
#[tokio::test(flavor = "multi_thread")]
async fn sweeps_never_take_a_record_that_is_renewed_at_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(options(dir.path())).await;
    let keys: Vec<_> = (0..64).map(|n| StoreKey::new("renewed", &n.to_string())).collect();
    for key in &keys {
        create(&store, key, b"data", Duration::from_millis(1)).await;
    }
    let sweeper = tokio::spawn({
        let store = store.clone();
        async move {
            let until = tokio::time::Instant::now() + Duration::from_millis(1_500);
            while tokio::time::Instant::now() < until {
                store.delete_expired().await.unwrap();
            }
        }
    });
    let mut renewed = std::collections::HashSet::new();
    while !sweeper.is_finished() {
        for key in &keys {
            let Some(loaded) = store.load(key).await.unwrap() else { continue };
            // Short until the last moment, then long.
            let ttl = if loaded.ttl < Duration::from_millis(20) { MINUTE } else { continue };
            if store.touch(key, &lease(ttl), &loaded).await.unwrap() == WRITTEN {
                renewed.insert(key.clone());
            }
        }
        tokio::task::yield_now().await;
    }
    sweeper.await.unwrap();
    for key in renewed {
        assert!(store.load(&key).await.unwrap().is_some(), "a renewed record was swept");
    }
}
