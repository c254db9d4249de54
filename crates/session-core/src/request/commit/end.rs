//! The end of a session's record, whatever other requests make of it meanwhile.

use super::{gone, trace};
use crate::data::Data;
use crate::error::{Error, ErrorKind, Result};
use crate::request::context::{Context, END_TRIES};
use crate::request::deadline::Deadline;
use crate::request::home::{Address, Ended, Home, Presented};
use crate::request::state::State;
use session_codec as codec;
use tokio::time::Instant;

/// What is left where a session was.
#[derive(Clone, Copy)]
pub(super) enum Leave {
    Nothing,
    /// The trace of a session that another one follows.
    Trace,
}

/// Ends the session, or all of those of which none was believed.
///
/// # Errors
///
/// `Gone` if it ended or moved meanwhile, `Conflict` if there are more than were looked up, and
/// those of the store.
pub(super) async fn end(
    context: &Context,
    state: &mut State,
    leave: Leave,
    deadline: Deadline,
) -> Result<()> {
    match std::mem::replace(&mut state.home, Home::None) {
        Home::None | Home::Moved => Ok(()),
        Home::Undecodable(address) => delete(context, &address, None, deadline).await,
        Home::Stored(address) => match state.ended.take() {
            Some(ended) => end_one(context, &address, *ended, leave, deadline).await,
            None => Ok(()),
        },
        Home::Several(sessions) if sessions.is_empty() => Err(Error::new(
            ErrorKind::Conflict,
            "end a session of which the browser sent more than three ids",
        )
        .with_retryable(false)),
        Home::Several(sessions) => {
            let mut result = Err(gone(context));
            for (address, ended) in sessions {
                let one = end_one(context, &address, ended, leave, deadline).await;
                match one {
                    Err(error) if error.kind() != ErrorKind::Gone => return Err(error),
                    Err(_) => {}
                    Ok(()) => result = Ok(()),
                }
            }
            result
        }
    }
}

/// Ends one record as it is, since what a delete by key alone removes may be the trace of a session
/// that lives on.
async fn end_one(
    context: &Context,
    address: &Address,
    mut ended: Ended,
    leave: Leave,
    deadline: Deadline,
) -> Result<()> {
    for _ in 0..END_TRIES {
        let Ended { owner, base, left } = &ended;
        let owner = owner.as_deref();
        let is_ended = match leave {
            Leave::Nothing => {
                let delete = context.store.delete(&address.key, owner, Some(base));
                deadline.write(delete).await?
            }
            Leave::Trace => {
                let trace = trace::leave(context, &address.key, owner, base, *left, deadline);
                trace.await?.is_written()
            }
        };
        if is_ended {
            return Ok(());
        }
        ended = reload(context, address, deadline).await?;
    }
    delete(context, address, ended.owner.as_deref(), deadline).await
}

/// The record as another request has left it.
async fn reload(context: &Context, address: &Address, deadline: Deadline) -> Result<Ended> {
    let started = Instant::now();
    let newest = deadline.read(context.store.load(&address.key)).await?;
    let newest = newest.ok_or_else(|| gone(context))?;
    if codec::is_trace(&newest.payload) {
        return Err(gone(context));
    }
    match Data::parse(newest.clone(), context.limits) {
        Ok(data) => {
            let state = State::new(Home::None, data, Presented::Nothing, started);
            Ok(state.ended(&context.config))
        }
        Err(_) => Ok(Ended { owner: None, left: newest.ttl, base: newest }),
    }
}

/// Deletes the record, whatever it is.
async fn delete(
    context: &Context,
    address: &Address,
    owner: Option<&str>,
    deadline: Deadline,
) -> Result<()> {
    let delete = context.store.delete(&address.key, owner, None);
    if deadline.write(delete).await? { Ok(()) } else { Err(gone(context)) }
}
