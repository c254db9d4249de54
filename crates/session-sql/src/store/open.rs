//! From options or a pool to a store whose table is there.

use super::{Known, SqlStore};
use crate::address::{self, Target};
use crate::client::{Ask, Engine};
use crate::config::{Checked, SqlOptions};
use crate::dialect::Words;
use crate::engines::Client;
use crate::error::{Fault, Refusal};
use crate::statement::Bound;
use crate::table::Table;
use session_core::Result;
use session_core::store::{Call, LazyStore};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::time::Instant;

/// An index on a table of many rows takes its time.
const INIT_TIMEOUT: Duration = Duration::from_secs(60);

/// How often `init` begins again if another process makes the same table at the same time.
const INIT_ATTEMPTS: usize = 4;

impl SqlStore {
    /// Connects to the database and looks at the table, as an application does that must not start
    /// without its sessions.
    ///
    /// The table may be missing: [`init`](Self::init) makes it.
    ///
    /// # Errors
    ///
    /// `Config` if an option cannot be used, the table has other columns, or the user lacks a right
    /// to it, with what gives that; `Unavailable` or
    /// `Timeout` if the database cannot be reached or refuses the log-in.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # mod web_session { pub mod stores { pub use session_sql as sql; } }
    /// use web_session::stores::sql::{SqlOptions, SqlStore};
    ///
    /// # async fn example() -> session_core::Result<()> {
    /// let store = SqlStore::connect("postgresql://app:secret@db.internal/shop").await?;
    /// store.init().await?;
    ///
    /// let options = SqlOptions::new("mysql://app@db.internal/shop").owner_index(true);
    /// let store = SqlStore::connect(options).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(options: impl Into<SqlOptions>) -> Result<Self> {
        let options = options.into();
        let checked = options.check()?;
        let Target { engine, words, timeouts } = address::target(&options)?;
        Self::open(engine, words, Checked { timeouts, ..checked }).await
    }

    /// Does what [`connect`](Self::connect) does, and makes no file: one of SQLite that is missing is
    /// an error, for tools that look at what is there.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_existing(options: impl Into<SqlOptions>) -> Result<Self> {
        let mut options = options.into();
        options.makes_file = false;
        Self::connect(options).await
    }

    /// [`connect`](Self::connect) and [`init`](Self::init): a store that is ready.
    ///
    /// # Errors
    ///
    /// Those of the two.
    pub async fn set_up(options: impl Into<SqlOptions>) -> Result<Self> {
        let store = Self::connect(options).await?;
        store.init().await?;
        Ok(store)
    }

    /// Checks the options and leaves the rest to the first call, so that an application starts while
    /// its database is down: that call connects, has [`init`](Self::init) make what is missing, and
    /// checks the table and the rights to it.
    ///
    /// # Errors
    ///
    /// `Config` if an option cannot be used. What [`connect`](Self::connect) and `init` refuse, calls
    /// are told, as [`LazyStore`] has it.
    pub fn connect_lazy(options: impl Into<SqlOptions>) -> Result<LazyStore<Self>> {
        let options = options.into();
        let checked = options.check()?;
        let Target { words, timeouts, .. } = address::target(&options)?;
        let before = Known::new(&words, &checked, &Table::default()).capabilities(&checked);
        Ok(LazyStore::new(before, timeouts, move || Self::set_up(options.clone())))
    }

    /// Uses a pool that the application already has; the URL of `options` is not.
    ///
    /// sqlx's pool pings a connection after every use, beside the call but not for free, and its
    /// limits and its way to connect are its own. For MySQL keep the client's default of counting
    /// found rows; for SQLite set a busy timeout below the operation timeout.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # mod web_session { pub mod stores { pub use session_sql as sql; } }
    /// use web_session::stores::sql::{SqlOptions, SqlStore};
    ///
    /// # async fn example(pool: sqlx::PgPool) -> session_core::Result<()> {
    /// let store = SqlStore::from_client(pool.clone(), SqlOptions::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn from_client(client: impl Client, options: SqlOptions) -> Result<Self> {
        let checked = options.check()?;
        let (engine, words) = client.into_engine(options.way);
        Self::open(engine, words, checked).await
    }

    /// Makes the table, its indexes and the owner's column where they are missing.
    ///
    /// Columns are those of Flask-Session; a table that Flask made is taken as it is, and only
    /// indexes and the owner's column are added to it. Where nothing is missing nothing is
    /// changed, so the user needs no right to; nor where only indexes are missing, which are then
    /// left out: sweeps and lists of an owner read the whole table. Safe to call from several
    /// processes at once.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect); `Unavailable`, not retryable, if the user may not make the
    /// table or column that is missing, with the statement and what gives the right to it.
    pub async fn init(&self) -> Result<()> {
        let (name, has_owners) = (&self.options.name, self.options.has_owners);
        let mut attempts = 1;
        loop {
            let table = self.describe(Call::Inspect).await?;
            let steps = table.missing(&self.words, name, has_owners);
            if steps.is_empty() {
                table.check(&self.words, name, has_owners)?;
                self.learn(&table);
                return Ok(());
            }
            // Made, and not to be seen.
            if attempts > INIT_ATTEMPTS {
                return Err(table.denied(&self.words, name, &steps[0]));
            }
            for step in steps {
                let deadline = Instant::now() + INIT_TIMEOUT;
                match self.engine.ask(Bound::plain(&step), Ask::Change, deadline).await {
                    Ok(_) => {}
                    Err(Fault::Refused(Refusal::Denied)) => {
                        if table.check(&self.words, name, has_owners).is_err() {
                            return Err(table.denied(&self.words, name, &step));
                        }
                        self.learn(&table);
                        return Ok(());
                    }
                    // Another process did it first, or is about to.
                    Err(Fault::Refused(_)) if attempts < INIT_ATTEMPTS => break,
                    Err(fault) => return Err(self.error(Call::Init, fault)),
                }
            }
            attempts += 1;
        }
    }

    /// The statements that [`set_up`](Self::set_up) would say now, in this order; none if nothing is
    /// missing. Changes nothing, and makes no file.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn missing(options: impl Into<SqlOptions>) -> Result<Vec<String>> {
        let options = options.into();
        let store = match address::is_unmade(&options) {
            // As in a file that is empty.
            true => {
                let (checked, target) = (options.check()?, address::target(&options)?);
                let (name, has_owners) = (&checked.name, checked.has_owners);
                return Ok(Table::default().missing(&target.words, name, has_owners));
            }
            false => Self::connect_existing(options).await?,
        };
        let table = store.describe(Call::Inspect).await?;
        Ok(table.missing(&store.words, &store.options.name, store.options.has_owners))
    }

    async fn open(engine: Box<dyn Engine>, words: Words, options: Checked) -> Result<Self> {
        let unseen = Arc::new(Known::new(&words, &options, &Table::default()));
        let store = Self { engine, words, options, known: RwLock::new(unseen) };
        let table = store.describe(Call::Connect).await?;
        if table.exists() {
            table.check(&store.words, &store.options.name, false)?;
        }
        store.learn(&table);
        Ok(store)
    }

    pub(super) async fn describe(&self, call: Call) -> Result<Table> {
        let question = self.words.fill(self.words.describe, &self.options.name);
        let timeouts = self.options.timeouts;
        let deadline = Instant::now() + timeouts.connect() + timeouts.operation();
        let answer = self.engine.ask(Bound::plain(&question), Ask::Texts, deadline).await;
        let answer = answer.map_err(|fault| self.error(call, fault))?;
        let mut table: Table = answer.texts.into_iter().collect();
        if let Some(probe) = self.words.may_delete
            && table.exists()
        {
            let probe = Bound::plain(&self.words.fill(probe, &self.options.name));
            let asked = self.engine.ask(probe, Ask::Change, deadline).await;
            // Other faults come again, at a call that has more to say about them.
            if let Err(Fault::Refused(Refusal::Denied)) = asked {
                table.lacks("DELETE");
            }
        }
        Ok(table)
    }
}
