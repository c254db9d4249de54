//! The contract, on each kind of connection to the server at `SESSION_TEST_REDIS`, and with the
//! owner index where one script holds both keys and where none may.

use crate::common::lone_node;
use session_core::{Result, Store, async_trait};
use session_redis::{RedisOptions, RedisStore};
use session_testkit::{Link, Remote, Subject, server};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A store that connects by itself.
pub(crate) struct Own {
    url: String,
    has_owners: bool,
    near: usize,
}

impl Own {
    fn new(query: &str) -> Self {
        Self::at(format!("{}{query}", server::url("SESSION_TEST_REDIS")))
    }

    pub(crate) fn at(url: String) -> Self {
        Self { url, has_owners: false, near: 0 }
    }

    fn with_owners(self) -> Self {
        Self { has_owners: true, ..self }
    }

    pub(crate) fn holding(self, near: usize) -> Self {
        Self { near, ..self }
    }

    async fn connect(&self, options: RedisOptions) -> Result<Arc<dyn Store>> {
        let options = options.owner_index(self.has_owners).near_cache(self.near);
        Ok(Arc::new(RedisStore::connect(options).await?))
    }
}

#[async_trait]
impl Subject for Own {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        // The kit's large payloads on a busy machine take longer than a session may.
        let options = RedisOptions::new(&self.url).operation_timeout(Duration::from_secs(10));
        self.connect(options).await
    }

    async fn witness(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(RedisStore::connect(self.url.as_str()).await?))
    }

    fn link(&self) -> Link<'_> {
        Link::Tcp(self)
    }
}

#[async_trait]
impl Remote for Own {
    fn server(&self) -> SocketAddr {
        server::socket_addr(&self.url, Some(6379)).unwrap()
    }

    async fn store_at(&self, addr: SocketAddr) -> Result<Arc<dyn Store>> {
        self.connect(RedisOptions::new(server::redirect(&self.url, addr))).await
    }

    async fn wary_store_at(&self, addr: SocketAddr) -> Result<Option<Arc<dyn Store>>> {
        let options = RedisOptions::new(server::redirect(&self.url, addr));
        self.connect(options.idle_check(Duration::ZERO)).await.map(Some)
    }

    fn deadline(&self) -> Duration {
        Duration::from_millis(500)
    }
}

/// A store on a connection of the application.
struct Shared;

#[async_trait]
impl Subject for Shared {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        let client = redis::Client::open(server::url("SESSION_TEST_REDIS")).unwrap();
        let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
        let connection =
            client.get_multiplexed_async_connection_with_config(&config).await.unwrap();
        let store = RedisStore::from_client(connection);
        Ok(Arc::new(store.operation_timeout(Duration::from_secs(10)).owner_index(true)))
    }

    fn link(&self) -> Link<'_> {
        Link::None { because: "reconnecting is left to the application's connection" }
    }
}

mod resp3 {
    session_testkit::store_conformance!(super::Own::new(""));
}

mod owners {
    session_testkit::store_conformance!(super::Own::new("").with_owners());
}

mod near {
    session_testkit::store_conformance!(super::Own::new("").with_owners().holding(1_000));
}

mod owners_apart {
    session_testkit::store_conformance!(super::Own::at(super::lone_node().await).with_owners());
}

mod resp2 {
    session_testkit::store_conformance!(super::Own::new("?protocol=resp2"));
}

mod from_client {
    session_testkit::store_conformance!(super::Shared);
}
