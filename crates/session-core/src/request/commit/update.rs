//! Writing over a stored record at the end of a request.

use super::cookie::{Cookie, kept};
use super::{SHORTEST_LEASE, check_conflict, contended, reload};
use crate::error::Result;
use crate::request::context::Context;
use crate::request::deadline::Deadline;
use crate::request::home::Home;
use crate::request::state::State;
use crate::request::told;
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
            if is_renewed {
                told::renewed(context, state);
            }
            return Ok(kept(context, state, is_renewed));
        }
        if deadline.is_over() {
            return Err(contended());
        }
        if turn.is_none() {
            turn = Some(context.turns.take(&address.key, deadline).await?);
        }
        let mut address = address.clone();
        reload(context, state, &mut address, deadline).await?;
        state.home = Home::Stored(address);
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
    let term = state.term(&context.config, true);
    let full = term.full.unwrap_or(SHORTEST_LEASE);
    if term.is_due || state.is_lease_changed() {
        (full, true)
    } else {
        let step = context.store.capabilities().ttl_resolution;
        (unmoved(term.remaining, step).min(full), false)
    }
}

/// What to ask of a store of this step, so that the record keeps the end that it has.
///
/// Stores round lifetimes up. Half a step less makes them round to the end the record has; exactly
/// what is left would push it one step further with every write. Half a second is enough for that,
/// and more would be a second less with every write where a store's step is wider than its rounding.
fn unmoved(remaining: Duration, step: Duration) -> Duration {
    remaining.saturating_sub((step / 2).min(Duration::from_millis(500))).max(SHORTEST_LEASE)
}

#[cfg(test)]
mod tests {
    use super::unmoved;
    use std::time::Duration;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn down(time: Duration, unit: Duration) -> Duration {
        unit * u32::try_from(time.as_nanos() / unit.as_nanos()).unwrap()
    }

    fn up(time: Duration, unit: Duration) -> Duration {
        unit * u32::try_from(time.as_nanos().div_ceil(unit.as_nanos())).unwrap()
    }

    #[test]
    fn thousand_writes_leave_the_end_where_it_is() {
        // The step that a store declares, to what it rounds, and whether its clock ticks in that,
        // as memcached's does, or it rounds the end itself.
        for (step, unit, ticks) in [
            (1000, 1000, false),
            (1000, 1000, true),
            (2000, 1000, false),
            (2000, 1000, true),
            (5000, 1000, true),
            (100, 100, false),
            (60_000, 60_000, false),
        ] {
            let (step, unit) = (ms(step), ms(unit));
            let clock = |now| if ticks { down(now, unit) } else { now };
            let end_of = |now, ttl| up(clock(now) + ttl, unit);
            let first = end_of(ms(10_013), ms(2_678_400_000));
            let mut end = first;
            for write in 0..1000 {
                // What is left was true at the load; the write arrives a little later.
                let loaded = ms(10_013 + write * 20);
                let ttl = unmoved(end - clock(loaded) - ms(1), step);
                end = end_of(loaded + ms(3), ttl);
            }
            let moved = end.abs_diff(first);
            assert!(moved <= unit, "{step:?} {unit:?} {ticks}: {moved:?}");
        }
    }
}
