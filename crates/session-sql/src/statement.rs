//! Statements: made once from a template, then only bound.

use std::sync::Arc;

/// A place in a statement for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Key,
    Data,
    Old,
    TtlMs,
    Owner,
}

const SLOTS: [(&str, Slot); 5] = [
    ("key", Slot::Key),
    ("data", Slot::Data),
    ("old", Slot::Old),
    ("ttl_ms", Slot::TtlMs),
    ("owner", Slot::Owner),
];

/// How a database writes a place for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(all(feature = "postgres", any(feature = "mysql", feature = "sqlite"))),
    allow(dead_code, reason = "a build with one database uses one")
)]
pub(crate) enum Marker {
    /// `$1`, `$2`, ..
    Dollar,
    /// `?`
    Question,
}

/// SQL, and which value stands at each of its markers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    sql: Arc<str>,
    slots: Box<[Slot]>,
}

impl Statement {
    /// Makes a statement of a template in which values are `:key`, `:data`, `:old`, `:ttl_ms` and
    /// `:owner`, each as often as needed.
    pub(crate) fn new(template: &str, marker: Marker) -> Self {
        let mut sql = String::with_capacity(template.len());
        let mut slots = Vec::new();
        let mut rest = template;
        while let Some(at) = rest.find(':') {
            let (before, after) = (&rest[..at], &rest[at + 1..]);
            sql.push_str(before);
            // `::` is PostgreSQL's cast.
            if let Some(cast) = after.strip_prefix(':') {
                sql.push_str("::");
                rest = cast;
                continue;
            }
            let word = after.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            let (word, following) = after.split_at(word.unwrap_or(after.len()));
            match SLOTS.iter().find(|(name, _)| *name == word) {
                Some((_, slot)) => {
                    slots.push(*slot);
                    match marker {
                        Marker::Dollar => sql.push_str(&format!("${}", slots.len())),
                        Marker::Question => sql.push('?'),
                    }
                }
                None => {
                    sql.push(':');
                    sql.push_str(word);
                }
            }
            rest = following;
        }
        sql.push_str(rest);
        Self { sql: sql.into(), slots: slots.into() }
    }

    #[cfg(test)]
    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    /// The statement with a value at each marker.
    pub(crate) fn bind(&self, value: impl Fn(Slot) -> Value) -> Bound {
        Bound {
            sql: Arc::clone(&self.sql),
            values: self.slots.iter().map(|slot| value(*slot)).collect(),
        }
    }
}

/// A value of a call.
pub(crate) enum Value {
    Text(String),
    Bytes(Vec<u8>),
    Number(i64),
    Nullable(Option<String>),
}

/// A statement ready to be sent, again if need be.
pub(crate) struct Bound {
    pub(crate) sql: Arc<str>,
    pub(crate) values: Vec<Value>,
}

impl Bound {
    /// A statement without values.
    pub(crate) fn plain(sql: &str) -> Self {
        Self { sql: sql.into(), values: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Marker, Slot, Statement};

    #[test]
    fn markers_follow_the_database() {
        let template = "x = :key AND '%H:%M' <> :ttl_ms::float8 AND x = :key OR ::data :other :";
        let slots = [Slot::Key, Slot::TtlMs, Slot::Key];
        for (marker, sql) in [
            (Marker::Question, "x = ? AND '%H:%M' <> ?::float8 AND x = ? OR ::data :other :"),
            (Marker::Dollar, "x = $1 AND '%H:%M' <> $2::float8 AND x = $3 OR ::data :other :"),
        ] {
            let statement = Statement::new(template, marker);
            assert_eq!(&*statement.sql, sql);
            assert_eq!(*statement.slots, slots);
        }
    }
}
