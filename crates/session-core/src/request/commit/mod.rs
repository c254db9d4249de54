//! The end of a request: the plan's word becomes store calls and a cookie.

pub(crate) mod atomic;
mod cookie;
mod create;
mod end;
mod future;
mod limit;
mod rekey;
mod relocate;
mod touch;
mod trace;
mod update;

pub(crate) use create::abandon;
pub use future::Committing;

use super::context::Context;
use super::deadline::Deadline;
use super::find::locate;
use super::home::{Address, Home};
use super::plan::Plan;
use super::state::State;
use crate::config::OnConflict;
use crate::data::Data;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{Lost, undisturbed};
use cookie::Cookie;
use end::Leave;
use limit::Newcomer;
use session_codec as codec;
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
    /// Whether the browser's cookie of the former name (`SESSION_COOKIE_NAME_FALLBACK`) must go:
    /// then [`Exchange::removal_of_former`](crate::Exchange::removal_of_former) is the value of
    /// another `Set-Cookie` field.
    pub removes_former: bool,
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commit")
            .field("has_set_cookie", &self.set_cookie.is_some())
            .field("vary_cookie", &self.vary_cookie)
            .field("removes_former", &self.removes_former)
            .finish()
    }
}

/// What a commit leaves behind.
pub(crate) struct Committed {
    pub(crate) commit: Commit,
    /// Where the session is stored now.
    pub(crate) address: Option<Address>,
}

/// The commit of a request that changes nothing in the store.
pub(crate) fn keep(context: &Context, state: Box<State>) -> Committed {
    let cookie = cookie::untouched(context, &state);
    finish(context, state, cookie)
}

/// Leaves everything as it is; only a session that `update` created needs its cookie.
pub(crate) fn discard(context: &Context, state: &State) -> Commit {
    Commit {
        set_cookie: cookie::of_created(context, state),
        vary_cookie: true,
        removes_former: false,
    }
}

/// Does what the plan's word says, and what the response must say of it.
pub(crate) async fn execute(
    context: &Arc<Context>,
    mut state: Box<State>,
    word: Plan,
    is_owner_changed: bool,
) -> Result<Committed> {
    let cookie = match word {
        Plan::Nothing => Cookie::Keep,
        Plan::Create => {
            let created = create::create(context, &mut state, context.deadline()).await?;
            if let Some(newcomer) = Newcomer::of(context, &state, &created) {
                newcomer.settle().await;
            }
            state.home = Home::Stored(created.address);
            Cookie::Set { lease: created.ttl }
        }
        Plan::Update => update::update(context, &mut state, context.deadline()).await?,
        Plan::Touch => touch::touch(context, &state).await,
        Plan::Rekey => {
            let rekeyed = rekey::rekey(Arc::clone(context), state);
            let cookie;
            (state, cookie) = undisturbed(rekeyed).await.map_err(unmoved)??;
            cookie
        }
        Plan::Move => {
            let moved = relocate::relocate(Arc::clone(context), state, is_owner_changed);
            let lease;
            (state, lease) = undisturbed(moved).await.map_err(unmoved)??;
            Cookie::Set { lease }
        }
        Plan::Refuse => return Err(gone(context)),
        Plan::Delete if state.data.is_modified() && state.has_content() => {
            let succeeded = succeed(Arc::clone(context), state);
            let lease;
            (state, lease) = undisturbed(succeeded).await.map_err(unmoved)??;
            Cookie::Set { lease }
        }
        Plan::Delete => {
            let deadline = context.deadline();
            // Boxed: logouts are rare, and every commit would have to make room for them.
            Box::pin(end::end(context, &mut state, Leave::Nothing, deadline)).await?;
            Cookie::Remove
        }
    };
    Ok(finish(context, state, cookie))
}

fn finish(context: &Context, state: Box<State>, cookie: Cookie) -> Committed {
    let set_cookie = cookie::field(context, &state, cookie);
    let removes_former = state.is_former_sent && set_cookie.is_some();
    let commit = Commit { set_cookie, vary_cookie: true, removes_former };
    Committed { commit, address: state.home.into_stored() }
}

/// What writes under two keys is [`undisturbed`]: a client that hangs up in between must not leave two
/// sessions behind. A panic's message is the store's own and may name a key, so it is no source.
fn unmoved(_: Lost) -> Error {
    Error::new(ErrorKind::Unknown, "move a session to a new id, or a new key")
}

/// Ends a session that another one follows, which is stored first: either both happens or nothing.
/// Returns the second one, with its lease.
async fn succeed(context: Arc<Context>, mut state: Box<State>) -> Result<(Box<State>, Duration)> {
    if state.is_detached {
        return Err(detached());
    }
    let deadline = context.deadline();
    let created = create::create(&context, &mut state, deadline).await?;
    // A late request of a stranger's page signs nobody out.
    let leave = match state.owner(&context.config) {
        Some(_) => Leave::Trace,
        None => Leave::Nothing,
    };
    if let Err(error) = end::end(&context, &mut state, leave, deadline).await {
        let owner = state.indexed_owner(&context.config);
        abandon(&context, owner.as_deref(), created.address, deadline).await;
        return Err(error);
    }
    if let Some(newcomer) = Newcomer::of(&context, &state, &created) {
        newcomer.settle().await;
    }
    state.home = Home::Stored(created.address);
    Ok((state, created.ttl))
}

/// Stops a request whose decisions rest on values that others have changed.
fn check_conflict(context: &Context, state: &State) -> Result<()> {
    match context.config.on_conflict() {
        OnConflict::Overwrite => Ok(()),
        OnConflict::Reject => state.conflict().map_or(Ok(()), Err),
    }
}

/// Loads what other requests made of the session and replays this one on it.
async fn reload(
    context: &Context,
    state: &mut State,
    address: &mut Address,
    deadline: Deadline,
) -> Result<()> {
    let started = Instant::now();
    let newer = newest(context, address, deadline).await?;
    context.telemetry.replayed();
    state.rebase(newer, started, &context.config)
}

/// Loads a record that another request wrote.
///
/// # Errors
///
/// `Gone` if it ended or left a trace, `Decode` if it is no session, and those of the store.
async fn newest(context: &Context, address: &mut Address, deadline: Deadline) -> Result<Data> {
    let newest = locate(context, &address.id, &mut address.key, deadline).await?;
    let newest = newest.filter(|record| !codec::is_trace(&record.payload));
    Data::parse(newest.ok_or_else(|| gone(context))?, context.limits)
}

fn gone(context: &Context) -> Error {
    context.telemetry.refused_resurrection();
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
