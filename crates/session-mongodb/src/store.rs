//! The store: each call one command, never sent twice.

mod open;

use crate::client;
use crate::command::{self, BATCH, Change, Commands, Now};
use crate::config::Checked;
use crate::error::{Fault, Refusal};
use crate::indexes::{Expiry, Indexes};
use mongodb::Database;
use mongodb::bson::Document;
use session_core::store::{Call, Lost, no_owner_index};
use session_core::{
    Bytes, Capabilities, Error, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store,
    StoreKey, async_trait,
};
use std::fmt;
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
    database: Database,
    commands: Commands,
    options: Checked,
    indexes: Mutex<Indexes>,
}

impl MongoStore {
    fn indexes(&self) -> Indexes {
        *self.indexes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, indexes: Indexes) {
        *self.indexes.lock().unwrap_or_else(PoisonError::into_inner) = indexes;
    }

    /// Refuses to work without the unique index, looking once more if it was not there before:
    /// without it two creations of one key could both succeed.
    async fn settle(&self, call: Call, deadline: Instant) -> Result<()> {
        if self.indexes().is_unique {
            return Ok(());
        }
        // Whatever the call is, nothing of it was sent.
        let indexes = self.look(deadline).await.map_err(|fault| match fault {
            Fault::Lost(_) => call.lost("mongodb", Lost::Unreached),
            fault => fault.into_error(Call::Inspect),
        })?;
        self.learn(indexes);
        if indexes.is_unique {
            return Ok(());
        }
        let attempt = call.of("mongodb");
        let message =
            format!("{attempt}: the collection has no unique index on `id`; `init` makes it");
        Err(Error::new(ErrorKind::Config, message))
    }

    async fn load_once(&self, key: &StoreKey, deadline: Instant) -> Result<Option<Record>, Fault> {
        let now = Now::read();
        let answer = client::run(&self.database, self.commands.load(key, now), deadline).await?;
        command::record(answer, now)
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.options.timeouts.operation()
    }

    /// Refuses what would not fit into a command.
    fn check_lengths(&self, call: Call, key: &StoreKey, lengths: Lengths<'_>) -> Result<()> {
        let Lengths { payload, loaded, owner } = lengths;
        let owner = owner.filter(|_| self.options.has_owners);
        let what = if payload > MAX_PAYLOAD {
            format!("a payload holds {MAX_PAYLOAD} bytes at most")
        } else if loaded + payload > MAX_BOTH {
            format!("the old payload and the new one hold {MAX_BOTH} bytes at most")
        } else if key.as_bytes().len() > MAX_TEXT {
            format!("a key holds {MAX_TEXT} bytes at most")
        } else if owner.is_some_and(|owner| owner.len() > MAX_TEXT) {
            format!("an owner holds {MAX_TEXT} bytes at most")
        } else {
            return Ok(());
        };
        let attempt = call.of("mongodb");
        Err(Error::new(ErrorKind::TooLarge, format!("{attempt}: {what}")))
    }

    async fn change(&self, call: Call, command: Document, deadline: Instant) -> Result<Outcome> {
        self.settle(call, deadline).await?;
        match client::change(&self.database, command, deadline).await {
            Ok(0) => Ok(Outcome::Refused),
            Ok(_) => Ok(Outcome::Written { cas: 0 }),
            Err(Fault::Refused(Refusal::Duplicate)) if call == Call::Create => Ok(Outcome::Refused),
            Err(fault) => Err(fault.into_error(call)),
        }
    }
}

/// What a command would carry, in bytes.
#[derive(Clone, Copy, Default)]
struct Lengths<'a> {
    payload: usize,
    loaded: usize,
    owner: Option<&'a str>,
}

#[async_trait]
impl Store for MongoStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "mongodb",
            owner_index: self.options.has_owners,
            needs_sweep: self.indexes().expiry != Expiry::Ttl,
            max_payload: Some(MAX_PAYLOAD),
            max_key: Some(MAX_TEXT),
            ttl_resolution: Duration::from_millis(1),
        }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        let deadline = self.deadline();
        let loaded = match self.load_once(key, deadline).await {
            // The first call on a connection that was closed meanwhile finds that out.
            Err(Fault::Lost(Lost::Broken)) => self.load_once(key, deadline).await,
            loaded => loaded,
        };
        loaded.map_err(|fault| fault.into_error(Call::Load))
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        let deadline = self.deadline();
        let change = Change { payload: Some(&payload), lease, now: Now::read() };
        let (call, loaded) = match when {
            Precondition::Absent => (Call::Create, None),
            Precondition::Unchanged(loaded) => (Call::Update, Some(loaded)),
        };
        let loaded_len = loaded.map_or(0, |loaded| loaded.payload.len());
        let lengths = Lengths { payload: payload.len(), loaded: loaded_len, owner: lease.owner };
        self.check_lengths(call, key, lengths)?;
        let command = match loaded {
            None => self.commands.create(key, change),
            Some(loaded) => self.commands.update(key, change, loaded),
        };
        self.change(call, command, deadline).await
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        let deadline = self.deadline();
        let lengths =
            Lengths { loaded: loaded.payload.len(), owner: lease.owner, ..Lengths::default() };
        self.check_lengths(Call::Touch, key, lengths)?;
        let change = Change { payload: None, lease, now: Now::read() };
        let command = self.commands.update(key, change, loaded);
        let touched = self.change(Call::Touch, command, deadline).await?;
        // The payload stays as it is stored, and so does what says how.
        Ok(match touched {
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
        let deadline = self.deadline();
        let loaded = expected.map_or(0, |expected| expected.payload.len());
        self.check_lengths(Call::Delete, key, Lengths { loaded, ..Lengths::default() })?;
        let command = self.commands.delete(key, Now::read(), expected);
        Ok(self.change(Call::Delete, command, deadline).await? != Outcome::Refused)
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        if !self.options.has_owners {
            return Err(no_owner_index("mongodb", "set SESSION_OWNER_INDEX=true and call `init`"));
        }
        let command = self.commands.list_by_owner(owner, Now::read());
        match client::list(&self.database, command, self.deadline()).await {
            Ok(found) => Ok(command::keys(&found)),
            Err(fault) => Err(fault.into_error(Call::List)),
        }
    }

    async fn delete_expired(&self) -> Result<u64> {
        let mut removed = 0;
        loop {
            let batch = self.sweep_batch().await.map_err(|fault| fault.into_error(Call::Sweep))?;
            removed += batch.removed;
            if batch.found < BATCH {
                return Ok(removed);
            }
        }
    }
}

/// What one step of a sweep came upon.
struct Batch {
    found: usize,
    removed: u64,
}

impl MongoStore {
    async fn sweep_batch(&self) -> Result<Batch, Fault> {
        let now = Now::read();
        let find = self.commands.expired(now);
        let ids = command::ids(client::list(&self.database, find, self.deadline()).await?);
        let found = ids.len();
        if ids.is_empty() {
            return Ok(Batch { found, removed: 0 });
        }
        let delete = self.commands.delete_expired(ids, now);
        let removed = client::change(&self.database, delete, self.deadline()).await?;
        Ok(Batch { found, removed })
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
