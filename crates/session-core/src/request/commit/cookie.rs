//! What becomes of the client's copy of the id, which is spoken of as the cookie that it mostly is.

use super::SHORTEST_LEASE;
use crate::request::context::Context;
use crate::request::home::{Home, Presented};
use crate::request::plan::Fate;
use crate::request::state::State;
use std::time::Duration;

/// What becomes of the browser's copy of the id.
pub(super) enum Cookie {
    Keep,
    Set { lease: Duration },
    Remove,
}

/// The cookie of a session that needs no store call.
pub(super) fn untouched(context: &Context, state: &State) -> Cookie {
    if state.fate == Fate::End && state.presented != Presented::Nothing {
        return Cookie::Remove;
    }
    kept(context, state, false)
}

/// The cookie of a session that stays where it is.
pub(super) fn kept(context: &Context, state: &State, is_renewed: bool) -> Cookie {
    if !matches!(state.home, Home::Stored(_)) {
        return Cookie::Keep;
    }
    let config = &context.config;
    let is_renewed = is_renewed || state.is_renewed || state.is_created;
    // A browser session has no end to renew, unless it just became one.
    let must_follow =
        is_renewed && (state.is_permanent(config) || state.is_lease_changed() || state.is_created);
    if !must_follow && state.presented != Presented::OldForm {
        return Cookie::Keep;
    }
    let full = state.full_lease(config).unwrap_or(SHORTEST_LEASE);
    Cookie::Set { lease: if is_renewed { full } else { state.remaining().min(full) } }
}

/// The value of the field that changes the client's copy, if there is one.
pub(super) fn field(context: &Context, state: &State, cookie: Cookie) -> Option<Box<str>> {
    let lease = match cookie {
        Cookie::Keep => return None,
        Cookie::Remove => return Some(context.carrier.removal().into()),
        Cookie::Set { lease } => lease,
    };
    let Home::Stored(address) = &state.home else { return None };
    let max_age = state.is_permanent(&context.config).then_some(lease);
    let set = context.carrier.set(max_age, |value| match context.signing() {
        Some(signer) => signer.sign(&address.id, value),
        None => value.push_str(address.id.as_str()),
    });
    Some(set.into())
}

/// The cookie of a session that `update` created: nobody else can tell the browser its id.
pub(crate) fn of_created(context: &Context, state: &State) -> Option<Box<str>> {
    let lease = if state.is_created { state.full_lease(&context.config) } else { None };
    field(context, state, lease.map_or(Cookie::Keep, |lease| Cookie::Set { lease }))
}
