//! Stored values as JSON, for people to read.

use serde_json::{Map, Value as Json, json};
use web_session::Value;

pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Integer(_) | Value::Unsigned(_) => "integer",
        Value::Float(_) => "number",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::Array(_) => "list",
        Value::Map(_) => "map",
        Value::Extension(..) => "extension",
    }
}

/// What JSON has no type for is an object that says which it is; keys that are no text are their
/// JSON.
pub(super) fn to_json(value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(is_true) => is_true.into(),
        Value::Integer(number) => number.into(),
        Value::Unsigned(number) => number.into(),
        Value::Float(number) if number.is_finite() => number.into(),
        Value::Float(number) => json!({ "number": number.to_string() }),
        Value::Text(text) => text.into(),
        Value::Bytes(bytes) => json!({ "bytes": hex(&bytes) }),
        Value::Extension(kind, bytes) => json!({ "extension": kind, "bytes": hex(&bytes) }),
        Value::Array(items) => items.into_iter().map(to_json).collect(),
        Value::Map(entries) => {
            let entries = entries.into_iter().map(|(key, value)| (key_of(key), to_json(value)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
    }
}

fn key_of(key: Value) -> String {
    match key {
        Value::Text(text) => text,
        key => to_json(key).to_string(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{to_json, type_of};
    use serde_json::json;
    use web_session::Value;

    #[test]
    fn every_value_can_be_read() {
        let value = Value::Map(vec![
            (Value::Text("a".into()), Value::Array(vec![Value::Null, Value::Bool(true)])),
            (Value::Integer(1), Value::Bytes(vec![0, 255])),
            (Value::Bool(false), Value::Extension(-1, vec![1])),
            (Value::Text("n".into()), Value::Float(f64::INFINITY)),
        ]);
        assert_eq!(type_of(&value), "map");
        let expected = json!({
            "a": [null, true],
            "1": { "bytes": "00ff" },
            "false": { "extension": -1, "bytes": "01" },
            "n": { "number": "inf" },
        });
        assert_eq!(to_json(value), expected);
    }
}
