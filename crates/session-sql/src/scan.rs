//! Pages of all sessions: the rows after a key, in the order of the index that makes keys unique.
//!
//! A page is so many rows, whether or not they live, so the server reads no more than that. Where
//! the order keeps keys under a prefix together it reads these alone; elsewhere it reads on over
//! the whole table, and leaves out what others have in it.

use crate::dialect::Words;
use crate::statement::{Bound, Statement, Values};
use crate::table::Order;
use session_core::StoreKey;
use session_core::store::prefix_end;
use std::num::NonZeroUsize;

/// The statements of all pages.
#[derive(Debug)]
pub(crate) struct Pages {
    whole: Walk,
    under: Option<Walk>,
}

#[derive(Debug)]
struct Walk {
    first: Statement,
    next: Statement,
}

impl Pages {
    pub(crate) fn new(words: &Words, order: Order<'_>, make: impl Fn(&str) -> Statement) -> Self {
        let (Order::ByPrefix(key) | Order::Other(key)) = order;
        let guard = words.guard;
        let page = |place: &str| {
            let template = format!(
                "SELECT session_id, CASE WHEN {{is_live}} AND {{is_under}} THEN data END, \
                 CASE WHEN {{is_live}} THEN {{left_ms}} ELSE 0 END FROM {{table}} \
                 WHERE {place}{guard} ORDER BY {{order}} LIMIT :most"
            );
            make(&template.replace("{order}", key))
        };
        let whole = Walk { first: page("session_id IS NOT NULL"), next: page("{order} > :after") };
        let Words { from_prefix, within_prefix, .. } = words;
        let under = || Walk {
            first: page(&format!("{from_prefix} AND {within_prefix}")),
            next: page(&format!("{{order}} > :after AND {within_prefix}")),
        };
        Self { whole, under: matches!(order, Order::ByPrefix(_)).then(under) }
    }

    /// The statement of the page after `after`, or the first.
    pub(crate) fn bind(&self, prefix: &str, after: Option<&StoreKey>, most: NonZeroUsize) -> Bound {
        let end = prefix_end(prefix);
        let walk = self.under.as_ref().filter(|_| end.is_some()).unwrap_or(&self.whole);
        let statement = if after.is_some() { &walk.next } else { &walk.first };
        statement.bind(Values {
            prefix,
            end: end.as_deref().unwrap_or_default(),
            after: after.map_or("", StoreKey::as_str),
            most: i64::try_from(most.get()).unwrap_or(i64::MAX),
            ..Values::default()
        })
    }
}

