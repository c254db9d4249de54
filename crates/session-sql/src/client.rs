//! Sends statements: within a deadline, never twice if they write, and to their end.

use crate::config::Way;
use crate::connections::{Connection, Connections};
use crate::dialect::Dialect;
use crate::error::{Fault, Refusal};
use crate::plain;
use crate::statement::{Bound, Marker};
use session_core::async_trait;
use session_core::store::{Lost, reread, undisturbed};
use sqlx::{AssertSqlSafe, ColumnIndex, Decode, Encode, Executor, IntoArguments, Row as _, Type};
use std::pin::Pin;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// What a call wants back, and whether it may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// How many rows a write changed.
    Change,
    /// A payload and the milliseconds it has left.
    Record,
    /// A column of text.
    Texts,
    /// Keys, each with what `Record` is, or without data.
    Records,
}

/// What was asked for; the rest is empty.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) changed: u64,
    pub(crate) record: Option<(Option<Vec<u8>>, i64)>,
    pub(crate) texts: Vec<String>,
    pub(crate) records: Vec<(String, Option<Vec<u8>>, i64)>,
}

/// A database that answers, whichever it is.
#[async_trait]
pub(crate) trait Engine: Send + Sync {
    /// Sends `bound` and returns by `deadline`.
    ///
    /// # Cancellation
    ///
    /// The statement runs to its end without the caller, so that its connection stays in order: a
    /// client dropped while it prepares a statement would take the answer for the next one's.
    async fn ask(&self, bound: Bound, ask: Ask, deadline: Instant) -> Result<Answer, Fault>;

    /// How statements are sent, as far as is known.
    fn way(&self) -> Way;
}

/// How often a statement that gave way to others is sent again.
const DEADLOCKS: usize = 4;

#[async_trait]
impl<DB: Speak> Engine for Arc<Connections<DB>> {
    async fn ask(&self, bound: Bound, ask: Ask, deadline: Instant) -> Result<Answer, Fault> {
        let connections = Arc::clone(self);
        undisturbed(async move {
            let is_stale = |fault: &Fault| ask != Ask::Change && fault.is_stale();
            reread(is_stale, || give_way(&connections, &bound, ask, deadline)).await
        })
        .await?
    }

    fn way(&self) -> Way {
        Connections::way(self)
    }
}

/// Sends a statement again that was rolled back, at once, for another writer to go on.
async fn give_way<DB: Speak>(
    connections: &Connections<DB>,
    bound: &Bound,
    ask: Ask,
    deadline: Instant,
) -> Result<Answer, Fault> {
    for _ in 0..DEADLOCKS {
        match attempt(connections, bound, ask, deadline).await {
            Err(Fault::Refused(Refusal::Deadlock)) => {}
            answer => return answer,
        }
    }
    attempt(connections, bound, ask, deadline).await
}

async fn attempt<DB: Speak>(
    connections: &Connections<DB>,
    bound: &Bound,
    ask: Ask,
    deadline: Instant,
) -> Result<Answer, Fault> {
    let mut connection = connections.acquire(deadline).await?;
    // What has no values is sent once; what a pooler passes on leaves nothing on a connection.
    let has_pooler = connections.way() == Way::Plain && DB::WORDS.marker == Marker::Dollar;
    let plain = DB::WORDS.preamble.filter(|_| bound.values.is_empty() || has_pooler);
    let plain = plain.map(|preamble| {
        plain::written(bound, preamble, deadline.saturating_duration_since(Instant::now()))
    });
    match timeout_at(deadline, DB::speak(connection.get(), bound, plain, ask)).await {
        Ok(Ok(answer)) => {
            connection.give_back();
            Ok(answer)
        }
        Ok(Err(error)) => Err(failed(connection, error)),
        Err(_) => {
            connection.forsake();
            Err(Lost::Silent.into())
        }
    }
}

/// Ends the loan of a connection on which a statement failed.
pub(crate) fn failed<DB: Dialect>(connection: Connection<DB>, error: sqlx::Error) -> Fault {
    let fault = fault::<DB>(error);
    match &fault {
        Fault::Refused(refusal) if !refusal.taints_connection() => connection.give_back(),
        Fault::Unexpected => {}
        _ => connection.condemn(),
    }
    fault
}

/// Why a statement failed that was sent.
pub(crate) fn fault<DB: Dialect>(error: sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Database(error) => Fault::Refused(DB::refusal(&*error)),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Fault::Unexpected,
        error => Fault::broken(&error),
    }
}

type Spoken<'c> = Pin<Box<dyn Future<Output = sqlx::Result<Answer>> + Send + 'c>>;

/// The one place that needs to know all that sqlx can do with a database.
pub(crate) trait Speak: Dialect {
    /// Sends `plain`, if there is one, else `bound`.
    fn speak<'c>(
        connection: &'c mut Self::Connection,
        bound: &'c Bound,
        plain: Option<String>,
        ask: Ask,
    ) -> Spoken<'c>;
}

/// Sends `query`, and reads from its answer what `ask` is for.
macro_rules! answer {
    ($query:expr, $connection:expr, $ask:expr) => {{
        let mut answer = Answer::default();
        match $ask {
            Ask::Change => answer.changed = DB::affected(&$query.execute($connection).await?),
            Ask::Record => {
                if let Some(row) = $query.fetch_optional($connection).await? {
                    answer.record = Some((row.try_get(0)?, row.try_get(1)?));
                }
            }
            Ask::Texts => {
                let rows = $query.fetch_all($connection).await?;
                answer.texts = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
            }
            Ask::Records => {
                let rows = $query.fetch_all($connection).await?;
                let row = |row: &DB::Row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
                answer.records = rows.iter().map(row).collect::<sqlx::Result<_>>()?;
            }
        }
        Ok(answer)
    }};
}

impl<DB> Speak for DB
where
    DB: Dialect,
    DB::Arguments: IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    for<'q> &'q str: Encode<'q, DB> + Type<DB>,
    for<'q> &'q [u8]: Encode<'q, DB> + Type<DB>,
    for<'q> Option<&'q str>: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    for<'q> String: Decode<'q, DB> + Type<DB>,
    for<'q> Option<Vec<u8>>: Decode<'q, DB> + Type<DB>,
    usize: ColumnIndex<DB::Row>,
{
    fn speak<'c>(
        connection: &'c mut DB::Connection,
        bound: &'c Bound,
        plain: Option<String>,
        ask: Ask,
    ) -> Spoken<'c> {
        if let Some(sql) = plain {
            let query = sqlx::raw_sql(AssertSqlSafe(sql));
            return Box::pin(async move { answer!(query, connection, ask) });
        }
        let mut query = sqlx::query::<DB>(AssertSqlSafe(Arc::clone(&bound.sql)));
        for value in &bound.values {
            query = value.bind_to(query);
        }
        Box::pin(async move { answer!(query, connection, ask) })
    }
}
