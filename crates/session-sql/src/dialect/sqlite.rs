//! SQLite.
//!
//! `expiry` is text of microseconds, as SQLAlchemy writes it, so it compares as text; SQLite's own
//! clock has milliseconds, cut off, for which one is added.

use super::{Dialect, Words};
use crate::error::{Fault, Refusal};
use crate::pace::Pace;
use crate::statement::Marker;
use sqlx::Sqlite;
use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteQueryResult};
use std::fs::File;
use std::io;
use std::path::Path;

impl Dialect for Sqlite {
    const WORDS: Words = Words {
        name: "sqlite",
        quote: '"',
        marker: Marker::Question,
        now: "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'",
        until: "strftime('%Y-%m-%d %H:%M:%f', 'now', ((:ttl_ms + 1) / 1000.0) || ' seconds') || '000'",
        left_ms: "CAST(round((julianday(expiry) - julianday('now')) * 86400000) AS INTEGER)",
        is_live: "expiry > {now}",
        is_key: "session_id = :key",
        // A column of text, as Flask-Sessionstore has it, keeps bytes, too; to `=` no text is bytes.
        is_old: "CAST(data AS BLOB) = :old",
        is_owner: "owner = :owner",
        is_under: "substr(CAST(session_id AS BLOB), 1, length(CAST(:prefix AS BLOB))) = \
                   CAST(:prefix AS BLOB)",
        from_prefix: "{order} >= :prefix",
        within_prefix: "{order} < :end",
        // Not of any conflict: an id that repeats, as after a restore, is no taken key.
        or_nothing: " ON CONFLICT (session_id) DO NOTHING",
        sweep: "DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} \
                WHERE expiry <= {now} OR expiry IS NULL LIMIT :most)",
        pace: Pace::Yielding(100),
        guard: "",
        preamble: None,
        describe: "SELECT 'column ' || name FROM pragma_table_info('{bare}'{, schema}) \
                   UNION ALL SELECT 'index ' || i.name \
                   FROM pragma_index_list('{bare}'{, schema}) AS l \
                   JOIN pragma_index_info(l.name{, schema}) AS i WHERE i.seqno = 0 \
                   UNION ALL SELECT 'unique ' || MIN(i.name) \
                   FROM pragma_index_list('{bare}'{, schema}) AS l \
                   JOIN pragma_index_info(l.name{, schema}) AS i \
                   WHERE l.\"unique\" = 1 AND l.partial = 0 GROUP BY l.name HAVING COUNT(*) = 1 \
                   UNION ALL SELECT CASE UPPER(MIN(i.coll)) WHEN 'BINARY' THEN 'range' \
                   ELSE 'order' END || ' session_id COLLATE \"' || MIN(i.coll) || '\"' \
                   FROM pragma_index_list('{bare}'{, schema}) AS l \
                   JOIN pragma_index_xinfo(l.name{, schema}) AS i ON i.key = 1 \
                   WHERE l.\"unique\" = 1 AND l.partial = 0 GROUP BY l.name \
                   HAVING COUNT(*) = 1 AND MIN(i.name) = 'session_id'",
        examine: "SELECT 'version SQLite ' || sqlite_version() \
                  UNION ALL SELECT 'journal ' || journal_mode FROM pragma_journal_mode",
        may_delete: None,
        right_to_create: "",
        right_to_change: "",
        create: "CREATE TABLE IF NOT EXISTS {table} (\
                 id INTEGER NOT NULL, \
                 session_id VARCHAR(255), \
                 data BLOB, \
                 expiry DATETIME, {owner_column}\
                 PRIMARY KEY (id), \
                 UNIQUE (session_id))",
        owner_column: "owner VARCHAR(255), ",
        add_owner: "ALTER TABLE {table} ADD COLUMN owner VARCHAR(255)",
        index_expiry: "CREATE INDEX IF NOT EXISTS {schema.}{bare_expiry_idx} ON {bare_quoted} \
                       (expiry)",
        index_owner: "CREATE INDEX IF NOT EXISTS {schema.}{bare_owner_idx} ON {bare_quoted} \
                      (owner)",
        text_to_bytes: "",
        // SQLITE_MAX_LENGTH as shipped, less the rest of the row.
        max_payload: 999_999_000,
    };

    fn affected(result: &SqliteQueryResult) -> u64 {
        result.rows_affected()
    }

    /// SQLite does not tell why it cannot open a file.
    fn unopened(error: sqlx::Error, place: &SqliteConnectOptions) -> Fault {
        match error {
            sqlx::Error::Database(error) if Self::refusal(&*error) == Refusal::NoFile => {
                Fault::turned_away(Refusal::NoFile).because(obstacle(place.get_filename()))
            }
            error => Self::unreached(error),
        }
    }

    /// By the primary result code, the low byte (<https://www.sqlite.org/rescode.html>).
    fn refusal(error: &dyn DatabaseError) -> Refusal {
        let code: i32 = error.code().and_then(|code| code.parse().ok()).unwrap_or(0);
        match code & 0xff {
            1 if error.message().starts_with("no such table") => Refusal::NoTable,
            1 if error.message().contains("column named") => Refusal::NoColumn,
            1 if error.message().starts_with("no such column") => Refusal::NoColumn,
            1 if error.message().starts_with("ON CONFLICT") => Refusal::NotUnique,
            1 => Refusal::Failed,
            14 => Refusal::NoFile,
            3 | 23 => Refusal::Denied,
            5 | 6 => Refusal::Contended,
            8 => Refusal::ReadOnlyFile,
            7 | 13 => Refusal::Full,
            11 | 19 | 26 => Refusal::Failed,
            18 => Refusal::TooLarge,
            _ => Refusal::Doubtful,
        }
    }
}

/// What the system has against a file, or against making one in its directory.
fn obstacle(file: &Path) -> Option<io::Error> {
    let cause = File::options().read(true).write(true).open(file).err()?;
    if cause.kind() != io::ErrorKind::NotFound {
        return Some(cause);
    }
    let directory = file.parent().filter(|directory| !directory.as_os_str().is_empty())?;
    directory.metadata().err()
}
