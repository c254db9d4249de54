//! What a session leaves under the id that it moves from.
//!
//! A browser sends some requests with the old id after the response that set the new one: those
//! that it began earlier. Were they anonymous, the first that writes would get a cookie of its own,
//! in place of the one of the sign-in. So the old record is not deleted: a trace is written over it,
//! which costs the same call, opens nothing, is an empty session to other programs, and lives for
//! half a minute.

use super::SHORTEST_LEASE;
use crate::error::Result;
use crate::request::context::Context;
use crate::request::deadline::Deadline;
use crate::store::{Lease, Outcome, Precondition, Record, StoreKey};
use bytes::Bytes;
use session_codec as codec;
use std::time::Duration;

/// How long a request may be late.
const LIFE: Duration = Duration::from_secs(30);

/// Writes a trace over a record that has `left` to live, while it is still `base`.
///
/// Whoever the record is indexed under keeps the entry as long as the trace lives: removing it would
/// be a call more, and listings look at the record.
pub(super) async fn leave(
    context: &Context,
    key: &StoreKey,
    owner: Option<&str>,
    base: &Record,
    left: Duration,
    deadline: Deadline,
) -> Result<Outcome> {
    let lease = Lease { ttl: left.min(LIFE).max(SHORTEST_LEASE), owner };
    let when = Precondition::Unchanged(base);
    let trace = Bytes::from_static(codec::trace(context.config.format()));
    deadline.write(context.store.write(key, trace, &lease, when)).await
}
