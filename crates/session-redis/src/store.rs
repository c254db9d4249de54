//! The store: each call one round trip, each write one command.

mod change;
mod examine;
mod owners;
mod reply;
mod rights;
mod scan;
mod scripts;

use self::change::Change;
use self::owners::Owners;
use self::scripts::Script;
use crate::config::{RedisOptions, Target};
use crate::connection::{Commands, Link, Waits};
use crate::error::{Fault, STORE};
use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, ServerErrorKind, Value};
use session_core::store::{Call, Cursor, Finding, LazyStore, Limits, Page, Scan, Timeouts, reread};
use session_core::{
    Bytes, Capabilities, Lease, Outcome, Precondition, Record, Result, Store, StoreKey, async_trait,
};
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;
use tokio::time::Instant;

/// The server's own limit of a value, `proto-max-bulk-len` as shipped; beyond it the server drops
/// the connection, and every call on it.
const LIMITS: Limits = Limits { payload: Some(512 << 20), key: None, owner: None };

/// Sessions in a Redis server.
///
/// One multiplexed connection carries all calls; it is dialled when first needed and again after
/// it broke or vanished, so the store outlives any restart of the server. Each call ends within the operation
/// timeout, and each page of a listing. The crate page has the commands.
pub struct RedisStore {
    link: Link,
    timeouts: Timeouts,
    owners: Option<Owners>,
    has_near: bool,
}

impl RedisStore {
    /// Connects to the server, as an application does that must not start without its sessions, and
    /// asks it, each master of a cluster, or the master behind sentinels, whether the user may run
    /// the commands that the store will send, in one round trip more.
    ///
    /// # Errors
    ///
    /// `Config` if the URL or a timeout cannot be used; `Unavailable` if the server cannot be
    /// reached, refuses the log-in or does not let the user run a command, with what gives the right.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # mod web_session { pub mod stores { pub use session_redis as redis; } }
    /// use std::time::Duration;
    /// use web_session::stores::redis::{RedisOptions, RedisStore};
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
        let Target { place, timeouts, rest, has_owners, near } = options.into().check()?;
        let link = Link::dial(place, Waits::new(&timeouts, rest), near);
        let has_near = near.is_some();
        let store = Self { link, timeouts, owners: None, has_near }.owner_index(has_owners);
        store.link.connect().await.map_err(|fault| fault.into_error(Call::Connect))?;
        store.check_rights().await?;
        Ok(store)
    }

    /// Checks the options and leaves the rest to the first call, so that an application starts while
    /// its server is down: that call connects, and asks for the user's rights.
    ///
    /// # Errors
    ///
    /// `Config` if the URL or a timeout cannot be used. What [`connect`](Self::connect) refuses, calls
    /// are told, as [`LazyStore`] has it.
    pub fn connect_lazy(options: impl Into<RedisOptions>) -> Result<LazyStore<Self>> {
        let options = options.into();
        let Target { timeouts, has_owners, .. } = options.check()?;
        let before = capabilities(has_owners);
        Ok(LazyStore::new(before, timeouts, move || Self::connect(options.clone())))
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
    /// # mod web_session { pub mod stores { pub use session_redis as redis; } }
    /// use redis::aio::ConnectionLike;
    /// use web_session::stores::redis::RedisStore;
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
        let (link, timeouts) = (Link::shared(connection), Timeouts::default());
        Self { link, timeouts, owners: None, has_near: false }
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

    /// Sends one command that writes.
    async fn send(&self, cmd: &Cmd, deadline: Instant) -> Result<Vec<Value>, Fault> {
        self.link.send(Commands::One(cmd), deadline).await
    }

    /// Sends what only reads.
    async fn read(
        &self,
        call: Call,
        commands: Commands<'_>,
        deadline: Instant,
    ) -> Result<Vec<Value>> {
        let replies = reread(Fault::is_broken, || self.link.send(commands, deadline)).await;
        replies.map_err(|fault| fault.into_error(call))
    }

    /// Sends a script's call, by its text if the server does not know the digest: that answer
    /// proves that nothing ran.
    async fn evaluate(
        &self,
        script: &Script,
        keys: &[&[u8]],
        args: &[&[u8]],
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        match self.send(&script.by_digest(keys, args), deadline).await {
            Err(fault) if fault.is_reply(ServerErrorKind::NoScript) => {
                self.send(&script.by_text(keys, args), deadline).await
            }
            reply => reply,
        }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.timeouts.operation()
    }
}

#[async_trait]
impl Store for RedisStore {
    fn capabilities(&self) -> Capabilities {
        capabilities(self.owners.is_some())
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        if self.has_near
            && let Some(record) = self.link.held(key.as_bytes())
        {
            return Ok(Some(record));
        }
        let mut pipeline = Pipeline::with_capacity(2);
        for name in ["GET", "PTTL"] {
            let mut cmd = Cmd::with_capacity(2, name.len() + key.as_bytes().len());
            cmd.arg(name).arg(key.as_bytes());
            pipeline.add_command(cmd);
        }
        let commands = Commands::Record(&pipeline);
        reply::record(Call::Load, self.read(Call::Load, commands, self.deadline()).await?)
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        LIMITS.check(when.call(), STORE, key, &payload, None)?;
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
        Ok(self.apply(key, owner, change).await?.is_written())
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        self.list(owner).await
    }

    async fn delete_expired(&self) -> Result<u64> {
        Ok(0)
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        self.page(prefix, after, most).await
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        self.findings().await
    }
}

fn capabilities(owner_index: bool) -> Capabilities {
    Capabilities {
        name: STORE,
        owner_index,
        needs_sweep: false,
        max_payload: LIMITS.payload,
        max_key: LIMITS.key,
        scan: Scan::MayRepeat,
        ttl_resolution: Duration::from_millis(1),
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}
