//! The contract, over the file.

use crate::file::{Records, change, failed, live, load, now_ms};
use redb::Database;
use session::store::{Call, Lost, no_owner_index};
use session::{
    Bytes, Capabilities, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store, StoreKey,
    async_trait,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How many records a sweep removes before it lets other writers in.
const BATCH: usize = 500;

/// A store in one file of redb, an embedded database; one process at a time has the file open.
#[derive(Clone, Debug)]
pub struct RedbStore(Arc<Database>);

/// What takes the place of a record: an end and a payload, or nothing.
type Successor = Option<(u64, Bytes)>;

impl RedbStore {
    /// Opens `file`, and makes it if there is none.
    ///
    /// # Errors
    ///
    /// `Config` if it cannot, as when another process has the file open.
    pub fn open(file: impl AsRef<Path>) -> Result<Self> {
        let db = Database::create(file).map_err(|e| failed(Call::Connect, ErrorKind::Config, e))?;
        change(&db, Call::Init, |_| Ok(Some(())))?;
        Ok(Self(Arc::new(db)))
    }

    /// Works on a thread that may block, to the end even if nobody waits any longer.
    async fn run<T: Send + 'static>(
        &self,
        call: Call,
        work: impl FnOnce(&Database) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let db = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&db)).await;
        done.unwrap_or_else(|_| Err(call.lost("redb", Lost::Broken)))
    }

    /// Replaces the record by what `decide` makes of the live payload; `None` refuses.
    async fn replace(
        &self,
        call: Call,
        key: &StoreKey,
        decide: impl FnOnce(Option<Bytes>) -> Option<Successor> + Send + 'static,
    ) -> Result<Outcome> {
        let key = key.clone();
        let replace = move |records: &mut Records<'_>| {
            let Some(successor) = decide(live(records, &key)?.map(|held| held.payload)) else {
                return Ok(None);
            };
            match successor {
                Some((end, payload)) => drop(records.insert(key.as_str(), (end, &*payload))?),
                None => drop(records.remove(key.as_str())?),
            }
            Ok(Some(Outcome::Written { cas: 0 }))
        };
        let done = self.run(call, move |db| change(db, call, replace)).await?;
        Ok(done.unwrap_or(Outcome::Refused))
    }
}

#[async_trait]
impl Store for RedbStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "redb",
            owner_index: false,
            needs_sweep: true,
            max_payload: None,
            max_key: None,
            ttl_resolution: Duration::from_millis(1),
        }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        let key = key.clone();
        self.run(Call::Load, move |db| load(db, &key)).await
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        let (call, expected) = match when {
            Precondition::Absent => (Call::Create, None),
            Precondition::Unchanged(loaded) => (Call::Update, Some(loaded.payload.clone())),
        };
        let next = (end_of(lease), payload);
        self.replace(call, key, move |held| (held == expected).then_some(Some(next))).await
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        let (end, same) = (end_of(lease), loaded.payload.clone());
        let touch = move |held| (held == Some(same.clone())).then_some(Some((end, same)));
        self.replace(Call::Touch, key, touch).await
    }

    async fn delete(
        &self,
        key: &StoreKey,
        _owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        let expected = expected.map(|record| record.payload.clone());
        let delete = move |held: Option<Bytes>| {
            (held.is_some() && (expected.is_none() || held == expected)).then_some(None)
        };
        let outcome = self.replace(Call::Delete, key, delete).await?;
        Ok(outcome != Outcome::Refused)
    }

    async fn list_by_owner(&self, _owner: &str) -> Result<Vec<StoreKey>> {
        Err(no_owner_index("redb", "leave SESSION_OWNER_INDEX off"))
    }

    async fn delete_expired(&self) -> Result<u64> {
        let sweep_batch = |records: &mut Records<'_>| {
            let now = now_ms();
            let mut expired = records.extract_if(|_, (end, _)| end <= now)?.take(BATCH);
            let count = expired.try_fold(0, |count, row| row.map(|_| count + 1))?;
            Ok((count > 0).then_some(count))
        };
        let mut removed = 0;
        loop {
            let sweep = move |db: &_| change(db, Call::Sweep, sweep_batch);
            let count = self.run(Call::Sweep, sweep).await?.unwrap_or(0);
            removed += count as u64;
            if count < BATCH {
                return Ok(removed);
            }
        }
    }
}

/// Rounded up, as a lease is never cut short.
fn end_of(lease: &Lease<'_>) -> u64 {
    let ttl_ms = lease.ttl.as_nanos().div_ceil(1_000_000);
    now_ms().saturating_add(ttl_ms.try_into().unwrap_or(u64::MAX))
}
