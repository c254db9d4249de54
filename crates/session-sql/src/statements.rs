//! The statements of a store, made once of its dialect's words for the table as it is.

use crate::dialect::Words;
use crate::name::TableName;
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
        }
    }
}

#[cfg(all(test, feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod tests {
    use super::Statements;
    use crate::dialect::{Dialect as _, Words};
    use crate::name::{Name, TableName};
    use crate::table::Table;
    use sqlx::{MySql, Postgres, Sqlite};

    const DIALECTS: [Words; 3] = [Postgres::WORDS, MySql::WORDS, Sqlite::WORDS];

    fn name(schema: Option<&str>) -> TableName {
        let name = |text| Name::new("K", text).expect(text);
        TableName { schema: schema.map(name), table: name("Sessions") }
    }

    #[test]
    fn every_brace_is_filled() {
        for words in DIALECTS {
            for schema in [None, Some("shop")] {
                let name = name(schema);
                let there: Table = ["column id".to_owned()].into_iter().collect();
                let mut all = Table::default().missing(&words, &name, true);
                all.extend(there.missing(&words, &name, true));
                all.push(words.fill(words.describe, &name));
                all.push(
                    format!("{:?}", Statements::new(&words, &name, &Table::default(), true))
                        .replace("Statements {", "")
                        .replace("Statement {", "")
                        .replace(" }", ""),
                );
                for sql in all {
                    assert!(!sql.contains(['{', '}']), "{sql}");
                }
            }
        }
    }

    /// `EXPLAIN UPDATE` of MariaDB 10.11, on a table of one row: key `expiry` if the column is
    /// compared as it is, and writers that hold its entries deadlock; else key `session_id`.
    #[test]
    fn mysql_is_left_no_index_but_that_of_the_key() {
        let made = Statements::new(&MySql::WORDS, &name(None), &Table::default(), true);
        for statement in [made.load, made.update, made.touch, made.delete, made.delete_expected] {
            let sql = statement.sql();
            assert!(sql.contains("expiry + INTERVAL 0 SECOND > "), "{sql}");
            assert!(!sql.contains("expiry > "), "{sql}");
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
