//! The contract, on each database, in tables of our own and in tables that Flask made.

use crate::common::{
    Flask, MARIADB, MYSQL, OwnTable, PGBOUNCER, POSTGRES, file_url, make_in_file, tell,
    transaction_mode,
};
use crate::servers::mariadb;
use session_core::{Result, Store, async_trait};
use session_sql::{SqlOptions, SqlStore};
use session_testkit::clauses::ALL;
use session_testkit::{Finding, Link, Remote, Subject, server};
use sqlx::{MySqlPool, PgPool};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The kit's crowds and large payloads on a busy machine take longer than a session may.
const PATIENCE: Duration = Duration::from_secs(20);

/// The kit gives calls two seconds above what they have.
const WARY: Duration = Duration::from_secs(2);

struct Sqlite {
    dir: TempDir,
    owner_index: bool,
}

impl Sqlite {
    fn own() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), owner_index: true }
    }

    async fn of_flask() -> Self {
        let subject = Self { dir: tempfile::tempdir().unwrap(), owner_index: false };
        make_in_file(&subject.dir, Flask::SQLITE).await;
        subject
    }

    fn options(&self) -> SqlOptions {
        let url = file_url(&self.dir);
        SqlOptions::new(url).owner_index(self.owner_index).operation_timeout(PATIENCE)
    }
}

#[async_trait]
impl Subject for Sqlite {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        let store = SqlStore::connect(self.options()).await?;
        store.init().await?;
        Ok(Arc::new(store))
    }

    fn link(&self) -> Link<'_> {
        Link::None { because: "the database is in this process" }
    }
}

/// A table on a server.
struct Table {
    url: String,
    name: &'static str,
    owner_index: bool,
}

impl Table {
    fn at(url: String) -> Self {
        Self { url, name: "kit_sessions", owner_index: true }
    }

    fn own(variable: &str) -> Self {
        Self::at(server::url(variable))
    }

    /// A table on PostgreSQL that `ddl` makes for a name.
    async fn made_by(name: &'static str, ddl: fn(&str) -> String) -> Self {
        // Other tests, in this process or not, make the same.
        let make = format!(
            "DO $$ BEGIN PERFORM pg_advisory_xact_lock(20120126); \
             IF to_regclass('{name}') IS NULL THEN {}; END IF; END $$",
            ddl(name)
        );
        tell(POSTGRES, make).await;
        Self { name, ..Self::own(POSTGRES) }
    }

    /// Through a pooler, whose connections are few.
    fn by_transaction() -> Self {
        Self::at(transaction_mode())
    }

    async fn of_flask(variable: &str, flask: Flask) -> Self {
        flask.make(variable).await;
        Self { name: flask.table, owner_index: false, ..Self::own(variable) }
    }

    fn options(&self, url: String) -> SqlOptions {
        SqlOptions::new(url).table(self.name).owner_index(self.owner_index)
    }
}

#[async_trait]
impl Subject for Table {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        let options = self.options(self.url.clone());
        let options = options.operation_timeout(PATIENCE).connect_timeout(PATIENCE);
        let store = SqlStore::connect(options).await?;
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
        server::socket_addr(&self.url, None).unwrap()
    }

    async fn store_at(&self, addr: SocketAddr) -> Result<Arc<dyn Store>> {
        let url = server::redirect(&self.url, addr);
        Ok(Arc::new(SqlStore::connect(self.options(url)).await?))
    }

    async fn wary_store_at(&self, addr: SocketAddr) -> Result<Option<Arc<dyn Store>>> {
        let url = server::redirect(&self.url, addr);
        // Ten log in at once.
        let options = self.options(url).idle_check(Duration::ZERO);
        let options = options.operation_timeout(WARY).connect_timeout(WARY);
        Ok(Some(Arc::new(SqlStore::connect(options).await?)))
    }

    fn deadline(&self) -> Duration {
        Duration::from_millis(500)
    }
}

/// A store on a pool of the application.
struct Pooled {
    variable: &'static str,
}

