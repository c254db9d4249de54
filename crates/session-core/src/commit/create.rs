//! Writing a record under an id that nobody holds yet.

use super::SHORTEST_LEASE;
use crate::clock;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::id::SessionId;
use crate::manager::Shared;
use crate::state::{Address, CREATED, State};
use crate::store::{Lease, Outcome, Precondition};
use crate::telemetry;
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
    shared: &Arc<Shared>,
    state: &mut State,
    deadline: Deadline,
) -> Result<Created> {
    stamp(shared, state)?;
    write_new(shared, state, deadline).await
}

/// Writes the state as a record under a new id.
pub(super) async fn write_new(
    shared: &Arc<Shared>,
    state: &State,
    deadline: Deadline,
) -> Result<Created> {
    let ttl = state.full_lease(&shared.config).unwrap_or(SHORTEST_LEASE);
    let owner = shared.owner(state);
    let lease = Lease { ttl, owner: owner.as_deref() };
    for _ in 0..MAX_IDS {
        let address = new_address(shared)?;
        let payload = state.data.encode()?;
        let len = payload.len();
        let write = shared.store.write(&address.key, payload, &lease, Precondition::Absent);
        match deadline.write(write).await {
            Ok(Outcome::Written { cas }) => {
                telemetry::written(shared, len);
                return Ok(Created { address, cas, ttl });
            }
            Ok(Outcome::Refused) => {}
            Err(error) => {
                if error.kind() == ErrorKind::Unknown {
                    abandon(shared, owner, address, deadline).await;
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
pub(super) async fn abandon(
    shared: &Arc<Shared>,
    owner: Option<String>,
    address: Address,
    deadline: Deadline,
) {
    let shared = Arc::clone(shared);
    let removal = tokio::spawn(async move {
        let delete = shared.store.delete(&address.key, owner.as_deref(), None);
        if let Err(error) = shared.deadline().write(delete).await {
            telemetry::abandon_failed(&shared, &error);
        }
    });
    let _ = deadline.read(pin!(async { Ok(removal.await) })).await;
}

/// Notes when a session began, if that will end it.
pub(super) fn stamp(shared: &Shared, state: &mut State) -> Result<()> {
    if shared.config.absolute_lifetime().is_some() {
        state.set_reserved(CREATED, &clock::unix_seconds())?;
    }
    Ok(())
}

fn new_address(shared: &Shared) -> Result<Address> {
    let id = SessionId::generate(shared.config.id_length())?;
    let key = shared.key(&id);
    Ok(Address { id, key })
}
