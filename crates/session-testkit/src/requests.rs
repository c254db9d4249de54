//! What a request costs its store, in calls: the same on every backend.

use crate::verdict::ensure;
use crate::{Calls, CountingStore, Finding, Verdict};
use session_core::{
    Commit, Config, ErrorKind, Lease, Result, Session, SessionId, SessionManager, Store,
};
use std::sync::Arc;
use std::time::Duration;

const NONE: Calls = Calls::NONE;
const READ: Calls = Calls { load: 1, ..NONE };
/// Far enough from its end to be live, and near enough to be renewed.
const OLD_LEASE: Lease<'_> = Lease { ttl: Duration::from_secs(3600), owner: None };

/// Every kind of request makes exactly the store calls that it has to.
///
/// # Errors
///
/// The request that made others.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), session_testkit::Finding> {
/// let store = web_session::MemoryStore::new();
/// session_testkit::store_calls_per_request(std::sync::Arc::new(store)).await
/// # }
/// ```
pub async fn store_calls_per_request(store: Arc<dyn Store>) -> Verdict {
    let mut client = Client::new(store)?;
    client.expect("does not touch its session", NONE, None).await?;
    client.expect("first visit, reads", NONE, Some(|s| s.get::<u64>("n").map(drop))).await?;
    client.expect("first visit, flushes", NONE, Some(Session::flush)).await?;
    let write = Calls { write: 1, ..NONE };
    client.expect("first visit, writes", write, Some(|s| s.insert("n", 1))).await?;
    client.expect("does not touch its live session", NONE, None).await?;
    client.expect("reads", READ, Some(|s| s.get::<u64>("n").map(drop))).await?;
    client.expect("writes an equal value", READ, Some(|s| s.insert("n", 1))).await?;
    let change = Calls { write: 1, ..READ };
    client.expect("changes a value", change, Some(|s| s.insert("n", 2))).await?;
    client.expect("clears", change, Some(Session::clear)).await?;
    client.age().await?;
    let renew = Calls { touch: 1, ..READ };
    client.expect("reads, renewal due", renew, Some(|s| s.get::<u64>("n").map(drop))).await?;
    client.age().await?;
    client.expect("changes a value, renewal due", change, Some(|s| s.insert("n", 3))).await?;
    let before = client.cookie.clone();
    // The new record, and a trace over the old one.
    let relocate = Calls { write: 2, ..READ };
    client.expect("logs in", relocate, Some(|s| s.set_owner("ann"))).await?;
    client.late(before).await?;
    client.expect("logs in as who it is", READ, Some(|s| s.set_owner("ann"))).await?;
    client.expect("regenerates", relocate, Some(Session::regenerate)).await?;
    let end = Calls { delete: 1, ..READ };
    client.expect("logs out", end, Some(Session::flush)).await?;
    client.expect("comes back after logout", NONE, Some(|s| s.get::<u64>("n").map(drop))).await?;
    client.cookie = Some(format!("session={}", SessionId::generate(32)?.as_str()));
    client.expect("presents an unknown id", READ, Some(|s| s.get::<u64>("n").map(drop))).await?;
    client.cookie = Some("session=malformed".to_owned());
    client.expect("presents no id", NONE, Some(|s| s.get::<u64>("n").map(drop))).await
}

/// A browser, and the store behind what it visits.
struct Client {
    manager: SessionManager,
    store: Arc<CountingStore>,
    cookie: Option<String>,
}

impl Client {
    fn new(store: Arc<dyn Store>) -> Result<Self> {
        let store = Arc::new(CountingStore::new(store));
        let manager = SessionManager::new(store.clone(), Config::default(), None)?;
        Ok(Self { manager, store, cookie: None })
    }

    async fn expect(
        &mut self,
        request: &str,
        expected: Calls,
        handler: Option<fn(&Session) -> Result<()>>,
    ) -> Verdict {
        let commit = self.request(handler).await?;
        if let Some(cookie) = commit.id_field() {
            let is_removal = cookie.contains("Max-Age=0");
            self.cookie = cookie.split(';').next().filter(|_| !is_removal).map(str::to_owned);
        }
        let calls = self.store.take_calls();
        ensure!(calls == expected, "a request that {request} made {calls:?}, not {expected:?}");
        Ok(())
    }

    /// A request that was sent before the browser had the id of the login: it may read, as a
    /// stranger, and what it writes is refused and sets no cookie.
    async fn late(&mut self, before: Option<String>) -> Verdict {
        let now = std::mem::replace(&mut self.cookie, before);
        self.expect("is late and reads", READ, Some(|s| s.get::<u64>("n").map(drop))).await?;
        let answer = self.request(Some(|s| s.insert("n", 9))).await;
        let calls = self.store.take_calls();
        ensure!(calls == READ, "a request that is late and writes made {calls:?}, not {READ:?}");
        let is_refused = matches!(&answer, Err(error) if error.kind() == ErrorKind::Gone);
        ensure!(is_refused, "a request that is late and writes got {answer:?}");
        self.cookie = now;
        Ok(())
    }

    async fn request(&self, handler: Option<fn(&Session) -> Result<()>>) -> Result<Commit> {
        let exchange = self.manager.open();
        if let Some(handler) = handler {
            let session = exchange.session(self.cookie.iter().map(String::as_bytes)).await?;
            handler(&session)?;
        }
        exchange.commit().await
    }

    /// Shortens the lease, as if the session had not been used for long.
    async fn age(&self) -> Verdict {
        let broken = || Finding::Broken("a session that was stored is gone".to_owned());
        let id = self.cookie.as_deref().and_then(|cookie| cookie.split_once('='));
        let (_, id) = id.ok_or_else(broken)?;
        let key = session_core::StoreKey::new("session:", id);
        let record = self.store.load(&key).await?.ok_or_else(broken)?;
        let _ = self.store.touch(&key, &OLD_LEASE, &record).await?;
        self.store.take_calls();
        Ok(())
    }
}
