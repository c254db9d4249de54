//! What the kit asks of those whose store it tests.

use session_core::{Result, Store};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A backend under test.
///
/// Each test makes its own subject on its own runtime, so a subject must not share connections
/// with others through a static.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use session_testkit::{Link, Subject};
/// use std::sync::Arc;
/// use web_session::{MemoryStore, Result, Store, async_trait};
///
/// struct Memory(Arc<MemoryStore>);
///
/// #[async_trait]
/// impl Subject for Memory {
///     async fn store(&self) -> Result<Arc<dyn Store>> {
///         Ok(self.0.clone())
///     }
///     fn link(&self) -> Link<'_> {
///         Link::None { because: "the records are in this process" }
///     }
/// }
/// ```
#[async_trait::async_trait]
pub trait Subject: Send + Sync + 'static {
    /// Opens a store with the deadlines of a quiet server; all stores of one subject see the same
    /// records.
    ///
    /// # Errors
    ///
    /// Whatever opening it returns; the test fails with it.
    async fn store(&self) -> Result<Arc<dyn Store>>;

    /// How the store reaches its records.
    fn link(&self) -> Link<'_>;

    /// Opens a store that sees what the server holds at this moment: [`store`](Self::store), unless
    /// that keeps records in this process and may be told of a change a moment later.
    ///
    /// # Errors
    ///
    /// Whatever opening it returns.
    async fn witness(&self) -> Result<Arc<dyn Store>> {
        self.store().await
    }

    /// How late a record may end beside the store's rounding, as where the server's own clock is
    /// behind; not at all unless a subject says so.
    fn lateness(&self) -> Duration {
        Duration::ZERO
    }
}

/// How a store reaches its records, and so whether faults can be put between them.
#[derive(Clone, Copy)]
pub enum Link<'a> {
    /// Over TCP; the fault clauses put a proxy in between.
    Tcp(&'a dyn Remote),
    /// Not in a way the kit can break; the fault clauses print the reason and test nothing.
    None {
        /// Why not.
        because: &'static str,
    },
}

impl fmt::Debug for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(remote) => f.debug_tuple("Tcp").field(&remote.server()).finish(),
            Self::None { because } => f.debug_struct("None").field("because", because).finish(),
        }
    }
}

/// A server that a store reaches over TCP.
#[async_trait::async_trait]
pub trait Remote: Send + Sync {
    /// Where the server listens.
    fn server(&self) -> SocketAddr;

    /// Opens a store that talks to the server through `addr`, with short deadlines and no TLS.
    ///
    /// It sees the records of [`Subject::store`]. Keys must cross the wire as they are.
    ///
    /// # Errors
    ///
    /// Whatever opening it returns.
    async fn store_at(&self, addr: SocketAddr) -> Result<Arc<dyn Store>>;

    /// The same for a store that takes a connection for long unused as soon as its last call is
    /// over, and so need not wait for what it does about those; `None`, unless a subject says
    /// otherwise, if it does nothing.
    ///
    /// # Errors
    ///
    /// Whatever opening it returns.
    async fn wary_store_at(&self, addr: SocketAddr) -> Result<Option<Arc<dyn Store>>> {
        let _ = addr;
        Ok(None)
    }

    /// The longest that a call of such a store takes, whatever the server does.
    fn deadline(&self) -> Duration;
}
