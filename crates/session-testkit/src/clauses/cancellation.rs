//! A call that is dropped halfway leaves the old or the new record, whole, and a usable store.

use super::owners::indexed;
use crate::probe::{
    MINUTE, create, ensure_holds, fresh_key, fresh_owner, fresh_payload, is_written, lease,
    load_live, open, random_below,
};
use crate::verdict::ensure;
use crate::{Finding, Subject, Verdict};
use session_core::{Lease, Precondition, Store, StoreKey};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

const TRIALS: usize = 24;

/// A write that is dropped halfway leaves the old payload or the new, and the next write works.
pub async fn cancelled_write_leaves_a_whole_record(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    for trial in 0..TRIALS {
        let key = fresh_key();
        let (old, new) = (fresh_payload(), fresh_payload());
        let loaded = create(&*store, &key, old.clone(), &lease(MINUTE)).await?;
        let (lease, when) = (lease(MINUTE), Precondition::Unchanged(&loaded));
        give_up(trial, store.write(&key, new.clone(), &lease, when)).await;
        let found = load_live(&*store, &key).await?.payload;
        ensure!(found == old || found == new, "a cancelled write left a record that is neither");
        ensure_usable(&*store, &key).await?;
    }
    Ok(())
}

/// A touch that is dropped halfway leaves the payload, and the next write works.
pub async fn cancelled_touch_leaves_a_whole_record(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    for trial in 0..TRIALS {
        let key = fresh_key();
        let payload = fresh_payload();
        let loaded = create(&*store, &key, payload.clone(), &lease(MINUTE)).await?;
        give_up(trial, store.touch(&key, &lease(MINUTE * 2), &loaded)).await;
        ensure_holds(&*store, &key, &payload).await?;
        ensure_usable(&*store, &key).await?;
    }
    Ok(())
}

/// A delete that is dropped halfway leaves the record or none, and the store goes on.
pub async fn cancelled_delete_leaves_all_or_nothing(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    for trial in 0..TRIALS {
        let key = fresh_key();
        let payload = fresh_payload();
        let loaded = create(&*store, &key, payload.clone(), &lease(MINUTE)).await?;
        give_up(trial, store.delete(&key, None, Some(&loaded))).await;
        if let Some(found) = store.load(&key).await? {
            ensure!(found.payload == payload, "a cancelled delete changed the record");
        }
        let other = fresh_key();
        create(&*store, &other, fresh_payload(), &lease(MINUTE)).await?;
        ensure_usable(&*store, &other).await?;
    }
    Ok(())
}

/// A create that is dropped halfway never leaves a live record that its owner's listing lacks: a
/// sign-out everywhere would miss it.
pub async fn cancelled_create_lives_only_if_it_is_listed(subject: &dyn Subject) -> Verdict {
    let (store, _) = indexed(subject).await?;
    let owner = fresh_owner();
    let owned = Lease { ttl: MINUTE, owner: Some(&owner) };
    for trial in 0..TRIALS {
        let key = fresh_key();
        give_up(trial, store.write(&key, fresh_payload(), &owned, Precondition::Absent)).await;
        // It may be applied late, so it is looked at twice.
        for _ in 0..2 {
            if store.load(&key).await?.is_some() {
                let listed = store.list_by_owner(&owner).await?;
                ensure!(listed.contains(&key), "a cancelled create left an unlisted live record");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    Ok(())
}

/// Answers that nobody waits for any more are never taken for the answer to another call.
pub async fn cancelled_calls_do_not_mix_replies(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let (dropped, kept) = (fresh_key(), fresh_key());
    create(&*store, &dropped, fresh_payload(), &lease(MINUTE)).await?;
    let payload = fresh_payload();
    create(&*store, &kept, payload.clone(), &lease(MINUTE)).await?;
    for trial in 0..TRIALS * 4 {
        give_up(trial, store.load(&dropped)).await;
        ensure_holds(&*store, &kept, &payload).await?;
    }
    Ok(())
}

/// Polls `call` a few times, or for a moment, and drops it.
async fn give_up<T>(trial: usize, call: impl Future<Output = T>) {
    if trial.is_multiple_of(2) {
        let mut polls_left = 1 + trial / 2 % 4;
        let mut call = pin!(call);
        poll_fn(|cx| {
            polls_left -= 1;
            let answered = call.as_mut().poll(cx).is_ready();
            if answered || polls_left == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    } else {
        let moment = Duration::from_micros(random_below(100) as u64 * 20);
        // Whether the call was answered in time does not matter.
        let _ = tokio::time::timeout(moment, call).await;
    }
}

/// Fails unless a load and a write of `key` succeed before long; a cancelled call that is applied
/// late may refuse the write in between.
async fn ensure_usable(store: &dyn Store, key: &StoreKey) -> Verdict {
    for _ in 0..20 {
        let loaded = load_live(store, key).await?;
        let payload = fresh_payload();
        let when = Precondition::Unchanged(&loaded);
        if is_written(store.write(key, payload.clone(), &lease(MINUTE), when).await?) {
            return ensure_holds(store, key, &payload).await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(Finding::Broken("a record could not be written after a cancelled call".into()))
}
