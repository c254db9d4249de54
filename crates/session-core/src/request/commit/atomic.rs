//! One value changed at once, atomically in the store, apart from the rest of the request.

use super::create::{Created, create};
use super::update::next_lease;
use super::{contended, gone};
use crate::config::Config;
use crate::data::{Data, Intent};
use crate::error::{Error, ErrorKind, Result};
use crate::request::context::Context;
use crate::request::deadline::Deadline;
use crate::request::plan::Fate;
use crate::request::state::{Address, Home, State};
use crate::store::{Lease, Outcome, Precondition, Record};
use serde::Serialize;
use serde::de::DeserializeOwned;
use session_codec as codec;
use std::sync::Arc;
use tokio::time::Instant;

/// A value that is stored.
pub(crate) struct Updated<T> {
    pub(crate) value: T,
    /// The record without what else the request means to do with it.
    work: State,
    /// The record as it is stored now.
    record: Record,
    /// Where it is, if this call created it.
    pub(crate) created: Option<Address>,
}

impl<T> Updated<T> {
    /// Whom the record is indexed under.
    pub(crate) fn indexed_owner(&self, config: &Config) -> Option<String> {
        self.work.indexed_owner(config)
    }
}

/// Replaces the value under `key` by what `f` makes of it, creating the session if there is none.
///
/// `work` is a [`snapshot`] of the request's state, to which the answer is to be
/// [settled](settle).
pub(crate) async fn update<T, F>(
    context: &Arc<Context>,
    mut work: State,
    key: &str,
    mut f: F,
    deadline: Deadline,
) -> Result<Updated<T>>
where
    T: Serialize + DeserializeOwned,
    F: FnMut(Option<T>) -> T,
{
    let Home::Stored(address) = &work.home else {
        let value = apply(context, &mut work, key, &mut f)?;
        let Created { address, cas, ttl } = create(context, &mut work, deadline).await?;
        let record = Record { payload: work.data.encode()?, cas, ttl };
        return Ok(Updated { value, work, record, created: Some(address) });
    };
    let address = address.clone();
    let mut turn = None;
    let mut is_current = false;
    loop {
        let value = apply(context, &mut work, key, &mut f)?;
        let record = if work.data.is_modified() {
            write(context, &mut work, &address, deadline).await?
        } else {
            // A value that stays as it is was decided on the newest record, too.
            is_current.then(|| work.data.base().clone())
        };
        if let Some(record) = record {
            return Ok(Updated { value, work, record, created: None });
        }
        if deadline.is_over() {
            return Err(contended());
        }
        if work.data.is_modified() {
            context.telemetry.replayed();
            if turn.is_none() {
                turn = Some(context.turns.take(&address.key, deadline).await?);
            }
        }
        let started = Instant::now();
        let newest = deadline.read(context.store.load(&address.key)).await?;
        let newest = Data::parse(newest.ok_or_else(|| gone(context))?, context.limits)?;
        work.check_handover(&newest, &context.config)?;
        work.data = newest;
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
            let data = Data::parse(state.data.base().clone(), context.limits)?;
            (Home::Stored(address.clone()), data)
        }
        Home::None | Home::Undecodable(_) => (Home::None, Data::empty(context.limits)),
    };
    let mut work = State::new(home, data, state.presented, state.loaded_at);
    work.is_detached = state.is_detached;
    Ok(work)
}

fn apply<T, F>(context: &Context, work: &mut State, key: &str, f: &mut F) -> Result<T>
where
    T: Serialize + DeserializeOwned,
    F: FnMut(Option<T>) -> T,
{
    let old = work.data.peek(key).map(|(value, format)| codec::decode(value, format));
    let value = f(old.transpose()?);
    work.set(key, &value, Intent::Blind, &context.config)?;
    Ok(value)
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
            work.loaded_at = started;
            Some(Record { payload, cas, ttl })
        }
        Outcome::Refused => None,
    })
}

/// Makes the request go on from what is stored; its pending changes stay pending.
pub(crate) fn settle<T>(
    state: &mut State,
    key: &str,
    updated: &Updated<T>,
    config: &Config,
) -> Result<()> {
    if state.fate != Fate::End {
        state.rebase(updated.record.clone(), updated.work.loaded_at, config)?;
        state.data.accept(key);
        state.is_renewed |= updated.work.is_renewed;
    }
    // Of a session that ended meanwhile nothing may reach the one that follows.
    if let Some(address) = &updated.created {
        state.home = Home::Stored(address.clone());
        state.is_created = true;
    }
    Ok(())
}
