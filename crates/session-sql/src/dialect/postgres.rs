//! PostgreSQL.

use super::{Dialect, Words};
use crate::error::Refusal;
use crate::statement::Marker;
use sqlx::Postgres;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgQueryResult;

impl Dialect for Postgres {
    const WORDS: Words = Words {
        name: "postgresql",
        quote: '"',
        marker: Marker::Dollar,
        now: "(now() AT TIME ZONE 'utc')",
        until: "(now() AT TIME ZONE 'utc') + :ttl_ms::float8 * interval '1 millisecond'",
        left_ms: "(extract(epoch FROM expiry - (now() AT TIME ZONE 'utc')) * 1000)::bigint",
        is_key: "session_id = :key",
        is_old: "data = :old",
        is_owner: "owner = :owner",
        // Not of any conflict: an id that repeats, as after a restore, is no taken key.
        or_nothing: " ON CONFLICT (session_id) DO NOTHING",
        // A row that was renewed meanwhile is another version of it, with another ctid.
        sweep: "DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} \
                WHERE expiry <= {now} OR expiry IS NULL LIMIT {batch} FOR UPDATE SKIP LOCKED))",
        describe: "SELECT 'column ' || attname::text FROM pg_attribute \
                   WHERE attrelid = to_regclass('{table}') AND attnum > 0 AND NOT attisdropped \
                   UNION ALL SELECT 'text ' || attname::text FROM pg_attribute \
                   WHERE attrelid = to_regclass('{table}') AND attname = 'data' \
                   AND atttypid IN ('text'::regtype, 'varchar'::regtype) \
                   UNION ALL SELECT 'index ' || a.attname::text FROM pg_index i \
                   JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
                   WHERE i.indrelid = to_regclass('{table}') AND i.indisvalid \
                   UNION ALL SELECT 'unique ' || a.attname::text FROM pg_index i \
                   JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
                   WHERE i.indrelid = to_regclass('{table}') AND i.indisvalid \
                   AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL",
        create: "CREATE TABLE IF NOT EXISTS {table} (\
                 id SERIAL NOT NULL, \
                 session_id VARCHAR(255), \
                 data BYTEA, \
                 expiry TIMESTAMP WITHOUT TIME ZONE, {owner_column}\
                 PRIMARY KEY (id), \
                 UNIQUE (session_id))",
        owner_column: "owner VARCHAR(255), ",
        add_owner: "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS owner VARCHAR(255)",
        index_expiry: "CREATE INDEX IF NOT EXISTS {bare_expiry_idx} ON {table} (expiry)",
        index_owner: "CREATE INDEX IF NOT EXISTS {bare_owner_idx} ON {table} (owner)",
        text_to_bytes: "ALTER COLUMN data TYPE BYTEA USING convert_to(data, 'UTF8')",
        // A message holds 1 GiB, and an update sends two payloads.
        max_payload: 500_000_000,
        has_one_writer: false,
    };

    fn affected(result: &PgQueryResult) -> u64 {
        result.rows_affected()
    }

    /// By SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
    fn refusal(error: &dyn DatabaseError) -> Refusal {
        let code = error.code();
        match code.as_deref().unwrap_or_default() {
            "42P10" => Refusal::NotUnique,
            // Deadlock, serialization failure, lock not available, query cancelled.
            "40P01" | "40001" => Refusal::Deadlock,
            "55P03" | "57014" => Refusal::Contended,
            "25006" => Refusal::ReadOnly,
            "42P01" => Refusal::NoTable,
            "3D000" | "3F000" => Refusal::NoDatabase,
            "42703" => Refusal::NoColumn,
            "42501" => Refusal::Denied,
            "28000" | "28P01" => Refusal::LogIn,
            "22001" | "54000" => Refusal::TooLarge,
            // A plan or a prepared statement (behind a pooler) that is no longer there.
            "0A000" | "26000" => Refusal::Stale,
            code if code.starts_with("53") => Refusal::Full,
            code if code.starts_with("42") || code.starts_with("22") || code.starts_with("23") => {
                Refusal::Failed
            }
            _ => Refusal::Doubtful,
        }
    }
}
