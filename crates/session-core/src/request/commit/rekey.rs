//! Moving a record from the plain id to its hash: the id stays, so the browser notices nothing.

use super::check_conflict;
use super::cookie::{Cookie, kept};
use super::touch::{not_renewed, touch};
use super::update::{next_lease, update};
use crate::error::{ErrorKind, Result};
use crate::request::context::Context;
use crate::request::deadline::Deadline;
use crate::request::home::{Address, Home};
use crate::request::state::State;
use crate::request::told;
use crate::store::slot::{CLAIM, MARK, Number};
use crate::store::{Lease, Outcome, Precondition, Record};
use std::sync::Arc;
use std::time::Duration;

/// Stores the request's changes, or renews the lease, under the hashed key.
///
/// Where another request is about to move the record, or has just written to it, this one does its
/// work where the record is, and a later one moves it.
pub(super) async fn rekey(
    context: Arc<Context>,
    mut state: Box<State>,
    deadline: Deadline,
) -> Result<(Box<State>, Cookie)> {
    let context = &*context;
    let is_modified = state.data.is_modified();
    check_conflict(context, &state)?;
    let cookie = match relocate(context, &mut state, deadline).await {
        Ok(Some(is_renewed)) => kept(context, &state, is_renewed),
        Ok(None) if is_modified => update(context, &mut state, deadline).await?,
        Ok(None) if state.is_renewed => kept(context, &state, false),
        Ok(None) => touch(context, &state, deadline).await,
        Err(error) if is_modified => return Err(error),
        // As every other renewal: what the handler said is not lost.
        Err(error) => {
            context.telemetry.touch_failed(&error);
            not_renewed(context, &state)
        }
    };
    Ok((state, cookie))
}

/// Moves the record; `None` if it is not this request's turn, else whether its lease is a full one.
async fn relocate(
    context: &Context,
    state: &mut State,
    deadline: Deadline,
) -> Result<Option<bool>> {
    let Home::Stored(plain) = &state.home else { return Ok(None) };
    let hashed = Address { id: plain.id.clone(), key: context.key(&plain.id) };
    let (ttl, is_renewed) = next_lease(context, state);
    let payload = state.data.encode()?;
    let number = Number::new()?;
    let Some(claim) =
        claim(context, &hashed, number.claim(&payload), ttl.min(CLAIM), deadline).await?
    else {
        return Ok(None);
    };
    let former = state.indexed_base_owner(&context.config);
    let lease = Lease { ttl: MARK, owner: former.as_deref() };
    let when = Precondition::Unchanged(state.data.base());
    let mark = context.store.write(&plain.key, number.mark(), &lease, when);
    let marked = deadline.write(mark).await;
    match marked {
        Ok(Outcome::Written { .. }) => {}
        // It may stand, and then the claim counts: the next request sees.
        Err(error) if error.kind() == ErrorKind::Unknown => return Err(error),
        Ok(Outcome::Refused) | Err(_) => {
            let withdrawn = context.store.delete(&hashed.key, None, Some(&claim));
            if let Err(error) = deadline.write(withdrawn).await {
                context.telemetry.abandon_failed(&error);
            }
            return marked.map(|_| None);
        }
    }
    let owner = state.indexed_owner(&context.config);
    let lease = Lease { ttl, owner: owner.as_deref() };
    let len = payload.len();
    let write = context.store.write(&hashed.key, payload, &lease, Precondition::Unchanged(&claim));
    // Refused: another request came for the session, and has done this or ended it.
    let written = deadline.write(write).await?;
    context.telemetry.written(len);
    state.home = Home::Stored(hashed);
    if is_renewed && written.is_written() {
        told::renewed(context, state);
    }
    Ok(Some(is_renewed))
}

/// Writes the claim, unless there is anything under the key, or no room for it.
async fn claim(
    context: &Context,
    hashed: &Address,
    payload: bytes::Bytes,
    ttl: Duration,
    deadline: Deadline,
) -> Result<Option<Record>> {
    let lease = Lease { ttl, owner: None };
    let write = context.store.write(&hashed.key, payload.clone(), &lease, Precondition::Absent);
    match deadline.write(write).await {
        Ok(Outcome::Written { cas }) => Ok(Some(Record { payload, cas, ttl })),
        Ok(Outcome::Refused) => Ok(None),
        Err(error) if error.kind() == ErrorKind::TooLarge => Ok(None),
        Err(error) => Err(error),
    }
}
