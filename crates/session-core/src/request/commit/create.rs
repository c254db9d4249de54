//! Writing a record under an id that nobody holds yet.

use super::SHORTEST_LEASE;
use crate::error::{Error, ErrorKind, Result};
use crate::id::SessionId;
use crate::request::context::Context;
use crate::request::deadline::Deadline;
use crate::request::home::Address;
use crate::request::state::State;
use crate::store::{Lease, Outcome, Precondition, unix_time};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// Fresh ids tried before a store that refuses them all is reported.
const MAX_IDS: usize = 3;

/// A record that did not exist before.
pub(super) struct Created {
    pub(super) address: Address,
    pub(super) cas: u64,
    pub(super) ttl: Duration,
}

/// Writes the first record of a session.
pub(super) async fn create(
    context: &Arc<Context>,
    state: &mut State,
    deadline: Deadline,
) -> Result<Created> {
    stamp(context, state)?;
    write_new(context, state, deadline).await
}

/// Writes the state as a record under a new id.
pub(super) async fn write_new(
    context: &Arc<Context>,
    state: &State,
    deadline: Deadline,
) -> Result<Created> {
    let ttl = state.full_lease(&context.config).unwrap_or(SHORTEST_LEASE);
    let owner = state.indexed_owner(&context.config);
    let lease = Lease { ttl, owner: owner.as_deref() };
    for _ in 0..MAX_IDS {
        let address = new_address(context)?;
        let payload = state.data.encode()?;
        let len = payload.len();
        let write = context.store.write(&address.key, payload, &lease, Precondition::Absent);
        match deadline.write(write).await {
            Ok(Outcome::Written { cas }) => {
                context.telemetry.written(len);
                return Ok(Created { address, cas, ttl });
            }
            Ok(Outcome::Refused) => {}
            Err(error) => {
                if error.kind() == ErrorKind::Unknown {
                    abandon(context, lease.owner, address, deadline).await;
                }
                return Err(error);
            }
        }
    }
    Err(Error::new(
        ErrorKind::Unavailable,
        "create a session: the store holds a record under every new id",
    ))
}

/// Removes a record whose id nobody was told; if even that fails, it expires unseen.
///
/// The request waits until its `deadline`; the removal has one of its own, as that may be over.
pub(crate) async fn abandon(
    context: &Arc<Context>,
    owner: Option<&str>,
    address: Address,
    deadline: Deadline,
) {
    let (context, owner) = (Arc::clone(context), owner.map(str::to_owned));
    let removal = tokio::spawn(async move {
        let delete = context.store.delete(&address.key, owner.as_deref(), None);
        if let Err(error) = context.deadline().write(delete).await {
            context.telemetry.abandon_failed(&error);
        }
    });
    let _ = deadline.read(pin!(async { Ok(removal.await) })).await;
}

/// Notes when a session began, if that may end it.
pub(super) fn stamp(context: &Context, state: &mut State) -> Result<()> {
    let config = &context.config;
    let is_counted = || config.max_per_owner().is_some() && state.owner(config).is_some();
    if config.absolute_lifetime().is_some() || is_counted() {
        state.stamp_at(unix_time())?;
    }
    Ok(())
}

fn new_address(context: &Context) -> Result<Address> {
    let id = SessionId::generate(context.config.id_length())?;
    let key = context.key(&id);
    Ok(Address { id, key })
}
