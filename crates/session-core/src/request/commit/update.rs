//! Writing over a stored record at the end of a request.

use super::cookie::{Cookie, kept};
use super::{SHORTEST_LEASE, check_conflict, contended, reload};
use crate::error::Result;
use crate::request::context::Context;
use crate::request::deadline::Deadline;
use crate::request::state::{Home, State};
use crate::store::{Lease, Outcome, Precondition};
use std::time::Duration;

/// Writes the request's changes, replaying them for as long as others write in between.
pub(super) async fn update(
    context: &Context,
    state: &mut State,
    deadline: Deadline,
) -> Result<Cookie> {
    check_conflict(context, state)?;
    let mut turn = None;
    loop {
        let Home::Stored(address) = &state.home else { return Ok(Cookie::Keep) };
        let (ttl, is_renewed) = next_lease(context, state);
        let owner = state.indexed_owner(&context.config);
        let lease = Lease { ttl, owner: owner.as_deref() };
        let payload = state.data.encode()?;
        let len = payload.len();
        let when = Precondition::Unchanged(state.data.base());
        let write = context.store.write(&address.key, payload, &lease, when);
        if let Outcome::Written { .. } = deadline.write(write).await? {
            context.telemetry.written(len);
            return Ok(kept(context, state, is_renewed));
        }
        if deadline.is_over() {
            return Err(contended());
        }
        if turn.is_none() {
            turn = Some(context.turns.take(&address.key, deadline).await?);
        }
        let address = address.clone();
        reload(context, state, &address, deadline).await?;
        check_conflict(context, state)?;
        if !state.data.is_modified() {
            // The other request wrote the very same.
            return Ok(kept(context, state, false));
        }
    }
}

/// A renewed lease if one is due, else what is left of the old one: a write that stretched the
/// record's life without the cookie's would keep renewal from ever being due.
pub(super) fn next_lease(context: &Context, state: &State) -> (Duration, bool) {
    let config = &context.config;
    let full = state.full_lease(config).unwrap_or(SHORTEST_LEASE);
    if state.is_renewal_due(config, true) || state.is_lease_changed() {
        (full, true)
    } else {
        // Stores round lifetimes up to their step. Half a step less makes them round to the end
        // the record has; exactly what is left would push it one step further with every write.
        let kept = state.remaining().saturating_sub(context.capabilities.ttl_resolution / 2);
        (kept.min(full).max(SHORTEST_LEASE), false)
    }
}
