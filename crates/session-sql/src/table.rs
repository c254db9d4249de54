//! The table as the server tells it: whether it will do, what it lacks, and what fits in.

use crate::dialect::Words;
use crate::name::TableName;
use session_core::store::{Call, Limits};
use session_core::{Error, ErrorKind, Result};
use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

/// What the columns `session_id` and `owner` hold, in characters; bytes are never fewer.
const MAX_TEXT: usize = 255;

/// Of the largest packet, what is kept for the statement around its payloads.
const ENVELOPE: usize = 4_096;

const MICROSECOND_DIGITS: u32 = 6;

/// What a server says of the table, line by line as [`Words::describe`] asks for it.
#[derive(Debug, Default)]
pub(crate) struct Table(BTreeSet<String>);

/// The order of the index that makes keys unique: no two are equal in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order<'a> {
    /// Keys under one prefix are together.
    ByPrefix(&'a str),
    /// They are not, as where a collation leaves signs out of account.
    Other(&'a str),
}

impl Table {
    pub(crate) fn exists(&self) -> bool {
        self.0.iter().any(|line| line.starts_with("column "))
    }

    fn says(&self, word: &str, column: &str) -> bool {
        self.0.contains(&format!("{word} {column}"))
    }

    fn number<N: FromStr>(&self, word: &str) -> Option<N> {
        self.texts(word).find_map(|number| number.parse().ok())
    }

    fn texts<'a>(&'a self, word: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(move |line| line.strip_prefix(word)?.strip_prefix(' '))
    }

    /// Adds a right that the user was found to lack.
    pub(crate) fn lacks(&mut self, right: &str) {
        self.0.insert(format!("lacks {right}"));
    }

    /// Whether calls can work with it.
    pub(crate) fn check(&self, words: &Words, name: &TableName, has_owners: bool) -> Result<()> {
        let mut needed =
            ["session_id", "data", "expiry"].into_iter().chain(has_owners.then_some("owner"));
        let fault = match needed.find(|column| !self.says("column", column)) {
            Some(column) => format!("it has no column {column}"),
            // MySQL would keep two sessions under one key, the others would refuse every write.
            None if !self.says("unique", "session_id") => {
                "its column session_id has no unique index".to_owned()
            }
            // What is written there is gone when the connection closes.
            None if self.says("autocommit", "0") => {
                "the connections of the pool have autocommit = 0, and nothing written would stay; \
                 say SET autocommit = 1 on each when it is made"
                    .to_owned()
            }
            // As Flask-Sessionstore has it.
            None if self.says("text", "data") => format!(
                "its column data is text, and payloads are bytes; change it with ALTER TABLE .. {}",
                words.text_to_bytes
            ),
            None => match self.grants(words, name) {
                grants if grants.is_empty() => return Ok(()),
                grants => format!("its user lacks rights; say {}", grants.join("; ")),
            },
        };
        let message = format!("open the session table in {}: {fault}", words.name);
        Err(Error::new(ErrorKind::Config, message))
    }

    /// What gives the user the rights it lacks.
    fn grants(&self, words: &Words, name: &TableName) -> Vec<String> {
        let mut grants = Vec::new();
        let rights: Vec<_> = self.texts("lacks").collect();
        if !rights.is_empty() {
            grants.push(self.grant(&format!("{} ON {{table}}", rights.join(", ")), words, name));
        }
        for sequence in self.texts("sequence") {
            grants.push(self.grant(&format!("USAGE ON SEQUENCE {sequence}"), words, name));
        }
        grants
    }

    fn grant(&self, right: &str, words: &Words, name: &TableName) -> String {
        let schema = match &name.schema {
            Some(schema) => format!("{0}{1}{0}", words.quote, schema.as_str()),
            None => self.texts("schema").next().unwrap_or("..").to_owned(),
        };
        let right = words.fill(right, name).replace("{schema}", &schema);
        format!("GRANT {right} TO {}", self.texts("user").next().unwrap_or(".."))
    }

    /// Why there is no table, or not all of it: the user may not say `step`.
    pub(crate) fn denied(&self, words: &Words, name: &TableName, step: &str) -> Error {
        let right = if self.exists() { words.right_to_change } else { words.right_to_create };
        let way_out = match right {
            "" => format!("let its owner say {step}"),
            right => format!("say {}, or {step}", self.grant(right, words, name)),
        };
        let what = format!("the server does not let this user do that; {way_out}");
        Call::Init.error(words.name, ErrorKind::Unavailable, &what).with_retryable(false)
    }

    /// The statements that make it what [`SqlStore::init`](crate::SqlStore::init) promises.
    pub(crate) fn missing(&self, words: &Words, name: &TableName, has_owners: bool) -> Vec<String> {
        let mut steps = Vec::new();
        if !self.exists() {
            steps.push(words.create);
        } else if has_owners && !self.says("column", "owner") {
            steps.push(words.add_owner);
        }
        // A table of ours that is yet to be made has the indexes where the server wants them there.
        let makes_indexes = words.create.contains("INDEX");
        if !self.says("index", "expiry") && (self.exists() || !makes_indexes) {
            steps.push(words.index_expiry);
        }
        if has_owners && !self.says("index", "owner") && (self.exists() || !makes_indexes) {
            steps.push(words.index_owner);
        }
        let owner_column = if has_owners { words.owner_column } else { "" };
        steps
            .iter()
            .map(|step| words.fill(step, name).replace("{owner_column}", owner_column))
            .collect()
    }

    /// What a row holds and an update, with two payloads, can send.
    pub(crate) fn limits(&self, words: &Words, has_owners: bool) -> Limits {
        let column = self.number("limit").unwrap_or(usize::MAX);
        let packet = self
            .number("packet")
            .map_or(usize::MAX, |bytes: usize| bytes.saturating_sub(ENVELOPE) / 2);
        let payload = words.max_payload.min(column).min(packet);
        let owner = has_owners.then_some(MAX_TEXT);
        Limits { payload: Some(payload), key: Some(MAX_TEXT), owner }
    }

    /// In which order its keys are read.
    pub(crate) fn order(&self) -> Order<'_> {
        match (self.texts("range").next(), self.texts("order").next()) {
            (Some(key), _) => Order::ByPrefix(key),
            (None, key) => Order::Other(key.unwrap_or("session_id")),
        }
    }

    /// How many digits of a second `expiry` has.
    pub(crate) fn digits(&self) -> u32 {
        self.number("digits").unwrap_or(MICROSECOND_DIGITS).min(MICROSECOND_DIGITS)
    }

    /// The last of them, in microseconds.
    pub(crate) fn step_us(&self) -> u64 {
        10u64.pow(MICROSECOND_DIGITS - self.digits())
    }

    /// Milliseconds, in which leases are counted, or what the column has.
    pub(crate) fn ttl_resolution(&self) -> Duration {
        Duration::from_micros(self.step_us()).max(Duration::from_millis(1))
    }
}

