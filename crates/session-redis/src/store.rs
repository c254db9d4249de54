//! The store: each call one round trip, each write one command.

use crate::change::Change;
use crate::config::{RedisOptions, STORE};
use crate::connection::Link;
use crate::error::Fault;
use crate::owner::Owners;
use crate::reply::record;
use crate::scripts::Script;
use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, ServerErrorKind, Value};
use session_core::store::{Call, Timeouts};
use session_core::{
    Bytes, Capabilities, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store, StoreKey,
    async_trait,
};
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// The server's own limit of a value, `proto-max-bulk-len` as shipped; beyond it the server drops
/// the connection, and every call on it.
const MAX_PAYLOAD: usize = 512 << 20;

/// Sessions in a Redis server.
///
/// One multiplexed connection carries all calls; it is dialled when first needed and again after
/// it broke, so the store outlives any restart of the server. Each call ends within the operation
/// timeout, and each page of a listing. The crate page has the commands.
pub struct RedisStore {
    link: Link,
    timeouts: Timeouts,
    pub(crate) owners: Option<Owners>,
}

impl RedisStore {
    /// Connects to the server, as an application does that must not start without its sessions.
    ///
    /// # Errors
    ///
    /// `Config` if the URL or a timeout cannot be used; `Unavailable` if the server cannot be
    /// reached or refuses the log-in.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use session_redis::{RedisOptions, RedisStore};
    /// use std::time::Duration;
    ///
    /// # async fn example() -> session_core::Result<()> {
    /// let store = RedisStore::connect("redis://127.0.0.1:6379").await?;
    ///
    /// let options = RedisOptions::new("redis://:secret@cache.internal")
    ///     .operation_timeout(Duration::from_millis(200));
    /// let store = RedisStore::connect(options).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(options: impl Into<RedisOptions>) -> Result<Self> {
        let store = Self::connect_lazy(options)?;
        store.link.connect().await.map_err(|fault| fault.into_error(Call::Connect))?;
        Ok(store)
    }

    /// Checks the options and leaves connecting to the first call, so that an application starts
    /// while its server is down.
    ///
    /// # Errors
    ///
    /// `Config` if the URL or a timeout cannot be used.
    pub fn connect_lazy(options: impl Into<RedisOptions>) -> Result<Self> {
        let target = options.into().check()?;
        let (timeouts, has_owners) = (target.timeouts, target.has_owners);
        let store = Self { link: Link::dial(target), timeouts, owners: None };
        Ok(store.owner_index(has_owners))
    }

    /// Uses a connection that the application already has, such as the one of its cache.
    ///
    /// It must reconnect by itself (`redis::aio::ConnectionManager` does) and must never send a
    /// command twice on its own. Calls end within 500 ms unless
    /// [`operation_timeout`](Self::operation_timeout) says otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use redis::aio::ConnectionLike;
    /// use session_redis::RedisStore;
    ///
    /// /// Keeps sessions where the cache is; `C` is redis's `ConnectionManager`, say.
    /// fn beside<C>(cache: &C) -> RedisStore
    /// where
    ///     C: ConnectionLike + Clone + Send + Sync + 'static,
    /// {
    ///     RedisStore::from_client(cache.clone())
    /// }
    /// ```
    pub fn from_client<C>(connection: C) -> Self
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        Self { link: Link::shared(connection), timeouts: Timeouts::default(), owners: None }
    }

    /// Bounds each call, with any wait for a connection; a day at most.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts = self.timeouts.with_operation(timeout);
        self
    }

    /// Keeps an index of owners beside the records; see [`RedisOptions::owner_index`].
    #[must_use]
    pub fn owner_index(mut self, owner_index: bool) -> Self {
        self.owners = owner_index.then(|| Owners::new(self.link.is_cluster()));
        self
    }

    /// Sends one command.
    pub(crate) async fn send(&self, cmd: &Cmd, deadline: Instant) -> Result<Value, Fault> {
        self.link.send(cmd, deadline).await
    }

    /// Sends a script's call, by its text if the server does not know the digest: that answer
    /// proves that nothing ran.
    pub(crate) async fn evaluate(
        &self,
        script: &Script,
        keys: &[&[u8]],
        args: &[&[u8]],
        deadline: Instant,
    ) -> Result<Value, Fault> {
        match self.send(&script.by_digest(keys, args), deadline).await {
            Err(fault) if fault.is_reply(ServerErrorKind::NoScript) => {
                self.send(&script.by_text(keys, args), deadline).await
            }
            reply => reply,
        }
    }

    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.timeouts.operation()
    }
}

#[async_trait]
impl Store for RedisStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: STORE,
            owner_index: self.owners.is_some(),
            needs_sweep: false,
            max_payload: Some(MAX_PAYLOAD),
            max_key: None,
            ttl_resolution: Duration::from_millis(1),
        }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        let deadline = self.deadline();
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline.cmd("GET").arg(key.as_bytes()).cmd("PTTL").arg(key.as_bytes());
        let replies = match self.link.fetch(&pipeline, deadline).await {
            // The first call on a connection that was closed meanwhile finds that out.
            Err(Fault::Broken(_)) => self.link.fetch(&pipeline, deadline).await,
            replies => replies,
        };
        record(replies.map_err(|fault| fault.into_error(Call::Load))?)
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        if payload.len() > MAX_PAYLOAD {
            let call = match when {
                Precondition::Absent => Call::Create,
                Precondition::Unchanged(_) => Call::Update,
            };
            let what = format!("a value holds {MAX_PAYLOAD} bytes at most");
            return Err(call.error(STORE, ErrorKind::TooLarge, &what));
        }
        let ttl = &*lease.ttl_ms().to_string();
        let payload = &*payload;
        let change = match when {
            Precondition::Absent => Change::Create { payload, ttl },
            Precondition::Unchanged(loaded) => {
                Change::Update { loaded: &loaded.payload, payload, ttl }
            }
        };
        self.apply(key, lease.owner, change).await
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        let ttl = &*lease.ttl_ms().to_string();
        self.apply(key, lease.owner, Change::Touch { loaded: &loaded.payload, ttl }).await
    }

    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        let change = match expected {
            Some(loaded) => Change::DeleteIf { loaded: &loaded.payload },
            None => Change::Delete,
        };
        Ok(self.apply(key, owner, change).await? != Outcome::Refused)
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        self.list(owner).await
    }

    async fn delete_expired(&self) -> Result<u64> {
        Ok(0)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}
