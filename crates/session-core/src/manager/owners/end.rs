//! Ending all sessions of an owner, those that are stored meanwhile included.

use crate::error::{Error, ErrorKind, Result};
use crate::observer::EndedBy;
use crate::request::context::Context;
use crate::request::deadline::Deadline;
use crate::request::owned::{End, each, end_one, list};
use crate::store::StoreKey;
use std::collections::HashSet;
use std::sync::Arc;

/// Ends all sessions of an owner, or all but the one under `kept`.
pub(super) async fn end_every(
    context: &Arc<Context>,
    owner: &str,
    kept: impl IntoIterator<Item = StoreKey>,
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
                let end = end_one(&context, &owner, &key, None, |_| true, EndedBy::Owner, deadline)
                    .await?;
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
