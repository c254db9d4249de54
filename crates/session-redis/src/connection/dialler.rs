//! A connection that is dialled when first needed, and again after it broke.
//!
//! The client's own reconnecting manager is not used: its errors do not tell a command that was
//! never sent from one whose answer was lost, and a failed log-in (as when a restarting server has
//! no client slot left) stays its answer for ever.

use super::near::Near;
#[cfg(feature = "sentinel")]
use super::sentinel::{Master, Sentinels};
use super::task::Task;
use super::waits::Waits;
use super::{hello, open};
use crate::error::{Fault, Login, is_full, is_refusal};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, ConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisError,
    RedisResult,
};
use session_core::store::Lost;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// Pauses between attempts to connect; short, because calls wait meanwhile.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(60)];

/// How long a refusal holds: whoever mends its cause waits no longer, and meanwhile the calls of a
/// busy application are no flood of log-ins.
const REFUSAL: Duration = Duration::from_secs(1);

/// How often sentinels are asked whether a master is still the one.
#[cfg(feature = "sentinel")]
const LOOK: Duration = Duration::from_secs(1);

/// Where a connection leads.
pub(crate) enum Source {
    /// To one server.
    Server(ConnectionInfo),
    /// To whichever server is the master by now.
    #[cfg(feature = "sentinel")]
    Master(Sentinels),
}

/// Keeps one connection; callers that need a new one wait for the same attempt.
pub(crate) struct Dialler {
    source: Source,
    waits: Waits,
    slot: Mutex<Slot>,
    /// Of the server that was last connected to.
    has_ifeq: AtomicBool,
    /// What was read and has not changed since, if records are held.
    near: Option<Near>,
}

/// The newest connection, or the attempt at it.
#[derive(Default)]
struct Slot {
    number: u64,
    attempt: Option<Attempt>,
    /// When a call last asked for it.
    used: Option<Instant>,
}

/// What a call uses, or waits for.
enum Found {
    Open(Numbered),
    Attempt(Attempt),
}

/// A connection and its number.
type Numbered = (MultiplexedConnection, u64);
/// What became of it, and when.
type Attempt = Task<(RedisResult<Numbered>, Instant)>;

impl Dialler {
    /// Holds the records of `near` sessions.
    pub(crate) fn new(source: Source, waits: Waits, near: Option<NonZeroUsize>) -> Arc<Self> {
        let (slot, has_ifeq) = (Mutex::default(), AtomicBool::default());
        Arc::new(Self { source, waits, slot, has_ifeq, near: near.map(Near::new) })
    }

    /// Returns a connection to send on, and its number; after an error nothing was sent.
    ///
    /// It is multiplexed: a call that is dropped leaves the others and their replies alone.
    pub(crate) async fn connection(self: &Arc<Self>) -> RedisResult<Numbered> {
        match self.find() {
            Found::Open(connection) => Ok(connection),
            Found::Attempt(attempt) => end(attempt).await,
        }
    }

    /// The same by the deadline, which costs a timer only if there is something to wait for.
    pub(super) async fn connection_by(
        self: &Arc<Self>,
        deadline: Instant,
    ) -> Result<Numbered, Fault> {
        let opened = match self.find() {
            Found::Open(connection) => return Ok(connection),
            Found::Attempt(attempt) => timeout_at(deadline, end(attempt)).await,
        };
        opened.map_err(|_| Lost::Unsent)?.map_err(|cause| self.unreached(cause))
    }

    /// What the slot holds; begins an attempt if there is none, or if it failed and may be repeated.
    fn find(self: &Arc<Self>) -> Found {
        let now = Instant::now();
        let mut slot = self.slot();
        let is_rested = slot.used.replace(now).is_some_and(|used| now - used >= self.waits.rest);
        let usable = slot.attempt.as_ref().filter(|it| it.is_worth_waiting_for(holds));
        let attempt = match usable.map(|attempt| (attempt, attempt.ended())) {
            Some((_, Some((Ok(open), _)))) if !is_rested => return Found::Open(open),
            Some((_, Some((Ok(rested), _)))) => attempt(doubt(Arc::clone(self), rested)),
            Some((attempt, _)) => return Found::Attempt(attempt.clone()),
            None => {
                slot.number += 1;
                attempt(dial(Arc::clone(self), slot.number))
            }
        };
        Found::Attempt(slot.attempt.insert(attempt).clone())
    }

    /// Has the next call use another connection than the one of this number; calls under way on
    /// that one go on.
    pub(crate) fn leave(&self, number: u64) {
        let mut slot = self.slot();
        if slot.number == number {
            slot.attempt = None;
        }
        drop(slot);
        if let Some(near) = &self.near {
            near.end(number);
        }
    }

    pub(super) fn near(&self) -> Option<&Near> {
        self.near.as_ref()
    }

    /// Whether the server has `SET .. IFEQ`, as far as is known: the next connection may lead to
    /// another.
    pub(super) fn has_ifeq(&self) -> bool {
        self.has_ifeq.load(Ordering::Relaxed)
    }

    /// Asks for all that is to be known of a connection before anything else is sent on it.
    async fn prepare(
        &self,
        connection: &mut MultiplexedConnection,
        number: u64,
    ) -> RedisResult<()> {
        // Proxies without HELLO close a connection on which they are sent it.
        if self.source.protocol() != ProtocolVersion::RESP2 {
            let asked = open::within(self.waits.connect, hello::has_ifeq(connection));
            self.has_ifeq.store(asked.await?, Ordering::Relaxed);
        }
        if let Some(near) = &self.near {
            let question = near.question();
            open::within(self.waits.connect, open::track(connection)).await?;
            near.begin(number, question);
        }
        Ok(())
    }

