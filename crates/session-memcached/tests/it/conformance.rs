//! The contract, on the server at `SESSION_TEST_MEMCACHED`.

use memcache::exp::AsyncMemcache;
use session_core::{Result, Store, async_trait};
use session_memcached::{MemcachedOptions, MemcachedStore};
use session_testkit::{Link, Remote, Subject, server};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

fn address() -> String {
    server::url("SESSION_TEST_MEMCACHED")
}

/// The slack that is asked for, and a clock that is a second behind.
const LATENESS: Duration = Duration::from_secs(3);

/// A store that connects by itself.
struct Own;

#[async_trait]
impl Subject for Own {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        // The kit's large payloads on a busy machine take longer than a session may.
        let options = MemcachedOptions::from(address())
            .connect_timeout(Duration::from_secs(10))
            .operation_timeout(Duration::from_secs(10));
        Ok(Arc::new(MemcachedStore::connect(options).await?))
    }

    fn link(&self) -> Link<'_> {
        Link::Tcp(self)
    }

    fn lateness(&self) -> Duration {
        LATENESS
    }
}

#[async_trait]
impl Remote for Own {
    fn server(&self) -> SocketAddr {
        server::socket_addr(&address(), Some(11_211)).unwrap()
    }

    async fn store_at(&self, addr: SocketAddr) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(MemcachedStore::connect(addr.to_string()).await?))
    }

    async fn wary_store_at(&self, addr: SocketAddr) -> Result<Option<Arc<dyn Store>>> {
        let options = MemcachedOptions::new([addr.to_string()]).idle_check(Duration::ZERO);
        Ok(Some(Arc::new(MemcachedStore::connect(options).await?)))
    }

    fn deadline(&self) -> Duration {
        Duration::from_millis(500)
    }
}

/// A store on a client of the application, as that comes.
struct Shared;

impl Shared {
    async fn at(address: &str) -> MemcachedStore {
        MemcachedStore::from_client(AsyncMemcache::connect([address]).await.unwrap())
    }
}

#[async_trait]
impl Subject for Shared {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(Self::at(&address()).await.operation_timeout(Duration::from_secs(10))))
    }

    fn link(&self) -> Link<'_> {
        Link::Tcp(self)
    }

    fn lateness(&self) -> Duration {
        LATENESS
    }
}

#[async_trait]
impl Remote for Shared {
    fn server(&self) -> SocketAddr {
        Own.server()
    }

    async fn store_at(&self, addr: SocketAddr) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(Self::at(&addr.to_string()).await))
    }

    fn deadline(&self) -> Duration {
        Duration::from_millis(500)
    }
}

mod own {
    session_testkit::store_conformance!(super::Own);
}

mod from_client {
    session_testkit::store_conformance!(super::Shared);
}
