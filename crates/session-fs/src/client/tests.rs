//! What a deadline, and a caller that goes away, do to a change.

use super::Client;
use crate::config::FileOptions;
use crate::disk::change::Change;
use crate::disk::intent::Intent;
use crate::disk::owners::Entry;
use crate::error::Fault;
use session_core::{Bytes, Outcome, StoreKey};
use std::sync::mpsc;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_millis(20);

async fn client(dir: &tempfile::TempDir) -> Client {
    client_within(TIMEOUT, dir).await
}

async fn client_within(timeout: Duration, dir: &tempfile::TempDir) -> Client {
    let options = FileOptions::new(dir.path()).operation_timeout(timeout);
    Client::open(options).await.unwrap()
}

fn key() -> StoreKey {
    StoreKey::new("session:", "any")
}

#[tokio::test]
async fn change_that_stands_at_the_deadline_is_overdue_and_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let client = client(&dir).await;
    let (unblock, blocked) = mpsc::channel::<()>();
    let (made, heard) = mpsc::channel();
    let key = key();
    let answer = client.change(&key, None, move |change| {
        change.intent.stand()?;
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
    let client = client(&dir).await;
    let (unblock, blocked) = mpsc::channel::<()>();
    let (tried, heard) = mpsc::channel();
    let key = key();
    let answer = client.change(&key, None, move |change| {
        blocked.recv().unwrap();
        tried.send(change.intent.stand().is_err()).unwrap();
        Ok(())
    });
    assert!(matches!(answer.await, Err(Fault::TooLate)));
    unblock.send(()).unwrap();
    assert!(heard.recv().unwrap(), "a change that was called off stood later");
}

#[tokio::test]
async fn change_begun_is_made_though_its_caller_went_away() {
    let dir = tempfile::tempdir().unwrap();
    // On a busy machine a short deadline would come before the caller goes.
    let client = client_within(Duration::from_secs(60), &dir).await;
    let (begun, hears) = tokio::sync::oneshot::channel();
    let (unblock, blocked) = mpsc::channel::<()>();
    let (made, heard) = mpsc::channel();
    let caller = tokio::spawn(async move {
        let key = key();
        let answer = client.change(&key, None, move |change| {
            begun.send(()).unwrap();
            blocked.recv().unwrap();
            change.intent.stand()?;
            made.send(()).unwrap();
            Ok(())
        });
        answer.await
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
    let client = client(&dir).await;
    let key = key();
    let names = client.names(&key);
    let entry = Entry::new("42", &key, &names);
    let has_entry = || std::fs::read_dir(&client.dir.owners).unwrap().next().is_some();
    let create = |intent: &Intent| {
        let entry = Some(&entry);
        let change = Change { dir: &client.dir, key: &key, names: &names, entry, intent };
        change.create(&Bytes::from_static(b"data"), Duration::from_secs(60))
    };
    let withdrawn = Intent::default();
    assert!(withdrawn.withdraw());
    assert!(matches!(create(&withdrawn), Err(Fault::TooLate)));
    assert!(!has_entry());
    assert_eq!(create(&Intent::default()).unwrap(), Outcome::Written { cas: 0 });
    assert!(has_entry());
}
