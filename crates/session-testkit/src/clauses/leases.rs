//! A record lives as long as its lease says, never shorter.

use crate::probe::{
    MINUTE, create, ensure_gone, ensure_holds, ensure_lives, ensure_remains, fresh_key,
    fresh_payload, is_written, lease, load_live, open, outlive, short_ttl, update,
};
use crate::verdict::{ensure, not_applicable_if};
use crate::{Subject, Verdict};
use session_core::{Capabilities, Outcome, Precondition, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

const DAY: Duration = Duration::from_secs(86_400);

/// A touch gives the record a new lease and leaves its payload.
pub async fn touch_renews_without_changing(subject: &dyn Subject) -> Verdict {
    ensure_touch_sets(subject, MINUTE * 10).await
}

/// A touch with a shorter lease shortens the record's life.
pub async fn touch_sets_a_shorter_lease_too(subject: &dyn Subject) -> Verdict {
    ensure_touch_sets(subject, MINUTE / 2).await
}

/// An update gives the record the lease that it names.
pub async fn update_renews_the_lease(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    let key = fresh_key();
    let loaded = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    let started = Instant::now();
    let ttl = MINUTE * 10;
    let updated = update(&*store, &key, fresh_payload(), &lease(ttl), &loaded).await?;
    ensure_remains(updated.ttl, ttl, started, &capabilities)
}

/// A touch of a deleted record is refused and brings nothing back.
pub async fn touch_revives_nothing(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    let loaded = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    store.delete(&key, None, None).await?;
    let outcome = store.touch(&key, &lease(MINUTE), &loaded).await?;
    ensure!(outcome == Outcome::Refused, "a touch of a deleted record was applied");
    ensure_gone(&*store, &key).await
}

/// A request that loaded an hour's lease cannot cut down the thirty days another one set since.
pub async fn stale_touch_does_not_undo_a_longer_lease(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    let key = fresh_key();
    let stale = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    let started = Instant::now();
    update(&*store, &key, fresh_payload(), &lease(DAY * 30), &stale).await?;
    // The answer is another clause's; this one is about the lease.
    let _ = store.touch(&key, &lease(MINUTE), &stale).await?;
    let left = load_live(&*store, &key).await?.ttl;
    ensure_remains(left, DAY * 30, started, &capabilities)
}

/// The ttl of a record shrinks while nobody renews it.
pub async fn ttl_counts_down(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    let key = fresh_key();
    let started = Instant::now();
    let first = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?.ttl;
    ensure_remains(first, MINUTE, started, &capabilities)?;
    let tick = capabilities.ttl_resolution + subject.lateness();
    tokio::time::sleep(tick + Duration::from_millis(200)).await;
    let second = load_live(&*store, &key).await?.ttl;
    ensure!(second < first, "the ttl was {first:?} and later {second:?}");
    ensure_remains(second, MINUTE, started, &capabilities)
}

/// Writes that ask for what is left, half a step less since stores round up, leave the end of the
/// record where it is: a hundred of them take off one step at most.
pub async fn hundred_writes_leave_the_end(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    let key = fresh_key();
    let started = Instant::now();
    let first = create(&*store, &key, fresh_payload(), &lease(MINUTE * 60)).await?;
    let mut loaded = first.clone();
    for _ in 0..100 {
        let left = loaded.ttl.saturating_sub(capabilities.ttl_resolution / 2);
        loaded = update(&*store, &key, fresh_payload(), &lease(left), &loaded).await?;
    }
    let least = first.ttl.saturating_sub(started.elapsed());
    let least = least.saturating_sub(capabilities.ttl_resolution);
    let left = loaded.ttl;
    ensure!(
        left >= least,
        "after a hundred writes within {:?} a ttl of {:?} is {left:?}",
        started.elapsed(),
        first.ttl
    );
    Ok(())
}

/// Leases around thirty days, where memcached's unit changes, and of a year are held.
pub async fn long_leases_are_held(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    let second = Duration::from_secs(1);
    for ttl in [DAY * 30 - second, DAY * 30, DAY * 30 + second, DAY * 365] {
        let key = fresh_key();
        let started = Instant::now();
        let created = create(&*store, &key, fresh_payload(), &lease(ttl)).await?;
        ensure_remains(created.ttl, ttl, started, &capabilities)?;
        let started = Instant::now();
        let outcome = store.touch(&key, &lease(ttl), &created).await?;
        ensure!(is_written(outcome), "a touch for {ttl:?} was refused");
        ensure_remains(load_live(&*store, &key).await?.ttl, ttl, started, &capabilities)?;
    }
    Ok(())
}

/// Leases of one step of the store's resolution and of a second are held, and end.
pub async fn short_leases_are_held(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    for ttl in [capabilities.ttl_resolution, Duration::from_secs(1)] {
        ensure_short_lease(subject, &*store, ttl, &capabilities).await?;
    }
    Ok(())
}

/// A lease below the store's resolution is rounded up: neither gone at once nor kept forever.
pub async fn short_lease_is_rounded_up(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    let step = capabilities.ttl_resolution;
    not_applicable_if!(step < Duration::from_nanos(2), "its lifetimes have no coarser step");
    ensure_short_lease(subject, &*store, step / 2, &capabilities).await?;
    ensure_short_lease(subject, &*store, Duration::from_nanos(1), &capabilities).await
}

/// The longest lease there is never overflows into the past: the store caps it at what it can
/// hold, a year at least, or reports an error and stores nothing.
pub async fn endless_lease_is_capped_or_an_error(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let endless = lease(Duration::MAX);
    let key = fresh_key();
    match store.write(&key, fresh_payload(), &endless, Precondition::Absent).await {
        Ok(outcome) => {
            ensure!(is_written(outcome), "a create for an endless lease was refused");
            let left = load_live(&*store, &key).await?.ttl;
            ensure!(left > DAY * 364, "an endless lease reports a ttl of {left:?}");
        }
        Err(_) => ensure_gone(&*store, &key).await?,
    }
    let key = fresh_key();
    let loaded = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    match store.touch(&key, &endless, &loaded).await {
        Ok(outcome) => ensure!(is_written(outcome), "a touch for an endless lease was refused"),
        Err(_) => ensure!(store.load(&key).await?.is_some(), "a failed touch ended a record"),
    }
    ensure_holds(&*store, &key, &loaded.payload).await
}

/// A record can be loaded until its lease ends, wherever between two ticks of the store's clock
/// the lease began.
pub async fn lease_is_never_cut_short(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    let ttl = short_ttl(&capabilities);
    let mut records = JoinSet::new();
    for eighth in 0..8 {
        let store: Arc<dyn Store> = store.clone();
        let pause = capabilities.ttl_resolution / 8 * eighth;
        records.spawn(async move {
            tokio::time::sleep(pause).await;
            let key = fresh_key();
            let started = Instant::now();
            let outcome =
                store.write(&key, fresh_payload(), &lease(ttl), Precondition::Absent).await?;
            ensure!(is_written(outcome), "creating a record under a fresh key was refused");
            while started.elapsed() < ttl {
                ensure_lives(&*store, &key, started, ttl).await?;
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            Ok(())
        });
    }
    while let Some(record) = records.join_next().await {
        record??;
    }
    Ok(())
}

async fn ensure_touch_sets(subject: &dyn Subject, ttl: Duration) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    let key = fresh_key();
    let loaded = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    let started = Instant::now();
    let outcome = store.touch(&key, &lease(ttl), &loaded).await?;
    ensure!(is_written(outcome), "a touch with the record just loaded was refused");
    let touched = load_live(&*store, &key).await?;
    ensure!(touched.payload == loaded.payload, "a touch changed the payload");
    ensure_remains(touched.ttl, ttl, started, &capabilities)
}

/// Creates, then touches, a record for `ttl`; it must live that long and then end.
async fn ensure_short_lease(
    subject: &dyn Subject,
    store: &dyn Store,
    ttl: Duration,
    capabilities: &Capabilities,
) -> Verdict {
    let created = fresh_key();
    let started = Instant::now();
    let outcome = store.write(&created, fresh_payload(), &lease(ttl), Precondition::Absent).await?;
    ensure!(is_written(outcome), "creating a record for {ttl:?} was refused");
    if let Some(record) = ensure_lives(store, &created, started, ttl).await? {
        ensure_remains(record.ttl, ttl, started, capabilities)?;
    }

    let touched = fresh_key();
    let loaded = create(store, &touched, fresh_payload(), &lease(MINUTE)).await?;
    let started = Instant::now();
    let outcome = store.touch(&touched, &lease(ttl), &loaded).await?;
    ensure!(is_written(outcome), "touching a record for {ttl:?} was refused");
    ensure_lives(store, &touched, started, ttl).await?;

    outlive(subject, ttl, capabilities).await;
    for key in [created, touched] {
        let ended = store.load(&key).await?.is_none();
        ensure!(ended, "a record written or touched for {ttl:?} did not end");
    }
    Ok(())
}
