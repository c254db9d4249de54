//! Of calls that exclude each other, one wins and all others learn that they did not.

use crate::probe::{
    MINUTE, create, ensure_gone, ensure_holds, fresh_key, fresh_payload, is_written, lease,
    load_live, open,
};
use crate::verdict::ensure;
use crate::{Finding, Subject, Verdict};
use bytes::Bytes;
use session_core::{Precondition, Store, StoreKey};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const RIVALS: usize = 16;
const WRITERS: usize = 50;

/// Of many simultaneous creates under one key exactly one is written, and its payload is stored.
pub async fn one_of_many_creators_wins(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    let start = Arc::new(Barrier::new(RIVALS));
    let mut rivals = JoinSet::new();
    for _ in 0..RIVALS {
        let (store, key, start) = (store.clone(), key.clone(), start.clone());
        rivals.spawn(async move {
            let payload = fresh_payload();
            start.wait().await;
            let (new, lease) = (payload.clone(), lease(MINUTE));
            let outcome = store.write(&key, new, &lease, Precondition::Absent).await?;
            Ok::<_, Finding>(is_written(outcome).then_some(payload))
        });
    }
    let mut winners = Vec::new();
    while let Some(rival) = rivals.join_next().await {
        winners.extend(rival??);
    }
    ensure!(winners.len() == 1, "{} of {RIVALS} creators were told they won", winners.len());
    ensure_holds(&*store, &key, &winners[0]).await
}

/// Of many simultaneous deletes of one record exactly one is `true`.
pub async fn one_of_many_deleters_wins(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    let loaded = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    let start = Arc::new(Barrier::new(RIVALS));
    let mut rivals = JoinSet::new();
    for rival in 0..RIVALS {
        let (store, key, start) = (store.clone(), key.clone(), start.clone());
        let expected = (rival % 2 == 0).then(|| loaded.clone());
        rivals.spawn(async move {
            start.wait().await;
            store.delete(&key, None, expected.as_ref()).await
        });
    }
    let mut winners = 0;
    while let Some(rival) = rivals.join_next().await {
        winners += usize::from(rival??);
    }
    ensure!(winners == 1, "{winners} of {RIVALS} deleters were told they removed the record");
    ensure_gone(&*store, &key).await
}

/// Of an update and a delete that name the same record one wins: a change is never lost to a
/// logout that did not see it, nor does it outlive one that did.
pub async fn update_and_conditional_delete_never_both_win(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    for _ in 0..RIVALS {
        let key = fresh_key();
        let loaded = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
        let start = Arc::new(Barrier::new(2));
        let newer = fresh_payload();
        let writer = tokio::spawn({
            let (store, key, loaded) = (store.clone(), key.clone(), loaded.clone());
            let (start, newer) = (start.clone(), newer.clone());
            async move {
                start.wait().await;
                let when = Precondition::Unchanged(&loaded);
                store.write(&key, newer, &lease(MINUTE), when).await
            }
        });
        start.wait().await;
        let deleted = store.delete(&key, None, Some(&loaded)).await?;
        let written = is_written(writer.await??);
        ensure!(deleted != written, "an update was written: {written}, its delete: {deleted}");
        if written {
            ensure_holds(&*store, &key, &newer).await?;
        } else {
            ensure_gone(&*store, &key).await?;
        }
    }
    Ok(())
}

/// Fifty writers that load, add one and write until they are not refused leave exactly fifty.
pub async fn no_update_is_lost(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    create(&*store, &key, Bytes::from_static(b"0"), &lease(MINUTE)).await?;
    let start = Arc::new(Barrier::new(WRITERS));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (store, key, start) = (store.clone(), key.clone(), start.clone());
        writers.spawn(async move {
            start.wait().await;
            add_one(&*store, &key, writer).await
        });
    }
    while let Some(writer) = writers.join_next().await {
        writer??;
    }
    let count = count_of(&load_live(&*store, &key).await?.payload)?;
    ensure!(count == WRITERS, "{WRITERS} acknowledged additions, {count} stored");
    Ok(())
}

async fn add_one(store: &dyn Store, key: &StoreKey, writer: usize) -> Verdict {
    loop {
        let loaded = load_live(store, key).await?;
        let next = Bytes::from((count_of(&loaded.payload)? + 1).to_string());
        // Lets others in between the load and the write, even on a store that never waits.
        tokio::task::yield_now().await;
        let when = Precondition::Unchanged(&loaded);
        if is_written(store.write(key, next, &lease(MINUTE), when).await?) {
            return Ok(());
        }
        // Unequal pauses let the crowd thin out.
        tokio::time::sleep(Duration::from_millis(1 + writer as u64 % 7)).await;
    }
}

fn count_of(payload: &[u8]) -> Result<usize, Finding> {
    let digits = std::str::from_utf8(payload).ok().and_then(|digits| digits.parse().ok());
    digits.ok_or_else(|| Finding::Broken("a counter came back as something else".into()))
}
