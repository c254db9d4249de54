//! The end of a request: the plan's word becomes store calls and a cookie.

pub(crate) mod atomic;
mod cookie;
mod create;
mod end;
mod future;
mod limit;
mod rekey;
mod relocate;
mod said;
mod touch;
mod trace;
mod update;

pub(crate) use cookie::of_created;
pub(crate) use create::abandon;
pub use future::Committing;
pub use said::Commit;

use super::context::Context;
use super::deadline::Deadline;
use super::find::locate;
use super::home::{Address, Home};
use super::plan::Plan;
use super::state::State;
use super::told;
use crate::config::OnConflict;
use crate::data::Data;
use crate::error::{Error, ErrorKind, Result};
use crate::id::SessionId;
use crate::store::{Lost, undisturbed};
use cookie::Cookie;
use create::Created;
use end::Leave;
use limit::Newcomer;
use session_codec as codec;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A lease is never zero, however late its request is.
const SHORTEST_LEASE: Duration = Duration::from_millis(1);

/// What a commit leaves behind.
pub(crate) struct Committed {
    pub(crate) commit: Commit,
    /// Under which the session is stored now.
    pub(crate) id: Option<SessionId>,
}

/// The commit of a request that changes nothing in the store.
pub(crate) fn keep(context: &Arc<Context>, state: Box<State>) -> Committed {
    let cookie = cookie::untouched(context, &state);
    finish(context, state, cookie)
}

/// Leaves everything as it is; only a session that `update` created needs its cookie.
pub(crate) fn discard(context: &Arc<Context>, state: &State) -> Commit {
    Commit::of(context, of_created(context, state))
}

/// Does what the plan's word says, and what the response must say of it.
pub(crate) async fn execute(
    context: &Arc<Context>,
    mut state: Box<State>,
    word: Plan,
    is_owner_changed: bool,
    deadline: Deadline,
) -> Result<Committed> {
    let cookie = match word {
        Plan::Nothing => Cookie::Keep,
        Plan::Create => {
            let created = create::create(context, &mut state, deadline).await?;
            let lease = created.ttl;
            begin(context, &mut state, created).await;
            Cookie::Set { lease }
        }
        Plan::Update => update::update(context, &mut state, deadline).await?,
        Plan::Touch => touch::touch(context, &state, deadline).await,
        Plan::Rekey => {
            let rekeyed = rekey::rekey(Arc::clone(context), state, deadline);
            let cookie;
            (state, cookie) = undisturbed(rekeyed).await.map_err(unmoved)??;
            cookie
        }
        Plan::Move => {
            let moved = relocate::relocate(Arc::clone(context), state, is_owner_changed, deadline);
            let lease;
            (state, lease) = undisturbed(moved).await.map_err(unmoved)??;
            Cookie::Set { lease }
        }
        Plan::Refuse => return Err(gone(context)),
        Plan::Delete if state.data.is_modified() && state.has_content() => {
            let succeeded = succeed(Arc::clone(context), state, deadline);
            let lease;
            (state, lease) = undisturbed(succeeded).await.map_err(unmoved)??;
            Cookie::Set { lease }
        }
        Plan::Delete => {
            // Boxed: logouts are rare, and every commit would have to make room for them.
            Box::pin(end::end(context, &mut state, Leave::Nothing, deadline)).await?;
            Cookie::Remove
        }
    };
    Ok(finish(context, state, cookie))
}

fn finish(context: &Arc<Context>, state: Box<State>, cookie: Cookie) -> Committed {
    let mut commit = Commit::of(context, cookie::field(context, &state, cookie));
    if state.is_former_sent {
        commit = commit.removing_former();
    }
    Committed { commit, id: state.home.into_id() }
}

/// What writes under two keys is [`undisturbed`]: a client that hangs up in between must not leave two
/// sessions behind. A panic's message is the store's own and may name a key, so it is no source.
fn unmoved(_: Lost) -> Error {
    Error::new(ErrorKind::Unknown, "move a session to a new id, or a new key")
}

/// Ends a session that another one follows, which is stored first: either both happens or nothing.
/// Returns the second one, with its lease.
async fn succeed(
    context: Arc<Context>,
    mut state: Box<State>,
    deadline: Deadline,
) -> Result<(Box<State>, Duration)> {
    if state.is_detached {
        return Err(detached());
    }
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
    let lease = created.ttl;
    begin(&context, &mut state, created).await;
    Ok((state, lease))
}

/// Makes the session at home in its first record; older ones of its owner may be too many now.
async fn begin(context: &Arc<Context>, state: &mut State, created: Created) {
    let newcomer = Newcomer::of(context, state, &created);
    state.home = Home::Stored(created.address);
    told::created(context, state);
    if let Some(newcomer) = newcomer {
        newcomer.settle().await;
    }
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
    Data::parse(newest.ok_or_else(|| gone(context))?, context.limits())
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
