//! The contract, on the server at `SESSION_TEST_MONGODB`.

use session_core::{Result, Store, async_trait};
use session_mongodb::{MongoOptions, MongoStore};
use session_testkit::{Link, Remote, Subject, server};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The kit's large payloads on a busy machine take longer than a session may.
const PATIENCE: Duration = Duration::from_secs(20);
/// So do all calls on a server of Python that every test asks at once.
const DEADLINE: Duration = Duration::from_millis(1_500);

/// A store that connects by itself.
struct Own {
    owners: bool,
}

impl Own {
    fn options(&self, url: String) -> MongoOptions {
        let collection = if self.owners { "conformance_owners" } else { "conformance" };
        MongoOptions::new(url).collection(collection).owner_index(self.owners)
    }
}

fn url() -> String {
    server::url("SESSION_TEST_MONGODB")
}

#[async_trait]
impl Subject for Own {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        let options = self.options(url()).connect_timeout(PATIENCE).operation_timeout(PATIENCE);
        let store = MongoStore::connect(options).await?;
        store.init().await?;
        Ok(Arc::new(store))
    }

    fn link(&self) -> Link<'_> {
        Link::Tcp(self)
    }
}

#[async_trait]
impl Remote for Own {
    fn server(&self) -> SocketAddr {
        server::socket_addr(&url(), Some(27017)).unwrap()
    }

    async fn store_at(&self, addr: SocketAddr) -> Result<Arc<dyn Store>> {
        let options = self.options(server::redirect(&url(), addr)).operation_timeout(DEADLINE);
        Ok(Arc::new(MongoStore::connect(options).await?))
    }

    async fn wary_store_at(&self, addr: SocketAddr) -> Result<Option<Arc<dyn Store>>> {
        let options = self.options(server::redirect(&url(), addr)).operation_timeout(DEADLINE);
        let options = options.idle_check(Duration::from_nanos(1));
        Ok(Some(Arc::new(MongoStore::connect(options).await?)))
    }

    fn deadline(&self) -> Duration {
        DEADLINE
    }
}

/// A store on a client of the application, with the driver's own ideas of retries.
struct Shared;

#[async_trait]
impl Subject for Shared {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(shared(url(), PATIENCE).await?))
    }

    fn link(&self) -> Link<'_> {
        Link::Tcp(self)
    }
}

#[async_trait]
impl Remote for Shared {
    fn server(&self) -> SocketAddr {
        server::socket_addr(&url(), Some(27017)).unwrap()
    }

    async fn store_at(&self, addr: SocketAddr) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(shared(server::redirect(&url(), addr), DEADLINE).await?))
    }

    fn deadline(&self) -> Duration {
        DEADLINE
    }
}

async fn shared(url: String, timeout: Duration) -> Result<MongoStore> {
    let client = mongodb::Client::with_uri_str(url).await.unwrap();
    let options = MongoOptions::default().collection("conformance").operation_timeout(timeout);
    let store = MongoStore::from_client(client, options).await?;
    store.init().await?;
    Ok(store)
}

mod own_client {
    session_testkit::store_conformance!(super::Own { owners: false });
}

mod with_owners {
    session_testkit::store_conformance!(super::Own { owners: true });
}

mod from_client {
    session_testkit::store_conformance!(super::Shared);
}
