//! What the tests of files share.

use session_core::{Bytes, ErrorKind, Lease, Outcome, Precondition, Record, Store, StoreKey};
use session_fs::{FileOptions, FileStore};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(crate) const KEY: &str = "Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk";
pub(crate) const SHA256: &str = "3c5b561b02d0872c02624405b29a387a830134cdb3da72653cfbf067a1855715";
pub(crate) const MD5: &str = "a4be7695f1a59132457206ec92e92b49";
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const WRITTEN: Outcome = Outcome::Written { cas: 0 };

/// The key whose digests are [`SHA256`] and [`MD5`].
pub(crate) fn key() -> StoreKey {
    StoreKey::new("session:", KEY)
}

/// What follows the payload in the files of [`key`].
pub(crate) fn tail() -> Vec<u8> {
    [b"session:", KEY.as_bytes(), b"\x33\0\0key"].concat()
}

pub(crate) fn lease(ttl: Duration) -> Lease<'static> {
    Lease { ttl, owner: None }
}

/// The directory of the owner `42`: `printf 42 | sha256sum`.
pub(crate) fn owner_42(dir: &Path) -> PathBuf {
    let digest = "73475cb40a568e8da8a045ced110137e159f890ac4da883b6b17dc651b3a8049";
    dir.join("session.__wz_cache/owners").join(digest)
}

pub(crate) fn owned(ttl: Duration) -> Lease<'static> {
    Lease { ttl, owner: Some("42") }
}

/// Opens a directory, however long a busy disk takes over its lock files.
pub(crate) async fn open(options: impl Into<FileOptions>) -> FileStore {
    let options = options.into();
    for _ in 0..20 {
        match FileStore::connect(options.clone()).await {
            Err(error) if error.kind() == ErrorKind::Timeout => {}
            opened => return opened.unwrap(),
        }
    }
    FileStore::connect(options).await.unwrap()
}

pub(crate) async fn create(
    store: &FileStore,
    key: &StoreKey,
    payload: &'static [u8],
    ttl: Duration,
) {
    create_for(store, key, payload, &lease(ttl)).await;
}

pub(crate) async fn create_for(
    store: &FileStore,
    key: &StoreKey,
    payload: &'static [u8],
    lease: &Lease<'_>,
) {
    let payload = Bytes::from_static(payload);
    let outcome = store.write(key, payload, lease, Precondition::Absent).await.unwrap();
    assert_eq!(outcome, WRITTEN);
}

pub(crate) async fn load(store: &FileStore, key: &StoreKey) -> Record {
    store.load(key).await.unwrap().expect("a live record")
}

/// The names in a directory, in order.
pub(crate) fn names(dir: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The names of record files.
pub(crate) fn records(dir: &Path) -> Vec<String> {
    let mut names = names(dir);
    names.retain(|name| name != "session.__wz_cache");
    names
}

pub(crate) fn drafts(dir: &Path) -> Vec<String> {
    names(dir.join("session.__wz_cache/drafts"))
}

/// Says aloud what is not tested here; an error under `CI=true`.
pub(crate) fn skip(what: &str) {
    let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!is_ci, "{what}");
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
}

/// Starts this test binary again, to run the ignored test `name` alone on `dir`.
pub(crate) fn spawn(name: &str, dir: &Path) -> Child {
    child(name, dir).spawn().unwrap()
}

/// The same as a user to whom modes apply, who gets `dir`.
pub(crate) fn spawn_unprivileged(name: &str, dir: &Path) -> Child {
    const NOBODY: u32 = 65_534;
    let mut child = child(name, dir);
    if fs::metadata(dir).unwrap().uid() == 0 {
        chown(dir, Some(NOBODY), Some(NOBODY)).unwrap();
        child.uid(NOBODY).gid(NOBODY);
    }
    child.spawn().unwrap()
}

fn child(name: &str, dir: &Path) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
        .env("SESSION_TEST_CHILD_DIR", dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    child
}

/// The directory that [`spawn`] named; `None` if this is no child.
pub(crate) fn child_dir() -> Option<PathBuf> {
    std::env::var_os("SESSION_TEST_CHILD_DIR").map(Into::into)
}
