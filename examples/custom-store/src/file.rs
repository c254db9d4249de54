//! The file: one table, and transactions whose writers take turns.

use redb::backends::FileBackend;
use redb::{Database, ReadableDatabase as _, ReadableTable, Table, TableDefinition};
use session::store::Call;
use session::{Bytes, Error, ErrorKind, Record, Result, StoreKey};
use std::fs::OpenOptions;
use std::ops::Bound;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How many records a sweep looks at before it lets other writers in.
const BATCH: usize = 500;

/// When a record ends, in milliseconds since 1970, and its payload.
type Row = (u64, &'static [u8]);
pub(crate) type Records<'txn> = Table<'txn, &'static str, Row>;

const RECORDS: TableDefinition<'_, &str, Row> = TableDefinition::new("records");

/// Opens the file, or makes one for its owner alone: keys are credentials.
pub(crate) fn open(path: &Path) -> Result<Database, redb::DatabaseError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = FileBackend::new(options.open(path)?)?;
    Database::builder().create_with_backend(file)
}

/// Runs `decide` in a transaction, which is committed if the answer is `Some`.
pub(crate) fn change<T>(
    db: &Database,
    call: Call,
    decide: impl FnOnce(&mut Records<'_>) -> Result<Option<T>, redb::Error>,
) -> Result<Option<T>> {
    let attempt = || -> Result<_, redb::Error> {
        let txn = db.begin_write()?;
        let answer = decide(&mut txn.open_table(RECORDS)?)?;
        Ok((txn, answer))
    };
    let (txn, answer) = attempt().map_err(|e| failed(call, ErrorKind::Unavailable, e))?;
    if answer.is_some() {
        // From here on nobody can tell whether it was done.
        txn.commit().map_err(|e| failed(call, ErrorKind::Unknown, e))?;
    }
    Ok(answer)
}

pub(crate) fn load(db: &Database, key: &StoreKey) -> Result<Option<Record>> {
    let attempt = || live(&db.begin_read()?.open_table(RECORDS)?, key);
    attempt().map_err(|e| failed(Call::Load, ErrorKind::Unavailable, e))
}

/// Removes what has ended of the records after `last`, and returns how many, and the last record
/// that was looked at unless there are no more.
///
/// Looking holds no writer up, so what is found is looked at again before it goes.
pub(crate) fn sweep_some(db: &Database, last: &str) -> Result<(u64, Option<String>)> {
    let attempt = || some_after(db, last);
    let page = attempt().map_err(|e| failed(Call::Sweep, ErrorKind::Unavailable, e))?;
    let now = now_ms();
    let mut ended = page.iter().filter(|(_, end)| *end <= now).map(|(key, _)| &**key).peekable();
    let mut removed = 0;
    if ended.peek().is_some() {
        let remove = |records: &mut Records<'_>| {
            for key in ended {
                let is_ended = records.get(key)?.is_some_and(|row| row.value().0 <= now);
                if is_ended {
                    records.remove(key)?;
                    removed += 1;
                }
            }
            Ok(Some(()))
        };
        change(db, Call::Sweep, remove)?;
    }
    let last = (page.len() == BATCH).then(|| page.into_iter().next_back()).flatten();
    Ok((removed, last.map(|(key, _)| key)))
}

fn some_after(db: &Database, last: &str) -> Result<Vec<(String, u64)>, redb::Error> {
    let records = db.begin_read()?.open_table(RECORDS)?;
    let rows = records.range::<&str>((Bound::Excluded(last), Bound::Unbounded))?.take(BATCH);
    rows.map(|row| {
        row.map(|(key, row)| (key.value().to_owned(), row.value().0)).map_err(Into::into)
    })
    .collect()
}

pub(crate) fn live(
    records: &impl ReadableTable<&'static str, Row>,
    key: &StoreKey,
) -> Result<Option<Record>, redb::Error> {
    let row = records.get(key.as_str())?;
    Ok(row.and_then(|row| {
        let (end, payload) = row.value();
        let ttl = Duration::from_millis(end.checked_sub(now_ms()).filter(|left| *left > 0)?);
        Some(Record { payload: Bytes::copy_from_slice(payload), cas: 0, ttl })
    }))
}

pub(crate) fn now_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_1970.as_millis().try_into().unwrap_or(u64::MAX)
}

pub(crate) fn failed(call: Call, kind: ErrorKind, cause: impl Into<redb::Error>) -> Error {
    call.error("redb", kind, "the file failed").with_source(cause.into())
}
