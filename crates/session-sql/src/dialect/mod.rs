//! What differs between the databases.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use crate::error::{Fault, Refusal};
use crate::name::{Name, TableName};
use crate::pace::Pace;
use crate::statement::Marker;
use sqlx::Database;
use sqlx::error::DatabaseError;
use std::pin::Pin;
use std::time::Duration;

/// What a new connection answers to what it is told first.
pub(crate) type Prepared<'c> = Pin<Box<dyn Future<Output = sqlx::Result<()>> + Send + 'c>>;

/// Whether a new connection leads to a server that can be written to.
pub(crate) type Writer<'c> = Pin<Box<dyn Future<Output = sqlx::Result<bool>> + Send + 'c>>;

/// A database this crate can speak to.
pub(crate) trait Dialect: Database {
    /// Its way of saying things.
    const WORDS: Words;

    /// How many rows a statement changed, or found to change.
    fn affected(result: &Self::QueryResult) -> u64;

    /// What the server says by refusing a statement.
    fn refusal(error: &dyn DatabaseError) -> Refusal;

    /// Tells a new connection of our own what the store relies on. A call has `operation` in all.
    fn prepare(_connection: &mut Self::Connection, _operation: Duration) -> Prepared<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Asks a new connection whether its server takes writes, where a URL can ask for that.
    fn is_writer(_connection: &mut Self::Connection) -> Writer<'_> {
        Box::pin(std::future::ready(Ok(true)))
    }

    /// Whether a pooler, on which statements cannot be prepared, refused to connect as usual.
    fn is_pooler(_error: &sqlx::Error) -> bool {
        false
    }

    /// Why there is no connection.
    fn unreached(error: sqlx::Error) -> Fault {
        match error {
            sqlx::Error::Database(error) => Fault::turned_away(Self::refusal(&*error)),
            error => Fault::unreached(&error),
        }
    }

    /// The same, of a connection of our own.
    fn unopened(
        error: sqlx::Error,
        _place: &<Self::Connection as sqlx::Connection>::Options,
    ) -> Fault {
        Self::unreached(error)
    }
}

/// Pieces of SQL. In them `{table}`, `{bare}` (without its schema), `{schema}` and the other names
/// in braces are replaced when statements are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// The name in messages.
    pub(crate) name: &'static str,
    pub(crate) quote: char,
    pub(crate) marker: Marker,
    /// The server's clock, naive UTC.
    pub(crate) now: &'static str,
    /// When a lease of `:ttl_ms` that begins now ends, never earlier, in the `{digits}` of a second
    /// that the column has; the last one is `{step_us}`.
    pub(crate) until: &'static str,
    /// Milliseconds from now to `expiry`.
    pub(crate) left_ms: &'static str,
    /// Whether a row has not expired.
    pub(crate) is_live: &'static str,
    /// Whether a row has exactly the key.
    pub(crate) is_key: &'static str,
    /// Whether a row has exactly the payload `:old`.
    pub(crate) is_old: &'static str,
    /// Whether a row has exactly the owner.
    pub(crate) is_owner: &'static str,
    /// Whether the key of a row begins with `:prefix`, byte for byte.
    pub(crate) is_under: &'static str,
    /// Where the rows under `:prefix` begin in an order `{order}` that keeps them together.
    pub(crate) from_prefix: &'static str,
    /// Whether a row comes before their end, at `:end`.
    pub(crate) within_prefix: &'static str,
    /// Ends an `INSERT` that must not fail where the key has a row already.
    pub(crate) or_nothing: &'static str,
    /// Removes `{batch}` or `:most` expired rows.
    pub(crate) sweep: &'static str,
    /// How many those are.
    pub(crate) pace: Pace,
    /// Ends the condition of every statement, where a server may execute another one in its place:
    /// fails unless `:mark` is this statement's `{mark}`.
    pub(crate) guard: &'static str,
    /// Stands before a statement that has no values, or has them written into it: gives the server
    /// `{ms}` for it.
    pub(crate) preamble: Option<&'static str>,
    /// Asks for what is known of the table: `column NAME` of each, `index NAME` where one begins with
    /// it, `unique NAME` where it is so by itself, `order KEY` by which the index of keys has them,
    /// or `range KEY` if keys under a prefix are together there; `text NAME` where payloads would be,
    /// `limit BYTES`
    /// of `data`, `digits COUNT` of a second in `expiry`, `packet BYTES` of the largest message,
    /// `autocommit 0` where a statement is not committed by itself; `user NAME` and `schema NAME` as
    /// they stand in a `GRANT`, `lacks RIGHT` that the user needs to the table, and `sequence NAME`
    /// of which it lacks `USAGE`.
    pub(crate) describe: &'static str,
    /// Asks what the server is and how it is set up: `version` with its name, `now_ms` by its clock,
    /// and lines that `store::examine` has rules for.
    pub(crate) examine: &'static str,
    /// Changes nothing, and is denied to whom `DELETE` is, where the server does not tell that.
    pub(crate) may_delete: Option<&'static str>,
    /// Makes the table; `{owner_column}` is nothing or its definition.
    pub(crate) create: &'static str,
    /// What a user needs to do that, and what to change a table; nothing where its owner alone can.
    pub(crate) right_to_create: &'static str,
    pub(crate) right_to_change: &'static str,
    pub(crate) owner_column: &'static str,
    pub(crate) add_owner: &'static str,
    pub(crate) index_expiry: &'static str,
    pub(crate) index_owner: &'static str,
    /// What `ALTER TABLE` is told to make bytes of a column `data` of text, where that does not hold
    /// payloads.
    pub(crate) text_to_bytes: &'static str,
    /// The largest value of the server, where the table sets no lower limit.
    pub(crate) max_payload: usize,
}

impl Words {
    /// Replaces the names in braces.
    pub(crate) fn fill(&self, template: &str, name: &TableName) -> String {
        let quoted = |text: &str| format!("{0}{text}{0}", self.quote);
        let bare = name.table.as_str();
        let schema = name.schema.as_ref().map(Name::as_str);
        let prefix = schema.map_or_else(String::new, |schema| format!("{}.", quoted(schema)));
        let pairs = [
            ("{left_ms}", self.left_ms.to_owned()),
            ("{is_live}", self.is_live.to_owned()),
            ("{is_key}", self.is_key.to_owned()),
            ("{is_old}", self.is_old.to_owned()),
            ("{is_owner}", self.is_owner.to_owned()),
            ("{is_under}", self.is_under.to_owned()),
            ("{now}", self.now.to_owned()),
            ("{batch}", self.pace.rows().to_string()),
            ("{table}", format!("{prefix}{}", quoted(bare))),
            ("{bare}", bare.to_owned()),
            ("{bare_quoted}", quoted(bare)),
            ("{bare_expiry_idx}", quoted(&format!("{bare}_expiry_idx"))),
            ("{bare_owner_idx}", quoted(&format!("{bare}_owner_idx"))),
            ("{schema.}", prefix),
            ("{, schema}", schema.map_or_else(String::new, |schema| format!(", '{schema}'"))),
            (
                "{schema_text}",
                schema.map_or_else(|| "DATABASE()".to_owned(), |schema| format!("'{schema}'")),
            ),
        ];
        pairs.iter().fold(template.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}
