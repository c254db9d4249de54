//! Payloads of every size are kept whole or refused before they harm anything.

use crate::probe::{
    MINUTE, create, ensure_gone, ensure_holds, fresh_key, fresh_payload, is_written, kind_of,
    lease, open, update,
};
use crate::verdict::{ensure, not_applicable_if};
use crate::{Finding, Subject, Verdict};
use bytes::Bytes;
use session_core::{Capabilities, ErrorKind, Precondition, Store};
use std::sync::Arc;

const MEBIBYTE: usize = 1 << 20;
/// Limits above this are not worth the memory of a test machine.
const LARGEST_TRIED: usize = 32 * MEBIBYTE;

/// A payload of no bytes is a record like any other.
pub async fn empty_payload_survives(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    let empty = create(&*store, &key, Bytes::new(), &lease(MINUTE)).await?;
    ensure_holds(&*store, &key, b"").await?;
    let outcome = store.touch(&key, &lease(MINUTE), &empty).await?;
    ensure!(is_written(outcome), "touching an empty record was refused");
    let empty = store.load(&key).await?.unwrap_or(empty);
    let full = update(&*store, &key, fresh_payload(), &lease(MINUTE), &empty).await?;
    update(&*store, &key, Bytes::new(), &lease(MINUTE), &full).await?;
    ensure_holds(&*store, &key, b"").await
}

/// A payload of one mebibyte, or of the store's limit if that is less, comes back whole.
pub async fn large_payload_survives(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    let size = capabilities.max_payload.map_or(MEBIBYTE, |max| max.min(MEBIBYTE));
    ensure_size_survives(&*store, size).await
}

/// A payload of exactly the store's limit comes back whole.
pub async fn payload_at_the_limit_survives(subject: &dyn Subject) -> Verdict {
    let (store, _, limit) = limited(subject).await?;
    ensure_size_survives(&*store, limit).await
}

/// A payload of one byte more than the limit is `TooLarge`, and what was stored stays.
pub async fn payload_over_the_limit_is_refused(subject: &dyn Subject) -> Verdict {
    let (store, _, limit) = limited(subject).await?;
    let key = fresh_key();
    let outcome =
        store.write(&key, patterned(limit + 1), &lease(MINUTE), Precondition::Absent).await;
    let kind = kind_of(outcome);
    ensure!(kind == Ok(ErrorKind::TooLarge), "a create over the limit gave {kind:?}");
    ensure_gone(&*store, &key).await?;

    let payload = fresh_payload();
    let loaded = create(&*store, &key, payload.clone(), &lease(MINUTE)).await?;
    let when = Precondition::Unchanged(&loaded);
    let kind = kind_of(store.write(&key, patterned(limit + 1), &lease(MINUTE), when).await);
    ensure!(kind == Ok(ErrorKind::TooLarge), "an update over the limit gave {kind:?}");
    ensure_holds(&*store, &key, &payload).await
}

async fn limited(subject: &dyn Subject) -> Result<(Arc<dyn Store>, Capabilities, usize), Finding> {
    let (store, capabilities) = open(subject).await?;
    let Some(limit) = capabilities.max_payload else {
        return Err(Finding::NotApplicable("it names no limit of its own".into()));
    };
    not_applicable_if!(limit > LARGEST_TRIED, "its limit of {limit} bytes is too large to try");
    Ok((store, capabilities, limit))
}

async fn ensure_size_survives(store: &dyn Store, size: usize) -> Verdict {
    let key = fresh_key();
    let payload = patterned(size);
    let created = create(store, &key, payload.clone(), &lease(MINUTE)).await?;
    ensure_holds(store, &key, &payload).await?;
    // The comparison must cover the whole payload, not its beginning.
    let mut last_byte_differs = payload.to_vec();
    if let Some(last) = last_byte_differs.last_mut() {
        *last = !*last;
    }
    let newer = Bytes::from(last_byte_differs);
    update(store, &key, newer.clone(), &lease(MINUTE), &created).await?;
    let when = Precondition::Unchanged(&created);
    let outcome = store.write(&key, fresh_payload(), &lease(MINUTE), when).await?;
    ensure!(!is_written(outcome), "a stale record of {size} bytes was taken for the current one");
    ensure_holds(store, &key, &newer).await
}

/// Bytes in which no block repeats its neighbour.
fn patterned(size: usize) -> Bytes {
    let byte = |at: usize| (at.wrapping_mul(2_654_435_761) >> 13) as u8;
    (0..size).map(byte).collect::<Vec<u8>>().into()
}
