//! From an index entry to a record that confirms it.

use crate::data::Data;
use crate::error::{Error, ErrorKind, Result};
use crate::id::SessionHandle;
use crate::request::context::Context;
use crate::request::deadline::Deadline;
use crate::request::home::{Home, Presented};
use crate::request::state::State;
use crate::store::{Record, StoreKey};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Calls of one listing that are under way at once: more would crowd out the requests of others.
pub(crate) const WIDTH: usize = 16;

/// A record that the index names and that nothing contradicts.
pub(crate) struct Owned {
    pub(crate) handle: SessionHandle,
    /// What is left of its lifetime.
    pub(crate) ttl: Duration,
    /// Of its payload, in bytes.
    pub(crate) size: usize,
    /// Since 1970.
    pub(crate) created: Option<Duration>,
    /// Whose it is, as the record itself says.
    pub(crate) owner: Option<Box<str>>,
    /// `None` if it is undecodable.
    pub(crate) data: Option<Box<Data>>,
    /// Its absolute lifetime or fixed end is over, though its record is live.
    pub(crate) is_over: bool,
}

impl Owned {
    /// Reads what `record`, loaded at `at`, says of itself; a trace is undecodable or empty.
    pub(crate) fn read(context: &Context, key: &StoreKey, record: Record, at: Instant) -> Self {
        let (handle, ttl, size) = (context.handle_of(key), record.ttl, record.payload.len());
        let data = match Data::parse(record, context.limits()) {
            Ok(data) => data,
            Err(error) => {
                context.telemetry.undecodable(&error);
                let (created, owner, data) = (None, None, None);
                return Self { handle, ttl, size, created, owner, data, is_over: false };
            }
        };
        let state = State::new(Home::None, data, Presented::Nothing, at);
        Self {
            handle,
            ttl,
            size,
            created: state.created(),
            owner: state.owner(&context.config).map(Into::into),
            is_over: state.is_over(&context.config),
            data: Some(Box::new(state.data)),
        }
    }

    /// The record that was seen, if it can be decoded.
    pub(crate) fn record(&self) -> Option<&Record> {
        self.data.as_ref().map(|data| data.base())
    }
}

/// What an index entry turns out to be.
pub(crate) enum Look {
    Found(Owned),
    /// There is no live record, or only what is left of a session that moved.
    Gone,
    /// The record says that it is another owner's.
    NotTheirs,
}

/// The keys that the index names, of this application's sessions only.
pub(crate) async fn list(
    context: &Context,
    owner: &str,
    deadline: Deadline,
) -> Result<Vec<StoreKey>> {
    if !context.config.owner_index() {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "list an owner's sessions: there is no index of owners; set SESSION_OWNER_INDEX=true",
        ));
    }
    // No session has such an owner, and no index should be asked for it.
    if owner.is_empty() {
        return Ok(Vec::new());
    }
    let mut keys = deadline.read(context.store.list_by_owner(owner)).await?;
    // One store may serve applications with other prefixes, whose users may have the same names.
    keys.retain(|key| context.is_key(key));
    Ok(keys)
}

/// Loads what the index names.
pub(crate) async fn look(
    context: &Context,
    owner: &str,
    key: &StoreKey,
    deadline: Deadline,
) -> Result<Look> {
    let started = Instant::now();
    let Some(record) = context.live(key, deadline).await? else { return Ok(Look::Gone) };
    let found = Owned::read(context, key, record, started);
    if found.data.is_some() && found.owner.as_deref() != Some(owner) {
        context.telemetry.foreign_entry();
        return Ok(Look::NotTheirs);
    }
    Ok(Look::Found(found))
}

/// Calls `call` with each of them, a few at a time; the answers come in no order.
pub(crate) async fn each<I, T, F>(those: Vec<I>, call: impl Fn(I) -> F) -> Vec<Result<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let mut answers = Vec::with_capacity(those.len());
    let mut those = those.into_iter();
    let mut running = JoinSet::new();
    loop {
        while running.len() < WIDTH
            && let Some(next) = those.next()
        {
            running.spawn(call(next));
        }
        let Some(answer) = running.join_next().await else { return answers };
        // A panic's message is the store's own and may name a key, so it is no source.
        answers.push(answer.unwrap_or_else(|_| {
            Err(Error::new(
                ErrorKind::Unknown,
                "look an owner's session up in a store that panicked",
            ))
        }));
    }
}
