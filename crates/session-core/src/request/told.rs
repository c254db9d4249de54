//! What observers are told, and by whom: nothing is worked out unless there is one.

use super::context::Context;
use super::state::State;
use crate::data::Data;
use crate::error::{Error, ErrorKind};
use crate::id::{SessionHandle, SessionId};
use crate::observer::{EndedBy, EventKind, Queue, Refusal, SessionEvent};
use crate::request::home::{Home, Presented};
use crate::store::Record;
use std::borrow::Cow;
use tokio::time::Instant;

/// A session was stored for the first time; `state` is at home there.
#[inline]
pub(crate) fn created(context: &Context, state: &State) {
    if let Some(queue) = context.observer() {
        begun(context, queue, state, EventKind::Created, None);
    }
}

/// The same, by an update: that is nobody's session yet, whatever the request means to do with it.
#[inline]
pub(crate) fn created_by_update(context: &Context, id: &SessionId) {
    if let Some(queue) = context.observer() {
        put(queue, EventKind::Created, Some(context.handle(id)), None);
    }
}

/// A session has the id that `state` is at home under, and had another.
#[inline]
pub(crate) fn moved(context: &Context, state: &State, from: &SessionId) {
    if let Some(queue) = context.observer() {
        let kind = EventKind::Moved { from: context.handle(from) };
        let former = state.base_owner(&context.config).map(Cow::into_owned);
        begun(context, queue, state, kind, former);
    }
}

#[cold]
fn begun(context: &Context, queue: &Queue, state: &State, kind: EventKind, former: Option<String>) {
    let (session, owner) = subject(context, state);
    put(queue, kind, session, owner.clone());
    if owner.is_some() && owner != former {
        put(queue, EventKind::SignedIn, session, owner);
    } else if owner.is_none() && former.is_some() {
        put(queue, EventKind::SignedOut, session, former);
    }
}

/// A session has a full lease again.
#[inline]
pub(crate) fn renewed(context: &Context, state: &State) {
    if let Some(queue) = context.observer() {
        of(context, queue, state, EventKind::Renewed);
    }
}

/// A session was opened after its end.
#[inline]
pub(crate) fn expired(context: &Context, state: &State) {
    if let Some(queue) = context.observer() {
        of(context, queue, state, EventKind::Expired);
    }
}

/// A request of its own ended the session of `record`.
#[inline]
pub(crate) fn ended(context: &Context, id: &SessionId, record: Option<&Record>) {
    if let Some(queue) = context.observer() {
        let owner = record.and_then(|record| owner_in(context, record));
        let kind = EventKind::Ended { by: EndedBy::Request };
        put(queue, kind, Some(context.handle(id)), owner);
    }
}

/// Somebody else ended a session of `owner`.
#[inline]
pub(crate) fn revoked(context: &Context, session: SessionHandle, owner: &str, by: EndedBy) {
    if let Some(queue) = context.observer() {
        put(queue, EventKind::Ended { by }, Some(session), Some(owner.to_owned()));
    }
}

/// A request did not get the session that it asked for.
#[inline]
pub(crate) fn refused(context: &Context, why: Refusal, id: Option<&SessionId>) {
    if let Some(queue) = context.observer() {
        put(queue, EventKind::Refused { why }, id.map(|id| context.handle(id)), None);
    }
}

/// What a request asked for was not stored.
#[cold]
pub(crate) fn failed(context: &Context, id: Option<SessionId>, error: &Error) {
    let Some(queue) = context.observer() else { return };
    let kind = match error.kind() {
        ErrorKind::Gone => EventKind::Refused { why: Refusal::Gone },
        // A logout that was refused for too many ids is about none that was opened.
        ErrorKind::Conflict if id.is_some() => EventKind::Conflict,
        _ => return,
    };
    put(queue, kind, id.map(|id| context.handle(&id)), None);
}

#[cold]
fn of(context: &Context, queue: &Queue, state: &State, kind: EventKind) {
    let (session, owner) = subject(context, state);
    put(queue, kind, session, owner);
}

fn subject(context: &Context, state: &State) -> (Option<SessionHandle>, Option<String>) {
    let session = state.home.address().map(|address| context.handle(&address.id));
    (session, state.owner(&context.config).map(Cow::into_owned))
}

/// Whose session it is, as the record itself says.
fn owner_in(context: &Context, record: &Record) -> Option<String> {
    let data = Data::parse(record.clone(), context.limits()).ok()?;
    let state = State::new(Home::None, data, Presented::Nothing, Instant::now());
    state.owner(&context.config).map(Cow::into_owned)
}

fn put(queue: &Queue, kind: EventKind, session: Option<SessionHandle>, owner: Option<String>) {
    queue.put(SessionEvent { session, owner, ..SessionEvent::new(kind) });
}
