//! The store: each call one round trip, each write one command.

use crate::config::{LONGEST_TIMEOUT, OPERATION_TIMEOUT, RedisOptions};
use crate::connection::Link;
use crate::error::{Call, Fault};
use crate::reply::{outcome, record, ttl_ms};
use crate::scripts::{self, Script};
use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, ServerErrorKind, Value};
use session_core::{
    Bytes, Capabilities, Error, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store,
    StoreKey, async_trait,
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
/// timeout. The crate page has the commands.
pub struct RedisStore {
    link: Link,
    operation_timeout: Duration,
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
        Ok(Self { operation_timeout: target.operation_timeout, link: Link::dial(target) })
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
        Self { link: Link::shared(connection), operation_timeout: OPERATION_TIMEOUT }
    }

    /// Bounds each call, with any wait for a connection; a day at most.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.operation_timeout = timeout.min(LONGEST_TIMEOUT);
        self
    }

    /// Sends a script's call, by its text if the server does not know the digest: that answer
    /// proves that nothing ran.
    async fn evaluate(
        &self,
        script: &Script,
        key: &StoreKey,
        args: &[&[u8]],
    ) -> Result<Value, Fault> {
        let deadline = self.deadline();
        match self.link.send(&script.by_digest(key, args), deadline).await {
            Err(Fault::Refused(error)) if error.kind() == Some(ServerErrorKind::NoScript) => {
                self.link.send(&script.by_text(key, args), deadline).await
            }
            reply => reply,
        }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.operation_timeout
    }
}

#[async_trait]
impl Store for RedisStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "redis",
            owner_index: false,
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
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("write a session to redis: a value holds {MAX_PAYLOAD} bytes at most"),
            ));
        }
        let ttl = ttl_ms(lease.ttl).to_string();
        let reply = match when {
            Precondition::Absent => {
                let bytes = key.as_bytes().len() + payload.len() + 32;
                let mut cmd = Cmd::with_capacity(6, bytes);
                cmd.arg("SET").arg(key.as_bytes()).arg(&payload[..]).arg("PX").arg(ttl).arg("NX");
                self.link.send(&cmd, self.deadline()).await
            }
            Precondition::Unchanged(loaded) => {
                let args: [&[u8]; 3] = [&loaded.payload, &payload, ttl.as_bytes()];
                self.evaluate(&scripts::UPDATE, key, &args).await
            }
        };
        outcome(Call::Write, reply)
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        let ttl = ttl_ms(lease.ttl).to_string();
        let args: [&[u8]; 2] = [&loaded.payload, ttl.as_bytes()];
        outcome(Call::Touch, self.evaluate(&scripts::TOUCH, key, &args).await)
    }

    async fn delete(
        &self,
        key: &StoreKey,
        _owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        let reply = match expected {
            Some(loaded) => self.evaluate(&scripts::DELETE, key, &[&loaded.payload]).await,
            None => {
                self.link.send(Cmd::new().arg("DEL").arg(key.as_bytes()), self.deadline()).await
            }
        };
        Ok(outcome(Call::Delete, reply)? != Outcome::Refused)
    }

    async fn list_by_owner(&self, _owner: &str) -> Result<Vec<StoreKey>> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "list an owner's sessions: the redis store keeps no owner index",
        ))
    }

    async fn delete_expired(&self) -> Result<u64> {
        Ok(0)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("operation_timeout", &self.operation_timeout)
            .finish_non_exhaustive()
    }
}