impl Pooled {
    async fn connect(&self) -> Result<SqlStore> {
        let options = SqlOptions::default().table("kit_sessions").owner_index(true);
        let options = options.operation_timeout(PATIENCE);
        let url = server::url(self.variable);
        if url.starts_with("mysql:") {
            SqlStore::from_client(MySqlPool::connect(&url).await.unwrap(), options).await
        } else {
            SqlStore::from_client(PgPool::connect(&url).await.unwrap(), options).await
        }
    }
}

#[async_trait]
impl Subject for Pooled {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        let store = self.connect().await?;
        store.init().await?;
        Ok(Arc::new(store))
    }

    fn link(&self) -> Link<'_> {
        Link::None { because: "connecting is left to the application's pool" }
    }
}

/// A store that its first call opens.
struct Lazy {
    variable: &'static str,
}

#[async_trait]
impl Subject for Lazy {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        let options = SqlOptions::new(server::url(self.variable)).table("kit_sessions");
        let options = options.connect_timeout(PATIENCE).operation_timeout(PATIENCE);
        Ok(Arc::new(SqlStore::connect_lazy(options.owner_index(true))?))
    }

    fn link(&self) -> Link<'_> {
        Link::None { because: "once it is open, it is the store that the other tests break" }
    }
}

mod sqlite {
    session_testkit::store_conformance!(super::Sqlite::own());
}

mod sqlite_of_flask {
    session_testkit::store_conformance!(super::Sqlite::of_flask().await);
}

mod postgres {
    session_testkit::store_conformance!(super::Table::own(super::POSTGRES));
}

mod postgres_of_flask {
    use super::{Flask, POSTGRES, Table};
    session_testkit::store_conformance!(Table::of_flask(POSTGRES, Flask::POSTGRES).await);
}

mod postgres_in_partitions {
    use super::{OwnTable, Table};
    session_testkit::store_conformance!(
        Table::made_by("kit_partitioned", OwnTable::partitioned).await
    );
}

mod postgres_of_another_collation {
    use super::{OwnTable, Table};
    session_testkit::store_conformance!(Table::made_by("kit_collated", OwnTable::collated).await);
}

mod postgres_opened_by_the_first_call {
    session_testkit::store_conformance!(super::Lazy { variable: super::POSTGRES });
}

mod pgbouncer_by_session {
    session_testkit::store_conformance!(super::Table::own(super::PGBOUNCER));
}

mod pgbouncer_by_transaction {
    session_testkit::store_conformance!(super::Table::by_transaction());
}

mod mariadb {
    session_testkit::store_conformance!(super::Table::own(super::MARIADB));
}

mod mariadb_of_flask {
    use super::{Flask, MARIADB, Table};
    session_testkit::store_conformance!(Table::of_flask(MARIADB, Flask::MYSQL).await);
}

/// On a server that commits nothing by itself, what another connection sees was committed by ours.
#[tokio::test(flavor = "multi_thread")]
async fn mariadb_that_does_not_commit_by_itself_keeps_the_contract() {
    let server = mariadb(&["--autocommit=0"]).await;
    let subject = Arc::new(Table::at(server.url()));
    let few = Arc::new(Semaphore::new(4));
    let mut clauses = JoinSet::new();
    for clause in ALL {
        let (subject, few) = (Arc::clone(&subject), Arc::clone(&few));
        clauses.spawn(async move {
            let _turn = few.acquire_owned().await.unwrap();
            (clause.name(), clause.check(&*subject).await)
        });
    }
    for (clause, verdict) in clauses.join_all().await {
        assert!(!matches!(verdict, Err(Finding::Broken(_))), "{clause}: {verdict:?}");
    }
}

mod mysql {
    session_testkit::store_conformance!(super::Table::own(super::MYSQL));
}

mod mysql_of_flask {
    use super::{Flask, MYSQL, Table};
    session_testkit::store_conformance!(Table::of_flask(MYSQL, Flask::MYSQL).await);
}

mod postgres_from_client {
    session_testkit::store_conformance!(super::Pooled { variable: super::POSTGRES });
}

mod mariadb_from_client {
    session_testkit::store_conformance!(super::Pooled { variable: super::MARIADB });
}
