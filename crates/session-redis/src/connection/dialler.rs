//! A connection that is dialled when first needed, and again after it broke.
//!
//! The client's own reconnecting manager is not used: its errors do not tell a command that was
//! never sent from one whose answer was lost, and a failed log-in (as when a restarting server has
//! no client slot left) stays its answer for ever.

#[cfg(feature = "sentinel")]
use super::sentinel::{Master, Sentinels};
use super::task::Task;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisError,
    RedisResult,
};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// Pauses between attempts to connect; short, because calls wait meanwhile.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(60)];

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
    connect_timeout: Duration,
    slot: Mutex<Slot>,
}

/// The newest connection, or the attempt at it.
#[derive(Default)]
struct Slot {
    number: u64,
    attempt: Option<Attempt>,
}

type Attempt = Task<RedisResult<MultiplexedConnection>>;

impl Dialler {
    pub(crate) fn new(source: Source, connect_timeout: Duration) -> Arc<Self> {
        Arc::new(Self { source, connect_timeout, slot: Mutex::default() })
    }

    /// Returns a connection to send on, and its number; after an error nothing was sent.
    ///
    /// It is multiplexed: a call that is dropped leaves the others and their replies alone.
    pub(crate) async fn connection(self: &Arc<Self>) -> RedisResult<(MultiplexedConnection, u64)> {
        let (attempt, number) = self.attempt();
        // The runtime that ran the attempt was shut down.
        let interrupted = || Err(io::Error::from(io::ErrorKind::Interrupted).into());
        Ok((attempt.end().await.unwrap_or_else(interrupted)?, number))
    }

    /// The attempt of the slot; begins one if there is none, or if it failed.
    fn attempt(self: &Arc<Self>) -> (Attempt, u64) {
        let mut slot = self.slot();
        let usable = slot.attempt.clone();
        let usable = usable.filter(|attempt| attempt.is_worth_waiting_for(Result::is_ok));
        let attempt = usable.unwrap_or_else(|| {
            slot.number += 1;
            let attempt = Task::spawn(dial(Arc::clone(self), slot.number));
            slot.attempt.insert(attempt).clone()
        });
        (attempt, slot.number)
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

async fn dial(dialler: Arc<Dialler>, number: u64) -> RedisResult<MultiplexedConnection> {
    let config = config(&dialler, number);
    for pause in PAUSES {
        match open(&dialler, number, &config).await {
            Err(error) if is_passing(&error) => tokio::time::sleep(pause).await,
            result => return result,
        }
    }
    open(&dialler, number, &config).await
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
        Source::Server(info) => {
            let client = Client::open(info.clone())?;
            Box::pin(client.get_multiplexed_async_connection_with_config(config)).await
        }
        #[cfg(feature = "sentinel")]
        Source::Master(sentinels) => {
            let limit = dialler.connect_timeout;
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
        if sentinels.have_replaced(&master, dialler.connect_timeout).await {
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

/// A server that restarts refuses or drops connections for a moment; one that is silent has used
/// up its time, and one that answers has decided.
fn is_passing(error: &RedisError) -> bool {
    error.is_connection_dropped()
}

fn config(dialler: &Arc<Dialler>, number: u64) -> AsyncConnectionConfig {
    // The store has a deadline of its own around each call.
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(dialler.connect_timeout))
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
