//! Values changed at once, atomically in the store, apart from the rest of the request.

use super::create::{Created, create};
use super::update::next_lease;
use super::{contended, gone, newest};
use crate::config::Config;
use crate::data::Data;
use crate::error::{Error, ErrorKind, Result};
use crate::request::context::Context;
use crate::request::deadline::Deadline;
use crate::request::home::{Address, Home};
use crate::request::plan::Fate;
use crate::request::state::State;
use crate::request::told;
use crate::request::transaction::Transaction;
use crate::store::{Lease, Outcome, Precondition, Record};
use std::borrow::Cow;
use std::sync::Arc;
use tokio::time::Instant;

/// A change that is decided on the newest record, and stored if it changes any value.
pub(crate) struct Changed<R> {
    pub(crate) result: R,
    /// The keys that were changed.
    keys: Vec<String>,
    /// The record without what else the request means to do with it.
    work: State,
    /// The record as it is stored now, if there is one.
    record: Option<Record>,
    /// Where it is, if this call created it.
    pub(crate) created: Option<Address>,
}

impl<R> Changed<R> {
    /// Whom the record is indexed under.
    pub(crate) fn indexed_owner(&self, config: &Config) -> Option<Cow<'_, str>> {
        self.work.indexed_owner(config)
    }
}

/// Why nothing was changed.
pub(crate) enum Stopped<E> {
    /// The caller's function says so.
    Refused(E),
    Failed(Error),
}

impl<E: From<Error>> Stopped<E> {
    pub(crate) fn into_error(self) -> E {
        match self {
            Self::Refused(error) => error,
            Self::Failed(error) => error.into(),
        }
    }
}

impl<E> From<Error> for Stopped<E> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Stores what `f` makes of the newest record, creating the session if there is none.
///
/// `work` is a [`snapshot`] of the request's state, to which the answer is to be
/// [settled](settle).
pub(crate) async fn change<R, E>(
    context: &Arc<Context>,
    mut work: State,
    mut f: impl FnMut(&mut Transaction<'_>) -> Result<R, Stopped<E>>,
    deadline: Deadline,
) -> Result<Changed<R>, Stopped<E>> {
    let config = &context.config;
    let mut keys = Vec::new();
    let Home::Stored(address) = &work.home else {
        let result = f(&mut Transaction::new(&mut work, config, &mut keys))?;
        if !work.data.is_modified() || !work.has_content() {
            return Ok(Changed { result, keys, work, record: None, created: None });
        }
        let Created { address, cas, ttl } = create(context, &mut work, deadline).await?;
        let record = Some(Record { payload: work.data.encode()?, cas, ttl });
        return Ok(Changed { result, keys, work, record, created: Some(address) });
    };
    let mut address = address.clone();
    let mut turn = None;
    let mut is_current = false;
    loop {
        keys.clear();
        let result = f(&mut Transaction::new(&mut work, config, &mut keys));
        match result {
            Ok(result) if work.data.is_modified() => {
                let record = write(context, &mut work, &address, deadline).await?;
                if record.is_some() {
                    return Ok(Changed { result, keys, work, record, created: None });
                }
                if deadline.is_over() {
                    return Err(contended().into());
                }
                context.telemetry.replayed();
                if turn.is_none() {
                    turn = Some(context.turns.take(&address.key, deadline).await?);
                }
            }
            // What changes nothing, or is refused, is decided on the newest record, too.
            Ok(result) if is_current => {
                let record = Some(work.data.base().clone());
                return Ok(Changed { result, keys, work, record, created: None });
            }
            Err(Stopped::Refused(refusal)) if is_current => return Err(Stopped::Refused(refusal)),
            Err(Stopped::Failed(error)) => return Err(Stopped::Failed(error)),
            Ok(_) | Err(Stopped::Refused(_)) => {}
        }
        let started = Instant::now();
        let newest = newest(context, &mut address, deadline).await?;
        work.check_handover(&newest, &context.config)?;
        work.data = newest;
        work.home = Home::Stored(address.clone());
        work.loaded_at = started;
        is_current = true;
    }
}

/// The record as the request knows it, without what the request means to do with it.
pub(crate) fn snapshot(context: &Context, state: &State) -> Result<State> {
    if state.fate == Fate::End {
        return Err(Error::new(ErrorKind::Gone, "update a session that this request ends"));
    }
    let (home, data) = match &state.home {
        Home::Stored(address) => {
            let data = Data::parse(state.data.base().clone(), context.limits())?;
            (Home::Stored(address.clone()), data)
        }
        // As at the commit: a sign-in begins a session of its own.
        Home::Moved if !state.data.is_changed(context.config.owner_key()) => {
            return Err(gone(context));
        }
        Home::None | Home::Moved | Home::Several(_) | Home::Undecodable(_) => {
            (Home::None, Data::empty(context.limits()))
        }
    };
    let mut work = State::new(home, data, state.presented, state.loaded_at);
    work.is_detached = state.is_detached;
    Ok(work)
}

/// Writes over the record; `None` if another request was faster.
async fn write(
    context: &Context,
    work: &mut State,
    address: &Address,
    deadline: Deadline,
) -> Result<Option<Record>> {
    let started = Instant::now();
    let (ttl, is_renewed) = next_lease(context, work);
    let owner = work.indexed_owner(&context.config);
    let lease = Lease { ttl, owner: owner.as_deref() };
    let payload = work.data.encode()?;
    let when = Precondition::Unchanged(work.data.base());
    let write = context.store.write(&address.key, payload.clone(), &lease, when);
    Ok(match deadline.write(write).await? {
        Outcome::Written { cas } => {
            context.telemetry.written(payload.len());
            work.is_renewed = is_renewed;
            if is_renewed {
                told::renewed(context, work);
            }
            work.loaded_at = started;
            Some(Record { payload, cas, ttl })
        }
        Outcome::Refused => None,
    })
}

/// Makes the request go on from what is stored; its pending changes of other keys stay pending.
pub(crate) fn settle<R>(state: &mut State, changed: &Changed<R>, config: &Config) -> Result<()> {
    let Some(record) = &changed.record else { return Ok(()) };
    if state.fate != Fate::End {
        let data = Data::parse(record.clone(), state.data.limits())?;
        state.rebase(data, changed.work.loaded_at, config)?;
        for key in &changed.keys {
            state.data.accept(key);
        }
        state.is_renewed |= changed.work.is_renewed;
        if let (Home::Stored(at), Some(now)) = (&mut state.home, changed.work.home.stored())
            && at.key != now.key
        {
            *at = now.clone();
        }
    }
    // Of a session that ended meanwhile nothing may reach the one that follows.
    if let Some(address) = &changed.created {
        state.home = Home::Stored(address.clone());
        state.is_created = true;
    }
    Ok(())
}
