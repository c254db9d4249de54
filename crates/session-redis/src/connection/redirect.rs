//! The way to the node that serves a slot, wherever the slot goes.

use super::cluster::Cluster;
use super::slots::Address;
use super::trip::pause;
use crate::error::Fault;
use redis::{Cmd, ServerErrorKind, Value};
use tokio::time::Instant;

/// Redirections that are followed without a pause.
const HOPS: u32 = 3;

/// How commands of one slot reach their node.
pub(crate) struct Way<'a> {
    cluster: &'a Cluster,
    slot: u16,
    /// Where they were sent.
    at: Option<Address>,
    /// Where they are to be sent next, and no other.
    asked: Option<Address>,
    hops: u32,
}

impl<'a> Way<'a> {
    pub(super) fn new(cluster: &'a Cluster, slot: u16) -> Self {
        Self { cluster, slot, at: None, asked: None, hops: 0 }
    }

    pub(crate) async fn send(
        &mut self,
        cmds: &[&Cmd],
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        let asked = self.asked.take();
        let is_asking = asked.is_some();
        let address = match asked {
            Some(address) => address,
            None => self.master(deadline).await?,
        };
        let endpoint = self.cluster.endpoint(&address);
        self.at = Some(address);
        if is_asking {
            endpoint.asking(cmds, deadline).await
        } else {
            endpoint.together(cmds, deadline).await
        }
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
    pub(crate) async fn again(&mut self, why: Fault, deadline: Instant) -> Result<(), Fault> {
        let Fault::Refused(error) = &why else { return self.without_answer(why, deadline).await };
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
            _ => {
                self.cluster.inquire();
                pause(why, deadline).await
            }
        }
    }

    async fn hop(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.hops += 1;
        if self.hops > HOPS { pause(Fault::Unsettled, deadline).await } else { Ok(()) }
    }

    /// Another node may serve the slot by now; commands go there if they went nowhere yet.
    async fn without_answer(&mut self, why: Fault, deadline: Instant) -> Result<(), Fault> {
        if !matches!(why, Fault::Unreached(_) | Fault::Unsent) {
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
