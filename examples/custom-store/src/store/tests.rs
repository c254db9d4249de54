//! What the kit cannot know of a file.

use super::RedbStore;
use web_session::store::Call;
use web_session::{Store, StoreKey};

#[cfg(unix)]
#[test]
fn file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sessions.redb");
    RedbStore::open(&file).unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn sweep_takes_all_that_ended_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let store = RedbStore::open(dir.path().join("sessions.redb")).unwrap();
    let fill = |records: &mut super::Records<'_>| {
        for n in 0..1_201u64 {
            let end = if n % 3 == 0 { u64::MAX } else { n };
            records.insert(&*format!("session:{n:04}"), (end, &b"data"[..]))?;
        }
        Ok(Some(()))
    };
    store.change(Call::Update, fill).await.unwrap();
    assert_eq!(store.delete_expired().await.unwrap(), 800);
    assert_eq!(store.delete_expired().await.unwrap(), 0);
    assert!(store.load(&StoreKey::new("session:", "1200")).await.unwrap().is_some());
}
