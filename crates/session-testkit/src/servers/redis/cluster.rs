//! A Redis Cluster of a test's own.

use super::{Redis, RedisServer, until};
use crate::port;
use std::io;

const SLOTS: usize = 16_384;
/// A node that is silent for longer is dead to the others.
const NODE_TIMEOUT_MS: &str = "1000";

/// Empty nodes on loopback ports of their own that share the slots evenly.
///
/// Each serves its slots whatever becomes of the others (`cluster-require-full-coverage no`).
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
    masters: usize,
}

impl RedisCluster {
    /// Starts `masters` nodes with a replica each, if `has_replicas`, and waits until all agree.
    ///
    /// A master that is silent for a second is replaced by its replica.
    ///
    /// # Errors
    ///
    /// If a node does not start, or they do not agree within half a minute.
    pub async fn start(masters: usize, has_replicas: bool) -> io::Result<Self> {
        let count = if has_replicas { masters * 2 } else { masters };
        let mut nodes = Vec::with_capacity(count);
        for _ in 0..count {
            nodes.push(node().await?);
        }
        let it = Self { nodes, masters };
        it.join().await?;
        it.assign_replicas().await?;
        Ok(it)
    }

    /// The nodes: masters in the order of their slots, then the replica of each.
    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// One of [`nodes`](Self::nodes), to break.
    ///
    /// # Panics
    ///
    /// If there is no such node.
    pub fn node_mut(&mut self, index: usize) -> &mut RedisServer {
        &mut self.nodes[index]
    }

    /// The address as `SESSION_REDIS` takes it; names every node.
    pub fn url(&self) -> String {
        let hosts: Vec<_> = self.nodes.iter().map(|node| node.addr().to_string()).collect();
        format!("redis+cluster://{}", hosts.join(","))
    }

    /// How many keys the first masters hold.
    ///
    /// # Errors
    ///
    /// If one of them does not answer.
    pub async fn keys(&self) -> io::Result<usize> {
        let mut keys = 0;
        for master in &self.nodes[..self.masters] {
            keys += master.keys().await?;
        }
        Ok(keys)
    }

    async fn join(&self) -> io::Result<()> {
        for (index, node) in self.nodes.iter().enumerate() {
            // Nodes that meet with one epoch argue about it for a while.
            node.tell(&format!("CLUSTER SET-CONFIG-EPOCH {}", index + 1)).await?;
            if index < self.masters {
                let first = SLOTS * index / self.masters;
                let last = SLOTS * (index + 1) / self.masters - 1;
                node.tell(&format!("CLUSTER ADDSLOTSRANGE {first} {last}")).await?;
            }
        }
        if let Some((first, others)) = self.nodes.split_first() {
            let meet =
                format!("CLUSTER MEET 127.0.0.1 {} {}", first.addr().port(), bus_port(first)?);
            for node in others {
                node.tell(&meet).await?;
            }
        }
        self.agree().await
    }

    async fn assign_replicas(&self) -> io::Result<()> {
        let (masters, replicas) = self.nodes.split_at(self.masters);
        for (master, replica) in masters.iter().zip(replicas) {
            let id = master.tell("CLUSTER MYID").await?;
            replica.tell(&format!("CLUSTER REPLICATE {id}")).await?;
        }
        for replica in replicas {
            until("the replica follows its master", async || {
                Ok(replica.tell("INFO replication").await?.contains("master_link_status:up"))
            })
            .await?;
        }
        until("all know the replicas", async || {
            for node in &self.nodes {
                let known = node.tell("CLUSTER NODES").await?;
                if known.lines().filter(|line| line.contains("slave")).count() != replicas.len() {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .await?;
        self.agree().await
    }

    async fn agree(&self) -> io::Result<()> {
        let known = format!("cluster_known_nodes:{}\r\n", self.nodes.len());
        let size = format!("cluster_size:{}\r\n", self.masters);
        until("the nodes agree", async || {
            for node in &self.nodes {
                let info = node.tell("CLUSTER INFO").await?;
                if !["cluster_state:ok", &known, &size].iter().all(|part| info.contains(part)) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .await
    }
}

impl Drop for RedisCluster {
    fn drop(&mut self) {
        // All of them before any port is free for others.
        for node in &mut self.nodes {
            let _ = node.kill();
        }
    }
}

async fn node() -> io::Result<RedisServer> {
    RedisServer::launch(|_| {
        let bus = port::reserve()?;
        let node = Redis::with([
            "--cluster-enabled",
            "yes",
            "--cluster-config-file",
            "nodes.conf",
            "--cluster-port",
            &bus.local_addr()?.port().to_string(),
            "--cluster-node-timeout",
            NODE_TIMEOUT_MS,
            "--cluster-allow-replica-migration",
            "no",
            "--cluster-require-full-coverage",
            "no",
            "--cluster-replica-validity-factor",
            "0",
            "--repl-diskless-sync-delay",
            "0",
        ]);
        Ok(Redis { bus: Some(bus), ..node })
    })
    .await
}

fn bus_port(node: &RedisServer) -> io::Result<u16> {
    let bus = node.program().bus.as_ref();
    let bus = bus.ok_or_else(|| io::Error::other("not a node of a cluster"))?;
    Ok(bus.local_addr()?.port())
}
