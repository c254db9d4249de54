//! The end of a request: the plan's word becomes store calls and a cookie.

pub(crate) mod atomic;
mod create;
mod future;
mod relocate;
mod update;

pub use future::Committing;

use crate::config::OnConflict;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::exchange::Inner;
use crate::manager::Shared;
use crate::plan::{Fate, Plan, plan};
use crate::state::{Address, Home, Presented, State};
use crate::store::{Lease, Outcome};
use crate::telemetry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A lease is never zero, however late its request is.
const SHORTEST_LEASE: Duration = Duration::from_millis(1);

/// What the response must say about the session.
///
/// The cookie holds the session's id, so `Debug` shows only whether there is one.
#[derive(Default, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// The value of a `Set-Cookie` field, if the browser's copy must change.
    pub set_cookie: Option<String>,
    /// Whether the session was asked for, so that the response needs `Vary: Cookie`.
    pub vary_cookie: bool,
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commit")
            .field("has_set_cookie", &self.set_cookie.is_some())
            .field("vary_cookie", &self.vary_cookie)
            .finish()
    }
}

/// What becomes of the browser's copy of the id.
enum Cookie {
    Keep,
    Set { lease: Duration },
    Remove,
}

/// Does what `state` asks for: at once if that is nothing, else in the future's own time.
pub(crate) fn commit(inner: &Arc<Inner>, state: Box<State>) -> Committing {
    let shared = &inner.shared;
    let facts = state.facts(&shared.config);
    let word = plan(&facts);
    telemetry::planned(shared, word);
    if word == Plan::Nothing {
        let cookie = untouched(shared, &state);
        return Committing::ready(Ok(finish(inner, state, cookie)));
    }
    let created = discard(inner, &state).set_cookie;
    let inner = Arc::clone(inner);
    Committing::pending(async move {
        let work = execute(&inner, state, word, facts.is_owner_changed);
        let result = telemetry::in_commit_span(&inner.shared, word, work).await;
        result.inspect_err(|error| {
            telemetry::commit_failed(&inner.shared, error);
            if let Some(cookie) = created {
                inner.set_cookie(cookie);
            }
        })
    })
}

async fn execute(
    inner: &Inner,
    mut state: Box<State>,
    word: Plan,
    is_owner_changed: bool,
) -> Result<Commit> {
    let shared = &inner.shared;
    let cookie = match word {
        Plan::Nothing => Cookie::Keep,
        Plan::Create => {
            let created = create::create(shared, &mut state, shared.deadline()).await?;
            state.home = Home::Stored(created.address);
            Cookie::Set { lease: created.ttl }
        }
        Plan::Update => update::update(shared, &mut state, shared.deadline()).await?,
        Plan::Touch => touch(shared, &state).await,
        Plan::Move if state.is_detached => return Err(detached()),
        Plan::Move => {
            // A client that hangs up between the two writes must not leave two sessions behind.
            let task = relocate::relocate(Arc::clone(shared), state, is_owner_changed);
            // A panic's message is the store's own and may name a key, so it is no source.
            let moved = tokio::spawn(task)
                .await
                .map_err(|_| Error::new(ErrorKind::Unknown, "move a session to a new id"))?;
            let lease;
            (state, lease) = moved?;
            Cookie::Set { lease }
        }
        Plan::Delete => {
            let deadline = shared.deadline();
            let is_followed = state.data.is_modified() && state.has_content();
            if is_followed {
                check_successor(shared, &mut state)?;
            }
            delete(shared, &state, deadline).await?;
            state.home = Home::None;
            if is_followed {
                let created = create::create(shared, &mut state, deadline).await?;
                state.home = Home::Stored(created.address);
                Cookie::Set { lease: created.ttl }
            } else {
                Cookie::Remove
            }
        }
    };
    Ok(finish(inner, state, cookie))
}

fn finish(inner: &Inner, state: Box<State>, cookie: Cookie) -> Commit {
    let set_cookie = set_cookie(&inner.shared, &state, cookie);
    if let Home::Stored(address) = state.home {
        inner.set_address(address);
    }
    Commit { set_cookie, vary_cookie: true }
}

/// Leaves everything as it is; only a session that `update` created needs its cookie.
pub(crate) fn discard(inner: &Inner, state: &State) -> Commit {
    let shared = &inner.shared;
    let lease = if state.is_created { state.full_lease(&shared.config) } else { None };
    let cookie = lease.map_or(Cookie::Keep, |lease| Cookie::Set { lease });
    Commit { set_cookie: set_cookie(shared, state, cookie), vary_cookie: true }
}

