//! The contract, over a file of redb, an embedded database.

#[cfg(test)]
mod tests;

use redb::{Database, ReadableDatabase as _, ReadableTable, Table, TableDefinition};
use std::num::NonZeroUsize;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::Arc;
use std::time::Duration;
use std::{fs::OpenOptions, path::Path};
use tokio::task::spawn_blocking;
use web_session::store::{Call, Cursor, Lost, Page, Scan, no_owner_index, unix_time};
use web_session::{Bytes, Capabilities, ErrorKind, Lease, Outcome, Precondition, Record, Result};
use web_session::{Store, StoreKey, async_trait};

/// Under its key a record has its end, in milliseconds since 1970, and its payload.
type Records<'txn> = Table<'txn, &'static str, (u64, &'static [u8])>;
const RECORDS: TableDefinition<'_, &str, (u64, &[u8])> = TableDefinition::new("records");

/// A store in one file; one process at a time has it open.
#[derive(Clone, Debug)]
pub struct RedbStore(Arc<Database>);

impl RedbStore {
    /// Opens `file`, and makes it if there is none, for its owner alone: keys are credentials.
    ///
    /// # Errors
    ///
    /// `Config` if it cannot, as when another process has the file open.
    pub fn open(file: impl AsRef<Path>) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let open = || -> Result<_, redb::Error> {
            let file = redb::backends::FileBackend::new(options.open(file)?)?;
            let db = Database::builder().create_with_backend(file)?;
            let txn = db.begin_write()?;
            txn.open_table(RECORDS)?;
            txn.commit()?;
            Ok(db)
        };
        let db = open().map_err(|e| failed(Call::Connect, ErrorKind::Config, e))?;
        Ok(Self(Arc::new(db)))
    }

    /// Changes records on a thread that may block, to the end even if nobody waits any longer, and
    /// stores the changes if `work` has an answer.
    async fn change<T: Send + 'static>(
        &self,
        call: Call,
        work: impl FnOnce(&mut Records<'_>) -> Result<Option<T>, redb::Error> + Send + 'static,
    ) -> Result<Option<T>> {
        let db = Arc::clone(&self.0);
        let change = move || {
            let work = || -> Result<_, redb::Error> {
                let txn = db.begin_write()?;
                let answer = work(&mut txn.open_table(RECORDS)?)?;
                Ok((txn, answer))
            };
            let (txn, answer) = work().map_err(|e| failed(call, ErrorKind::Unavailable, e))?;
            if answer.is_some() {
                // From here on nobody can tell whether it was done.
                txn.commit().map_err(|e| failed(call, ErrorKind::Unknown, e))?;
            }
            Ok(answer)
        };
        spawn_blocking(change).await.unwrap_or_else(|_| Err(call.lost("redb", Lost::Broken)))
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
            scan: Scan::Once,
            ttl_resolution: Duration::from_millis(1),
        }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        let (db, key) = (Arc::clone(&self.0), key.clone());
        let load = move || live(&db.begin_read()?.open_table(RECORDS)?, &key);
        let loaded = spawn_blocking(load).await.map_err(|_| Call::Load.lost("redb", Lost::Broken));
        loaded?.map_err(|e| failed(Call::Load, ErrorKind::Unavailable, e))
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        let expected = when.loaded().map(|loaded| loaded.payload.clone());
        let (key, end) = (key.clone(), end_of(lease));
        let write = move |records: &mut Records<'_>| {
            let holds = live(records, &key)?.map(|held| held.payload) == expected;
            if holds {
                records.insert(key.as_str(), (end, &*payload))?;
            }
            Ok(holds.then_some(Outcome::Written { cas: 0 }))
        };
        Ok(self.change(when.call(), write).await?.unwrap_or(Outcome::Refused))
    }

    /// Writes the payload again, which costs this store no more than its end alone.
    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        self.write(key, loaded.payload.clone(), lease, Precondition::Unchanged(loaded)).await
    }

    async fn delete(
        &self,
        key: &StoreKey,
        _owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        let (key, expected) = (key.clone(), expected.map(|record| record.payload.clone()));
        let delete = move |records: &mut Records<'_>| {
            let held = live(records, &key)?.map(|held| held.payload);
            let holds = held.is_some() && (expected.is_none() || held == expected);
            Ok(if holds { records.remove(key.as_str())?.map(drop) } else { None })
        };
        Ok(self.change(Call::Delete, delete).await?.is_some())
    }

    async fn list_by_owner(&self, _owner: &str) -> Result<Vec<StoreKey>> {
        Err(no_owner_index("redb", "leave SESSION_OWNER_INDEX off"))
    }

    async fn delete_expired(&self) -> Result<u64> {
        let (mut removed, mut next) = (0, Some(String::new()));
        while let Some(first) = next {
            // A few rows at a time: other writers wait meanwhile.
            let sweep = move |records: &mut Records<'_>| {
                let rest = records.range::<&str>(&*first..)?.nth(500).transpose()?;
                let (end, now) = (rest.map(|row| row.0.value().to_owned()), now_ms());
                let page = (Included(&*first), end.as_deref().map_or(Unbounded, Excluded));
                let ended = records.extract_from_if::<&str, _>(page, |_, row| row.0 <= now)?;
                let count = ended.collect::<Result<Vec<_>, _>>()?.len();
                Ok(Some((count as u64, end)))
            };
            let (count, end) = self.change(Call::Sweep, sweep).await?.unwrap_or_default();
            (removed, next) = (removed + count, end);
        }
        Ok(removed)
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        let (db, prefix) = (Arc::clone(&self.0), prefix.to_owned());
        let after = after.map(|cursor| cursor.to_key("redb")).transpose()?;
        let read = move || {
            let after = after.as_ref().map(StoreKey::as_str);
            page(&db, &prefix, after, most.get())
        };
        let page = spawn_blocking(read).await.map_err(|_| Call::Scan.lost("redb", Lost::Broken));
        page?.map_err(|e| failed(Call::Scan, ErrorKind::Unavailable, e))
    }
}

