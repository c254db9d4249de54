//! Ending sessions of an owner that other requests hold.

use super::lookup::{Look, each, list, look};
use crate::error::{Error, ErrorKind, Result};
use crate::request::context::{Context, END_TRIES};
use crate::request::deadline::Deadline;
use crate::store::{Record, StoreKey};
use std::collections::HashSet;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The index names a record that is not there: it ended meanwhile, or moved to a new id.
    Gone,
    /// The record is another owner's.
    NotTheirs,
    /// Another call ended it first, or moved it, after it was seen.
    Vanished,
    Ended,
}

/// Ends what the index names, if it is the owner's, whatever it holds by then.
pub(super) async fn end_one(
    context: &Context,
    owner: &str,
    key: &StoreKey,
    deadline: Deadline,
) -> Result<End> {
    for attempt in 1..=END_TRIES {
        let found = match look(context, owner, key, deadline).await? {
            Look::Found(found) => found,
            Look::Gone if attempt > 1 => return Ok(End::Vanished),
            Look::Gone => return Ok(End::Gone),
            Look::NotTheirs => return Ok(End::NotTheirs),
        };
        // Once it has moved, there is a trace under the key, which is not to be taken for it. Nobody
        // moves what cannot be decoded.
        let record = found.info.record().filter(|_| attempt < END_TRIES);
        if delete(context, owner, key, record, deadline).await? {
            context.telemetry.ended();
            return Ok(End::Ended);
        }
        if record.is_none() {
            break;
        }
    }
    Ok(End::Vanished)
}

async fn delete(
    context: &Context,
    owner: &str,
    key: &StoreKey,
    record: Option<&Record>,
    deadline: Deadline,
) -> Result<bool> {
    // A delete that is repeated does no harm, so a lost answer is one to ask for again.
    let delete = deadline.write(context.store.delete(key, Some(owner), record)).await;
    delete.map_err(|error| match error.kind() {
        ErrorKind::Unknown => error.with_retryable(true),
        _ => error,
    })
}

/// Ends all sessions of an owner, or all but the one under `kept`.
pub(super) async fn end_every(
    context: &Arc<Context>,
    owner: &str,
    kept: Option<StoreKey>,
) -> Result<usize> {
    let deadline = context.deadline();
    let mut rounds = Rounds { done_with: kept.into_iter().collect(), ended: 0 };
    let mut listings = 0;
    loop {
        let is_any = rounds.next(context, owner, deadline).await;
        listings += 1;
        match is_any {
            // Where a listing is no snapshot, a session that moves meanwhile may be missing from
            // it under either id; from a second one only if it moves again.
            Ok(false) if listings == 1 => {}
            Ok(true) if deadline.is_over() => {
                return Err(cut_off(context, rounds.ended, timeout()));
            }
            Ok(true) => {}
            Ok(false) => return Ok(rounds.ended),
            Err(error) => return Err(cut_off(context, rounds.ended, error)),
        }
    }
}

/// Listings until one names nothing new.
struct Rounds {
    /// Keys that need no look again: the one to keep, and those without a record, since ids never
    /// recur.
    done_with: HashSet<StoreKey>,
    ended: usize,
}

impl Rounds {
    /// Ends what one listing names; `false` if the owner had nothing left then.
    ///
    /// A record that was gone when it was looked at may have moved to an id that only the next
    /// listing names.
    async fn next(
        &mut self,
        context: &Arc<Context>,
        owner: &str,
        deadline: Deadline,
    ) -> Result<bool> {
        let mut keys = list(context, owner, deadline).await?;
        keys.retain(|key| !self.done_with.contains(key));
        let owner: Arc<str> = owner.into();
        let ends = each(keys, |key| {
            let (context, owner) = (Arc::clone(context), Arc::clone(&owner));
            async move {
                let end = end_one(&context, &owner, &key, deadline).await?;
                Ok((key, end))
            }
        });
        let mut is_any = false;
        let mut failure = None;
        for end in ends.await {
            match end {
                Ok((_, End::NotTheirs)) => {}
                Ok((key, end)) => {
                    is_any = true;
                    self.ended += usize::from(end == End::Ended);
                    self.done_with.insert(key);
                }
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(is_any), Err)
    }
}

fn timeout() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "end an owner's sessions within the deadline: call again to end the rest",
    )
}

/// An end that stopped halfway, with what it did in the log.
fn cut_off(context: &Context, ended: usize, error: Error) -> Error {
    let error = match error.kind() {
        ErrorKind::Timeout => timeout().with_source(error),
        _ => error,
    };
    context.telemetry.end_failed(ended, &error);
    error
}
