//! The one place that knows what kind of connection commands go through.

#[cfg(feature = "cluster")]
mod cluster;
mod dialler;
mod endpoint;
#[cfg(any(feature = "cluster", feature = "sentinel"))]
mod first;
#[cfg(feature = "cluster")]
mod redirect;
#[cfg(feature = "sentinel")]
pub(crate) mod sentinel;
#[cfg(feature = "cluster")]
mod slots;
#[cfg(any(feature = "cluster", feature = "sentinel"))]
mod trip;

use crate::address::Place;
use crate::config::Target;
use crate::error::Fault;
use dialler::{Dialler, Source};
use endpoint::Endpoint;
use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, Value};
use tokio::time::Instant;
#[cfg(any(feature = "cluster", feature = "sentinel"))]
use {redis::ConnectionAddr, trip::trip};

/// Where commands go. Each is about one key: its first argument, in a script's call the third.
///
/// A cluster or a service that changes answers with errors which prove that a command did nothing:
/// after those, and within the deadline, it is sent again.
pub(crate) enum Link {
    /// To one server.
    Server(Endpoint),
    /// To the master that sentinels name.
    #[cfg(feature = "sentinel")]
    Master(Endpoint),
    /// To the node that serves the key's slot.
    #[cfg(feature = "cluster")]
    Cluster(cluster::Cluster),
}

impl Link {
    /// Makes a link that connects when it is first used.
    pub(crate) fn dial(target: Target) -> Self {
        let own = |source| Endpoint::Own(Dialler::new(source, target.timeouts.connect()));
        match target.place {
            Place::Server(info) => Self::Server(own(Source::Server(info))),
            #[cfg(feature = "sentinel")]
            Place::Sentinel(sentinels) => Self::Master(own(Source::Master(sentinels))),
            #[cfg(feature = "cluster")]
            Place::Cluster(seeds) => {
                Self::Cluster(cluster::Cluster::new(seeds, target.timeouts.connect()))
            }
        }
    }

    /// Uses a connection of the application.
    pub(crate) fn shared<C>(connection: C) -> Self
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        Self::Server(Endpoint::shared(connection))
    }

    /// Whether keys are known to lie on several nodes.
    pub(crate) fn is_cluster(&self) -> bool {
        match self {
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => true,
            _ => false,
        }
    }

    /// Makes the first contact.
    pub(crate) async fn connect(&self) -> Result<(), Fault> {
        match self {
            Self::Server(server) => server.connect().await,
            #[cfg(feature = "sentinel")]
            Self::Master(master) => master.connect().await,
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.connect().await,
        }
    }

    /// Sends one command.
    pub(crate) async fn send(&self, cmd: &Cmd, deadline: Instant) -> Result<Value, Fault> {
        match self {
            Self::Server(server) => server.command(cmd, deadline).await,
            #[cfg(feature = "sentinel")]
            Self::Master(master) => trip::single(trip::Way::Master(master), cmd, deadline).await,
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => trip::single(cluster.way(cmd), cmd, deadline).await,
        }
    }

    /// Sends commands that read one key, together; if one must be sent again, all are. Errors of
    /// single ones may be among the replies.
    pub(crate) async fn fetch(
        &self,
        pipeline: &Pipeline,
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        #[cfg(any(feature = "cluster", feature = "sentinel"))]
        let cmds: Vec<&Cmd> = pipeline.cmd_iter().collect();
        match self {
            Self::Server(server) => server.pipeline(pipeline, deadline).await,
            #[cfg(feature = "sentinel")]
            Self::Master(master) => {
                let way = trip::Way::Master(master);
                trip(way, &cmds, deadline).await
            }
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => {
                let Some(first) = cmds.first() else { return Ok(Vec::new()) };
                let way = cluster.way(first);
                trip(way, &cmds, deadline).await
            }
        }
    }
}

/// The same way of connecting, to another address.
#[cfg(any(feature = "cluster", feature = "sentinel"))]
fn at(template: &ConnectionAddr, host: String, port: u16) -> ConnectionAddr {
    let mut addr = template.clone();
    match &mut addr {
        ConnectionAddr::TcpTls { host: old_host, port: old_port, .. } => {
            *old_host = host;
            *old_port = port;
        }
        _ => addr = ConnectionAddr::Tcp(host, port),
    }
    addr
}
