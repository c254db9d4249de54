//! Our own connections: made when needed, the one used last first.
//!
//! sqlx's pool sends a ping after every use of a connection, which doubles what a server is asked,
//! and keeps those that broke with one of their siblings; decision 11 has the rules, and what a
//! generic pool would do about them.

use crate::config::Way;
use crate::dialect::Dialect;
use crate::entrance::Entrance;
use crate::error::Fault;
use session_core::store::{Lost, Timeouts};
use sqlx::{Connection as _, Database};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

pub(crate) struct OwnPool<DB: Database> {
    entrance: Entrance<DB>,
    timeouts: Timeouts,
    /// After how long unused a connection may have been closed by a firewall or the server.
    rest: Duration,
    permits: Arc<Semaphore>,
    idle: Mutex<Idle<DB>>,
}

/// Connections nobody uses, the last used at the end.
struct Idle<DB: Database> {
    waiting: Vec<Live<DB>>,
    /// Counts how often one broke, which none of those made before survives.
    generation: u64,
    /// When a call fell silent last, which is a reason to doubt those that answered before.
    doubted: Option<Instant>,
}

struct Live<DB: Database> {
    connection: DB::Connection,
    generation: u64,
    /// When it answered last, unless it owes an answer.
    answered: Option<Instant>,
}

/// How much of a call's time a connection has to show that it still stands; in the rest another one
/// can be made.
const PING_SHARE: u32 = 4;

/// Whether a statement is entrusted to a connection without asking whether it still stands.
fn is_trusted(answered: Option<Instant>, doubted: Option<Instant>, rest: Duration) -> bool {
    answered > doubted && answered.is_some_and(|then| then.elapsed() < rest)
}

impl<DB: Dialect> OwnPool<DB> {
    /// Makes `max` connections at most.
    pub(crate) fn new(
        entrance: Entrance<DB>,
        timeouts: Timeouts,
        rest: Duration,
        max: usize,
    ) -> Self {
        let permits = Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS)));
        let idle = Mutex::new(Idle { waiting: Vec::new(), generation: 0, doubted: None });
        Self { entrance, timeouts, rest, permits, idle }
    }

    /// A connection to send on, for which callers wait in turn.
    pub(crate) async fn acquire(self: &Arc<Self>, deadline: Instant) -> Result<Lent<DB>, Fault> {
        let permit = timeout_at(deadline, Arc::clone(&self.permits).acquire_owned());
        let Ok(Ok(permit)) = permit.await else { return Err(Lost::Unsent.into()) };
        let live = self.reuse(deadline).await;
        let mut lent = Lent { live, pool: Arc::clone(self), _permit: permit };
        if lent.live.is_some() {
            return Ok(lent);
        }
        // The attempt outlives a caller who cannot wait, and serves the next one.
        let attempt = tokio::spawn(async move {
            lent.live = Some(lent.pool.connect().await?);
            Ok(lent)
        });
        match timeout_at(deadline, attempt).await {
            Ok(Ok(made)) => made,
            Ok(Err(_)) | Err(_) => Err(Lost::Unsent.into()),
        }
    }

    /// The connection used last, if it still stands. If not, neither do those that rested as long:
    /// each would otherwise cost a caller the time it takes to find out.
    async fn reuse(&self, deadline: Instant) -> Option<Live<DB>> {
        loop {
            let (mut live, doubted) = {
                let mut idle = self.idle();
                (idle.waiting.pop()?, idle.doubted)
            };
            if is_trusted(live.answered, doubted, self.rest) {
                return Some(live);
            }
            let soon = deadline.min(Instant::now() + self.timeouts.operation() / PING_SHARE);
            if let Ok(Ok(())) = timeout_at(soon, live.connection.ping()).await {
                live.answered = Some(Instant::now());
                return Some(live);
            }
            self.forget(live.answered);
        }
    }

    async fn connect(&self) -> Result<Live<DB>, Fault> {
        let generation = self.idle().generation;
        let connection = self.entrance.connect(self.timeouts).await?;
        Ok(Live { connection, generation, answered: Some(Instant::now()) })
    }
}

impl<DB: Database> OwnPool<DB> {
    /// How statements are sent on its connections.
    pub(crate) fn way(&self) -> Way {
        self.entrance.way()
    }

    /// Closes those that answered last at this time, or before.
    fn forget(&self, answered: Option<Instant>) {
        let mut idle = self.idle();
        let (kept, closed) =
            mem::take(&mut idle.waiting).into_iter().partition(|live| live.answered > answered);
        idle.waiting = kept;
        drop(idle);
        drop::<Vec<_>>(closed);
    }

    /// No code panics while it holds this lock, so what a poisoned one guards is whole.
    fn idle(&self) -> MutexGuard<'_, Idle<DB>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on loan. It goes back to the pool, unless it owes an answer: then it is closed, so
/// that nobody reads the rest of a reply.
pub(crate) struct Lent<DB: Database> {
    live: Option<Live<DB>>,
    pool: Arc<OwnPool<DB>>,
    _permit: OwnedSemaphorePermit,
}

impl<DB: Database> Lent<DB> {
    /// The connection, which owes an answer from now on.
    pub(crate) fn get(&mut self) -> &mut DB::Connection {
        let live = self.live.as_mut().expect("one is lent when it is there");
        live.answered = None;
        &mut live.connection
    }

    pub(crate) fn answered(&mut self) {
        if let Some(live) = &mut self.live {
            live.answered = Some(Instant::now());
        }
    }

    /// The others are asked for an answer before they are used: it may have been a lock, or the
    /// server vanished without a word. Returns how long that may still be at it.
    pub(crate) fn fell_silent(&self) -> Duration {
        self.pool.idle().doubted = Some(Instant::now());
        self.pool.timeouts.operation()
    }

    /// All made before go with it: they lead to the same server, and each would otherwise cost a
    /// write that finds out.
    pub(crate) fn broke(&self) {
        let mut idle = self.pool.idle();
        if self.live.as_ref().is_some_and(|live| live.generation == idle.generation) {
            idle.generation += 1;
            let closed = mem::take(&mut idle.waiting);
            drop(idle);
            drop(closed);
        }
    }
}

impl<DB: Database> Drop for Lent<DB> {
    fn drop(&mut self) {
        let Some(live) = self.live.take() else { return };
        let mut idle = self.pool.idle();
        if live.answered.is_some() && live.generation == idle.generation {
            idle.waiting.push(live);
        }
    }
}
