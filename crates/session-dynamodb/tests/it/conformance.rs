//! The contract, on the server at `SESSION_TEST_DYNAMODB`.

use crate::common::{PATIENCE, client, fresh_name, make_as_flask, url};
use session_core::{Result, Store, async_trait};
use session_dynamodb::{DynamoDbOptions, DynamoDbStore};
use session_testkit::{Link, Remote, Subject, server};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// The table of this process: a page of a scan walks over what others have in the same table.
static NAME: LazyLock<String> = LazyLock::new(|| fresh_name("KitSessions"));

/// Of calls through the kit's proxy: a JVM that other tests ask at once takes a while.
const DEADLINE: Duration = Duration::from_millis(1_500);

/// A table and how it is reached.
struct Table {
    name: String,
    owner_index: bool,
}

impl Table {
    fn own() -> Self {
        Self { name: NAME.clone(), owner_index: true }
    }

    async fn of_flask() -> Self {
        let name = format!("{}-of-flask", *NAME);
        make_as_flask(&name).await;
        Self { name, owner_index: false }
    }

    fn options(&self, url: String) -> DynamoDbOptions {
        DynamoDbOptions::new(url).table(&*self.name).owner_index(self.owner_index)
    }
}

#[async_trait]
impl Subject for Table {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        let options = self.options(url()).operation_timeout(PATIENCE).connect_timeout(PATIENCE);
        let store = DynamoDbStore::connect(options).await?;
        store.init().await?;
        Ok(Arc::new(store))
    }

    fn link(&self) -> Link<'_> {
        Link::Tcp(self)
    }
}

#[async_trait]
impl Remote for Table {
    fn server(&self) -> SocketAddr {
        server::socket_addr(&url(), None).unwrap()
    }

    async fn store_at(&self, addr: SocketAddr) -> Result<Arc<dyn Store>> {
        let options = self.options(server::redirect(&url(), addr)).operation_timeout(DEADLINE);
        Ok(Arc::new(DynamoDbStore::connect(options).await?))
    }

    async fn wary_store_at(&self, addr: SocketAddr) -> Result<Option<Arc<dyn Store>>> {
        let options = self.options(server::redirect(&url(), addr)).operation_timeout(DEADLINE);
        let options = options.idle_check(Duration::from_nanos(1));
        Ok(Some(Arc::new(DynamoDbStore::connect(options).await?)))
    }

    fn deadline(&self) -> Duration {
        DEADLINE
    }
}

/// A store on a client of the application.
struct Shared;

#[async_trait]
impl Subject for Shared {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        let options = Table::own().options(url()).operation_timeout(PATIENCE);
        let store = DynamoDbStore::from_client(&client(&url()), options)?;
        store.init().await?;
        Ok(Arc::new(store))
    }

    fn link(&self) -> Link<'_> {
        Link::None { because: "connecting is left to the application's client" }
    }
}

mod own {
    session_testkit::store_conformance!(super::Table::own());
}

mod of_flask {
    session_testkit::store_conformance!(super::Table::of_flask().await);
}

mod from_client {
    session_testkit::store_conformance!(super::Shared);
}
