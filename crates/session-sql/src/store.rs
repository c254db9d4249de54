//! The store: each call one statement, committed by itself.

mod open;

use crate::client::{Answer, Ask, Engine};
use crate::config::Checked;
use crate::dialect::Words;
use crate::error::{Fault, Refusal};
use crate::statement::{Bound, Slot, Statement, Value};
use crate::table::{BATCH, Statements, Table};
use session_core::store::{Call, no_owner_index};
use session_core::{
    Bytes, Capabilities, Error, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store,
    StoreKey, async_trait,
};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;

/// What the columns `session_id` and `owner` hold, in characters; bytes are never fewer.
const MAX_TEXT: usize = 255;

/// Sessions in a table of PostgreSQL, MySQL, MariaDB or SQLite.
///
/// Each call is one statement outside any transaction, and ends within the operation timeout.
/// Connections are made when needed and again after they broke, so the store outlives any restart
/// of the server. The crate page has the statements.
pub struct SqlStore {
    engine: Box<dyn Engine>,
    words: Words,
    options: Checked,
    known: RwLock<Arc<Known>>,
}

/// What was made of the table as it is.
struct Known {
    /// Whether the table was there to be looked at; else it is taken for one that `init` makes.
    is_settled: bool,
    statements: Statements,
    max_payload: usize,
    ttl_resolution: Duration,
}

impl SqlStore {
    fn learn(&self, table: &Table) -> Arc<Known> {
        let known = Arc::new(Known::new(&self.words, &self.options, table));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&known);
        known
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is known of the table, looking at it once more if there was none yet.
    async fn settled(&self, call: Call) -> Result<Arc<Known>> {
        let known = self.known();
        if known.is_settled {
            return Ok(known);
        }
        let table = self.describe(Call::Inspect).await?;
        if !table.exists() {
            return Err(self.error(call, Fault::Refused(Refusal::NoTable)));
        }
        table.check(&self.words, self.options.has_owners)?;
        Ok(self.learn(&table))
    }

    /// Sends a statement that changes rows.
    async fn change(&self, bound: Bound, timeout: Duration) -> Result<u64, Fault> {
        match self.engine.ask(bound, Ask::Change, Instant::now() + timeout).await? {
            Answer::Changed(rows) => Ok(rows),
            Answer::Record(_) | Answer::Texts(_) => Err(Fault::Unexpected),
        }
    }

    fn operation_timeout(&self) -> Duration {
        self.options.limits.timeouts.operation()
    }

    fn error(&self, call: Call, fault: Fault) -> Error {
        fault.into_error(call, self.words.name)
    }

    /// Refuses what a column would cut or the server would not take.
    fn check_lengths(
        &self,
        call: Call,
        known: &Known,
        key: &StoreKey,
        payload: &[u8],
        owner: Option<&str>,
    ) -> Result<()> {
        let what = if payload.len() > known.max_payload {
            format!("a payload holds {} bytes at most", known.max_payload)
        } else if key.as_bytes().len() > MAX_TEXT {
            format!("a key holds {MAX_TEXT} bytes at most")
        } else if self.options.has_owners && owner.is_some_and(|owner| owner.len() > MAX_TEXT) {
            format!("an owner holds {MAX_TEXT} bytes at most")
        } else {
            return Ok(());
        };
        Err(call.error(self.words.name, ErrorKind::TooLarge, &what))
    }
}

impl Known {
    fn new(words: &Words, options: &Checked, table: &Table) -> Self {
        Self {
            is_settled: table.check(words, options.has_owners).is_ok(),
            statements: Statements::new(words, &options.name, table, options.has_owners),
            max_payload: table.max_payload(words),
            ttl_resolution: table.ttl_resolution(),
        }
    }
}

#[async_trait]
impl Store for SqlStore {
    fn capabilities(&self) -> Capabilities {
        let known = self.known();
        Capabilities {
            name: "sqlalchemy",
            owner_index: self.options.has_owners,
            needs_sweep: true,
            max_payload: Some(known.max_payload),
            max_key: Some(MAX_TEXT),
            ttl_resolution: known.ttl_resolution,
        }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        let known = self.settled(Call::Load).await?;
        let bound = bind(&known.statements.load, Values { key: Some(key), ..Values::default() });
        let deadline = Instant::now() + self.operation_timeout();
        match self.engine.ask(bound, Ask::Record, deadline).await {
            Ok(Answer::Record(row)) => Ok(row.and_then(record)),
            Ok(_) => Err(self.error(Call::Load, Fault::Unexpected)),
            Err(fault) => Err(self.error(Call::Load, fault)),
        }
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        let (call, old) = match when {
            Precondition::Absent => (Call::Create, None),
            Precondition::Unchanged(loaded) => (Call::Update, Some(loaded)),
        };
        let known = self.settled(call).await?;
        self.check_lengths(call, &known, key, &payload, lease.owner)?;
        let statement = match when {
            Precondition::Absent => &known.statements.create,
            Precondition::Unchanged(_) => &known.statements.update,
        };
        let values = Values { key: Some(key), data: &payload, old, lease: Some(lease) };
        match self.change(bind(statement, values), self.operation_timeout()).await {
            Err(Fault::Refused(Refusal::Taken)) if old.is_none() => Ok(Outcome::Refused),
            rows => self.outcome(call, rows),
        }
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        let known = self.settled(Call::Touch).await?;
        self.check_lengths(Call::Touch, &known, key, &[], lease.owner)?;
        let values =
            Values { key: Some(key), old: Some(loaded), lease: Some(lease), ..Values::default() };
        let bound = bind(&known.statements.touch, values);
        self.outcome(Call::Touch, self.change(bound, self.operation_timeout()).await)
    }

