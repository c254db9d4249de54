//! Several processes, and threads of one, change the same records and lose nothing.

use crate::common::{
    MINUTE, WRITTEN, child_dir, create, create_for, lease, load, names, open, owned, owner_42,
    spawn,
};
use session_core::{Bytes, Precondition, Store, StoreKey};
use session_fs::{Durability, FileHash, FileOptions, FileStore};
use std::time::Duration;

const PROCESSES: usize = 4;
const TASKS: usize = 4;
const ADDITIONS: usize = 50;

fn counter() -> StoreKey {
    StoreKey::new("session:", "counter")
}

fn options(dir: &std::path::Path) -> FileOptions {
    // One key under all that contention on two cores is no matter of half a second.
    let options = FileOptions::new(dir).operation_timeout(Duration::from_secs(30));
    options.durability(Durability::Process)
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
fn additions_of_processes_that_name_files_differently_are_all_counted() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for hash in [FileHash::Sha256, FileHash::Md5] {
        let store = runtime.block_on(open(options(dir.path()).hash(hash)));
        runtime.block_on(create(&store, &counter(), b"0", MINUTE));
        let parts =
            ["processes::child_adds_by_sha256", "processes::child_adds_by_md5"].into_iter().cycle();
        let children: Vec<_> = parts.take(PROCESSES).map(|part| spawn(part, dir.path())).collect();
        for child in children {
            assert!(child.wait_with_output().unwrap().status.success());
        }
        let count = runtime.block_on(load(&store, &counter())).payload;
        assert_eq!(count, (PROCESSES * TASKS * ADDITIONS).to_string());
        assert!(runtime.block_on(store.delete(&counter(), None, None)).unwrap());
    }
}

#[test]
#[ignore = "a part of the test above, which runs it in processes of their own"]
fn child_adds_by_sha256() {
    add_as_child(FileHash::Sha256);
}

#[test]
#[ignore = "a part of the test above, which runs it in processes of their own"]
fn child_adds_by_md5() {
    add_as_child(FileHash::Md5);
}

fn add_as_child(hash: FileHash) {
    let Some(dir) = child_dir() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = open(options(&dir).hash(hash)).await;
        let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(add(store.clone()))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// Creates and ends sessions of one owner, so that its directory comes and goes; keeps the last.
async fn come_and_go(store: FileStore, task: usize) {
    for round in 0..ADDITIONS {
        let key = StoreKey::new("session:", &format!("{}-{task}-{round}", std::process::id()));
        create_for(&store, &key, b"data", &owned(MINUTE)).await;
        let listed = store.list_by_owner("42").await.unwrap();
        assert!(listed.contains(&key), "a live record is listed, whoever sweeps meanwhile");
        if round + 1 < ADDITIONS {
            assert!(store.delete(&key, Some("42"), None).await.unwrap());
        }
    }
}

#[test]
fn index_that_processes_share_and_sweep_is_that_of_the_live_records() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(open(options(dir.path()).owner_index(true)));
    let mut children: Vec<_> =
        (0..PROCESSES).map(|_| spawn("processes::child_comes_and_goes", dir.path())).collect();
    while children.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
        assert_eq!(runtime.block_on(store.delete_expired()).unwrap(), 0);
    }
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let listed = runtime.block_on(store.list_by_owner("42")).unwrap();
    assert_eq!(listed.len(), PROCESSES * TASKS);
    assert_eq!(names(owner_42(dir.path())).len(), listed.len());
    for key in listed {
        assert!(runtime.block_on(store.delete(&key, Some("42"), None)).unwrap());
    }
    assert!(!owner_42(dir.path()).exists());
}

#[test]
#[ignore = "a part of the test above, which runs it in processes of their own"]
fn child_comes_and_goes() {
    let Some(dir) = child_dir() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = open(options(&dir).owner_index(true)).await;
        let tasks: Vec<_> =
            (0..TASKS).map(|task| tokio::spawn(come_and_go(store.clone(), task))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}
