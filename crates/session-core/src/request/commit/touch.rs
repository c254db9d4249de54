//! Renewing the lease of a record that stays as it is.

use super::cookie::{Cookie, kept};
use crate::request::context::Context;
use crate::request::deadline::Deadline;
use crate::request::home::Home;
use crate::request::state::State;
use crate::request::told;
use crate::store::{Lease, Outcome};

/// A renewal that fails loses nothing the handler said, so its response stands; the browser's
/// copy then keeps its old end, and the next request tries again.
pub(super) async fn touch(context: &Context, state: &State, deadline: Deadline) -> Cookie {
    let Home::Stored(address) = &state.home else { return Cookie::Keep };
    let Some(ttl) = state.full_lease(&context.config) else { return Cookie::Keep };
    let owner = state.indexed_owner(&context.config);
    let lease = Lease { ttl, owner: owner.as_deref() };
    let touch = context.store.touch(&address.key, &lease, state.data.base());
    match deadline.write(touch).await {
        Ok(Outcome::Written { .. }) => {
            told::renewed(context, state);
            kept(context, state, true)
        }
        // Ended or changed meanwhile: whoever did so decided on the lease.
        Ok(Outcome::Refused) => not_renewed(context, state),
        Err(error) => {
            context.telemetry.touch_failed(&error);
            not_renewed(context, state)
        }
    }
}

/// The browser keeps what it has, unless only this response can tell it the id.
pub(super) fn not_renewed(context: &Context, state: &State) -> Cookie {
    if state.is_created { kept(context, state, false) } else { Cookie::Keep }
}
