//! The one place that knows what kind of connection commands go through.

#[cfg(feature = "cluster")]
mod cluster;
mod commands;
mod dialler;
mod endpoint;
#[cfg(any(feature = "cluster", feature = "sentinel"))]
mod first;
mod open;
#[cfg(any(feature = "cluster", feature = "sentinel"))]
mod pause;
#[cfg(feature = "sentinel")]
mod sentinel;
mod task;

pub(crate) use commands::Commands;
pub(crate) use dialler::Waits;

#[cfg(feature = "cluster")]
use self::cluster::Cluster;
use self::dialler::{Dialler, Source};
use self::endpoint::Endpoint;
use crate::address::Place;
use crate::error::Fault;
use redis::Value;
use redis::aio::ConnectionLike;
#[cfg(any(feature = "cluster", feature = "sentinel"))]
use redis::{ConnectionAddr, ConnectionInfo};
#[cfg(feature = "cluster")]
use std::sync::Arc;
use tokio::time::Instant;

/// Where commands go.
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
    Cluster(Arc<Cluster>),
}

impl Link {
    /// Makes a link that connects when it is first used.
    pub(crate) fn dial(place: Place, waits: Waits) -> Self {
        let own = |source| Endpoint::Own(Dialler::new(source, waits));
        match place {
            Place::Server(info) => Self::Server(own(Source::Server(info))),
            #[cfg(feature = "sentinel")]
            Place::Sentinel(service) => Self::Master(own(Source::Master(service.into()))),
            #[cfg(feature = "cluster")]
            Place::Cluster(seeds) => Self::Cluster(Cluster::new(seeds, waits)),
        }
    }

    /// Uses a connection of the application.
    pub(crate) fn shared<C>(connection: C) -> Self
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        Self::Server(Endpoint::Shared(Box::new(connection)))
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

    /// Returns the answer to each of the commands; the first error among them is `Refused`.
    pub(crate) async fn send(
        &self,
        commands: Commands<'_>,
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        match self {
            Self::Server(server) => server.send(commands, deadline).await,
            #[cfg(feature = "sentinel")]
            Self::Master(master) => loop {
                match master.send(commands, deadline).await {
                    Err(why) if why.is_passing() => pause::pause(why, deadline).await?,
                    replies => return replies,
                }
            },
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.send(commands, deadline).await,
        }
    }
}

/// The same way of connecting, to another address.
#[cfg(any(feature = "cluster", feature = "sentinel"))]
fn at(template: &ConnectionInfo, host: &str, port: u16) -> ConnectionInfo {
    let host = host.to_owned();
    let addr = match template.addr().clone() {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
            ConnectionAddr::TcpTls { host, port, insecure, tls_params }
        }
        _ => ConnectionAddr::Tcp(host, port),
    };
    template.clone().set_addr(addr)
}
