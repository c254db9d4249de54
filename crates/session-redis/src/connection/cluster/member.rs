//! Commands about no key, to a node for its own sake.

use super::Cluster;
use crate::connection::commands::Commands;
use crate::connection::first::first;
use crate::error::Fault;
use redis::Value;
use session_core::store::Lost;
use std::sync::Arc;
use tokio::time::Instant;

impl Cluster {
    /// Sends commands to the master with this id; `None` if it serves nothing.
    pub(crate) async fn send_to(
        self: &Arc<Self>,
        id: &str,
        commands: Commands<'_>,
        deadline: Instant,
    ) -> Result<Option<Vec<Value>>, Fault> {
        let known = || self.table().slots.by_id(id).cloned();
        let mut address = known();
        if address.is_none() {
            self.learn_until(deadline).await?;
            address = known();
        }
        let Some(address) = address else { return Ok(None) };
        let sent = self.node(&address).send(commands, deadline).await;
        if matches!(sent, Err(Fault::Lost(..))) {
            // Another node may have its slots when the call is made again.
            self.inquire();
        }
        sent.map(Some)
    }

    /// Learns who serves what by now, and sends commands to a master, and to the next if one does
    /// not answer.
    pub(crate) async fn send_to_any(
        self: &Arc<Self>,
        commands: Commands<'_>,
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        self.learn_until(deadline).await?;
        let masters = self.masters();
        let sent = masters.iter().map(|master| Box::pin(master.send(commands, deadline)));
        first(sent.collect(), Fault::is_answer).await.unwrap_or_else(|| Err(Lost::Unsent.into()))
    }
}
