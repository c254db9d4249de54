//! A call whose precondition does not hold changes nothing and says so.

use crate::probe::{
    MINUTE, create, ensure_gone, ensure_holds, fresh_key, fresh_payload, is_written, lease, open,
    update,
};
use crate::verdict::ensure;
use crate::{Finding, Subject, Verdict};
use session_core::{Outcome, Precondition, Record};

/// A create under a key that holds a live record is refused and leaves that record.
pub async fn create_refuses_a_taken_key(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    let payload = fresh_payload();
    create(&*store, &key, payload.clone(), &lease(MINUTE)).await?;
    for other in [fresh_payload(), payload.clone()] {
        let outcome = store.write(&key, other, &lease(MINUTE), Precondition::Absent).await?;
        ensure!(outcome == Outcome::Refused, "a create under a taken key was written");
    }
    ensure_holds(&*store, &key, &payload).await
}

/// An update of a record that was deleted is refused and brings nothing back.
pub async fn update_refuses_a_deleted_key(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    let loaded = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    store.delete(&key, None, None).await?;
    for payload in [fresh_payload(), loaded.payload.clone()] {
        let when = Precondition::Unchanged(&loaded);
        let outcome = store.write(&key, payload, &lease(MINUTE), when).await?;
        ensure!(outcome == Outcome::Refused, "an update of a deleted record was written");
    }
    ensure_gone(&*store, &key).await
}

/// An update of a key that never held a record is refused and stores nothing.
pub async fn update_refuses_an_unknown_key(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let elsewhere = create(&*store, &fresh_key(), fresh_payload(), &lease(MINUTE)).await?;
    let key = fresh_key();
    let when = Precondition::Unchanged(&elsewhere);
    let outcome = store.write(&key, fresh_payload(), &lease(MINUTE), when).await?;
    ensure!(outcome == Outcome::Refused, "an update of an unknown key was written");
    ensure_gone(&*store, &key).await
}

/// An update of a record that was changed since it was loaded is refused and leaves the newer one.
pub async fn stale_record_is_refused(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    let stale = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    let newer = fresh_payload();
    update(&*store, &key, newer.clone(), &lease(MINUTE), &stale).await?;
    let when = Precondition::Unchanged(&stale);
    let outcome = store.write(&key, fresh_payload(), &lease(MINUTE), when).await?;
    ensure!(outcome == Outcome::Refused, "an update of a stale record was written");
    ensure_holds(&*store, &key, &newer).await
}

/// A touch with a record that was changed since is refused, and the newer one keeps its lease.
pub async fn touch_refuses_a_changed_record(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    let stale = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    let newer = fresh_payload();
    update(&*store, &key, newer.clone(), &lease(MINUTE), &stale).await?;
    let outcome = store.touch(&key, &lease(MINUTE), &stale).await?;
    ensure!(outcome == Outcome::Refused, "a touch with a stale record was applied");
    ensure_holds(&*store, &key, &newer).await
}

/// A delete that expects a record which was changed since is `false` and leaves the newer one.
pub async fn conditional_delete_refuses_a_changed_record(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    let stale = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    let newer = fresh_payload();
    update(&*store, &key, newer.clone(), &lease(MINUTE), &stale).await?;
    let removed = store.delete(&key, None, Some(&stale)).await?;
    ensure!(!removed, "a delete that expected a stale record reported true");
    ensure_holds(&*store, &key, &newer).await
}

/// A delete that expects the record as it is removes it, once.
pub async fn conditional_delete_removes_the_expected_record(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    let loaded = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    let removed = store.delete(&key, None, Some(&loaded)).await?;
    ensure!(removed, "a delete that expected the live record reported false");
    ensure_gone(&*store, &key).await?;
    let removed = store.delete(&key, None, Some(&loaded)).await?;
    ensure!(!removed, "a delete that expected a deleted record reported true");
    Ok(())
}

/// What a write or a touch returns, with the payload, is the version the next call can name.
pub async fn outcome_is_the_next_version(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let (key, lease) = (fresh_key(), lease(MINUTE));
    let version = |payload: &bytes::Bytes, outcome| match outcome {
        Outcome::Written { cas } => Ok(Record { payload: payload.clone(), cas, ttl: MINUTE }),
        Outcome::Refused => Err(Finding::Broken("a version just returned was refused".into())),
    };

    let first = fresh_payload();
    let outcome = store.write(&key, first.clone(), &lease, Precondition::Absent).await?;
    let record = version(&first, outcome)?;
    let second = fresh_payload();
    let when = Precondition::Unchanged(&record);
    let outcome = store.write(&key, second.clone(), &lease, when).await?;
    let record = version(&second, outcome)?;
    let record = version(&second, store.touch(&key, &lease, &record).await?)?;
    let third = fresh_payload();
    let when = Precondition::Unchanged(&record);
    let outcome = store.write(&key, third.clone(), &lease, when).await?;
    ensure!(is_written(outcome), "the version a touch returned was refused");
    ensure_holds(&*store, &key, &third).await
}