#[cfg(all(test, feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod tests {
    use super::Pages;
    use crate::dialect::{Dialect as _, Words};
    use crate::name::{Name, TableName};
    use crate::plain;
    use crate::statement::{Bound, Marker, Value};
    use crate::statements::Statements;
    use crate::table::Table;
    use session_core::StoreKey;
    use session_testkit::server;
    use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, Row, SqliteConnection};
    use sqlx::{MySql, Postgres, Sqlite};
    use std::num::NonZeroUsize;
    use std::time::Duration;

    const SEVEN: NonZeroUsize = NonZeroUsize::new(7).unwrap();

    fn pages(words: &Words, order: &str) -> Pages {
        let name = TableName { schema: None, table: Name::new("K", "scanned").expect("a name") };
        let table: Table = [order.to_owned()].into_iter().collect();
        Statements::new(words, &name, &table, false).scan
    }

    /// The first page and one amid the rows, with their values written into them.
    fn each(words: &Words, order: &str) -> [String; 2] {
        let (pages, after) = (pages(words, order), StoreKey::new("s:", "5"));
        [None, Some(&after)].map(|after| literal(words, &pages.bind("s:", after, SEVEN)))
    }

    fn literal(words: &Words, bound: &Bound) -> String {
        if words.marker == Marker::Dollar {
            return plain::written(bound, "", Duration::ZERO);
        }
        bound.values.iter().fold(bound.sql.to_string(), |sql, value| {
            let value = match value {
                Value::Text(text) => format!("'{text}'"),
                Value::Number(number) => number.to_string(),
                Value::Bytes(_) | Value::Nullable(_) => String::new(),
            };
            sql.replacen('?', &value, 1)
        })
    }

    /// Half of the rows are others', and most have expired.
    const ROWS: &str = "INSERT INTO scanned (session_id, data, expiry) \
        WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 1000), \
        p AS (SELECT 's:' AS p UNION ALL SELECT 'o:') \
        SELECT CONCAT(p, n), 'x', TIMESTAMP '2020-02-02 00:00:00' FROM n, p";

    #[tokio::test]
    async fn postgres_reads_a_page_by_the_index_and_no_more() {
        let mut connection =
            Box::pin(PgConnection::connect(&server::url("SESSION_TEST_POSTGRES"))).await.unwrap();
        for (collation, order) in [
            ("\"C\"", "range session_id COLLATE pg_catalog.\"C\""),
            ("\"und-x-icu\"", "order session_id COLLATE pg_catalog.\"und-x-icu\""),
        ] {
            let ddl = format!(
                "DROP TABLE IF EXISTS scanned; CREATE TEMPORARY TABLE scanned (session_id \
                 VARCHAR(255) COLLATE {collation} UNIQUE, data BYTEA, expiry TIMESTAMP); {ROWS}; \
                 ANALYZE scanned"
            );
            sqlx::raw_sql(AssertSqlSafe(ddl)).execute(&mut connection).await.unwrap();
            for sql in each(&Postgres::WORDS, order) {
                let sql = AssertSqlSafe(format!("EXPLAIN (ANALYZE, TIMING OFF) {sql}"));
                let plan = sqlx::raw_sql(sql).fetch_all(&mut connection).await.unwrap();
                let plan: Vec<String> = plan.iter().map(|line| line.get(0)).collect();
                let plan = plan.join("\n");
                assert!(plan.contains("Index Scan") && plan.contains("actual rows=7"), "{plan}");
                assert!(!plan.contains("Sort") && !plan.contains("Rows Removed"), "{plan}");
                let is_range = plan.contains("< 's;'");
                assert_eq!(is_range, order.starts_with("range"), "{plan}");
            }
        }
    }

    #[tokio::test]
    async fn mariadb_reads_a_page_by_the_index_and_no_more() {
        let mut connection =
            Box::pin(MySqlConnection::connect(&server::url("SESSION_TEST_MARIADB"))).await.unwrap();
        for (collation, order) in
            [("utf8mb4_bin", "range session_id"), ("utf8mb4_general_ci", "order session_id")]
        {
            let ddl = format!(
                "DROP TEMPORARY TABLE IF EXISTS scanned; CREATE TEMPORARY TABLE scanned (session_id \
                 VARCHAR(255) CHARACTER SET utf8mb4 COLLATE {collation} UNIQUE, data BLOB, \
                 expiry DATETIME, INDEX (expiry)); {ROWS}; ANALYZE TABLE scanned"
            );
            sqlx::raw_sql(AssertSqlSafe(ddl)).execute(&mut connection).await.unwrap();
            for sql in each(&MySql::WORDS, order) {
                sqlx::raw_sql("FLUSH STATUS").execute(&mut connection).await.unwrap();
                let rows =
                    sqlx::raw_sql(AssertSqlSafe(sql.clone())).fetch_all(&mut connection).await;
                let rows = rows.unwrap();
                assert_eq!(rows.len(), SEVEN.get());
                let is_theirs = rows.iter().all(|row| row.get::<String, _>(0).starts_with("s:"));
                assert!(is_theirs || order.starts_with("order"), "{sql}");
                let counts = sqlx::raw_sql("SHOW SESSION STATUS LIKE 'Handler_read%'");
                let counts = counts.fetch_all(&mut connection).await.unwrap();
                let read = |row| -> usize {
                    let count: String = sqlx::mysql::MySqlRow::get(row, 1);
                    count.parse().unwrap()
                };
                assert!(counts.iter().map(read).sum::<usize>() <= SEVEN.get() + 1, "{sql}");
            }
        }
    }

    #[tokio::test]
    async fn sqlite_reads_a_page_by_the_index_and_no_more() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        for (collation, order, found) in [
            ("", "range session_id COLLATE BINARY", "SEARCH"),
            ("COLLATE NOCASE", "order session_id COLLATE NOCASE", "S"),
        ] {
            let ddl = format!(
                "DROP TABLE IF EXISTS scanned; CREATE TABLE scanned (session_id VARCHAR(255) \
                 {collation} UNIQUE, data BLOB, expiry DATETIME)"
            );
            sqlx::raw_sql(AssertSqlSafe(ddl)).execute(&mut connection).await.unwrap();
            for sql in each(&Sqlite::WORDS, order) {
                let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
                let plan = sqlx::raw_sql(sql).fetch_all(&mut connection).await.unwrap();
                let plan: Vec<String> = plan.iter().map(|line| line.get("detail")).collect();
                assert_eq!(plan.len(), 1, "nothing is sorted: {plan:?}");
                let is_by_index = plan[0].starts_with(found) && plan[0].contains("USING INDEX");
                assert!(is_by_index, "{plan:?}");
                assert_eq!(plan[0].contains("<?"), order.starts_with("range"), "{plan:?}");
            }
        }
    }
}
