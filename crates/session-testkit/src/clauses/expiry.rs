//! An expired record is gone for every operation, whether or not the server removed it yet.

use crate::probe::{
    MINUTE, create, ensure_gone, ensure_holds, fresh_key, fresh_payload, is_written, lease, open,
    outlive, short_ttl,
};
use crate::verdict::ensure;
use crate::{Finding, Subject, Verdict};
use session_core::{Outcome, Precondition, Record, Store, StoreKey};
use std::sync::Arc;

/// An expired record loads as `None`.
pub async fn expired_record_is_not_loaded(subject: &dyn Subject) -> Verdict {
    let (store, key, _) = expired(subject).await?;
    ensure_gone(&*store, &key).await
}

/// An update of a record that expired since it was loaded is refused.
pub async fn expired_record_is_not_updated(subject: &dyn Subject) -> Verdict {
    let (store, key, loaded) = expired(subject).await?;
    let when = Precondition::Unchanged(&loaded);
    let outcome = store.write(&key, fresh_payload(), &lease(MINUTE), when).await?;
    ensure!(outcome == Outcome::Refused, "an update of an expired record was written");
    Ok(())
}

/// A touch of a record that expired since it was loaded is refused.
pub async fn expired_record_is_not_touched(subject: &dyn Subject) -> Verdict {
    let (store, key, loaded) = expired(subject).await?;
    let outcome = store.touch(&key, &lease(MINUTE), &loaded).await?;
    ensure!(outcome == Outcome::Refused, "a touch of an expired record was applied");
    Ok(())
}

/// A delete of an expired record is `false`: nobody was logged out by it.
pub async fn expired_record_is_not_deleted(subject: &dyn Subject) -> Verdict {
    let (store, key, loaded) = expired(subject).await?;
    let removed = store.delete(&key, None, Some(&loaded)).await?;
    ensure!(!removed, "a delete that expected an expired record reported true");
    let removed = store.delete(&key, None, None).await?;
    ensure!(!removed, "a delete of an expired record reported true");
    Ok(())
}

/// A create over an expired record stores its own payload, or is refused and stores nothing.
pub async fn create_over_an_expired_record_is_whole_or_refused(subject: &dyn Subject) -> Verdict {
    let (store, key, _) = expired(subject).await?;
    let payload = fresh_payload();
    let new = payload.clone();
    let outcome = store.write(&key, new, &lease(MINUTE), Precondition::Absent).await?;
    if is_written(outcome) {
        ensure_holds(&*store, &key, &payload).await
    } else {
        let held = store.load(&key).await?;
        ensure!(
            held.is_none_or(|record| record.payload != payload),
            "a refused create over an expired record was stored"
        );
        Ok(())
    }
}

/// Creates a record and lets its lease pass.
async fn expired(subject: &dyn Subject) -> Result<(Arc<dyn Store>, StoreKey, Record), Finding> {
    let (store, capabilities) = open(subject).await?;
    let key = fresh_key();
    let ttl = short_ttl(&capabilities);
    let loaded = create(&*store, &key, fresh_payload(), &lease(ttl)).await?;
    outlive(subject, ttl, &capabilities).await;
    Ok((store, key, loaded))
}
