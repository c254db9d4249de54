//! Statements: made once from a template, then only bound.

use session_core::{Bytes, Lease, Record, StoreKey};
use sqlx::query::Query;
use sqlx::{Database, Encode, Type};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// A place in a statement for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Key,
    Data,
    Old,
    TtlMs,
    Owner,
    Prefix,
    End,
    After,
    Most,
    /// The statement's own number, by which it knows itself.
    Mark,
}

const SLOTS: [(&str, Slot); 10] = [
    ("mark", Slot::Mark),
    ("key", Slot::Key),
    ("data", Slot::Data),
    ("old", Slot::Old),
    ("ttl_ms", Slot::TtlMs),
    ("owner", Slot::Owner),
    ("prefix", Slot::Prefix),
    ("end", Slot::End),
    ("after", Slot::After),
    ("most", Slot::Most),
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
    mark: i64,
}

/// A number that statements of another text do not have. Its first byte begins no text in UTF-8, so
/// that a statement of anybody else's that wants text in its place refuses it.
fn mark(template: &str) -> i64 {
    let mut hasher = DefaultHasher::new();
    template.hash(&mut hasher);
    (hasher.finish() | 0xff << 56).cast_signed()
}

impl Statement {
    /// Makes a statement of a template in which values are `:mark` and the others of `SLOTS`, each as
    /// often as needed; `{mark}` is the value of the first.
    pub(crate) fn new(template: &str, marker: Marker) -> Self {
        let mark = mark(template);
        let template = template.replace("{mark}", &mark.to_string());
        let mut sql = String::with_capacity(template.len());
        let mut slots = Vec::new();
        let mut rest = template.as_str();
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
        Self { sql: sql.into(), slots: slots.into(), mark }
    }

    #[cfg(test)]
    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    /// The statement with the values of a call at its markers.
    pub(crate) fn bind(&self, call: Values<'_>) -> Bound {
        let value = |slot: &Slot| match slot {
            Slot::Key => Value::Text(call.key.map_or_else(String::new, |key| key.as_str().into())),
            Slot::Data => Value::Bytes(call.data.cloned().unwrap_or_default()),
            Slot::Old => Value::Bytes(call.old.map(|old| old.payload.clone()).unwrap_or_default()),
            Slot::TtlMs => Value::Number(call.ttl_ms),
            Slot::Mark => Value::Number(self.mark),
            Slot::Owner => Value::Nullable(call.owner.map(str::to_owned)),
            Slot::Prefix => Value::Text(call.prefix.to_owned()),
            Slot::End => Value::Text(call.end.to_owned()),
            Slot::After => Value::Text(call.after.to_owned()),
            Slot::Most => Value::Number(call.most),
        };
        Bound { sql: Arc::clone(&self.sql), values: self.slots.iter().map(value).collect() }
    }
}

/// The values of a call; those that a statement does not mention are left out.
#[derive(Clone, Copy, Default)]
pub(crate) struct Values<'a> {
    pub(crate) key: Option<&'a StoreKey>,
    pub(crate) data: Option<&'a Bytes>,
    pub(crate) old: Option<&'a Record>,
    pub(crate) ttl_ms: i64,
    pub(crate) owner: Option<&'a str>,
    pub(crate) prefix: &'a str,
    pub(crate) end: &'a str,
    pub(crate) after: &'a str,
    pub(crate) most: i64,
}

impl<'a> Values<'a> {
    /// Those of a call that sets a lease.
    pub(crate) fn of(key: &'a StoreKey, lease: &Lease<'a>) -> Self {
        Self { key: Some(key), ttl_ms: lease.ttl_ms(), owner: lease.owner, ..Self::default() }
    }
}

/// A value of a call.
pub(crate) enum Value {
    Text(String),
    /// Those of the caller: the client copies them into what it sends, and nobody before it.
    Bytes(Bytes),
    Number(i64),
    Nullable(Option<String>),
}

impl Value {
    /// Puts it at the next marker of `query`.
    pub(crate) fn bind_to<'q, DB: Database>(
        &self,
        query: Query<'q, DB, DB::Arguments>,
    ) -> Query<'q, DB, DB::Arguments>
    where
        for<'v> &'v str: Encode<'v, DB> + Type<DB>,
        for<'v> &'v [u8]: Encode<'v, DB> + Type<DB>,
        for<'v> Option<&'v str>: Encode<'v, DB> + Type<DB>,
        for<'v> i64: Encode<'v, DB> + Type<DB>,
    {
        match self {
            Self::Text(text) => query.bind(&**text),
            Self::Bytes(bytes) => query.bind(&**bytes),
            Self::Number(number) => query.bind(*number),
            Self::Nullable(text) => query.bind(text.as_deref()),
        }
    }
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
