//! Where connections come from: our own pool, or the application's.

use crate::config::Way;
use crate::dialect::Dialect;
use crate::error::Fault;
use crate::pool::{Lent, OwnPool};
use session_core::store::Lost;
use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool};
use std::sync::Arc;
use tokio::time::{Instant, sleep, timeout_at};

pub(crate) struct Connections<DB: Database> {
    source: Source<DB>,
}

pub(crate) enum Source<DB: Database> {
    Own(Arc<OwnPool<DB>>),
    Shared(Pool<DB>, Way),
}

impl<DB: Dialect> Connections<DB> {
    pub(crate) fn new(source: Source<DB>) -> Self {
        Self { source }
    }

    /// How statements are sent on them.
    pub(crate) fn way(&self) -> Way {
        match &self.source {
            Source::Own(pool) => pool.way(),
            Source::Shared(_, way) => *way,
        }
    }

    /// A connection to send on; after an error nothing was sent.
    pub(crate) async fn acquire(&self, deadline: Instant) -> Result<Connection<DB>, Fault> {
        match &self.source {
            Source::Own(pool) => pool.acquire(deadline).await.map(Connection::Own),
            Source::Shared(pool, _) => match timeout_at(deadline, pool.acquire()).await {
                Ok(Ok(connection)) => Ok(Connection::Shared(Some(connection))),
                Err(_) => Err(Lost::Unsent.into()),
                Ok(Err(error)) => Err(DB::unreached(error)),
            },
        }
    }
}

/// A connection on loan. Unless given back it is closed, so that nobody reads the rest of a reply.
pub(crate) enum Connection<DB: Database> {
    Own(Lent<DB>),
    /// The pool of the application would take it back; it is `None` once that is right.
    Shared(Option<PoolConnection<DB>>),
}

impl<DB: Database> Connection<DB> {
    pub(crate) fn get(&mut self) -> &mut DB::Connection {
        match self {
            Self::Own(lent) => lent.get(),
            Self::Shared(lent) => lent.as_mut().expect("a loan ends with the value that holds it"),
        }
    }

    /// Ends the loan of a connection that is in order.
    pub(crate) fn give_back(mut self) {
        match &mut self {
            Self::Own(lent) => lent.answered(),
            Self::Shared(lent) => drop(lent.take()),
        }
    }

    /// Ends the loan of a connection that did not answer in time. The server may still be at it, so
    /// none of ours takes its place until it has had its time.
    pub(crate) fn forsake(self) {
        if let Self::Own(lent) = &self {
            let rest = lent.fell_silent();
            tokio::spawn(async move {
                sleep(rest).await;
                drop(self);
            });
        }
    }

    /// Ends the loan of a connection that broke.
    pub(crate) fn condemn(self) {
        if let Self::Own(lent) = &self {
            lent.broke();
        }
    }
}

impl<DB: Database> Drop for Connection<DB> {
    fn drop(&mut self) {
        if let Self::Shared(lent) = self
            && let Some(connection) = lent.take()
        {
            drop(connection.detach());
        }
    }
}