fn untouched(shared: &Shared, state: &State) -> Cookie {
    if state.fate == Fate::End && state.presented != Presented::Nothing {
        return Cookie::Remove;
    }
    kept(shared, state, false)
}

/// The cookie of a session that stays where it is.
fn kept(shared: &Shared, state: &State, is_renewed: bool) -> Cookie {
    if !matches!(state.home, Home::Stored(_)) {
        return Cookie::Keep;
    }
    let config = &shared.config;
    let is_renewed = is_renewed || state.is_renewed || state.is_created;
    // A browser session has no end to renew, unless it just became one.
    let must_follow =
        is_renewed && (state.is_permanent(config) || state.is_lease_changed() || state.is_created);
    if !must_follow && state.presented != Presented::OldSignature {
        return Cookie::Keep;
    }
    let full = state.full_lease(config).unwrap_or(SHORTEST_LEASE);
    Cookie::Set { lease: if is_renewed { full } else { state.remaining().min(full) } }
}

fn set_cookie(shared: &Shared, state: &State, cookie: Cookie) -> Option<String> {
    let lease = match cookie {
        Cookie::Keep => return None,
        Cookie::Remove => return Some(shared.cookies.removal()),
        Cookie::Set { lease } => lease,
    };
    let Home::Stored(address) = &state.home else { return None };
    let max_age = state.is_permanent(&shared.config).then_some(lease);
    Some(shared.cookies.set(max_age, |value| match &shared.signer {
        Some(signer) => signer.sign(&address.id, value),
        None => value.push_str(address.id.as_str()),
    }))
}

/// A renewal that fails loses nothing the handler said, so its response stands; the browser's
/// copy then keeps its old end, and the next request tries again.
async fn touch(shared: &Shared, state: &State) -> Cookie {
    let Home::Stored(address) = &state.home else { return Cookie::Keep };
    let Some(ttl) = state.full_lease(&shared.config) else { return Cookie::Keep };
    let owner = shared.owner(state);
    let lease = Lease { ttl, owner: owner.as_deref() };
    let touch = shared.store.touch(&address.key, &lease, state.data.base());
    match shared.deadline().write(touch).await {
        Ok(Outcome::Written { .. }) => kept(shared, state, true),
        // Ended or changed meanwhile: whoever did so decided on the lease.
        Ok(Outcome::Refused) => not_renewed(shared, state),
        Err(error) => {
            telemetry::touch_failed(shared, &error);
            not_renewed(shared, state)
        }
    }
}

/// The browser keeps what it has, unless only this response can tell it the id.
fn not_renewed(shared: &Shared, state: &State) -> Cookie {
    if state.is_created { kept(shared, state, false) } else { Cookie::Keep }
}

/// Ends the session, whatever other requests made of it.
async fn delete(shared: &Shared, state: &State, deadline: Deadline) -> Result<()> {
    let (Home::Stored(address) | Home::Undecodable(address)) = &state.home else { return Ok(()) };
    let owner = state.ended_owner.as_deref().filter(|_| shared.config.owner_index());
    let delete = shared.store.delete(&address.key, owner, None);
    if deadline.write(delete).await? { Ok(()) } else { Err(gone(shared)) }
}

/// Finds out before a session ends whether the one that follows it can be stored.
fn check_successor(shared: &Shared, state: &mut State) -> Result<()> {
    if state.is_detached {
        return Err(detached());
    }
    create::stamp(shared, state)?;
    state.data.encode().map(drop)
}

/// Stops a request whose decisions rest on values that others have changed.
fn check_conflict(shared: &Shared, state: &State) -> Result<()> {
    match shared.config.on_conflict() {
        OnConflict::Overwrite => Ok(()),
        OnConflict::Reject => state.conflict().map_or(Ok(()), Err),
    }
}

/// Loads what other requests made of the session and replays this one on it.
async fn reload(
    shared: &Shared,
    state: &mut State,
    address: &Address,
    deadline: Deadline,
) -> Result<()> {
    let started = Instant::now();
    let newer = deadline.read(shared.store.load(&address.key)).await?;
    let Some(newer) = newer else { return Err(gone(shared)) };
    telemetry::replayed(shared);
    state.rebase(newer, started)
}

fn gone(shared: &Shared) -> Error {
    telemetry::refused_resurrection(shared);
    Error::new(ErrorKind::Gone, "change a session that ended or moved while this request ran")
}

fn contended() -> Error {
    Error::new(ErrorKind::Conflict, "write a session before the deadline: too many writers")
}

fn detached() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "give a reopened session a new id: there is no response that could carry it",
    )
}
