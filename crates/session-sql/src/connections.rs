//! Where connections come from: our own, or the application's pool.
//!
//! Our own are not in sqlx's pool: it sends a ping after every use of a connection, which doubles
//! what a server is asked, and it keeps connections that broke with one of their siblings.

use crate::dialect::{Dialect, Words};
use crate::engine::{Engine, Speak};
use crate::error::Fault;
use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions as _, Connection as _, Database, Pool};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

/// A connection that was not used for so long is asked whether it still stands before a statement
/// is entrusted to it: firewalls and servers close idle ones.
const IDLE: Duration = Duration::from_secs(10);

type Options<DB> = <<DB as Database>::Connection as sqlx::Connection>::Options;

/// How our own connections are made, and how many.
pub(crate) struct Dial<DB: Database> {
    pub(crate) options: Options<DB>,
    pub(crate) timeout: Duration,
    pub(crate) max: usize,
}

pub(crate) struct Connections<DB: Database> {
    source: Source<DB>,
    writer: Option<Arc<Semaphore>>,
}

enum Source<DB: Database> {
    Own { dial: Dial<DB>, permits: Arc<Semaphore>, idle: Mutex<Idle<DB>> },
    Shared(Pool<DB>),
}

/// Connections nobody uses, the last used at the end.
struct Idle<DB: Database> {
    /// With the time of the last answer, unless there is a reason to doubt that it still stands.
    waiting: Vec<(DB::Connection, Option<Instant>)>,
    /// Counts how often one broke, which none of those made before survives.
    generation: u64,
}

impl<DB: Dialect> Connections<DB> {
    pub(crate) fn own(dial: Dial<DB>) -> Self {
        let permits = Arc::new(Semaphore::new(dial.max.min(Semaphore::MAX_PERMITS)));
        let idle = Mutex::new(Idle { waiting: Vec::new(), generation: 0 });
        Self::new(Source::Own { dial, permits, idle })
    }

    pub(crate) fn shared(pool: Pool<DB>) -> Self {
        Self::new(Source::Shared(pool))
    }

    fn new(source: Source<DB>) -> Self {
        let writer = DB::WORDS.has_one_writer.then(|| Arc::new(Semaphore::new(1)));
        Self { source, writer }
    }

    /// Waits until no other write of this process runs, where the database has one writer: its own
    /// way of waiting is to try again, and lets late-comers go first.
    pub(crate) async fn turn(
        &self,
        deadline: Instant,
    ) -> Result<Option<OwnedSemaphorePermit>, Fault> {
        let Some(writer) = &self.writer else { return Ok(None) };
        match timeout_at(deadline, Arc::clone(writer).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(Some(turn)),
            Ok(Err(_)) | Err(_) => Err(Fault::Unsent),
        }
    }

    /// A connection to send on; after an error nothing was sent.
    pub(crate) async fn acquire(
        self: &Arc<Self>,
        deadline: Instant,
    ) -> Result<Connection<DB>, Fault> {
        match &self.source {
            Source::Own { permits, .. } => {
                let permit = timeout_at(deadline, Arc::clone(permits).acquire_owned());
                let Ok(Ok(permit)) = permit.await else { return Err(Fault::Unsent) };
                match self.reuse(deadline).await {
                    Some((connection, generation)) => Ok(self.lend(connection, generation, permit)),
                    None => self.connect(permit, deadline).await,
                }
            }
            Source::Shared(pool) => match timeout_at(deadline, pool.acquire()).await {
                Ok(Ok(connection)) => Ok(Connection(Some(Loan::Shared(connection)))),
                Ok(Err(sqlx::Error::PoolTimedOut)) | Err(_) => Err(Fault::Unsent),
                Ok(Err(error)) => Err(unreached::<DB>(error)),
            },
        }
    }

    /// The connection used last, if it still stands.
    async fn reuse(&self, deadline: Instant) -> Option<(DB::Connection, u64)> {
        loop {
            let (mut connection, since, generation) = {
                let mut idle = self.idle()?;
                let (connection, since) = idle.waiting.pop()?;
                (connection, since, idle.generation)
            };
            if since.is_some_and(|since| since.elapsed() < IDLE) {
                return Some((connection, generation));
            }
            if let Ok(Ok(())) = timeout_at(deadline, connection.ping()).await {
                return Some((connection, generation));
            }
        }
    }

    /// Makes a connection. The attempt outlives a caller who cannot wait, and serves the next one.
    async fn connect(
        self: &Arc<Self>,
        permit: OwnedSemaphorePermit,
        deadline: Instant,
    ) -> Result<Connection<DB>, Fault> {
        let (send, receive) = oneshot::channel();
        let connections = Arc::clone(self);
        tokio::spawn(async move {
            let made = connections.dial(permit).await;
            if let Err(Ok(unclaimed)) = send.send(made) {
                unclaimed.give_back();
            }
        });
        match timeout_at(deadline, receive).await {
            Ok(Ok(made)) => made,
            Ok(Err(_)) | Err(_) => Err(Fault::Unsent),
        }
    }

