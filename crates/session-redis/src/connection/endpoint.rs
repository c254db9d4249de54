//! One server to send to, and what became of what was sent.

use super::commands::Commands;
use super::dialler::Dialler;
use super::near::{DOUBT, Held};
use crate::error::{Fault, Login};
use redis::Value;
use redis::aio::ConnectionLike;
use session_core::Record;
use session_core::store::Lost;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// Where commands go.
pub(crate) enum Endpoint {
    /// Over a connection of our own.
    Own(Arc<Dialler>),
    /// Over the application's connection, which sees to itself.
    Shared(Box<dyn Shared>),
}

impl Endpoint {
    /// Connects, if there is no connection yet.
    pub(crate) async fn connect(&self) -> Result<(), Fault> {
        match self {
            Self::Own(dialler) => {
                let opened = dialler.connection().await;
                opened.map(drop).map_err(|cause| dialler.unreached(cause))
            }
            Self::Shared(_) => Ok(()),
        }
    }

    /// The server, and the user there, unless the application sees to that.
    pub(crate) fn login(&self) -> Option<Login> {
        match self {
            Self::Own(dialler) => dialler.login(),
            Self::Shared(_) => None,
        }
    }

    /// Whether it has `SET .. IFEQ`, as far as is known; nobody asks over the application's
    /// connection, which may lead to another server at any time.
    pub(crate) fn has_ifeq(&self) -> bool {
        match self {
            Self::Own(dialler) => dialler.has_ifeq(),
            Self::Shared(_) => false,
        }
    }

    /// The record of `key`, if it is held here.
    pub(crate) fn held(self: &Arc<Self>, key: &[u8]) -> Option<Record> {
        let Self::Own(dialler) = &**self else { return None };
        match dialler.near()?.held(key)? {
            Held::Vouched(record) => Some(record),
            Held::Doubted(record) => {
                tokio::spawn(Arc::clone(self).give_a_sign());
                Some(record)
            }
        }
    }

    /// Has the server answer while what it tells nothing of is read. An error is an answer, too.
    async fn give_a_sign(self: Arc<Self>) {
        let ping = redis::cmd("PING");
        // If none comes, nothing is held, and whoever loads the next record is told what is wrong.
        let _ = self.send(Commands::One(&ping), Instant::now() + DOUBT).await;
    }

    /// Holds the record of `key` no longer.
    pub(crate) fn forget(&self, key: &[u8]) {
        if let Self::Own(dialler) = self
            && let Some(near) = dialler.near()
        {
            near.forget(key);
        }
    }

    /// Sends commands, once.
    ///
    /// A connection that broke, or kept a call waiting until its deadline, is not used again: a
    /// peer that vanished without a word would otherwise hold all calls until TCP gives up.
    pub(crate) async fn send(
        &self,
        commands: Commands<'_>,
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        let dialler = match self {
            Self::Own(dialler) => dialler,
            Self::Shared(shared) => {
                return exchange(&mut *shared.clone_connection(), commands, deadline).await;
            }
        };
        let (mut connection, number) = dialler.connection_by(deadline).await?;
        let near = dialler.near().map(|near| (near, near.question()));
        let replies = exchange(&mut connection, commands, deadline).await;
        let replies = replies.map_err(|fault| fault.of(|| self.login()));
        match (&replies, near, commands) {
            (Err(fault), ..) if fault.ends_connection() => dialler.leave(number),
            (Err(Fault::Lost(..)), ..) | (_, None, _) => {}
            (Ok(replies), Some((near, question)), Commands::Record(_)) => {
                near.read(number, question, commands.key(), replies);
            }
            (_, Some((near, question)), _) => near.answered(number, question),
        }
        replies
    }
}

async fn exchange(
    connection: &mut (dyn ConnectionLike + Send),
    commands: Commands<'_>,
    deadline: Instant,
) -> Result<Vec<Value>, Fault> {
    // A call that is late would be sent all the same, and nobody wait for its answer.
    if Instant::now() >= deadline {
        return Err(Lost::Unsent.into());
    }
    let answered = timeout_at(deadline, commands.send_on(connection)).await;
    let replies = answered.map_err(|_| Lost::Silent)??;
    let each = replies.into_iter().map(|reply| match reply {
        Value::ServerError(error) if commands.passes_over(&error) => Ok(Value::Nil),
        Value::ServerError(error) => Err(Fault::refused(error)),
        value => Ok(value),
    });
    each.collect()
}

/// A connection of the application, whatever its type.
pub(crate) trait Shared: Send + Sync {
    fn clone_connection(&self) -> Box<dyn ConnectionLike + Send>;
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Shared for C {
    fn clone_connection(&self) -> Box<dyn ConnectionLike + Send> {
        Box::new(self.clone())
    }
}
