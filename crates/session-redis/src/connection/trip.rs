//! Sending again what provably was not done, until the deadline.

#[cfg(feature = "sentinel")]
use super::endpoint::Endpoint;
#[cfg(feature = "cluster")]
use super::redirect;
use crate::error::Fault;
use redis::{Cmd, ServerError, ServerErrorKind, Value};
use std::io;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two attempts while servers change their roles.
const PAUSE: Duration = Duration::from_millis(20);

/// How commands about one key, or one slot, reach their server.
pub(crate) enum Way<'a> {
    #[cfg(feature = "sentinel")]
    Master(&'a Endpoint),
    #[cfg(feature = "cluster")]
    Cluster(redirect::Way<'a>),
}

/// Sends one command.
pub(crate) async fn single(way: Way<'_>, cmd: &Cmd, deadline: Instant) -> Result<Value, Fault> {
    match trip(way, &[cmd], deadline).await?.pop() {
        Some(Value::ServerError(error)) => Err(Fault::Refused(error)),
        Some(value) => Ok(value),
        None => Err(Fault::Broken(io::Error::from(io::ErrorKind::UnexpectedEof).into())),
    }
}

/// Sends commands together, and all of them again if one must be: several commands only read.
pub(crate) async fn trip(
    mut way: Way<'_>,
    cmds: &[&Cmd],
    deadline: Instant,
) -> Result<Vec<Value>, Fault> {
    loop {
        let why = match way.send(cmds, deadline).await {
            Ok(replies) => match replies.iter().find_map(unsettled) {
                Some(error) => Fault::Refused(error.clone()),
                None => return Ok(replies),
            },
            Err(fault) => fault,
        };
        way.again(why, deadline).await?;
    }
}

impl Way<'_> {
    async fn send(&mut self, cmds: &[&Cmd], deadline: Instant) -> Result<Vec<Value>, Fault> {
        match self {
            #[cfg(feature = "sentinel")]
            Self::Master(master) => master.together(cmds, deadline).await,
            #[cfg(feature = "cluster")]
            Self::Cluster(way) => way.send(cmds, deadline).await,
        }
    }

    /// Prepares the next attempt; an error ends the trip.
    async fn again(&mut self, why: Fault, deadline: Instant) -> Result<(), Fault> {
        match self {
            #[cfg(feature = "sentinel")]
            Self::Master(_) if matches!(why, Fault::Refused(_)) => pause(why, deadline).await,
            #[cfg(feature = "sentinel")]
            Self::Master(_) => Err(why),
            #[cfg(feature = "cluster")]
            Self::Cluster(way) => way.again(why, deadline).await,
        }
    }
}

/// Waits a little, or gives up for `why` if there is no time left.
pub(crate) async fn pause(why: Fault, deadline: Instant) -> Result<(), Fault> {
    if Instant::now() + PAUSE < deadline {
        sleep(PAUSE).await;
        // A busy machine wakes late.
        if Instant::now() < deadline {
            return Ok(());
        }
    }
    Err(why)
}

/// Answers that are given before a command runs, and that may soon be another.
fn unsettled(reply: &Value) -> Option<&ServerError> {
    use ServerErrorKind::{Ask, BusyLoading, ClusterDown, MasterDown, Moved, ReadOnly, TryAgain};
    let Value::ServerError(error) = reply else { return None };
    matches!(
        error.kind(),
        Some(Ask | BusyLoading | ClusterDown | MasterDown | Moved | ReadOnly | TryAgain)
    )
    .then_some(error)
}