impl FromIterator<String> for Table {
    fn from_iter<I: IntoIterator<Item = String>>(lines: I) -> Self {
        Self(lines.into_iter().collect())
    }
}

#[cfg(all(test, feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod tests {
    use super::{Order, Table};
    use crate::dialect::{Dialect as _, Words};
    use crate::name::{Name, TableName};
    use sqlx::{MySql, Postgres, Sqlite};
    use std::time::Duration;

    const DIALECTS: [Words; 3] = [Postgres::WORDS, MySql::WORDS, Sqlite::WORDS];

    fn table(lines: &[&str]) -> Table {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn missing_parts_are_made_and_others_left() {
        let whole = ["column session_id", "column data", "column expiry", "index expiry"];
        let owned = [&whole[..], &["column owner", "index owner"]].concat();
        for words in DIALECTS {
            let name = TableName { schema: None, table: Name::new("K", "sessions").unwrap() };
            let count =
                |lines: &[&str], has_owners| table(lines).missing(&words, &name, has_owners).len();
            assert_eq!(count(&whole, false), 0);
            assert_eq!(count(&whole, true), 2, "the owner's column and its index");
            assert_eq!(count(&whole[..3], false), 1, "the index on expiry");
            assert_eq!(count(&owned, true), 0);
            assert_eq!(count(&owned, false), 0);
        }
    }

    #[test]
    fn limits_are_those_of_the_column_and_the_packet() {
        let words = MySql::WORDS;
        for (lines, expected) in [
            (&["limit data 1"][..], 16_777_215),
            (&["limit 65535"], 65_535),
            (&["limit 16777215", "packet 67108864"], 16_777_215),
            (&["limit 16777215", "packet 16777216"], (16_777_216 - 4_096) / 2),
            (&["limit 65535", "packet 1024"], 0),
        ] {
            let limits = table(lines).limits(&words, false);
            assert_eq!(limits.payload, Some(expected), "{lines:?}");
        }
    }

    #[test]
    fn order_that_keeps_prefixes_together_is_preferred() {
        for (lines, order) in [
            (&["order a", "range b"][..], Order::ByPrefix("b")),
            (&["order a"], Order::Other("a")),
            (&[], Order::Other("session_id")),
        ] {
            assert_eq!(table(lines).order(), order);
        }
    }

    #[test]
    fn digits_of_the_expiry_are_the_resolution() {
        for (digits, us) in [(0, 1_000_000), (1, 100_000), (2, 10_000), (3, 1_000), (6, 1_000)] {
            let table = table(&[&format!("digits {digits}")]);
            assert_eq!(table.ttl_resolution(), Duration::from_micros(us));
        }
        assert_eq!(Table::default().ttl_resolution(), Duration::from_millis(1));
    }
}
