//! The way to the node that serves a slot, wherever the slot goes.

use super::Cluster;
use super::slots::Address;
use crate::connection::Commands;
use crate::connection::pause::pause;
use crate::error::Fault;
use redis::{ServerErrorKind, Value};
use session_core::store::Lost;
use std::sync::Arc;
use tokio::time::Instant;

/// Redirections that are followed without a pause.
const HOPS: u32 = 3;

/// How commands of one slot reach their node.
pub(super) struct Way<'a> {
    cluster: &'a Arc<Cluster>,
    slot: u16,
    /// Where they were sent.
    at: Option<Address>,
    /// Where they are to be sent next, and no other.
    asked: Option<Address>,
    hops: u32,
}

impl<'a> Way<'a> {
    pub(super) fn new(cluster: &'a Arc<Cluster>, slot: u16) -> Self {
        Self { cluster, slot, at: None, asked: None, hops: 0 }
    }

    /// Sends the commands to where they are to be sent next.
    pub(super) async fn send(
        &mut self,
        commands: Commands<'_>,
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        if let Some(asked) = self.asked.take() {
            let node = self.cluster.node(self.at.insert(asked));
            return node.send(Commands::Asking(&commands.to_ask()), deadline).await;
        }
        let master = self.master(deadline).await?;
        let node = self.cluster.node(self.at.insert(master));
        node.send(commands, deadline).await
    }

    async fn master(&mut self, deadline: Instant) -> Result<Address, Fault> {
        loop {
            if let Some(address) = self.cluster.master(self.slot) {
                return Ok(address);
            }
            match self.cluster.learn_until(deadline).await {
                Ok(()) | Err(Fault::Unsettled) => {}
                Err(fault) => return Err(fault),
            }
            if self.cluster.master(self.slot).is_none() {
                pause(Fault::Unsettled, deadline).await?;
            }
        }
    }

    /// Prepares the next attempt; an error ends the trip.
    pub(super) async fn again(&mut self, why: Fault, deadline: Instant) -> Result<(), Fault> {
        let error = match &why {
            Fault::Refused(error) => error,
            Fault::Denied(..) => return Err(why),
            _ => return self.without_answer(why, deadline).await,
        };
        let redirection = error.details().and_then(|details| {
            let (_, address) = details.split_once(' ')?;
            Address::read(address, &self.at.as_ref()?.host)
        });
        match (error.kind(), redirection) {
            (Some(ServerErrorKind::Ask), Some(address)) => {
                self.asked = Some(address);
                self.hop(deadline).await
            }
            (Some(ServerErrorKind::Moved), Some(address)) => {
                self.cluster.has_moved(self.slot, address);
                self.hop(deadline).await
            }
            (Some(ServerErrorKind::Ask | ServerErrorKind::Moved), None) => {
                self.cluster.inquire();
                pause(Fault::Unsettled, deadline).await
            }
            _ if why.is_passing() => {
                self.cluster.inquire();
                pause(why, deadline).await
            }
            _ => Err(why),
        }
    }

    async fn hop(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.hops += 1;
        if self.hops > HOPS { pause(Fault::Unsettled, deadline).await } else { Ok(()) }
    }

    /// Another node may serve the slot by now; commands go there if they went nowhere yet.
    async fn without_answer(&mut self, why: Fault, deadline: Instant) -> Result<(), Fault> {
        if !matches!(why, Fault::Lost(Lost::Unreached | Lost::Unsent, _)) {
            self.cluster.inquire();
            return Err(why);
        }
        let before = self.at.take();
        // What it says of the node, and not of those who were asked about it, is the answer.
        let learnt = self.cluster.learn_until(deadline).await;
        let now = self.cluster.master(self.slot);
        let is_in_time = Instant::now() < deadline;
        if is_in_time && learnt.is_ok() && now.is_some() && now != before {
            Ok(())
        } else {
            Err(why)
        }
    }
}
