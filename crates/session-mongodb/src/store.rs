//! The store: each call one command, never sent twice.

mod examine;
mod open;

use crate::answer;
use crate::client::Client;
use crate::command::{BATCH, Change, Commands, Now};
use crate::config::{MongoOptions, STORE};
use crate::error::Fault;
use crate::indexes::{Expiry, Indexes};
use crate::order::Order;
use crate::scan;
use mongodb::bson::Document;
use session_core::store::{
    Call, Cursor, Failure, Finding, Limits, Lost, Page, Scan, no_owner_index, reread,
};
use session_core::{
    Bytes, Capabilities, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store, StoreKey,
    async_trait,
};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A server takes a command of 16 MiB and a little more (`BSONObjMaxInternalSize`). An update
/// carries the old payload and the new one; the rest is for its other fields.
const MAX_BOTH: usize = (16 << 20) - (16 << 10);
const MAX_PAYLOAD: usize = MAX_BOTH / 2;

/// Keys and owners, in bytes. Servers have no such limit of their own since MongoDB 4.2.
const MAX_TEXT: usize = 1024;

/// Sessions in a collection of MongoDB.
///
/// Each call is one command, sent once, and ends within the operation timeout. The driver connects
/// when needed and again after a connection broke, so the store outlives any restart of the server
/// and follows the primary of a replica set. The crate page has the commands.
pub struct MongoStore {
    client: Client,
    commands: Commands,
    limits: Limits,
    options: MongoOptions,
    indexes: Mutex<Indexes>,
}

impl MongoStore {
    fn indexes(&self) -> Indexes {
        *self.indexes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, indexes: Indexes) {
        *self.indexes.lock().unwrap_or_else(PoisonError::into_inner) = indexes;
    }

    /// How to compare strings. A collection that was not there before, another program may have
    /// made since, with a collation.
    async fn order(&self, deadline: Instant) -> Result<Order, Fault> {
        if self.indexes().order == Order::Unseen {
            self.learn(self.look(deadline).await?);
        }
        Ok(self.indexes().order)
    }

    /// Refuses to work without the unique index, looking once more if it was not there before:
    /// without it two creations of one key could both succeed.
    async fn settle(&self, call: Call, deadline: Instant) -> Result<Order> {
        let indexes = self.indexes();
        if indexes.is_unique {
            return Ok(indexes.order);
        }
        // Whatever the call is, nothing of it was sent.
        let indexes = self.look(deadline).await.map_err(|fault| match fault {
            Fault::Lost(_) => self.client.error(Lost::Unreached.into(), call),
            fault => self.client.error(fault, Call::Inspect),
        })?;
        self.learn(indexes);
        if indexes.is_unique {
            return Ok(indexes.order);
        }
        let what = "the collection has no unique index on `id`; `init` makes it";
        Err(call.failed(STORE, Failure::Final(ErrorKind::Config, what)))
    }

    async fn load_once(&self, key: &StoreKey, deadline: Instant) -> Result<Option<Record>, Fault> {
        let order = self.order(deadline).await?;
        if order == Order::Unseen {
            return Ok(None);
        }
        let now = Now::read();
        let answer = self.client.run(self.commands.load(key, now, order), deadline).await?;
        answer::record(answer, now)
    }

    /// Refuses what would not fit into a command.
    fn check(
        &self,
        call: Call,
        key: &StoreKey,
        payload: &[u8],
        owner: Option<&str>,
        loaded: Option<&Record>,
    ) -> Result<()> {
        self.limits.check(call, STORE, key, payload, owner)?;
        if loaded.map_or(0, |loaded| loaded.payload.len()) + payload.len() <= MAX_BOTH {
            return Ok(());
        }
        let what = format!("the old payload and the new one hold {MAX_BOTH} bytes at most");
        Err(call.error(STORE, ErrorKind::TooLarge, &what))
    }

    async fn list_once(&self, owner: &str, deadline: Instant) -> Result<Vec<StoreKey>, Fault> {
        let order = self.order(deadline).await?;
        if order == Order::Unseen {
            return Ok(Vec::new());
        }
        let command = self.commands.list_by_owner(owner, Now::read(), order);
        Ok(answer::keys(&self.client.list(command, deadline).await?))
    }

