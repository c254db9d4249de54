//! What a deadline, and a caller that goes away, do to a change.

use super::intent::Intent;
use super::{Bytes, Entry, Fault, FileStore, Outcome, StoreKey};
use crate::config::FileOptions;
use std::sync::mpsc;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_millis(20);

async fn store(dir: &tempfile::TempDir) -> FileStore {
    let options = FileOptions::new(dir.path()).operation_timeout(TIMEOUT);
    FileStore::connect(options).await.unwrap()
}

#[tokio::test]
async fn change_that_stands_at_the_deadline_is_overdue_and_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    let (unblock, blocked) = mpsc::channel::<()>();
    let (made, heard) = mpsc::channel();
    let names = store.names(&StoreKey::new("session:", "any"));
    let answer = store.change(names, move |_, _, intent| {
        intent.stand()?;
        blocked.recv().unwrap();
        made.send(()).unwrap();
        Ok(())
    });
    assert!(matches!(answer.await, Err(Fault::Overdue)));
    unblock.send(()).unwrap();
    heard.recv().unwrap();
}

#[tokio::test]
async fn change_that_does_not_stand_at_the_deadline_is_called_off() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    let (unblock, blocked) = mpsc::channel::<()>();
    let (tried, heard) = mpsc::channel();
    let names = store.names(&StoreKey::new("session:", "any"));
    let answer = store.change(names, move |_, _, intent| {
        blocked.recv().unwrap();
        tried.send(intent.stand().is_err()).unwrap();
        Ok(())
    });
    assert!(matches!(answer.await, Err(Fault::TooLate)));
    unblock.send(()).unwrap();
    assert!(heard.recv().unwrap(), "a change that was called off stood later");
}

#[tokio::test]
async fn change_begun_is_made_though_its_caller_went_away() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    let (begun, hears) = tokio::sync::oneshot::channel();
    let (unblock, blocked) = mpsc::channel::<()>();
    let (made, heard) = mpsc::channel();
    let names = store.names(&StoreKey::new("session:", "any"));
    let caller = tokio::spawn(async move {
        let change = store.change(names, move |_, _, intent| {
            begun.send(()).unwrap();
            blocked.recv().unwrap();
            intent.stand()?;
            made.send(()).unwrap();
            Ok(())
        });
        change.await
    });
    hears.await.unwrap();
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    unblock.send(()).unwrap();
    heard.recv().unwrap();
}

#[tokio::test]
async fn change_that_is_called_off_takes_its_entry_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    let key = StoreKey::new("session:", "any");
    let (names, entry) = (store.names(&key), Entry::new("42", &key));
    let has_entry = || std::fs::read_dir(store.dir.owners()).unwrap().next().is_some();
    let create = |intent: &Intent| {
        let payload = Bytes::from_static(b"data");
        store.dir.create(&names, &payload, Duration::from_secs(60), Some(&entry), intent)
    };
    let withdrawn = Intent::default();
    assert!(withdrawn.withdraw());
    assert!(matches!(create(&withdrawn), Err(Fault::TooLate)));
    assert!(!has_entry());
    assert_eq!(create(&Intent::default()).unwrap(), Outcome::Written { cas: 0 });
    assert!(has_entry());
}
