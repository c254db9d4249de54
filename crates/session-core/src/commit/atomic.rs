//! One value changed at once, atomically in the store, apart from the rest of the request.

use super::create::{Created, abandon, create};
use super::update::next_lease;
use super::{contended, gone};
use crate::codec;
use crate::data::{Data, Intent};
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::exchange::{Inner, closed};
use crate::manager::Shared;
use crate::plan::Fate;
use crate::state::{Address, Home, State};
use crate::store::{Lease, Outcome, Precondition, Record};
use crate::telemetry;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::pin::pin;
use tokio::time::Instant;

/// Replaces the value under `key` by what `f` makes of it, creating the session if there is none.
pub(crate) async fn update<T, F>(inner: &Inner, key: &str, mut f: F) -> Result<T>
where
    T: Serialize + DeserializeOwned,
    F: FnMut(Option<T>) -> T,
{
    let shared = &inner.shared;
    let deadline = shared.deadline();
    let _order = deadline.read(pin!(async { Ok(inner.updates.lock().await) })).await?;
    let mut work = inner.with(|state| snapshot(shared, state))?;
    let Home::Stored(address) = &work.home else {
        let value = apply(shared, &mut work, key, &mut f)?;
        let created = create(shared, &mut work, deadline).await?;
        return adopt(inner, &work, key, created, deadline).await.map(|()| value);
    };
    let address = address.clone();
    let mut turn = None;
    let mut is_current = false;
    loop {
        let value = apply(shared, &mut work, key, &mut f)?;
        let record = if work.data.is_modified() {
            write(shared, &mut work, &address, deadline).await?
        } else {
            // A value that stays as it is was decided on the newest record, too.
            is_current.then(|| work.data.base().clone())
        };
        if let Some(record) = record {
            // A response that was committed meanwhile does not undo what is stored.
            let _ = inner.with(|state| settle(state, key, record, &work));
            return Ok(value);
        }
        if deadline.is_over() {
            return Err(contended());
        }
        if work.data.is_modified() {
            telemetry::replayed(shared);
            if turn.is_none() {
                turn = Some(shared.turns.take(&address.key, deadline).await?);
            }
        }
        let started = Instant::now();
        let newest = deadline.read(shared.store.load(&address.key)).await?;
        work.data = Data::parse(newest.ok_or_else(|| gone(shared))?, shared.limits)?;
        work.loaded_at = started;
        is_current = true;
    }
}

/// The record as the request knows it, without what the request means to do with it.
fn snapshot(shared: &Shared, state: &State) -> Result<State> {
    if state.fate == Fate::End {
        return Err(Error::new(ErrorKind::Gone, "update a session that this request ends"));
    }
    let (home, data) = match &state.home {
        Home::Stored(address) => {
            let data = Data::parse(state.data.base().clone(), shared.limits)?;
            (Home::Stored(address.clone()), data)
        }
        Home::None | Home::Undecodable(_) => (Home::None, Data::empty(shared.limits)),
    };
    let mut work = State::new(home, data, state.presented, state.loaded_at);
    work.is_detached = state.is_detached;
    Ok(work)
}

fn apply<T, F>(shared: &Shared, work: &mut State, key: &str, f: &mut F) -> Result<T>
where
    T: Serialize + DeserializeOwned,
    F: FnMut(Option<T>) -> T,
{
    let old = work.data.peek(key).map(|(value, format)| codec::decode(value, format));
    let value = f(old.transpose()?);
    work.set(key, &value, Intent::Blind, &shared.config)?;
    Ok(value)
}

/// Writes over the record; `None` if another request was faster.
async fn write(
    shared: &Shared,
    work: &mut State,
    address: &Address,
    deadline: Deadline,
) -> Result<Option<Record>> {
    let started = Instant::now();
    let (ttl, is_renewed) = next_lease(shared, work);
    let owner = shared.owner(work);
    let lease = Lease { ttl, owner: owner.as_deref() };
    let payload = work.data.encode()?;
    let when = Precondition::Unchanged(work.data.base());
    let write = shared.store.write(&address.key, payload.clone(), &lease, when);
    Ok(match deadline.write(write).await? {
        Outcome::Written { cas } => {
            telemetry::written(shared, payload.len());
            work.is_renewed = is_renewed;
            work.loaded_at = started;
            Some(Record { payload, cas, ttl })
        }
        Outcome::Refused => None,
    })
}

/// Makes the request go on from `record`; its pending changes stay pending.
fn settle(state: &mut State, key: &str, record: Record, work: &State) -> Result<()> {
    if state.fate == Fate::End {
        // The session ended meanwhile; nothing of it may reach the one that follows.
        return Ok(());
    }
    state.rebase(record, work.loaded_at)?;
    // The caller was told the value, so it counts as read.
    state.data.read(key);
    state.is_renewed |= work.is_renewed;
    Ok(())
}

/// Makes a created session the request's own; nobody would ever learn its id otherwise.
async fn adopt(
    inner: &Inner,
    work: &State,
    key: &str,
    created: Created,
    deadline: Deadline,
) -> Result<()> {
    let Created { address, cas, ttl } = created;
    let record = Record { payload: work.data.encode()?, cas, ttl };
    let home = Home::Stored(address.clone());
    let settled = inner.with(|state| {
        settle(state, key, record, work)?;
        state.home = home;
        state.is_created = true;
        Ok(())
    });
    if settled.is_err() {
        let owner = inner.shared.owner(work);
        abandon(&inner.shared, owner, address, deadline).await;
        return Err(closed());
    }
    Ok(())
}
