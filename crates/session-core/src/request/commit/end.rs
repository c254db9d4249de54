//! The end of a session's record, whatever other requests make of it meanwhile.

use super::{gone, trace};
use crate::data::Data;
use crate::error::{Error, ErrorKind, Result};
use crate::request::context::{Context, END_TRIES};
use crate::request::deadline::Deadline;
use crate::request::find::locate;
use crate::request::home::{Address, Ended, Home, Presented};
use crate::request::state::State;
use crate::request::told;
use crate::store::StoreKey;
use session_codec as codec;
use tokio::time::Instant;

/// What is left where a session was.
#[derive(Clone, Copy)]
pub(super) enum Leave {
    Nothing,
    /// The trace of a session that a sign-in follows.
    Trace,
}

/// Ends the session, or all of those of which none was believed.
///
/// # Errors
///
/// `Gone` if it ended or one of them moved meanwhile, `Conflict` if there are more than were looked
/// up, and those of the store.
pub(super) async fn end(
    context: &Context,
    state: &mut State,
    leave: Leave,
    deadline: Deadline,
) -> Result<()> {
    let is_ended = match std::mem::replace(&mut state.home, Home::None) {
        Home::None | Home::Moved => return Ok(()),
        Home::Undecodable(address) => {
            let is_ended = delete(context, &address.key, None, deadline).await?;
            if is_ended {
                told::ended(context, &address.id, None);
            }
            is_ended
        }
        Home::Stored(address) => match state.ended.take() {
            Some(ended) => end_one(context, address, *ended, leave, deadline).await?,
            None => return Ok(()),
        },
        Home::Several(sessions) if sessions.is_empty() => {
            return Err(Error::new(
                ErrorKind::Conflict,
                "end a session of which the browser sent more than three ids",
            )
            .with_retryable(false));
        }
        Home::Several(sessions) => {
            let (mut is_any, mut moved) = (false, Ok(()));
            for (address, ended) in sessions {
                match end_one(context, address, ended, leave, deadline).await {
                    Ok(is_ended) => is_any |= is_ended,
                    // The others end all the same.
                    Err(error) if error.kind() == ErrorKind::Gone => moved = Err(error),
                    Err(error) => return Err(error),
                }
            }
            moved.map(|()| is_any)?
        }
    };
    if is_ended { Ok(()) } else { Err(gone(context)) }
}

/// Ends one record as it is, since what a delete by key alone removes may be the trace of a session
/// that lives on. `false` if another request has ended it.
///
/// # Errors
///
/// `Gone` if it moved, and those of the store.
async fn end_one(
    context: &Context,
    mut address: Address,
    mut ended: Ended,
    leave: Leave,
    deadline: Deadline,
) -> Result<bool> {
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
            told::ended(context, &address.id, Some(base));
            return Ok(true);
        }
        let newest = reload(context, &mut address, deadline).await?;
        let Some(newest) = newest else { return Ok(false) };
        ended = newest;
    }
    let mut is_ended = false;
    for key in context.keys(&address.id) {
        is_ended |= delete(context, &key, ended.owner.as_deref(), deadline).await?;
    }
    if is_ended {
        told::ended(context, &address.id, Some(&ended.base));
    }
    Ok(is_ended)
}

/// The record as another request has left it, if it has.
async fn reload(
    context: &Context,
    address: &mut Address,
    deadline: Deadline,
) -> Result<Option<Ended>> {
    let started = Instant::now();
    let load = locate(context, &address.id, &mut address.key, deadline);
    let Some(newest) = load.await? else { return Ok(None) };
    if codec::is_trace(&newest.payload) {
        return Err(gone(context));
    }
    match Data::parse(newest.clone(), context.limits()) {
        Ok(data) => {
            let state = State::new(Home::None, data, Presented::Nothing, started);
            Ok(Some(state.to_end(&context.config)))
        }
        Err(_) => Ok(Some(Ended { owner: None, left: newest.ttl, base: newest })),
    }
}

/// Deletes the record, whatever it is.
async fn delete(
    context: &Context,
    key: &StoreKey,
    owner: Option<&str>,
    deadline: Deadline,
) -> Result<bool> {
    deadline.write(context.store.delete(key, owner, None)).await
}
