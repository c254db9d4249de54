//! The owner index follows the records: whoever signs a user out everywhere reaches every session.

use crate::probe::{
    MINUTE, create, fresh_key, fresh_owner, fresh_payload, kind_of, load_live, open, outlive,
    short_ttl, update,
};
use crate::verdict::{ensure, not_applicable_if};
use crate::{Finding, Subject, Verdict};
use session_core::{Capabilities, ErrorKind, Lease, Precondition, Store, StoreKey};
use std::sync::Arc;
use std::time::Duration;

/// An owner's records are listed, all of them, and nobody else's.
pub async fn records_are_listed_for_their_owner(subject: &dyn Subject) -> Verdict {
    let (store, _) = indexed(subject).await?;
    let (owner, other) = (fresh_owner(), fresh_owner());
    let mut owned = Vec::new();
    for _ in 0..3 {
        owned.push(owned_record(&*store, &owner, MINUTE).await?);
    }
    let others = owned_record(&*store, &other, MINUTE).await?;
    let nobodys = Lease { ttl: MINUTE, owner: None };
    create(&*store, &fresh_key(), fresh_payload(), &nobodys).await?;

    ensure_lists(&*store, &owner, &owned).await?;
    ensure_lists(&*store, &other, &[others]).await?;
    ensure_lists(&*store, &fresh_owner(), &[]).await
}

/// A store without an index says so instead of listing nothing.
pub async fn listing_without_an_index_is_unsupported(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    not_applicable_if!(capabilities.owner_index, "it has an owner index");
    let kind = kind_of(store.list_by_owner(&fresh_owner()).await);
    ensure!(kind == Ok(ErrorKind::Unsupported), "listing without an index gave {kind:?}");
    // An owner in the lease is no reason to refuse a record.
    owned_record(&*store, &fresh_owner(), MINUTE).await?;
    Ok(())
}

/// An updated record stays listed, beyond the lease it was created with.
pub async fn update_keeps_a_record_listed(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = indexed(subject).await?;
    let owner = fresh_owner();
    let ttl = short_ttl(&capabilities);
    let key = owned_record(&*store, &owner, ttl).await?;
    let loaded = load_live(&*store, &key).await?;
    let longer = Lease { ttl: MINUTE, owner: Some(&owner) };
    update(&*store, &key, fresh_payload(), &longer, &loaded).await?;
    ensure_lists(&*store, &owner, std::slice::from_ref(&key)).await?;
    outlive(subject, ttl, &capabilities).await;
    ensure_lists(&*store, &owner, &[key]).await
}

/// A touched record stays listed, beyond the lease it was created with.
pub async fn touch_keeps_a_record_listed(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = indexed(subject).await?;
    let owner = fresh_owner();
    let ttl = short_ttl(&capabilities);
    let key = owned_record(&*store, &owner, ttl).await?;
    let loaded = load_live(&*store, &key).await?;
    let longer = Lease { ttl: MINUTE, owner: Some(&owner) };
    // Whether it is applied is another clause's; this one is about the index.
    let _ = store.touch(&key, &longer, &loaded).await?;
    ensure_lists(&*store, &owner, std::slice::from_ref(&key)).await?;
    outlive(subject, ttl, &capabilities).await;
    ensure_lists(&*store, &owner, &[key]).await
}

/// A deleted record is no longer listed, its owner's others are.
pub async fn deleted_record_is_not_listed(subject: &dyn Subject) -> Verdict {
    let (store, _) = indexed(subject).await?;
    let owner = fresh_owner();
    let plain = owned_record(&*store, &owner, MINUTE).await?;
    let expected = owned_record(&*store, &owner, MINUTE).await?;
    let unnamed = owned_record(&*store, &owner, MINUTE).await?;
    let kept = owned_record(&*store, &owner, MINUTE).await?;
    let loaded = load_live(&*store, &expected).await?;
    store.delete(&plain, Some(&owner), None).await?;
    store.delete(&expected, Some(&owner), Some(&loaded)).await?;
    store.delete(&unnamed, None, None).await?;
    ensure_lists(&*store, &owner, &[kept]).await
}

/// An expired record is not listed, its owner's others are.
pub async fn expired_record_is_not_listed(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = indexed(subject).await?;
    let owner = fresh_owner();
    let ttl = short_ttl(&capabilities);
    let kept = owned_record(&*store, &owner, MINUTE).await?;
    owned_record(&*store, &owner, ttl).await?;
    outlive(subject, ttl, &capabilities).await;
    ensure_lists(&*store, &owner, &[kept]).await
}

/// Calls that are refused neither add an entry nor take one away.
pub async fn refused_calls_leave_the_index(subject: &dyn Subject) -> Verdict {
    let (store, _) = indexed(subject).await?;
    let (owner, intruder) = (fresh_owner(), fresh_owner());
    let key = owned_record(&*store, &owner, MINUTE).await?;
    let stale = load_live(&*store, &key).await?;
    let lease = Lease { ttl: MINUTE, owner: Some(&owner) };
    update(&*store, &key, fresh_payload(), &lease, &stale).await?;

    let intrusion = Lease { ttl: MINUTE, owner: Some(&intruder) };
    // Each must be refused; other clauses see to that.
    let _ = store.write(&key, fresh_payload(), &intrusion, Precondition::Absent).await?;
    let when = Precondition::Unchanged(&stale);
    let _ = store.write(&key, fresh_payload(), &intrusion, when).await?;
    let _ = store.touch(&key, &intrusion, &stale).await?;
    store.delete(&key, Some(&owner), Some(&stale)).await?;
    ensure_lists(&*store, &intruder, &[]).await?;
    ensure_lists(&*store, &owner, &[key]).await
}

pub(super) async fn indexed(
    subject: &dyn Subject,
) -> Result<(Arc<dyn Store>, Capabilities), Finding> {
    let (store, capabilities) = open(subject).await?;
    not_applicable_if!(!capabilities.owner_index, "it has no owner index");
    Ok((store, capabilities))
}

pub(super) async fn owned_record(
    store: &dyn Store,
    owner: &str,
    ttl: Duration,
) -> Result<StoreKey, Finding> {
    let key = fresh_key();
    create(store, &key, fresh_payload(), &Lease { ttl, owner: Some(owner) }).await?;
    Ok(key)
}

pub(super) async fn ensure_lists(store: &dyn Store, owner: &str, expected: &[StoreKey]) -> Verdict {
    let mut listed = store.list_by_owner(owner).await?;
    let mut expected = expected.to_vec();
    listed.sort();
    expected.sort();
    ensure!(
        listed == expected,
        "an owner of {} live records has {} keys listed, or others",
        expected.len(),
        listed.len()
    );
    Ok(())
}
