//! MySQL and MariaDB.
//!
//! Default collations match ids of another case, and most collations match padded ones, so rows
//! are looked up by the index and then compared as bytes.

use super::{Dialect, Prepared, Words};
use crate::error::Refusal;
use crate::pace::Pace;
use crate::plain::server_ms;
use crate::statement::Marker;
use sqlx::error::DatabaseError;
use sqlx::mysql::{MySqlDatabaseError, MySqlQueryResult};
use sqlx::{AssertSqlSafe, MySql};
use std::time::Duration;

impl Dialect for MySql {
    const WORDS: Words = Words {
        name: "mysql",
        quote: '`',
        marker: Marker::Question,
        now: "UTC_TIMESTAMP(6)",
        // MariaDB cuts off the digits that a column lacks, MySQL rounds them: neither may happen.
        until: "UTC_TIMESTAMP({digits}) + INTERVAL ((MICROSECOND(UTC_TIMESTAMP(6)) % {step_us} \
                + :ttl_ms * 1000 + {step_us} - 1) DIV {step_us} * {step_us}) MICROSECOND",
        // To the nearest: each write begins with what is read here.
        left_ms: "(TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), expiry) + 500) DIV 1000",
        // Of a table of one row MariaDB would take the index on expiry, which the statement changes,
        // and writers would deadlock.
        is_live: "expiry + INTERVAL 0 SECOND > {now}",
        is_key: "session_id = :key AND BINARY session_id = :key",
        is_old: "data = :old",
        is_owner: "owner = :owner AND BINARY owner = :owner",
        // `INSERT IGNORE` would also cut what is too long.
        is_under: "LEFT(BINARY session_id, LENGTH(:prefix)) = BINARY :prefix",
        // Where shorter texts are compared as if they had spaces after them, a key may come before
        // its prefix. The range of a `LIKE` is none: MariaDB leaves out what is beyond U+FFFF.
        from_prefix: "{order} >= RPAD(:prefix, 255, _utf8mb4 x'00' COLLATE utf8mb4_bin)",
        within_prefix: "{order} < :end",
        or_nothing: "",
        // Rows are found and locked first, but for those that others have locked, and then deleted
        // by their keys: by its expiry one is waited for. Servers that cannot skip wait.
        sweep: "DELETE t FROM (SELECT session_id FROM {table} \
                WHERE (expiry <= {now} OR expiry IS NULL) AND session_id IS NOT NULL \
                LIMIT {batch} FOR UPDATE /*!80001 SKIP LOCKED */ /*M!100600 SKIP LOCKED */) AS s \
                STRAIGHT_JOIN {table} AS t ON t.session_id = s.session_id \
                WHERE t.expiry <= {now} OR t.expiry IS NULL",
        pace: Pace::Steady,
        guard: "",
        preamble: Some("/*M! SET STATEMENT max_statement_time = {ms} / 1000 FOR */ "),
        describe: "SELECT CONCAT('column ', LOWER(column_name)) FROM information_schema.columns \
                   WHERE table_schema = {schema_text} AND table_name = '{bare}' \
                   UNION ALL SELECT CONCAT('index ', LOWER(column_name)) \
                   FROM information_schema.statistics WHERE table_schema = {schema_text} \
                   AND table_name = '{bare}' AND seq_in_index = 1 \
                   UNION ALL SELECT CONCAT('unique ', LOWER(MAX(column_name))) \
                   FROM information_schema.statistics WHERE table_schema = {schema_text} \
                   AND table_name = '{bare}' AND non_unique = 0 \
                   GROUP BY index_name HAVING COUNT(*) = 1 \
                   UNION ALL SELECT 'range session_id' FROM information_schema.columns \
                   WHERE table_schema = {schema_text} AND table_name = '{bare}' \
                   AND column_name = 'session_id' AND collation_name = 'utf8mb4_bin' \
                   UNION ALL SELECT CONCAT('limit ', character_octet_length) \
                   FROM information_schema.columns WHERE table_schema = {schema_text} \
                   AND table_name = '{bare}' AND column_name = 'data' \
                   AND character_octet_length IS NOT NULL \
                   UNION ALL SELECT CONCAT('text ', LOWER(column_name)) \
                   FROM information_schema.columns WHERE table_schema = {schema_text} \
                   AND table_name = '{bare}' AND column_name = 'data' \
                   AND character_set_name IS NOT NULL \
                   UNION ALL SELECT CONCAT('digits ', datetime_precision) \
                   FROM information_schema.columns WHERE table_schema = {schema_text} \
                   AND table_name = '{bare}' AND column_name = 'expiry' \
                   AND datetime_precision IS NOT NULL \
                   UNION ALL SELECT CONCAT('packet ', @@max_allowed_packet) \
                   UNION ALL SELECT CONCAT('autocommit ', @@autocommit + 0) \
                   UNION ALL SELECT CONCAT('user ', \
                   QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', 1)), '@', \
                   QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1))) \
                   UNION ALL SELECT CONCAT('schema `', {schema_text}, '`') \
                   UNION ALL SELECT CONCAT('lacks ', r.name) FROM information_schema.columns \
                   JOIN (SELECT 'SELECT' AS name UNION SELECT 'INSERT' UNION SELECT 'UPDATE') AS r \
                   WHERE table_schema = {schema_text} AND table_name = '{bare}' \
                   AND column_name = 'expiry' AND NOT FIND_IN_SET(r.name, UPPER(privileges))",
        examine: "SELECT CONCAT('version ', IF(VERSION() LIKE '%MariaDB%', '', 'MySQL '), VERSION()) \
                  UNION ALL SELECT CONCAT('now_ms ', FLOOR(UNIX_TIMESTAMP(NOW(3)) * 1000)) \
                  UNION ALL SELECT CONCAT('read_only ', @@GLOBAL.read_only + 0) \
                  UNION ALL SELECT CONCAT('autocommit ', @@GLOBAL.autocommit + 0) \
                  UNION ALL SELECT 'collation other' FROM information_schema.columns \
                  WHERE table_schema = {schema_text} AND table_name = '{bare}' \
                  AND column_name = 'session_id' AND collation_name <> 'utf8mb4_bin' \
                  UNION ALL SELECT CONCAT('engine ', engine) FROM information_schema.tables \
                  WHERE table_schema = {schema_text} AND table_name = '{bare}' \
                  AND engine IS NOT NULL",
        may_delete: Some("EXPLAIN DELETE FROM {table} LIMIT 0"),
        // It does not own what it makes.
        right_to_create: "CREATE, ALTER, INDEX, SELECT, INSERT, UPDATE, DELETE ON {schema}.*",
        right_to_change: "ALTER, INDEX ON {table}",
        create: "CREATE TABLE IF NOT EXISTS {table} (\
                 id INTEGER NOT NULL AUTO_INCREMENT, \
                 session_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, \
                 data MEDIUMBLOB, \
                 expiry DATETIME(6), {owner_column}\
                 PRIMARY KEY (id), \
                 UNIQUE (session_id), \
                 INDEX (expiry))",
        owner_column: "owner VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, \
                       INDEX (owner), ",
        add_owner: "ALTER TABLE {table} \
                    ADD COLUMN owner VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        index_expiry: "CREATE INDEX {bare_expiry_idx} ON {table} (expiry)",
        index_owner: "CREATE INDEX {bare_owner_idx} ON {table} (owner)",
        text_to_bytes: "MODIFY data MEDIUMBLOB",
        // MEDIUMBLOB.
        max_payload: (1 << 24) - 1,
    };

