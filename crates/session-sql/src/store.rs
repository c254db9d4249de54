//! The store: each call one statement.

mod examine;
mod open;

use crate::client::{Answer, Ask, Engine};
use crate::config::Checked;
use crate::dialect::Words;
use crate::error::{Fault, Refusal};
use crate::statement::{Bound, Values};
use crate::statements::Statements;
use crate::table::Table;
use session_core::store::{Call, Cursor, Finding, Limits, Page, Scan, left_ms, no_owner_index};
use session_core::{
    Bytes, Capabilities, Error, Lease, Outcome, Precondition, Record, Result, Store, StoreKey,
    async_trait,
};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Sessions in a table of PostgreSQL, MySQL, MariaDB or SQLite.
///
/// Each call is one statement, committed before it is answered, and ends within the operation timeout.
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
    limits: Limits,
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
        table.check(&self.words, &self.options.name, self.options.has_owners)?;
        Ok(self.learn(&table))
    }

    /// Sends a statement that is answered within the operation timeout.
    async fn ask(&self, bound: Bound, ask: Ask) -> Result<Answer, Fault> {
        let deadline = Instant::now() + self.options.timeouts.operation();
        self.engine.ask(bound, ask, deadline).await
    }

    /// Sends a statement of `call`, which changes a record or is refused.
    async fn change(&self, call: Call, bound: Bound) -> Result<Outcome> {
        match self.ask(bound, Ask::Change).await {
            Ok(Answer { changed: 0, .. }) => Ok(Outcome::Refused),
            Ok(_) => Ok(Outcome::Written { cas: 0 }),
            Err(Fault::Refused(Refusal::Taken)) if call == Call::Create => Ok(Outcome::Refused),
            Err(fault) => Err(self.error(call, fault)),
        }
    }

    fn error(&self, call: Call, fault: Fault) -> Error {
        fault.into_error(call, self.words.name)
    }
}

impl Known {
    fn new(words: &Words, options: &Checked, table: &Table) -> Self {
        Self {
            is_settled: table.check(words, &options.name, options.has_owners).is_ok(),
            statements: Statements::new(words, &options.name, table, options.has_owners),
            limits: table.limits(words, options.has_owners),
            ttl_resolution: table.ttl_resolution(),
        }
    }

    fn capabilities(&self, options: &Checked) -> Capabilities {
        Capabilities {
            name: "sqlalchemy",
            owner_index: options.has_owners,
            needs_sweep: true,
            max_payload: self.limits.payload,
            max_key: self.limits.key,
            scan: Scan::Once,
            ttl_resolution: self.ttl_resolution,
        }
    }
}

#[async_trait]
impl Store for SqlStore {
    fn capabilities(&self) -> Capabilities {
        self.known().capabilities(&self.options)
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        let known = self.settled(Call::Load).await?;
        let bound = known.statements.load.bind(Values { key: Some(key), ..Values::default() });
        let answer = self.ask(bound, Ask::Record).await;
        Ok(answer.map_err(|fault| self.error(Call::Load, fault))?.record.and_then(record))
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        let known = self.settled(when.call()).await?;
        known.limits.check(when.call(), self.words.name, key, &payload, lease.owner)?;
        let statement = match when {
            Precondition::Absent => &known.statements.create,
            Precondition::Unchanged(_) => &known.statements.update,
        };
        let values = Values { data: Some(&payload), old: when.loaded(), ..Values::of(key, lease) };
        self.change(when.call(), statement.bind(values)).await
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        let known = self.settled(Call::Touch).await?;
        known.limits.check(Call::Touch, self.words.name, key, &[], lease.owner)?;
        let values = Values { old: Some(loaded), ..Values::of(key, lease) };
        self.change(Call::Touch, known.statements.touch.bind(values)).await
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
        Ok(self.change(Call::Delete, statement.bind(values)).await?.is_written())
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        if !self.options.has_owners {
            return Err(no_owner_index(self.words.name, "set SESSION_OWNER_INDEX"));
        }
        let known = self.settled(Call::List).await?;
        let bound = known.statements.list.bind(Values { owner: Some(owner), ..Values::default() });
        let answer = self.ask(bound, Ask::Texts).await;
        let keys = answer.map_err(|fault| self.error(Call::List, fault))?.texts;
        Ok(keys.iter().map(|key| StoreKey::new("", key)).collect())
    }

    async fn delete_expired(&self) -> Result<u64> {
        let known = self.settled(Call::Sweep).await?;
        let (mut pace, mut removed) = (self.words.pace, 0);
        loop {
            let most = pace.rows();
            let values = Values { most: most.cast_signed(), ..Values::default() };
            let began = Instant::now();
            let answer = self.ask(known.statements.sweep.bind(values), Ask::Change).await;
            let rows = answer.map_err(|fault| self.error(Call::Sweep, fault))?.changed;
            removed += rows;
            if rows < most {
                return Ok(removed);
            }
            let (next, pause) = pace.after(began.elapsed());
            pace = next;
            sleep(pause).await;
        }
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        let known = self.settled(Call::Scan).await?;
        let after = after.map(|cursor| cursor.to_key(self.words.name)).transpose()?;
        let bound = known.statements.scan.bind(prefix, after.as_ref(), most);
        let answer = self.ask(bound, Ask::Records).await;
        let rows = answer.map_err(|fault| self.error(Call::Scan, fault))?.records;
        Ok(page(rows, most))
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        self.findings().await
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore")
            .field("database", &self.words.name)
            .field("table", &self.options.name)
            .field("timeouts", &self.options.timeouts)
            .finish_non_exhaustive()
    }
}

/// Reads a row; one without data holds no session, as Flask-Session has it.
fn record((data, left): (Option<Vec<u8>>, i64)) -> Option<Record> {
    data.map(|data| Record { payload: data.into(), cas: 0, ttl: left_ms(left) })
}

/// What `most` rows at most say; those that expired, or are others', have no data.
fn page(rows: Vec<(String, Option<Vec<u8>>, i64)>, most: NonZeroUsize) -> Page {
    let last = rows.last().filter(|_| rows.len() >= most.get());
    let next = last.map(|(key, ..)| Cursor::after_key(key));
    let live = |(key, data, left): (String, _, _)| {
        record((data, left)).map(|record| (StoreKey::new("", &key), record))
    };
    Page { records: rows.into_iter().filter_map(live).collect(), next, ..Page::default() }
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
