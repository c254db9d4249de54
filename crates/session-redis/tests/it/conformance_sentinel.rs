//! The contract on the master that sentinels name.

use session_core::{Result, Store, async_trait};
use session_redis::{RedisOptions, RedisStore};
use session_testkit::{Link, RedisServer, Remote, Subject, server};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The sentinels at `SESSION_TEST_REDIS_SENTINEL`.
struct Service {
    has_owners: bool,
}

#[async_trait]
impl Subject for Service {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        let options = RedisOptions::new(server::url("SESSION_TEST_REDIS_SENTINEL"));
        let options = options.operation_timeout(Duration::from_secs(10));
        let options = options.owner_index(self.has_owners);
        Ok(Arc::new(RedisStore::connect(options).await?))
    }

    fn link(&self) -> Link<'_> {
        Link::None { because: "the sentinels name the master itself, and no proxy before it" }
    }
}

session_testkit::store_conformance!(Service { has_owners: false });

mod owners {
    session_testkit::store_conformance!(super::Service { has_owners: true });
}

/// A master and, for each store, a sentinel that knows it by the address of the proxy.
struct Proxied {
    master: RedisServer,
    sentinels: Mutex<Vec<RedisServer>>,
}

impl Proxied {
    async fn start() -> Self {
        let master = RedisServer::start().await.unwrap();
        Self { master, sentinels: Mutex::default() }
    }
}

impl Proxied {
    async fn options_at(&self, addr: SocketAddr) -> RedisOptions {
        let sentinel = RedisServer::lone_sentinel(addr).await.unwrap();
        let url = format!("redis+sentinel://{}/mymaster", sentinel.addr());
        self.sentinels.lock().unwrap().push(sentinel);
        RedisOptions::new(url)
    }
}

#[async_trait]
impl Subject for Proxied {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(RedisStore::connect(self.master.url()).await?))
    }

    fn link(&self) -> Link<'_> {
        Link::Tcp(self)
    }
}

#[async_trait]
impl Remote for Proxied {
    fn server(&self) -> SocketAddr {
        self.master.addr()
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
    crate::common::link_clauses!(super::Proxied::start().await);
}
