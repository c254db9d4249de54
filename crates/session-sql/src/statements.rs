//! The statements of a store, made once of its dialect's words for the table as it is.

use crate::dialect::Words;
use crate::name::TableName;
use crate::scan::Pages;
use crate::statement::Statement;
use crate::table::Table;

/// Every statement of a store.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) load: Statement,
    pub(crate) create: Statement,
    pub(crate) update: Statement,
    pub(crate) touch: Statement,
    pub(crate) delete: Statement,
    pub(crate) delete_expected: Statement,
    pub(crate) list: Statement,
    pub(crate) sweep: Statement,
    pub(crate) scan: Pages,
}

impl Statements {
    pub(crate) fn new(words: &Words, name: &TableName, table: &Table, has_owners: bool) -> Self {
        let until = words
            .until
            .replace("{digits}", &table.digits().to_string())
            .replace("{step_us}", &table.step_us().to_string());
        let (column, value, set) = match has_owners {
            true => (", owner", ", :owner", ", owner = :owner"),
            false => ("", "", ""),
        };
        let Words { or_nothing, guard, .. } = words;
        let make = |template: &str| {
            let sql = template.replace("{until}", &until);
            Statement::new(&words.fill(&sql, name), words.marker)
        };
        let row = format!(":key, :data, {{until}}{value}");
        let row = match guard.strip_prefix(" AND ") {
            Some(guard) => format!("SELECT {row} WHERE {guard}"),
            None => format!("VALUES ({row})"),
        };
        Self {
            load: make(&format!(
                "SELECT data, {{left_ms}} FROM {{table}} \
                 WHERE {{is_key}} AND {{is_live}}{guard}"
            )),
            create: make(&format!(
                "INSERT INTO {{table}} (session_id, data, expiry{column}) {row}{or_nothing}"
            )),
            update: make(&format!(
                "UPDATE {{table}} SET data = :data, expiry = {{until}}{set} \
                 WHERE {{is_key}} AND {{is_old}} AND {{is_live}}{guard}"
            )),
            touch: make(&format!(
                "UPDATE {{table}} SET expiry = {{until}}{set} \
                 WHERE {{is_key}} AND {{is_old}} AND {{is_live}}{guard}"
            )),
            delete: make(&format!("DELETE FROM {{table}} WHERE {{is_key}} AND {{is_live}}{guard}")),
            delete_expected: make(&format!(
                "DELETE FROM {{table}} WHERE {{is_key}} AND {{is_old}} AND {{is_live}}{guard}"
            )),
            list: make(&format!(
                "SELECT session_id FROM {{table}} WHERE {{is_owner}} AND {{is_live}}{guard}"
            )),
            sweep: make(&format!("{}{guard}", words.sweep)),
            scan: Pages::new(words, table.order(), make),
        }
    }
}

#[cfg(all(test, feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod tests {
    use super::Statements;
    use crate::dialect::{Dialect as _, Words};
    use crate::name::{Name, TableName};
    use crate::table::Table;
    use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, Row as _};
    use sqlx::{MySql, Postgres, Sqlite};

    const DIALECTS: [Words; 3] = [Postgres::WORDS, MySql::WORDS, Sqlite::WORDS];

    fn name(schema: Option<&str>) -> TableName {
        let name = |text| Name::new("K", text).expect(text);
        TableName { schema: schema.map(name), table: name("Sessions") }
    }

    #[test]
    fn every_brace_is_filled() {
        let ranged: Table = ["range session_id".to_owned()].into_iter().collect();
        for words in DIALECTS {
            for schema in [None, Some("shop")] {
                let name = name(schema);
                let there: Table = ["column id".to_owned()].into_iter().collect();
                let mut all = Table::default().missing(&words, &name, true);
                all.extend(there.missing(&words, &name, true));
                all.push(words.fill(words.describe, &name));
                all.push(
                    format!("{:?}", Statements::new(&words, &name, &ranged, true))
                        .replace("Statements {", "")
                        .replace("Pages {", "")
                        .replace("Walk {", "")
                        .replace("Statement {", "")
                        .replace(" }", ""),
                );
                for sql in all {
                    assert!(!sql.contains(['{', '}']), "{sql}");
                }
            }
        }
    }

    /// MariaDB would find the only row of a table by the index on `expiry`, and writers that hold its
    /// entries deadlock.
    #[tokio::test]
    async fn mariadb_finds_the_only_row_of_a_table_by_its_key() {
        let (words, table) = (MySql::WORDS, name(None));
        let made = Statements::new(&words, &table, &Table::default(), false);
        let url = session_testkit::server::url("SESSION_TEST_MARIADB");
        let mut connection = Box::pin(MySqlConnection::connect(&url)).await.unwrap();
        let create = Table::default().missing(&words, &table, false).remove(0);
        let create = create.replace("CREATE TABLE", "CREATE TEMPORARY TABLE");
        let row =
            "(session_id, data, expiry) VALUES ('key', 'old', UTC_TIMESTAMP() + INTERVAL 1 HOUR)";
        for sql in [create, words.fill(&format!("INSERT INTO {{table}} {row}"), &table)] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
        for statement in [made.load, made.update, made.touch, made.delete, made.delete_expected] {
            let sql = format!("EXPLAIN {}", statement.sql().replace('?', "'key'"));
            let plan = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
            let key: Option<String> = plan.get("key");
            assert_eq!(key.as_deref(), Some("session_id"), "{}", statement.sql());
        }
    }

    #[test]
    fn names_are_quoted_in_their_schema() {
        for (words, expected) in DIALECTS.into_iter().zip([
            r#"FROM "shop"."Sessions" WHERE"#,
            "FROM `shop`.`Sessions` WHERE",
            r#"FROM "shop"."Sessions" WHERE"#,
        ]) {
            let made = Statements::new(&words, &name(Some("shop")), &Table::default(), false);
            assert!(made.load.sql().contains(expected), "{}", made.load.sql());
        }
    }
}
