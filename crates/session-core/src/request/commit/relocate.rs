//! Giving a session a new id: the new record first, then the end of the old one.
//!
//! Whatever goes wrong, the session is whole under one id or ended; it never lives under both, and
//! no write that another request was told of is lost.

use super::create::{Created, abandon, stamp, write_new};
use super::limit::Newcomer;
use super::{SHORTEST_LEASE, check_conflict, contended, detached, gone, reload, trace};
use crate::error::Result;
use crate::request::context::Context;
use crate::request::deadline::Deadline;
use crate::request::home::{Address, Home};
use crate::request::state::State;
use crate::request::told;
use crate::store::{Lease, Outcome, Precondition, Record};
use std::sync::Arc;
use std::time::Duration;

/// Moves the session and returns it at home under its new id, with its lease.
pub(super) async fn relocate(
    context: Arc<Context>,
    mut state: Box<State>,
    is_owner_changed: bool,
    deadline: Deadline,
) -> Result<(Box<State>, Duration)> {
    if state.is_detached {
        return Err(detached());
    }
    let Home::Stored(mut old) = std::mem::replace(&mut state.home, Home::None) else {
        return Err(gone(&context));
    };
    check_conflict(&context, &state)?;
    if is_owner_changed {
        stamp(&context, &mut state)?;
    }
    let mut new = write_new(&context, &state, deadline).await?;
    if let Err(error) = end_old(&context, &mut state, &mut old, &mut new, deadline).await {
        let owner = state.indexed_owner(&context.config);
        abandon(&context, owner.as_deref(), new.address, deadline).await;
        return Err(error);
    }
    let newcomer = if is_owner_changed { Newcomer::of(&context, &state, &new) } else { None };
    state.home = Home::Stored(new.address);
    told::moved(&context, &state, &old.id);
    if let Some(newcomer) = newcomer {
        newcomer.settle().await;
    }
    Ok((state, new.ttl))
}

/// Ends the old record while it is what was moved; what others wrote to it meanwhile moves too.
async fn end_old(
    context: &Context,
    state: &mut State,
    old: &mut Address,
    new: &mut Created,
    deadline: Deadline,
) -> Result<()> {
    let mut turn = None;
    loop {
        let owner = state.indexed_base_owner(&context.config);
        let base = state.data.base();
        let left = state.remaining();
        let trace = trace::leave(context, &old.key, owner.as_deref(), base, left, deadline);
        if trace.await?.is_written() {
            return Ok(());
        }
        if deadline.is_over() {
            return Err(contended());
        }
        if turn.is_none() {
            turn = Some(context.turns.take(&old.key, deadline).await?);
        }
        let moved = Record { payload: state.data.encode()?, cas: new.cas, ttl: new.ttl };
        reload(context, state, old, deadline).await?;
        check_conflict(context, state)?;
        // The other request may have changed the lifetime, too.
        new.ttl = state.full_lease(&context.config).unwrap_or(SHORTEST_LEASE);
        let owner = state.indexed_owner(&context.config);
        let lease = Lease { ttl: new.ttl, owner: owner.as_deref() };
        let payload = state.data.encode()?;
        let when = Precondition::Unchanged(&moved);
        match deadline.write(context.store.write(&new.address.key, payload, &lease, when)).await? {
            Outcome::Written { cas } => new.cas = cas,
            Outcome::Refused => return Err(gone(context)),
        }
    }
}