/// The rows after one key or from the prefix on, expired ones among them: they are looked at too.
fn page(
    db: &Database,
    prefix: &str,
    after: Option<&str>,
    most: usize,
) -> Result<Page, redb::Error> {
    let records = db.begin_read()?.open_table(RECORDS)?;
    let first = after.filter(|after| *after >= prefix).map_or(Included(prefix), Excluded);
    let mut page = Page::default();
    for row in records.range::<&str>((first, Unbounded))?.take(most) {
        let key = StoreKey::new("", row?.0.value());
        if !key.as_str().starts_with(prefix) {
            return Ok(Page { next: None, ..page });
        }
        page.next = Some(Cursor::after_key(key.as_str()));
        page.records.extend(live(&records, &key)?.map(|record| (key, record)));
    }
    Ok(page)
}

fn live(
    records: &impl ReadableTable<&'static str, (u64, &'static [u8])>,
    key: &StoreKey,
) -> Result<Option<Record>, redb::Error> {
    Ok(records.get(key.as_str())?.and_then(|row| {
        let (end, payload) = row.value();
        let ttl = Duration::from_millis(end.checked_sub(now_ms()).filter(|left| *left > 0)?);
        Some(Record { payload: Bytes::copy_from_slice(payload), cas: 0, ttl })
    }))
}

/// Never too early: the millisecond that the clock tells has begun already.
fn end_of(lease: &Lease<'_>) -> u64 {
    now_ms().saturating_add_signed(lease.ttl_ms() + 1)
}

fn now_ms() -> u64 {
    u64::try_from(unix_time().as_millis()).unwrap_or(u64::MAX)
}

fn failed(call: Call, kind: ErrorKind, cause: impl Into<redb::Error>) -> web_session::Error {
    call.error("redb", kind, "the file failed").with_source(cause.into())
}
