//! The contract on a Redis Cluster.

use session_core::{Result, Store, async_trait};
use session_redis::{RedisOptions, RedisStore};
use session_testkit::{Link, RedisCluster, Remote, Subject, server};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The nodes at `SESSION_TEST_REDIS_CLUSTER`.
#[derive(Default)]
struct Nodes {
    has_owners: bool,
    near: usize,
}

#[async_trait]
impl Subject for Nodes {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        let options = RedisOptions::new(server::url("SESSION_TEST_REDIS_CLUSTER"));
        let options = options.operation_timeout(Duration::from_secs(10));
        let options = options.owner_index(self.has_owners).near_cache(self.near);
        Ok(Arc::new(RedisStore::connect(options).await?))
    }

    fn link(&self) -> Link<'_> {
        Link::None { because: "a proxy stands before one node, and keys are on all of them" }
    }
}

session_testkit::store_conformance!(Nodes::default());

mod owners {
    session_testkit::store_conformance!(super::Nodes { has_owners: true, near: 0 });
}

mod near {
    session_testkit::store_conformance!(super::Nodes { has_owners: true, near: 1_000 });
}

/// A cluster of one node, which tells its clients the address of the proxy.
struct Proxied(RedisCluster);

impl Proxied {
    async fn options_at(&self, addr: SocketAddr) -> RedisOptions {
        let announce = format!("CONFIG SET cluster-announce-port {}", addr.port());
        self.0.nodes()[0].tell(&announce).await.unwrap();
        RedisOptions::new(format!("redis+cluster://{addr}"))
    }
}

#[async_trait]
impl Subject for Proxied {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        let url = self.0.nodes()[0].url();
        Ok(Arc::new(RedisStore::connect(url).await?))
    }

    fn link(&self) -> Link<'_> {
        Link::Tcp(self)
    }
}

#[async_trait]
impl Remote for Proxied {
    fn server(&self) -> SocketAddr {
        self.0.nodes()[0].addr()
    }

    async fn store_at(&self, addr: SocketAddr) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(RedisStore::connect(self.options_at(addr).await).await?))
    }

    async fn wary_store_at(&self, addr: SocketAddr) -> Result<Option<Arc<dyn Store>>> {
        let options = self.options_at(addr).await.idle_check(Duration::ZERO);
        Ok(Some(Arc::new(RedisStore::connect(options).await?)))
    }

    fn deadline(&self) -> Duration {
        Duration::from_millis(500)
    }
}

mod behind_a_proxy {
    crate::common::link_clauses!(super::Proxied(
        super::RedisCluster::start(1, false).await.unwrap()
    ));
}
