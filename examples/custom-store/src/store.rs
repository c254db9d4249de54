//! The contract, over the file.

use crate::file::{self, Records, change, failed, live, load, now_ms, sweep_some};
use redb::Database;
use session::store::{Call, Lost, Timeouts, no_owner_index};
use session::{
    Bytes, Capabilities, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store, StoreKey,
    async_trait,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// A store in one file of redb, an embedded database; one process at a time has the file open.
#[derive(Clone, Debug)]
pub struct RedbStore {
    db: Arc<Database>,
    operation_timeout: Duration,
}

/// What takes the place of a record: an end and a payload, or nothing.
type Successor = Option<(u64, Bytes)>;

impl RedbStore {
    /// Opens `file`, and makes it if there is none, for its owner alone.
    ///
    /// # Errors
    ///
    /// `Config` if it cannot, as when another process has the file open.
    pub fn open(file: impl AsRef<Path>) -> Result<Self> {
        let db = file::open(file.as_ref());
        let db = db.map_err(|e| failed(Call::Connect, ErrorKind::Config, e))?;
        change(&db, Call::Init, |_| Ok(Some(())))?;
        Ok(Self { db: Arc::new(db), operation_timeout: Timeouts::default().operation() })
    }

    /// Bounds each call, with its wait for other writers; 500 ms by default.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.operation_timeout = timeout;
        self
    }

    /// Works on a thread that may block, to the end even if nobody waits any longer.
    async fn run<T: Send + 'static>(
        &self,
        call: Call,
        work: impl FnOnce(&Database) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let db = Arc::clone(&self.db);
        let done = tokio::task::spawn_blocking(move || work(&db));
        match timeout(self.operation_timeout, done).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err(call.lost("redb", Lost::Broken)),
            Err(_) => Err(call.lost("redb", Lost::Silent)),
        }
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
        let (mut removed, mut last) = (0, String::new());
        loop {
            let (count, next) = self.run(Call::Sweep, move |db| sweep_some(db, &last)).await?;
            removed += count;
            match next {
                Some(next) => last = next,
                None => return Ok(removed),
            }
        }
    }
}

/// Rounded up, as a lease is never cut short.
fn end_of(lease: &Lease<'_>) -> u64 {
    let ttl_ms = lease.ttl.as_nanos().div_ceil(1_000_000);
    now_ms().saturating_add(ttl_ms.try_into().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::RedbStore;
    use session::{Bytes, ErrorKind, Lease, Outcome, Precondition, Store, StoreKey};
    use std::time::Duration;

    const MINUTE: Lease<'static> = Lease { ttl: Duration::from_secs(60), owner: None };

    async fn create(store: &RedbStore, name: &str, lease: &Lease<'_>) -> session::Result<Outcome> {
        let key = StoreKey::new("session:", name);
        store.write(&key, Bytes::from("data"), lease, Precondition::Absent).await
    }

    #[cfg(unix)]
    #[test]
    fn file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("sessions.redb");
        RedbStore::open(&file).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn writer_that_waits_too_long_knows_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = RedbStore::open(dir.path().join("sessions.redb")).unwrap();
        let other = store.db.begin_write().unwrap();
        let waiting = tokio::time::timeout(Duration::from_secs(20), create(&store, "a", &MINUTE));
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unknown, false));
        drop(other);
    }

    #[tokio::test]
    async fn sweep_takes_all_that_ended_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let store = RedbStore::open(dir.path().join("sessions.redb")).unwrap();
        let store = store.operation_timeout(Duration::from_secs(30));
        super::change(&store.db, super::Call::Update, |records| {
            for n in 0..1_201u64 {
                let end = if n % 3 == 0 { u64::MAX } else { n };
                records.insert(&*format!("session:{n:04}"), (end, &b"data"[..]))?;
            }
            Ok(Some(()))
        })
        .unwrap();
        assert_eq!(store.delete_expired().await.unwrap(), 800);
        assert_eq!(store.delete_expired().await.unwrap(), 0);
        assert!(store.load(&StoreKey::new("session:", "1200")).await.unwrap().is_some());
    }
}
