//! The one place that knows what kind of connection commands go through.

#[cfg(feature = "cluster")]
mod cluster;
mod commands;
mod dialler;
mod endpoint;
#[cfg(any(feature = "cluster", feature = "sentinel"))]
mod first;
mod hello;
mod near;
mod open;
#[cfg(any(feature = "cluster", feature = "sentinel"))]
mod pause;
#[cfg(feature = "sentinel")]
mod sentinel;
mod task;
mod waits;

pub(crate) use commands::Commands;
pub(crate) use endpoint::Endpoint;
pub(crate) use waits::Waits;

#[cfg(feature = "cluster")]
use self::cluster::Cluster;
use self::dialler::{Dialler, Source};
use crate::address::Place;
use crate::error::Fault;
use redis::Value;
use redis::aio::ConnectionLike;
#[cfg(any(feature = "cluster", feature = "sentinel"))]
use redis::{ConnectionAddr, ConnectionInfo};
use session_core::Record;
use std::num::NonZeroUsize;
use std::sync::Arc;
use tokio::time::Instant;

/// Where commands go.
///
/// A cluster or a service that changes answers with errors which prove that a command did nothing:
/// after those, and within the deadline, it is sent again.
pub(crate) enum Link {
    /// To one server.
    Server(Arc<Endpoint>),
    /// To the master that sentinels name.
    #[cfg(feature = "sentinel")]
    Master(Arc<Endpoint>),
    /// To the node that serves the key's slot.
    #[cfg(feature = "cluster")]
    Cluster(Arc<Cluster>),
}

impl Link {
    /// Makes a link that connects when it is first used, and holds the records of `near` sessions of
    /// each server.
    pub(crate) fn dial(place: Place, waits: Waits, near: Option<NonZeroUsize>) -> Self {
        let own = |source| Arc::new(Endpoint::Own(Dialler::new(source, waits, near)));
        match place {
            Place::Server(info) => Self::Server(own(Source::Server(info))),
            #[cfg(feature = "sentinel")]
            Place::Sentinel(service) => Self::Master(own(Source::Master(service.into()))),
            #[cfg(feature = "cluster")]
            Place::Cluster(seeds) => Self::Cluster(Cluster::new(seeds, waits, near)),
        }
    }

    /// Uses a connection of the application.
    pub(crate) fn shared<C>(connection: C) -> Self
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        Self::Server(Arc::new(Endpoint::Shared(Box::new(connection))))
    }

    /// Those that hold keys, as far as they are known after the first contact.
    pub(crate) fn servers(&self) -> Vec<Arc<Endpoint>> {
        match self {
            Self::Server(server) => vec![Arc::clone(server)],
            #[cfg(feature = "sentinel")]
            Self::Master(master) => vec![Arc::clone(master)],
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.masters(),
        }
    }

    /// Whether keys are known to lie on several nodes.
    pub(crate) fn is_cluster(&self) -> bool {
        match self {
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => true,
            _ => false,
        }
    }

    /// Whether the server of `key` has `SET .. IFEQ`, as far as is known.
    pub(crate) fn has_ifeq(&self, key: &[u8]) -> bool {
        self.of(key, |server| server.has_ifeq()).unwrap_or_default()
    }

    /// The record of `key`, if it is held in this process and its server vouches for it.
    pub(crate) fn held(&self, key: &[u8]) -> Option<Record> {
        self.of(key, |server| server.held(key)).flatten()
    }

    /// Holds the record of `key` no longer.
    pub(crate) fn forget(&self, key: &[u8]) {
        self.of(key, |server| server.forget(key));
    }

    /// Asks the server of `key`, if it is known.
    #[cfg_attr(not(feature = "cluster"), allow(unused_variables, reason = "one server has all"))]
    fn of<T>(&self, key: &[u8], ask: impl FnOnce(&Arc<Endpoint>) -> T) -> Option<T> {
        match self {
            Self::Server(server) => Some(ask(server)),
            #[cfg(feature = "sentinel")]
            Self::Master(master) => Some(ask(master)),
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.server(key).map(|server| ask(&server)),
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

    /// The same to the node called `id` of a cluster, whatever slots it serves; `None` if it serves
    /// none. Where there is one server, that is it.
    #[cfg_attr(not(feature = "cluster"), allow(unused_variables, reason = "one server has no id"))]
    pub(crate) async fn send_to(
        &self,
        id: &str,
        commands: Commands<'_>,
        deadline: Instant,
    ) -> Result<Option<Vec<Value>>, Fault> {
        match self {
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.send_to(id, commands, deadline).await,
            _ => self.send(commands, deadline).await.map(Some),
        }
    }

    /// The same to whichever server answers.
    pub(crate) async fn send_to_any(
        &self,
        commands: Commands<'_>,
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        match self {
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.send_to_any(commands, deadline).await,
            _ => self.send(commands, deadline).await,
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
