//! A Redis master, its replica and their sentinels, of a test's own.

use super::{ChildServer, Redis, RedisServer, until};
use std::fs;
use std::io;
use std::net::SocketAddr;

/// The name by which the sentinels know the master.
const SERVICE: &str = "mymaster";

/// A master with a replica, empty, and three sentinels that watch them, on loopback ports of their
/// own.
///
/// A master that is silent for half a second is replaced by the replica.
#[derive(Debug)]
pub struct RedisSentinels {
    servers: [RedisServer; 2],
    sentinels: Vec<RedisServer>,
}

impl RedisSentinels {
    /// Starts them, and waits until the sentinels know each other and the replica.
    ///
    /// # Errors
    ///
    /// If one does not start, or they do not agree within half a minute.
    pub async fn start() -> io::Result<Self> {
        let delay = ["--repl-diskless-sync-delay", "0"];
        let master = RedisServer::launch(|_| Ok(Redis::with(delay))).await?;
        let port = master.addr().port().to_string();
        let follow = ["--replicaof", "127.0.0.1", &port, delay[0], delay[1]];
        let replica = RedisServer::launch(|_| Ok(Redis::with(follow))).await?;
        until("the replica follows its master", async || {
            Ok(replica.tell("INFO replication").await?.contains("master_link_status:up"))
        })
        .await?;
        let mut sentinels = Vec::new();
        for _ in 0..3 {
            let sentinel = sentinel().await?;
            watch(&sentinel, master.addr(), 2).await?;
            sentinels.push(sentinel);
        }
        let it = Self { servers: [master, replica], sentinels };
        for sentinel in &it.sentinels {
            until("the sentinels know each other", async || {
                let info = sentinel.tell("INFO sentinel").await?;
                Ok(info.contains("status=ok") && info.contains("slaves=1,sentinels=3"))
            })
            .await?;
        }
        Ok(it)
    }

    /// The first master and its replica.
    pub fn servers(&self) -> &[RedisServer; 2] {
        &self.servers
    }

    /// One of [`servers`](Self::servers), to break.
    ///
    /// # Panics
    ///
    /// If there is no such server.
    pub fn server_mut(&mut self, index: usize) -> &mut RedisServer {
        &mut self.servers[index]
    }

    /// The three sentinels, in the order of the URL.
    pub fn sentinels(&self) -> &[RedisServer] {
        &self.sentinels
    }

    /// One of [`sentinels`](Self::sentinels), to break.
    ///
    /// # Panics
    ///
    /// If there is no such sentinel.
    pub fn sentinel_mut(&mut self, index: usize) -> &mut RedisServer {
        &mut self.sentinels[index]
    }

    /// The address as `SESSION_REDIS` takes it.
    pub fn url(&self) -> String {
        let hosts: Vec<_> = self.sentinels.iter().map(|it| it.addr().to_string()).collect();
        format!("redis+sentinel://{}/{SERVICE}", hosts.join(","))
    }

    /// How many keys the first master holds.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub async fn keys(&self) -> io::Result<usize> {
        self.servers[0].keys().await
    }
}

impl Drop for RedisSentinels {
    fn drop(&mut self) {
        // All of them before any port is free for others.
        for server in self.sentinels.iter_mut().chain(&mut self.servers) {
            let _ = server.kill();
        }
    }
}

impl ChildServer<Redis> {
    /// Starts a sentinel by whose name `mymaster` the server at `master` goes, and which never
    /// replaces it, being alone.
    ///
    /// # Errors
    ///
    /// Those of [`ChildServer::launch`].
    pub async fn lone_sentinel(master: SocketAddr) -> io::Result<Self> {
        let sentinel = sentinel().await?;
        watch(&sentinel, master, 2).await?;
        Ok(sentinel)
    }
}

async fn sentinel() -> io::Result<RedisServer> {
    RedisServer::launch(|place| {
        // It keeps what it learns in this file.
        let file = place.dir().join("sentinel.conf");
        fs::write(&file, "")?;
        Ok(Redis::with([&file.to_string_lossy(), "--sentinel"]))
    })
    .await
}

async fn watch(sentinel: &RedisServer, master: SocketAddr, quorum: usize) -> io::Result<()> {
    let port = master.port();
    sentinel.tell(&format!("SENTINEL MONITOR {SERVICE} 127.0.0.1 {port} {quorum}")).await?;
    for (option, value) in [("down-after-milliseconds", 500), ("failover-timeout", 3_000)] {
        sentinel.tell(&format!("SENTINEL SET {SERVICE} {option} {value}")).await?;
    }
    Ok(())
}
