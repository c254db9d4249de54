//! The file: one table, and transactions whose writers take turns.

use redb::{Database, ReadableDatabase as _, ReadableTable, Table, TableDefinition};
use session::store::Call;
use session::{Bytes, Error, ErrorKind, Record, Result, StoreKey};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When a record ends, in milliseconds since 1970, and its payload.
type Row = (u64, &'static [u8]);
pub(crate) type Records<'txn> = Table<'txn, &'static str, Row>;

const RECORDS: TableDefinition<'_, &str, Row> = TableDefinition::new("records");

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
