//! With `Durability::PowerCut` no name counts as given or taken before its directory is flushed.
//!
//! A directory that may be written and not read is one whose flush fails.

use crate::common::{
    MINUTE, SHA256, child_dir, create_for, key, load, names, open, owned, owner_42,
    spawn_unprivileged,
};
use session_core::{Error, ErrorKind, Precondition, Store, StoreKey};
use session_fs::{Durability, FileOptions, FileStore};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const WRITABLE: u32 = 0o700;
const UNFLUSHABLE: u32 = 0o300;

fn set_mode(dir: &Path, mode: u32) {
    fs::set_permissions(dir, Permissions::from_mode(mode)).unwrap();
}

fn assert_is_unflushed(error: &Error) {
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unknown, false), "{error}");
    assert!(error.to_string().contains("not flushed"), "{error}");
}

fn run_unprivileged(part: &str) {
    let dir = tempfile::tempdir().unwrap();
    let output = spawn_unprivileged(part, dir.path()).wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

/// In a child: a store with an index of owners, and its directory.
async fn child_store() -> Option<(FileStore, PathBuf)> {
    let dir = child_dir()?;
    let options = FileOptions::new(&dir).owner_index(true).durability(Durability::PowerCut);
    Some((open(options).await, dir))
}

#[test]
fn directory_is_flushed_after_each_name_that_is_given_or_taken() {
    run_unprivileged("durability::child_cannot_flush_the_records");
}

#[tokio::test]
#[ignore = "a part of the test above, which runs it as a user to whom modes apply"]
async fn child_cannot_flush_the_records() {
    let Some((store, dir)) = child_store().await else { return };
    let lease = owned(MINUTE);
    set_mode(&dir, UNFLUSHABLE);
    let create = store.write(&key(), "old".into(), &lease, Precondition::Absent).await;
    assert_is_unflushed(&create.expect_err("a create"));

    let loaded = load(&store, &key()).await;
    let same = Precondition::Unchanged(&loaded);
    let update = store.write(&key(), "new".into(), &lease, same).await;
    assert_is_unflushed(&update.expect_err("an update"));

    let delete = store.delete(&key(), lease.owner, None).await;
    assert_is_unflushed(&delete.expect_err("a delete"));
    assert_eq!(names(owner_42(&dir)), [SHA256], "the record may be back after a power cut");
    set_mode(&dir, WRITABLE);
}

#[test]
fn entry_of_an_owner_is_flushed_before_its_record_is_written() {
    run_unprivileged("durability::child_cannot_flush_the_entries");
}

#[tokio::test]
#[ignore = "a part of the test above, which runs it as a user to whom modes apply"]
async fn child_cannot_flush_the_entries() {
    let Some((store, dir)) = child_store().await else { return };
    create_for(&store, &StoreKey::new("session:", "other"), b"other", &owned(MINUTE)).await;
    // The owner's directory, that of all owners and the store's own.
    let places = owner_42(&dir);
    for place in places.ancestors().take(3) {
        set_mode(place, UNFLUSHABLE);
        let create = store.write(&key(), "x".into(), &owned(MINUTE), Precondition::Absent).await;
        set_mode(place, WRITABLE);
        let error = create.expect_err("a create");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{}: {error}", place.display());
        assert_eq!(store.load(&key()).await.unwrap(), None, "{}", place.display());
        assert_eq!(names(&places).len(), 1, "no entry is left that another would take for flushed");
    }
}
