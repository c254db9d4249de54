//! Ending a session that other requests hold.

use super::lookup::{Look, Owned, look};
use crate::error::{ErrorKind, Result};
use crate::observer::EndedBy;
use crate::request::context::{Context, END_TRIES};
use crate::request::deadline::Deadline;
use crate::request::find::locate;
use crate::request::told;
use crate::store::{Record, StoreKey};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The index names a record that is not there: it ended meanwhile, or moved to a new id.
    Gone,
    /// The record is another owner's.
    NotTheirs,
    /// It is not to be ended any more, as it is now.
    Spared,
    /// Another call ended it first, or moved it, after it was seen.
    Vanished,
    Ended,
}

/// Ends what the index names, if it is the owner's, whatever it holds by then, as long as
/// `may_end` says so of it. `seen` is what a call before has found there.
///
/// A session whose key alone changes is followed to where it has moved.
pub(crate) async fn end_one(
    context: &Context,
    owner: &str,
    key: &StoreKey,
    seen: Option<Owned>,
    may_end: impl Fn(&Owned) -> bool,
    by: EndedBy,
    deadline: Deadline,
) -> Result<End> {
    let end = end_under(context, owner, key, seen, &may_end, by, deadline).await?;
    let (End::Gone | End::Vanished, Some(id)) = (end, context.unmoved(key)) else {
        return Ok(end);
    };
    let mut now = key.clone();
    match locate(context, &id, &mut now, deadline).await? {
        Some(_) if now != *key => {
            end_under(context, owner, &now, None, &may_end, by, deadline).await
        }
        _ => Ok(end),
    }
}

async fn end_under(
    context: &Context,
    owner: &str,
    key: &StoreKey,
    mut seen: Option<Owned>,
    may_end: &impl Fn(&Owned) -> bool,
    by: EndedBy,
    deadline: Deadline,
) -> Result<End> {
    for attempt in 1..=END_TRIES {
        let found = match seen.take() {
            Some(seen) => seen,
            None => match look(context, owner, key, deadline).await? {
                Look::Found(found) => found,
                Look::Gone if attempt > 1 => return Ok(End::Vanished),
                Look::Gone => return Ok(End::Gone),
                Look::NotTheirs => return Ok(End::NotTheirs),
            },
        };
        if !may_end(&found) {
            return Ok(End::Spared);
        }
        // Once it has moved, there is a trace under the key, which is not to be taken for it. Nobody
        // moves what cannot be decoded.
        let record = found.record().filter(|_| attempt < END_TRIES);
        if delete(context, owner, key, record, deadline).await? {
            context.telemetry.ended();
            if !found.is_over {
                told::revoked(context, found.handle, owner, by);
            }
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