    async fn change(
        &self,
        call: Call,
        command: impl FnOnce(Order) -> Document + Send,
    ) -> Result<Outcome> {
        let deadline = self.client.deadline();
        let order = self.settle(call, deadline).await?;
        match self.client.change(command(order), deadline).await {
            Ok(0) => Ok(Outcome::Refused),
            Ok(_) => Ok(Outcome::Written { cas: 0 }),
            Err(Fault::Duplicate) if call == Call::Create => Ok(Outcome::Refused),
            Err(fault) => Err(self.client.error(fault, call)),
        }
    }

    async fn sweep_batch(&self) -> Result<Batch, Fault> {
        let now = Now::read();
        let find = self.commands.expired(now);
        let ids = answer::ids(self.client.list(find, self.client.deadline()).await?);
        let found = ids.len();
        if ids.is_empty() {
            return Ok(Batch { found, removed: 0 });
        }
        let delete = self.commands.delete_expired(ids, now);
        let removed = self.client.change(delete, self.client.deadline()).await?;
        Ok(Batch { found, removed })
    }
}

/// What a command holds.
fn limits(options: &MongoOptions) -> Limits {
    Limits {
        payload: Some(MAX_PAYLOAD),
        key: Some(MAX_TEXT),
        owner: options.owner_index.then_some(MAX_TEXT),
    }
}

fn capabilities(options: &MongoOptions, indexes: Indexes) -> Capabilities {
    let limits = limits(options);
    Capabilities {
        name: STORE,
        owner_index: options.owner_index,
        needs_sweep: indexes.expiry != Expiry::Ttl,
        max_payload: limits.payload,
        max_key: limits.key,
        scan: Scan::Once,
        ttl_resolution: Duration::from_millis(1),
    }
}

/// What one step of a sweep came upon.
struct Batch {
    found: usize,
    removed: u64,
}

#[async_trait]
impl Store for MongoStore {
    fn capabilities(&self) -> Capabilities {
        capabilities(&self.options, self.indexes())
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        let deadline = self.client.deadline();
        let loaded = reread(Fault::is_stale, || self.load_once(key, deadline)).await;
        loaded.map_err(|fault| self.client.error(fault, Call::Load))
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        self.check(when.call(), key, &payload, lease.owner, when.loaded())?;
        let change = Change { payload: Some(&payload), lease, now: Now::read() };
        let command = |order| match when {
            Precondition::Absent => self.commands.create(key, change),
            Precondition::Unchanged(loaded) => self.commands.update(key, change, loaded, order),
        };
        self.change(when.call(), command).await
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        self.check(Call::Touch, key, &[], lease.owner, Some(loaded))?;
        let change = Change { payload: None, lease, now: Now::read() };
        let command = |order| self.commands.update(key, change, loaded, order);
        // The payload stays as it is stored, and so does what says how.
        Ok(match self.change(Call::Touch, command).await? {
            Outcome::Written { .. } => Outcome::Written { cas: loaded.cas },
            Outcome::Refused => Outcome::Refused,
        })
    }

    async fn delete(
        &self,
        key: &StoreKey,
        _owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        self.check(Call::Delete, key, &[], None, expected)?;
        let command = |order| self.commands.delete(key, Now::read(), expected, order);
        Ok(self.change(Call::Delete, command).await?.is_written())
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        if !self.options.owner_index {
            return Err(no_owner_index(STORE, "set SESSION_OWNER_INDEX=true and call `init`"));
        }
        let listed = self.list_once(owner, self.client.deadline()).await;
        listed.map_err(|fault| self.client.error(fault, Call::List))
    }

    async fn delete_expired(&self) -> Result<u64> {
        let mut removed = 0;
        loop {
            let batch =
                self.sweep_batch().await.map_err(|fault| self.client.error(fault, Call::Sweep))?;
            removed += batch.removed;
            if batch.found < BATCH {
                return Ok(removed);
            }
        }
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        let after = after.map(|cursor| cursor.to_key(STORE)).transpose()?;
        let deadline = self.client.deadline();
        let order = self.settle(Call::Scan, deadline).await?;
        let now = Now::read();
        let command = self.commands.scan(prefix, after.as_ref(), most, order);
        let find = || self.client.list(command.clone(), deadline);
        let found = reread(Fault::is_stale, find).await;
        Ok(scan::page(found.map_err(|fault| self.client.error(fault, Call::Scan))?, now, most))
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        self.findings().await
    }
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore")
            .field("options", &self.options)
            .field("indexes", &self.indexes())
            .finish_non_exhaustive()
    }
}
