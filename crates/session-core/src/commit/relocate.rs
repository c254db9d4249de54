//! Giving a session a new id: the new record first, then the end of the old one.
//!
//! Whatever goes wrong, the session is whole under one id or ended; it never lives under both, and
//! no write that another request was told of is lost.

use super::create::{Created, abandon, stamp, write_new};
use super::{check_conflict, contended, gone, reload};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::manager::Shared;
use crate::state::{Address, Home, State};
use crate::store::{Lease, Outcome, Precondition, Record};
use std::sync::Arc;
use std::time::Duration;

/// Moves the session and returns it at home under its new id, with its lease.
pub(super) async fn relocate(
    shared: Arc<Shared>,
    mut state: Box<State>,
    is_owner_changed: bool,
) -> Result<(Box<State>, Duration)> {
    let Home::Stored(old) = std::mem::replace(&mut state.home, Home::None) else {
        return Err(gone(&shared));
    };
    check_conflict(&shared, &state)?;
    let deadline = shared.deadline();
    if is_owner_changed {
        stamp(&shared, &mut state)?;
    }
    let mut new = write_new(&shared, &state, deadline).await?;
    if let Err(error) = end_old(&shared, &mut state, &old, &mut new, deadline).await {
        let owner = shared.owner(&state);
        abandon(&shared, owner, new.address, deadline).await;
        return Err(error);
    }
    state.home = Home::Stored(new.address);
    Ok((state, new.ttl))
}

/// Ends the old record while it is what was moved; what others wrote to it meanwhile moves too.
async fn end_old(
    shared: &Shared,
    state: &mut State,
    old: &Address,
    new: &mut Created,
    deadline: Deadline,
) -> Result<()> {
    let mut turn = None;
    loop {
        let owner = shared.base_owner(state);
        let base = state.data.base();
        let delete = shared.store.delete(&old.key, owner.as_deref(), Some(base));
        if deadline.write(delete).await? {
            return Ok(());
        }
        if deadline.is_over() {
            return Err(contended());
        }
        if turn.is_none() {
            turn = Some(shared.turns.take(&old.key, deadline).await?);
        }
        let moved = Record { payload: state.data.encode()?, cas: new.cas, ttl: new.ttl };
        reload(shared, state, old, deadline).await?;
        check_conflict(shared, state)?;
        let owner = shared.owner(state);
        let lease = Lease { ttl: new.ttl, owner: owner.as_deref() };
        let payload = state.data.encode()?;
        let when = Precondition::Unchanged(&moved);
        match deadline.write(shared.store.write(&new.address.key, payload, &lease, when)).await? {
            Outcome::Written { cas } => new.cas = cas,
            Outcome::Refused => return Err(gone(shared)),
        }
    }
}
