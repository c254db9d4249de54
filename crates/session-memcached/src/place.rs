//! Where a server is by now: what its name resolves to.

use crate::error::Fault;
use std::net::SocketAddr;
use tokio::net::lookup_host;

pub(crate) enum Place {
    Fixed(SocketAddr),
    /// `host:port`
    Named(String),
    /// A name whose addresses a test changes.
    #[cfg(test)]
    Zone(std::sync::Arc<std::sync::Mutex<Vec<SocketAddr>>>),
}

impl Place {
    pub(crate) fn new(server: &str) -> Self {
        server.parse().map_or_else(|_| Self::Named(server.to_owned()), Self::Fixed)
    }

    pub(crate) fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// The addresses, in the resolver's order.
    pub(crate) async fn addresses(&self) -> Result<Vec<SocketAddr>, Fault> {
        match self {
            Self::Fixed(address) => Ok(vec![*address]),
            Self::Named(name) => Ok(lookup_host(name).await.map_err(Fault::unreached)?.collect()),
            #[cfg(test)]
            Self::Zone(zone) => Ok(zone.lock().map(|zone| zone.clone()).unwrap_or_default()),
        }
    }
}
