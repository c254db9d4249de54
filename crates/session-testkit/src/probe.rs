//! What clauses share: fresh names, leases, and the steps most of them begin with.

use crate::verdict::ensure;
use crate::{Finding, Subject, Verdict};
use bytes::Bytes;
use rand::TryRng as _;
use rand::rngs::SysRng;
use session_core::{
    Capabilities, ErrorKind, Lease, Outcome, Precondition, Record, Store, StoreKey,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// A key nobody used before; it ends in letters of both cases.
pub(crate) fn fresh_key() -> StoreKey {
    StoreKey::new("testkit:", &format!("{}Ab", random_hex()))
}

/// The last part of a key that nobody used before.
pub(crate) fn random_name() -> String {
    random_hex()
}

/// An owner nobody used before.
pub(crate) fn fresh_owner() -> String {
    format!("owner-{}", random_hex())
}

/// A payload that differs from every other one.
pub(crate) fn fresh_payload() -> Bytes {
    Bytes::from(format!("payload-{}", random_hex()))
}

/// A number below `end` that differs from run to run.
pub(crate) fn random_below(end: usize) -> usize {
    usize::from(random_bytes::<1>()[0]) % end
}

/// A lease without an owner.
pub(crate) fn lease(ttl: Duration) -> Lease<'static> {
    Lease { ttl, owner: None }
}

/// The shortest lifetime that leaves time for a few calls before it ends.
pub(crate) fn short_ttl(capabilities: &Capabilities) -> Duration {
    capabilities.ttl_resolution.max(Duration::from_secs(1))
}

/// Sleeps until a record written before for `ttl` is expired, however the store rounds.
pub(crate) async fn outlive(subject: &dyn Subject, ttl: Duration, capabilities: &Capabilities) {
    // One step for rounding up and one for a clock that ticks in such steps.
    let rounding = capabilities.ttl_resolution * 2;
    tokio::time::sleep(ttl + rounding + subject.lateness() + Duration::from_millis(100)).await;
}

/// Fails if `key` holds no live record although its lease of `ttl`, asked for after `started`, has
/// not ended; returns the record if there is one.
pub(crate) async fn ensure_lives(
    store: &dyn Store,
    key: &StoreKey,
    started: Instant,
    ttl: Duration,
) -> Result<Option<Record>, Finding> {
    let record = store.load(key).await?;
    let age = started.elapsed();
    ensure!(
        record.is_some() || age >= ttl,
        "a record written for {ttl:?} was gone after {age:?} at most"
    );
    Ok(record)
}

/// Fails unless `left` is what remains of a lease of `asked` that began after `started`.
pub(crate) fn ensure_remains(
    left: Duration,
    asked: Duration,
    started: Instant,
    capabilities: &Capabilities,
) -> Verdict {
    let rounding = capabilities.ttl_resolution * 2;
    let least = asked.saturating_sub(started.elapsed()).saturating_sub(rounding);
    let most = asked.saturating_add(rounding);
    ensure!(
        least <= left && left <= most,
        "a lease of {asked:?} reports a ttl of {left:?}; {least:?} to {most:?} is right"
    );
    Ok(())
}

/// Opens the store of `subject`, with what it can do.
pub(crate) async fn open(subject: &dyn Subject) -> Result<(Arc<dyn Store>, Capabilities), Finding> {
    let store = subject.store().await?;
    let capabilities = store.capabilities();
    Ok((store, capabilities))
}

/// Creates a record for `lease` and returns it as the store loads it.
pub(crate) async fn create(
    store: &dyn Store,
    key: &StoreKey,
    payload: Bytes,
    lease: &Lease<'_>,
) -> Result<Record, Finding> {
    let outcome = store.write(key, payload, lease, Precondition::Absent).await?;
    ensure!(is_written(outcome), "creating a record under a fresh key was refused");
    load_live(store, key).await
}

/// Replaces the payload of `loaded` and returns the record as the store loads it.
pub(crate) async fn update(
    store: &dyn Store,
    key: &StoreKey,
    payload: Bytes,
    lease: &Lease<'_>,
    loaded: &Record,
) -> Result<Record, Finding> {
    let outcome = store.write(key, payload, lease, Precondition::Unchanged(loaded)).await?;
    ensure!(is_written(outcome), "updating the record just loaded was refused");
    load_live(store, key).await
}

/// Loads a record that must be there.
pub(crate) async fn load_live(store: &dyn Store, key: &StoreKey) -> Result<Record, Finding> {
    match store.load(key).await? {
        Some(record) => Ok(record),
        None => Err(Finding::Broken("a live record was not loaded".into())),
    }
}

/// Fails unless `key` holds exactly `payload`.
pub(crate) async fn ensure_holds(store: &dyn Store, key: &StoreKey, payload: &[u8]) -> Verdict {
    let record = load_live(store, key).await?;
    ensure!(
        record.payload == payload,
        "the record holds {} bytes that are not the {} expected",
        record.payload.len(),
        payload.len()
    );
    Ok(())
}

/// Fails unless `key` holds no live record.
pub(crate) async fn ensure_gone(store: &dyn Store, key: &StoreKey) -> Verdict {
    ensure!(store.load(key).await?.is_none(), "a record is loaded where none should be");
    Ok(())
}

pub(crate) fn is_written(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Written { .. })
}

/// The kind of the error, or the answer in words.
pub(crate) fn kind_of<T: std::fmt::Debug>(
    result: session_core::Result<T>,
) -> Result<ErrorKind, String> {
    match result {
        Ok(answer) => Err(format!("{answer:?}")),
        Err(error) => Ok(error.kind()),
    }
}

fn random_hex() -> String {
    format!("{:032x}", u128::from_ne_bytes(random_bytes()))
}

fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).expect("the operating system has random bytes");
    bytes
}