    fn affected(result: &MySqlQueryResult) -> u64 {
        result.rows_affected()
    }

    /// Each statement is committed by itself, whatever the server begins with, and ends before its
    /// caller has left: MariaDB sees to that, and MySQL for reads. What else waits for a lock in
    /// MySQL waits for whole seconds. Each skips the comments of the other
    /// (<https://mariadb.com/kb/en/comment-syntax/>).
    fn prepare(connection: &mut Self::Connection, operation: Duration) -> Prepared<'_> {
        let (ms, seconds) = (server_ms(operation), operation.as_millis().div_ceil(1000).max(1));
        let sql = format!(
            "SET SESSION autocommit = 1, innodb_lock_wait_timeout = {seconds}, \
             lock_wait_timeout = {seconds} /*M! , max_statement_time = {ms} / 1000 */ \
             /*!80000 , max_execution_time = {ms} */"
        );
        Box::pin(
            async move { sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop) },
        )
    }

    /// By number
    /// (<https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html>,
    /// <https://mariadb.com/kb/en/mariadb-error-code-reference/>).
    fn refusal(error: &dyn DatabaseError) -> Refusal {
        let number =
            error.try_downcast_ref::<MySqlDatabaseError>().map_or(0, MySqlDatabaseError::number);
        match number {
            // An exhausted AUTO_INCREMENT is a duplicate of the primary key.
            1062 if error.message().ends_with("PRIMARY'") => Refusal::Failed,
            1062 => Refusal::Taken,
            // Lock wait, interrupted, out of time on either server.
            1205 | 1317 | 1969 | 3024 => Refusal::Contended,
            // Deadlock, changed since it was read.
            1213 | 1020 => Refusal::Deadlock,
            1290 | 1792 | 1836 => Refusal::ReadOnly,
            1021 | 1037 | 1040 | 1041 | 1114 | 1203 | 1226 | 1461 => Refusal::Full,
            1046 | 1049 => Refusal::NoDatabase,
            1146 => Refusal::NoTable,
            1054 => Refusal::NoColumn,
            1044 | 1142 | 1143 | 1227 | 1370 => Refusal::Denied,
            1045 | 1698 => Refusal::LogIn,
            1153 | 1301 | 1406 => Refusal::TooLarge,
            1243 | 1615 => Refusal::Stale,
            _ => match error.code().as_deref().and_then(|state| state.get(..2)) {
                Some("21" | "22" | "23" | "42") => Refusal::Failed,
                _ => Refusal::Doubtful,
            },
        }
    }
}