    async fn delete(
        &self,
        key: &StoreKey,
        _owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        let known = self.settled(Call::Delete).await?;
        let statement = match expected {
            Some(_) => &known.statements.delete_expected,
            None => &known.statements.delete,
        };
        let values = Values { key: Some(key), old: expected, ..Values::default() };
        let rows = self.change(bind(statement, values), self.operation_timeout()).await;
        Ok(self.outcome(Call::Delete, rows)? != Outcome::Refused)
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        if !self.options.has_owners {
            return Err(no_owner_index(self.words.name, "set SESSION_OWNER_INDEX"));
        }
        let known = self.settled(Call::List).await?;
        let lease = Lease { ttl: Duration::ZERO, owner: Some(owner) };
        let values = Values { lease: Some(&lease), ..Values::default() };
        let bound = bind(&known.statements.list, values);
        let deadline = Instant::now() + self.operation_timeout();
        match self.engine.ask(bound, Ask::Texts, deadline).await {
            Ok(Answer::Texts(keys)) => Ok(keys.iter().map(|key| StoreKey::new("", key)).collect()),
            Ok(_) => Err(self.error(Call::List, Fault::Unexpected)),
            Err(fault) => Err(self.error(Call::List, fault)),
        }
    }

    async fn delete_expired(&self) -> Result<u64> {
        let known = self.settled(Call::Sweep).await?;
        let mut removed = 0;
        loop {
            let bound = bind(&known.statements.sweep, Values::default());
            let rows = self.change(bound, self.operation_timeout()).await;
            let rows = rows.map_err(|fault| self.error(Call::Sweep, fault))?;
            removed += rows;
            if rows < BATCH {
                return Ok(removed);
            }
        }
    }
}

impl SqlStore {
    fn outcome(&self, call: Call, rows: Result<u64, Fault>) -> Result<Outcome> {
        match rows.map_err(|fault| self.error(call, fault))? {
            0 => Ok(Outcome::Refused),
            _ => Ok(Outcome::Written { cas: 0 }),
        }
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore")
            .field("database", &self.words.name)
            .field("table", &self.options.name)
            .field("limits", &self.options.limits)
            .finish_non_exhaustive()
    }
}

/// The values of a call; those that a statement does not mention are left out.
#[derive(Clone, Copy, Default)]
struct Values<'a> {
    key: Option<&'a StoreKey>,
    data: &'a [u8],
    old: Option<&'a Record>,
    lease: Option<&'a Lease<'a>>,
}

fn bind(statement: &Statement, values: Values<'_>) -> Bound {
    statement.bind(|slot| match slot {
        Slot::Key => Value::Text(values.key.map_or_else(String::new, |key| key.as_str().into())),
        Slot::Data => Value::Bytes(values.data.to_vec()),
        Slot::Old => Value::Bytes(values.old.map_or_else(Vec::new, |old| old.payload.to_vec())),
        Slot::TtlMs => Value::Number(values.lease.map_or(0, Lease::ttl_ms)),
        Slot::Owner => {
            Value::Nullable(values.lease.and_then(|lease| lease.owner.map(str::to_owned)))
        }
    })
}

/// Reads a row; one without data holds no session, as Flask-Session has it.
fn record((data, left_ms): (Option<Vec<u8>>, i64)) -> Option<Record> {
    // The last part of a millisecond counts as a whole one: the row was live.
    let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0).max(1));
    data.map(|data| Record { payload: data.into(), cas: 0, ttl: left })
}

#[cfg(test)]
mod tests {
    use super::record;
    use std::time::Duration;

    #[test]
    fn rows_are_records_unless_they_have_no_data() {
        for (left_ms, expected) in [(-1, 1), (0, 1), (1, 1), (1_500, 1_500)] {
            let record = record((Some(vec![1]), left_ms)).unwrap();
            assert_eq!(record.ttl, Duration::from_millis(expected));
            assert_eq!(&record.payload[..], [1]);
        }
        assert!(record((None, 1_500)).is_none());
    }
}
