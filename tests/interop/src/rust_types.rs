//! What Rust types are to Flask: one value of each, stored under the name of its row.

use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use web_session::Session;
use web_session::{Result, Timestamp};

/// A value of a Rust type, and what Flask sees of it.
#[derive(Debug)]
pub struct Row {
    /// The type, and the key of the value.
    pub name: &'static str,
    /// Stores the value.
    pub store: fn(&Session, &'static str) -> Result<()>,
    /// What Flask reads from MessagePack, in the words of `docs/compatibility.md`.
    pub msgpack: &'static str,
    /// What Flask reads from JSON; [`REFUSED`] if that format cannot say it.
    pub json: &'static str,
    /// What Flask reads from a pickle.
    pub pickle: &'static str,
}

/// What the docs say of a value that cannot be stored: `insert` is an error of kind `Encode`.
pub const REFUSED: &str = "refused";

#[derive(Serialize)]
struct Point {
    x: i32,
    y: i32,
}

#[derive(Serialize)]
enum Shape {
    Dot,
    Circle(u8),
    Box { w: u8 },
}

/// Reads like the table it is: a type, a value, what Flask reads from each format.
macro_rules! rows {
    ($($name:literal, $value:expr, $msgpack:literal, $json:literal, $pickle:literal;)*) => {
        &[$(Row {
            name: $name,
            store: |session, key| session.insert(key, $value),
            msgpack: $msgpack,
            json: $json,
            pickle: $pickle,
        }),*]
    };
}

/// The table.
#[rustfmt::skip]
pub const ROWS: &[Row] = rows! {
    "bool", true, "True", "True", "True";
    "u8", 255_u8, "255", "255", "255";
    "i64", i64::MIN, "-9223372036854775808", "-9223372036854775808", "-9223372036854775808";
    "u64", u64::MAX, "18446744073709551615", "18446744073709551615", "18446744073709551615";
    "f32", 0.5_f32, "0.5", "0.5", "0.5";
    "f64", 1e16_f64, "1e+16", "1e+16", "1e+16";
    "char", 'ß', "'ß'", "'ß'", "'ß'";
    "String", "naïve 🐍", "'naïve 🐍'", "'naïve 🐍'", "'naïve 🐍'";
    "Option::None", None::<u8>, "None", "None", "None";
    "Option::Some", Some(1_u8), "1", "1", "1";
    "()", (), "None", "None", "None";
    "(u8, &str)", (1_u8, "a"), "[1, 'a']", "[1, 'a']", "(1, 'a')";
    "Vec<u8>", vec![1_u8, 2], "[1, 2]", "[1, 2]", "[1, 2]";
    "BTreeMap<&str, u8>", BTreeMap::from([("a", 1_u8)]), "{'a': 1}", "{'a': 1}", "{'a': 1}";
    "BTreeMap<u8, u8>", BTreeMap::from([(1_u8, 2_u8)]), "{1: 2}", "refused", "{1: 2}";
    "struct", Point { x: 1, y: -1 }, "{'x': 1, 'y': -1}", "{'x': 1, 'y': -1}", "{'x': 1, 'y': -1}";
    "enum Shape::Dot", Shape::Dot, "'Dot'", "'Dot'", "'Dot'";
    "enum Shape::Circle(u8)", Shape::Circle(1), "{'Circle': 1}", "{'Circle': 1}", "{'Circle': 1}";
    "enum Shape::Box { w }", Shape::Box { w: 1 }, "{'Box': {'w': 1}}", "{'Box': {'w': 1}}", "{'Box': {'w': 1}}";
    "Timestamp", Timestamp::new(1_704_164_645, 0), "datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)", "'2024-01-02T03:04:05Z'", "datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)";
    "Duration", Duration::new(1, 5), "{'secs': 1, 'nanos': 5}", "{'secs': 1, 'nanos': 5}", "{'secs': 1, 'nanos': 5}";
};
