//! Ending sessions of an owner that other requests hold.

use super::lookup::{each, list, look};
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::manager::Shared;
use crate::store::StoreKey;
use crate::telemetry;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// There is no live record of the owner.
    NotTheirs,
    /// There was one, and another call ended it first.
    Vanished,
    Ended,
}

/// Ends what the index names, if it is the owner's, whatever it holds by then.
pub(super) async fn end_one(
    shared: &Shared,
    owner: &str,
    key: &StoreKey,
    deadline: Deadline,
) -> Result<End> {
    if look(shared, owner, key, deadline).await?.is_none() {
        return Ok(End::NotTheirs);
    }
    // A delete that is repeated does no harm, so a lost answer is one to ask for again.
    let delete = deadline.read(shared.store.delete(key, Some(owner), None)).await;
    let is_removed = delete.map_err(|error| match error.kind() {
        ErrorKind::Unknown => error.with_retryable(true),
        _ => error,
    })?;
    if !is_removed {
        return Ok(End::Vanished);
    }
    telemetry::ended(shared);
    Ok(End::Ended)
}

pub(super) async fn end_every(
    shared: &Arc<Shared>,
    owner: &str,
    kept: Option<&StoreKey>,
) -> Result<usize> {
    let deadline = shared.deadline();
    let mut ended = 0;
    loop {
        let round = end_round(shared, owner, kept, deadline, &mut ended).await;
        match round {
            Ok(true) if deadline.is_over() => return Err(cut_off(shared, ended, timeout())),
            Ok(true) => {}
            Ok(false) => return Ok(ended),
            Err(error) => return Err(cut_off(shared, ended, error)),
        }
    }
}

/// Ends what one listing names; `false` if that was nothing.
async fn end_round(
    shared: &Arc<Shared>,
    owner: &str,
    kept: Option<&StoreKey>,
    deadline: Deadline,
    ended: &mut usize,
) -> Result<bool> {
    let mut keys = list(shared, owner, deadline).await?;
    keys.retain(|key| Some(key) != kept);
    let owner: Arc<str> = owner.into();
    let ends = each(keys, |key| {
        let (shared, owner) = (Arc::clone(shared), Arc::clone(&owner));
        async move { end_one(&shared, &owner, &key, deadline).await }
    });
    let mut is_any = false;
    let mut failure = None;
    for end in ends.await {
        match end {
            Ok(End::NotTheirs) => {}
            Ok(end) => {
                is_any = true;
                *ended += usize::from(end == End::Ended);
            }
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or(Ok(is_any), Err)
}

fn timeout() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "end an owner's sessions within the deadline: call again to end the rest",
    )
}

/// An end that stopped halfway, with what it did in the log.
fn cut_off(shared: &Shared, ended: usize, error: Error) -> Error {
    let error = match error.kind() {
        ErrorKind::Timeout => timeout().with_source(error),
        _ => error,
    };
    telemetry::end_failed(shared, ended, &error);
    error
}
