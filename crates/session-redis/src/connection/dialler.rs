//! A connection that is dialled when first needed, and again after it broke.
//!
//! The client's own reconnecting manager is not used: its errors do not tell a command that was
//! never sent from one whose answer was lost, and a failed log-in (as when a restarting server has
//! no client slot left) stays its answer for ever.

use super::open;
#[cfg(feature = "sentinel")]
use super::sentinel::{Master, Sentinels};
use super::task::Task;
use crate::error::{is_full, is_refusal};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, ConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisError,
    RedisResult,
};
use session_core::store::Timeouts;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::time::{Instant, timeout};

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

/// How long is waited for what.
#[derive(Clone, Copy)]
pub(crate) struct Waits {
    /// For a connection.
    pub(crate) connect: Duration,
    /// Without a call, before a connection is doubted.
    rest: Duration,
    /// For one that is doubted to answer; the call that waits must then find time for another.
    answer: Duration,
}

impl Waits {
    pub(crate) fn new(timeouts: &Timeouts, rest: Duration) -> Self {
        Self { connect: timeouts.connect(), rest, answer: timeouts.operation() / 4 }
    }
}

/// Keeps one connection; callers that need a new one wait for the same attempt.
pub(crate) struct Dialler {
    source: Source,
    waits: Waits,
    slot: Mutex<Slot>,
}

/// The newest connection, or the attempt at it.
#[derive(Default)]
struct Slot {
    number: u64,
    attempt: Option<Attempt>,
    /// When a call last asked for it.
    used: Option<Instant>,
}

/// A connection and its number.
type Numbered = (MultiplexedConnection, u64);
/// What became of it, and when.
type Attempt = Task<(RedisResult<Numbered>, Instant)>;

impl Dialler {
    pub(crate) fn new(source: Source, waits: Waits) -> Arc<Self> {
        Arc::new(Self { source, waits, slot: Mutex::default() })
    }

    /// Returns a connection to send on, and its number; after an error nothing was sent.
    ///
    /// It is multiplexed: a call that is dropped leaves the others and their replies alone.
    pub(crate) async fn connection(self: &Arc<Self>) -> RedisResult<Numbered> {
        // The runtime that ran the attempt was shut down.
        let interrupted = || Err(io::Error::from(io::ErrorKind::Interrupted).into());
        self.attempt().end().await.map_or_else(interrupted, |(end, _)| end)
    }

    /// The attempt of the slot; begins one if there is none, or if it failed and may be repeated.
    fn attempt(self: &Arc<Self>) -> Attempt {
        let now = Instant::now();
        let mut slot = self.slot();
        let last_used = slot.used.replace(now);
        let usable = slot.attempt.clone();
        let usable = usable.filter(|attempt| attempt.is_worth_waiting_for(holds));
        let Some(usable) = usable else {
            slot.number += 1;
            let attempt = attempt(dial(Arc::clone(self), slot.number));
            return slot.attempt.insert(attempt).clone();
        };
        if last_used.is_none_or(|used| now - used < self.waits.rest) {
            return usable;
        }
        let Some((Ok(rested), _)) = usable.ended() else { return usable };
        let attempt = attempt(doubt(Arc::clone(self), rested));
        slot.attempt.insert(attempt).clone()
    }

    /// Has the next call use another connection than the one of this number; calls under way on
    /// that one go on.
    pub(crate) fn leave(&self, number: u64) {
        let mut slot = self.slot();
        if slot.number == number {
            slot.attempt = None;
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

#[cfg_attr(
    not(feature = "sentinel"),
    allow(unused_variables, reason = "a server has no successor")
)]
async fn open(
    dialler: &Arc<Dialler>,
    number: u64,
    config: &AsyncConnectionConfig,
) -> RedisResult<MultiplexedConnection> {
    match &dialler.source {
        Source::Server(info) => open::open(info.clone(), config, dialler.waits.connect).await,
        #[cfg(feature = "sentinel")]
        Source::Master(sentinels) => {
            let limit = dialler.waits.connect;
            let (connection, master) = Box::pin(sentinels.open(config, limit)).await?;
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
        if push.kind == PushKind::Disconnection
            && let Some(dialler) = dialler.upgrade()
        {
            dialler.leave(number);
        }
        Ok(())
    })
}
