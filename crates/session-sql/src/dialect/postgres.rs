//! PostgreSQL.

use super::{Dialect, Words, Writer};
use crate::error::Refusal;
use crate::pace::Pace;
use crate::statement::Marker;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgQueryResult;
use sqlx::{Postgres, Row as _};

impl Dialect for Postgres {
    const WORDS: Words = Words {
        name: "postgresql",
        quote: '"',
        marker: Marker::Dollar,
        now: "(now() AT TIME ZONE 'utc')",
        until: "(now() AT TIME ZONE 'utc') + :ttl_ms::float8 * interval '1 millisecond'",
        left_ms: "(extract(epoch FROM expiry - (now() AT TIME ZONE 'utc')) * 1000)::bigint",
        is_live: "expiry > {now}",
        // The index finds it; the second look is for bytes, where the column's collation (CREATE
        // COLLATION .. deterministic = false) takes two spellings for one.
        is_key: "session_id = :key AND session_id COLLATE \"C\" = :key",
        is_old: "data = :old",
        is_owner: "owner = :owner AND owner COLLATE \"C\" = :owner",
        is_under: "starts_with(session_id COLLATE \"C\", :prefix)",
        from_prefix: "{order} >= :prefix",
        within_prefix: "{order} < :end",
        // Not of any conflict: an id that repeats, as after a restore, is no taken key.
        or_nothing: " ON CONFLICT (session_id) DO NOTHING",
        // By key: a ctid is one row's only within its partition.
        sweep: "DELETE FROM {table} WHERE session_id = ANY (ARRAY(SELECT session_id FROM {table} \
                WHERE (expiry <= {now} OR expiry IS NULL) AND session_id IS NOT NULL \
                LIMIT {batch} FOR UPDATE SKIP LOCKED)) AND (expiry <= {now} OR expiry IS NULL)",
        pace: Pace::Steady,
        // A pooler that knows nothing of prepared statements lets one client execute what another
        // prepared under the same name: it divides by zero before it touches a row.
        guard: " AND 1 / (:mark = {mark})::int = 1",
        // One message is one transaction, to whose end these settings last.
        preamble: Some("SET LOCAL statement_timeout = {ms}; SET LOCAL bytea_output = hex; "),
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
                   AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL \
                   UNION ALL SELECT CASE WHEN c.collname IN ('C', 'POSIX') \
                   AND n.nspname = 'pg_catalog' OR c.collname = 'default' \
                   AND d.datcollate IN ('C', 'POSIX') \
                   AND coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') = 'c' \
                   THEN 'range' ELSE 'order' END || ' session_id COLLATE ' || \
                   quote_ident(n.nspname) || '.' || quote_ident(c.collname) FROM pg_index i \
                   JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
                   JOIN pg_collation c ON c.oid = i.indcollation[0] \
                   JOIN pg_namespace n ON n.oid = c.collnamespace \
                   JOIN pg_database d ON d.datname = current_database() \
                   WHERE i.indrelid = to_regclass('{table}') AND i.indisvalid \
                   AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL \
                   AND a.attname = 'session_id' \
                   UNION ALL SELECT 'user ' || quote_ident(current_user) \
                   UNION ALL SELECT 'schema ' || quote_ident(current_schema()) \
                   UNION ALL SELECT 'lacks ' || r FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) r \
                   WHERE NOT has_any_column_privilege(to_regclass('{table}')::oid, r) \
                   UNION ALL SELECT 'lacks DELETE' \
                   WHERE NOT has_table_privilege(to_regclass('{table}')::oid, 'DELETE') \
                   UNION ALL SELECT 'sequence ' || s.oid::regclass::text FROM pg_depend d \
                   JOIN pg_class s ON s.oid = d.objid \
                   WHERE d.refobjid = to_regclass('{table}') AND d.deptype = 'a' \
                   AND CASE s.relkind WHEN 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') \
                   AND NOT has_sequence_privilege(s.oid, 'UPDATE') ELSE false END",
        examine: "SELECT 'version PostgreSQL ' || current_setting('server_version') \
                  UNION ALL SELECT 'now_ms ' \
                  || (extract(epoch FROM clock_timestamp()) * 1000)::bigint \
                  UNION ALL SELECT 'recovery ' || pg_is_in_recovery()::text \
                  UNION ALL SELECT 'read_only ' || current_setting('default_transaction_read_only') \
                  UNION ALL SELECT 'fsync ' || current_setting('fsync') \
                  UNION ALL SELECT 'collation nondeterministic' FROM pg_attribute a \
                  JOIN pg_collation c ON c.oid = a.attcollation \
                  WHERE a.attrelid = to_regclass('{table}') AND a.attname = 'session_id' \
                  AND NOT coalesce((to_jsonb(c) ->> 'collisdeterministic')::boolean, true) \
                  UNION ALL SELECT 'unlogged true' FROM pg_class \
                  WHERE oid = to_regclass('{table}') AND relpersistence = 'u'",
        may_delete: None,
        right_to_create: "CREATE ON SCHEMA {schema}",
        right_to_change: "",
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
    };

    fn affected(result: &PgQueryResult) -> u64 {
        result.rows_affected()
    }

    /// As libpq asks, for `target_session_attrs=read-write`; a standby is read-only, too.
    fn is_writer(connection: &mut Self::Connection) -> Writer<'_> {
        Box::pin(async move {
            let row = sqlx::raw_sql("SHOW transaction_read_only").fetch_one(connection).await?;
            row.try_get::<String, _>(0).map(|is_read_only| is_read_only == "off")
        })
    }

    /// PgBouncer's words, in any mode, for a start-up parameter that it cannot keep apart for each
    /// of its clients.
    fn is_pooler(error: &sqlx::Error) -> bool {
        matches!(error, sqlx::Error::Database(error)
            if error.code().as_deref() == Some("08P01")
                && error.message().starts_with("unsupported startup parameter"))
    }

    /// By SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
    fn refusal(error: &dyn DatabaseError) -> Refusal {
        let code = error.code();
        match code.as_deref().unwrap_or_default() {
            "42P10" => Refusal::NotUnique,
            // PgBouncer's words for a wrong password.
            "08P01" if error.message().ends_with("authentication failed") => Refusal::LogIn,
            // A prepared statement of this name is there already, or is not there; it takes other
            // values, or `guard` found it to be another one. Each server connection has its own.
            "42P05" | "26000" | "08P01" | "22P03" | "22012" => Refusal::Crossed,
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
            // A plan that is no longer there.
            "0A000" => Refusal::Stale,
            code if code.starts_with("53") => Refusal::Full,
            code if code.starts_with("42") || code.starts_with("22") || code.starts_with("23") => {
                Refusal::Failed
            }
            _ => Refusal::Doubtful,
        }
    }
}
