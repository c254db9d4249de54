//! Sending again what provably was not done, until the deadline.

use super::answered;
#[cfg(feature = "cluster")]
use super::cluster;
#[cfg(feature = "sentinel")]
use super::endpoint::Endpoint;
use crate::error::Fault;
use redis::{Cmd, ServerError, ServerErrorKind, Value};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two attempts while servers change their roles.
const PAUSE: Duration = Duration::from_millis(20);

/// How commands about one key, or one slot, reach their server.
pub(crate) enum Way<'a> {
    #[cfg(feature = "sentinel")]
    Master(&'a Endpoint),
    #[cfg(feature = "cluster")]
    Cluster(cluster::Way<'a>),
}

/// What is sent again when a command was refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Every command: they read, and their answers belong together.
    All,
    /// Those that were refused: the others were done.
    Refused,
}

/// Sends one command.
pub(crate) async fn single(way: Way<'_>, cmd: &Cmd, deadline: Instant) -> Result<Value, Fault> {
    let reply = trip(way, &[cmd], Repeat::Refused, deadline).await.pop();
    reply.expect("there is a reply to each command")
}

/// Sends commands together; returns the reply to each.
pub(crate) async fn trip(
    mut way: Way<'_>,
    cmds: &[&Cmd],
    repeat: Repeat,
    deadline: Instant,
) -> Vec<Result<Value, Fault>> {
    let mut replies: Vec<Option<Result<Value, Fault>>> = cmds.iter().map(|_| None).collect();
    loop {
        let open: Vec<usize> = (0..cmds.len()).filter(|&at| replies[at].is_none()).collect();
        let sent: Vec<&Cmd> = open.iter().map(|&at| cmds[at]).collect();
        let mut why = None;
        match way.send(&sent, deadline).await {
            Ok(values) => {
                for (at, value) in open.into_iter().zip(values) {
                    match value {
                        Value::ServerError(error) if is_unsettled(&error) => {
                            why = Some(Fault::Refused(error));
                        }
                        value => replies[at] = Some(answered(value)),
                    }
                }
            }
            Err(fault) => why = Some(fault),
        }
        let Some(why) = why else { break };
        if repeat == Repeat::All {
            replies.fill_with(|| None);
        }
        if let Err(fault) = way.again(why, deadline).await {
            let end = || Err(fault.clone());
            return replies.into_iter().map(|reply| reply.unwrap_or_else(end)).collect();
        }
    }
    replies.into_iter().flatten().collect()
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
    if Instant::now() + PAUSE >= deadline {
        return Err(why);
    }
    sleep(PAUSE).await;
    Ok(())
}

/// Answers that are given before a command runs, and that may soon be another.
fn is_unsettled(error: &ServerError) -> bool {
    use ServerErrorKind::{Ask, BusyLoading, ClusterDown, MasterDown, Moved, ReadOnly, TryAgain};
    matches!(
        error.kind(),
        Some(Ask | BusyLoading | ClusterDown | MasterDown | Moved | ReadOnly | TryAgain)
    )
}