    async fn dial(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Result<Connection<DB>, Fault> {
        let Source::Own { dial, .. } = &self.source else { return Err(Fault::Unsent) };
        let generation = self.idle().map_or(0, |idle| idle.generation);
        match timeout(dial.timeout, dial.options.connect()).await {
            Ok(Ok(connection)) => Ok(self.lend(connection, generation, permit)),
            Ok(Err(error)) => Err(unreached::<DB>(error)),
            Err(_) => Err(Fault::Unsent),
        }
    }

    fn lend(
        self: &Arc<Self>,
        connection: DB::Connection,
        generation: u64,
        permit: OwnedSemaphorePermit,
    ) -> Connection<DB> {
        let lent = Lent { generation, home: Arc::clone(self), _permit: permit };
        Connection(Some(Loan::Own { connection, lent }))
    }

    /// No code panics while it holds this lock, so what a poisoned one guards is whole.
    fn idle(&self) -> Option<MutexGuard<'_, Idle<DB>>> {
        match &self.source {
            Source::Own { idle, .. } => Some(idle.lock().unwrap_or_else(PoisonError::into_inner)),
            Source::Shared(_) => None,
        }
    }
}

fn unreached<DB: Dialect>(error: sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Database(error) => Fault::TurnedAway(DB::refusal(&*error)),
        error => Fault::Unreached(error),
    }
}

/// A connection on loan. Unless given back it is closed, so that nobody reads the rest of a reply.
pub(crate) struct Connection<DB: Database>(Option<Loan<DB>>);

enum Loan<DB: Database> {
    Own { connection: DB::Connection, lent: Lent<DB> },
    Shared(PoolConnection<DB>),
}

/// What goes with a connection of our own.
struct Lent<DB: Database> {
    generation: u64,
    home: Arc<Connections<DB>>,
    _permit: OwnedSemaphorePermit,
}

impl<DB: Dialect> Connection<DB> {
    pub(crate) fn get(&mut self) -> &mut DB::Connection {
        match self.0.as_mut().expect("a loan ends with the value that holds it") {
            Loan::Own { connection, .. } => connection,
            Loan::Shared(connection) => connection,
        }
    }

    /// Ends the loan of a connection that is in order.
    pub(crate) fn give_back(mut self) {
        if let Some(Loan::Own { connection, lent }) = self.0.take()
            && let Some(mut idle) = lent.home.idle()
            && idle.generation == lent.generation
        {
            idle.waiting.push((connection, Some(Instant::now())));
        }
    }

    /// Ends the loan of a connection that did not answer in time. The others are asked for an answer
    /// before they are used: it may have been a lock, or the server vanished without a word.
    pub(crate) fn forsake(mut self) {
        let Some(loan) = self.0.take() else { return };
        if let Loan::Own { lent, .. } = &loan
            && let Some(mut idle) = lent.home.idle()
        {
            idle.waiting.iter_mut().for_each(|(_, since)| *since = None);
        }
        close(loan);
    }

    /// Ends the loan of a connection that broke, and of all made before: they lead to the same
    /// server, and each would otherwise cost a write that finds out.
    pub(crate) fn condemn(mut self) {
        let Some(loan) = self.0.take() else { return };
        if let Loan::Own { lent, .. } = &loan
            && let Some(mut idle) = lent.home.idle()
            && idle.generation == lent.generation
        {
            idle.generation += 1;
            idle.waiting.clear();
        }
        close(loan);
    }
}

impl<DB: Database> Drop for Connection<DB> {
    fn drop(&mut self) {
        if let Some(loan) = self.0.take() {
            close(loan);
        }
    }
}

/// A pool would take a connection back, and read the rest of one reply as another's.
fn close<DB: Database>(loan: Loan<DB>) {
    match loan {
        Loan::Own { connection, lent } => drop((connection, lent)),
        Loan::Shared(connection) => drop(connection.detach()),
    }
}

/// A pool that an application has already: sqlx's `PgPool`, `MySqlPool` or `SqlitePool`.
#[expect(private_bounds, reason = "what a pool must offer is sqlx's affair")]
pub trait Client: Pooled {}

impl<DB: Speak> Client for Pool<DB> {}

/// What becomes of a pool.
pub(crate) trait Pooled {
    fn into_engine(self) -> (Box<dyn Engine>, Words);
}

impl<DB: Speak> Pooled for Pool<DB> {
    fn into_engine(self) -> (Box<dyn Engine>, Words) {
        (Box::new(Arc::new(Connections::shared(self))), DB::WORDS)
    }
}