    /// The server that the connection leads to, and the user of it.
    pub(super) fn login(&self) -> Option<Login> {
        match &self.source {
            Source::Server(info) => Some(Login::of(info)),
            #[cfg(feature = "sentinel")]
            Source::Master(sentinels) => sentinels.login(),
        }
    }

    /// The fault of a connection that could not be opened. Sentinels may have another user, and it is
    /// not known whether one of them refused or the master.
    pub(super) fn unreached(&self, cause: RedisError) -> Fault {
        let fault = Fault::unreached(cause);
        match &self.source {
            Source::Server(_) => fault.of(|| self.login()),
            #[cfg(feature = "sentinel")]
            Source::Master(_) => fault,
        }
    }

    #[cfg(feature = "sentinel")]
    fn is_current(&self, number: u64) -> bool {
        let slot = self.slot();
        slot.number == number && slot.attempt.is_some()
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        // Every change of the slot is one assignment, so a poisoned one is whole.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn attempt(work: impl Future<Output = RedisResult<Numbered>> + Send + 'static) -> Attempt {
    Task::spawn(async { (work.await, Instant::now()) })
}

/// What comes of an attempt.
async fn end(attempt: Attempt) -> RedisResult<Numbered> {
    // The runtime that ran it was shut down.
    let interrupted = || Err(io::Error::from(io::ErrorKind::Interrupted).into());
    attempt.end().await.map_or_else(interrupted, |(end, _)| end)
}

/// Whether an attempt that ended so is the answer to those who ask now.
fn holds((end, at): &(RedisResult<Numbered>, Instant)) -> bool {
    match end {
        Ok(_) => true,
        Err(error) => is_refusal(error) && at.elapsed() < REFUSAL,
    }
}

/// Has a connection that rested answer before anything is sent on it, or finds another: what is
/// between here and the server may have forgotten it without a word.
async fn doubt(dialler: Arc<Dialler>, rested: Numbered) -> RedisResult<Numbered> {
    let (mut connection, number) = rested;
    if let Ok(Ok(())) = timeout(dialler.waits.answer, open::greet(&mut connection)).await {
        return Ok((connection, number));
    }
    dialler.leave(number);
    Box::pin(dialler.connection()).await
}

async fn dial(dialler: Arc<Dialler>, number: u64) -> RedisResult<Numbered> {
    let config = config(&dialler, number);
    let numbered = |connection| (connection, number);
    for pause in PAUSES {
        match open(&dialler, number, &config).await {
            Err(error) if is_passing(&error) => tokio::time::sleep(pause).await,
            result => return result.map(numbered),
        }
    }
    open(&dialler, number, &config).await.map(numbered)
}

async fn open(
    dialler: &Arc<Dialler>,
    number: u64,
    config: &AsyncConnectionConfig,
) -> RedisResult<MultiplexedConnection> {
    match &dialler.source {
        Source::Server(info) => {
            let mut connection = open::open(info.clone(), config, dialler.waits.connect).await?;
            dialler.prepare(&mut connection, number).await?;
            Ok(connection)
        }
        #[cfg(feature = "sentinel")]
        Source::Master(sentinels) => {
            let limit = dialler.waits.connect;
            let (mut connection, master) = Box::pin(sentinels.open(config, limit)).await?;
            dialler.prepare(&mut connection, number).await?;
            tokio::spawn(leave_when_replaced(Arc::downgrade(dialler), number, master));
            Ok(connection)
        }
    }
}

/// A master that is replaced while it is up keeps its connections, and for some seconds takes
/// writes that will be lost.
#[cfg(feature = "sentinel")]
async fn leave_when_replaced(dialler: Weak<Dialler>, number: u64, master: Master) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(dialler) = dialler.upgrade().filter(|it| it.is_current(number)) else { return };
        let Source::Master(sentinels) = &dialler.source else { return };
        if sentinels.have_replaced(&master, dialler.waits.connect).await {
            dialler.leave(number);
        }
    }
}

impl Source {
    fn protocol(&self) -> ProtocolVersion {
        match self {
            Self::Server(info) => info.redis_settings().protocol(),
            #[cfg(feature = "sentinel")]
            Self::Master(sentinels) => sentinels.protocol(),
        }
    }
}

/// A server that restarts refuses or drops connections for a moment, and one that is full has a
/// place again when another client goes; one that is silent has used up its time, and one that
/// answers anything else has decided.
fn is_passing(error: &RedisError) -> bool {
    error.is_connection_dropped() || is_full(error)
}

fn config(dialler: &Arc<Dialler>, number: u64) -> AsyncConnectionConfig {
    // The store has a deadline of its own around each call.
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(dialler.waits.connect))
        .set_response_timeout(None);
    if dialler.source.protocol() == ProtocolVersion::RESP2 {
        return config;
    }
    // Weak, because the connection holds this and the slot holds the connection.
    let dialler: Weak<Dialler> = Arc::downgrade(dialler);
    config.set_push_sender(move |push: PushInfo| -> Result<(), ()> {
        let Some(dialler) = dialler.upgrade() else { return Ok(()) };
        match push.kind {
            PushKind::Disconnection => dialler.leave(number),
            PushKind::Invalidate => dialler.near().into_iter().for_each(|it| it.told(&push.data)),
            _ => {}
        }
        Ok(())
    })
}
