//! Writes to SQLite, which go together when they wait together.
//!
//! A file has one writer at a time, whose own way of waiting is to try again and lets late-comers
//! go first; so the writes of a process wait in a line. A transaction costs more than a statement in
//! it, and a message to the thread that sqlx has for a connection more than both, so those that say
//! the same with other values go in one message, as one transaction; decision 26 has the figures.

use crate::client::{Answer, Ask, Engine, failed, fault};
use crate::config::Way;
use crate::connections::{Connection, Connections};
use crate::error::Fault;
use crate::line::{Line, MOST, Service, Write};
use crate::statement::Bound;
use futures_util::StreamExt as _;
use session_core::async_trait;
use session_core::store::Lost;
use sqlx::{AssertSqlSafe, Either, Executor as _, SqlSafeStr, Sqlite, SqliteConnection};
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// SQLite: reads go their own ways, writes through the line.
pub(crate) struct OneWriter {
    connections: Arc<Connections<Sqlite>>,
    line: Arc<Line>,
}

impl OneWriter {
    pub(crate) fn new(connections: Connections<Sqlite>) -> Self {
        Self { connections: Arc::new(connections), line: Arc::default() }
    }
}

#[async_trait]
impl Engine for OneWriter {
    async fn ask(&self, bound: Bound, ask: Ask, deadline: Instant) -> Result<Answer, Fault> {
        if ask != Ask::Change {
            return self.connections.ask(bound, ask, deadline).await;
        }
        let (mut answer, service) = self.line.enter(bound, deadline);
        if let Some(service) = service {
            tokio::spawn(serve(Arc::clone(&self.connections), service));
        }
        let written = match timeout_at(deadline, &mut answer).await {
            Ok(written) => written.unwrap_or(Err(Lost::Broken.into())),
            Err(_) => self.line.late(answer),
        };
        written.map(|changed| Answer { changed, ..Answer::default() })
    }

    fn way(&self) -> Way {
        self.connections.way()
    }
}

/// Serves the line until nobody waits. No statement is given up: SQLite bounds its own waiting, and
/// a connection that is left in the middle would keep its transaction.
async fn serve(connections: Arc<Connections<Sqlite>>, mut service: Service) {
    while let Some(waiting) = service.waiting() {
        let mut connection = match connections.acquire(waiting.deadline).await {
            Ok(connection) => connection,
            Err(fault) => {
                service.turn_away(&waiting, &fault);
                continue;
            }
        };
        if waiting.group == 1 {
            match service.take(1).pop() {
                Some(write) => alone(connection, write).await,
                None => connection.give_back(),
            }
            continue;
        }
        // The lock is waited for before a write is taken: who runs out of time meanwhile is known
        // to have written nothing.
        match sqlx::raw_sql("BEGIN IMMEDIATE").execute(connection.get()).await {
            Ok(_) => together(&connections, connection, service.take(MOST)).await,
            Err(error) => service.turn_away(&waiting, &failed(connection, error)),
        }
    }
}

/// Sends a write that is committed by itself.
async fn alone(mut connection: Connection<Sqlite>, write: Write) {
    let sql = Arc::clone(&write.bound.sql);
    let sent = send(connection.get(), AssertSqlSafe(sql), std::slice::from_ref(&write), 1).await;
    write.answer(match sent {
        Ok(changed) => {
            connection.give_back();
            Ok(changed.iter().sum())
        }
        Err((_, error)) => Err(failed(connection, error)),
    });
}

/// Sends writes that say the same, and commits them. If one of them fails, all are rolled back and
/// each is sent alone; if only the commit does, that is the answer to all.
async fn together(
    connections: &Arc<Connections<Sqlite>>,
    mut connection: Connection<Sqlite>,
    writes: Vec<Write>,
) {
    let mut sql = String::new();
    for write in &writes {
        sql.push_str(&write.bound.sql);
        sql.push(';');
    }
    sql.push_str("COMMIT");
    match send(connection.get(), AssertSqlSafe(sql), &writes, writes.len() + 1).await {
        Ok(changed) => {
            connection.give_back();
            for (write, changed) in writes.into_iter().zip(changed) {
                write.answer(Ok(changed));
            }
        }
        Err((answered, error)) => {
            let fault = undo(connection, error).await;
            if answered == writes.len() || matches!(fault, Fault::Lost(..)) {
                writes.into_iter().for_each(|write| write.answer(Err(fault.copy())));
                return;
            }
            for write in writes {
                match connections.acquire(write.deadline).await {
                    Ok(connection) => alone(connection, write).await,
                    Err(fault) => write.answer(Err(fault)),
                }
            }
        }
    }
}

/// Rolls a transaction back. SQLite has done so itself after some errors, and what it has against
/// doing it again cannot be told from other failures: such a connection is closed.
async fn undo(mut connection: Connection<Sqlite>, error: sqlx::Error) -> Fault {
    match sqlx::raw_sql("ROLLBACK").execute(connection.get()).await {
        Ok(_) => failed(connection, error),
        Err(_) => fault::<Sqlite>(error),
    }
}

/// Sends `sql` with the values of `writes` and returns how many rows each of its `statements`
/// changed; else what one failed with, and how many did before.
async fn send(
    connection: &mut SqliteConnection,
    sql: impl SqlSafeStr,
    writes: &[Write],
    statements: usize,
) -> Result<Vec<u64>, (usize, sqlx::Error)> {
    let mut query = sqlx::query::<Sqlite>(sql);
    for value in writes.iter().flat_map(|write| &write.bound.values) {
        query = value.bind_to(query);
    }
    let mut answers = connection.fetch_many(query);
    let mut changed = Vec::with_capacity(statements);
    // The end of the answers would be one more message to wait for.
    while changed.len() < statements {
        match answers.next().await {
            Some(Ok(Either::Left(done))) => changed.push(done.rows_affected()),
            Some(Ok(Either::Right(_))) => {}
            Some(Err(error)) => return Err((changed.len(), error)),
            None => return Err((changed.len(), sqlx::Error::WorkerCrashed)),
        }
    }
    Ok(changed)
}
