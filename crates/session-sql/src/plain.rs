//! Statements with their values written into them, for the simple query protocol of PostgreSQL.
//!
//! They go in one message that leaves nothing behind, so a pooler may answer each from another
//! server connection. Values are text without a quote or a backslash, or hexadecimal digits: no
//! setting of a server (`standard_conforming_strings`, say) reads those in another way.

use crate::statement::{Bound, Value};
use std::time::Duration;

/// How much of the time that a caller waits the server has: it gives up first, and says so.
pub(crate) fn server_ms(left: Duration) -> u128 {
    (left.as_millis() * 9 / 10).max(1)
}

/// The statement after `preamble`, in which `{ms}` is how long the server may take.
pub(crate) fn written(bound: &Bound, preamble: &str, left: Duration) -> String {
    let mut sql = preamble.replace("{ms}", &server_ms(left).to_string());
    let mut rest = &*bound.sql;
    for (at, value) in bound.values.iter().enumerate() {
        // Markers are numbered as they stand there.
        let Some((before, after)) = rest.split_once(&format!("${}", at + 1)) else { break };
        sql.push_str(before);
        write(&mut sql, value);
        rest = after;
    }
    sql.push_str(rest);
    sql
}

fn write(sql: &mut String, value: &Value) {
    match value {
        Value::Number(number) => sql.push_str(&format!("({number})")),
        Value::Bytes(bytes) => write_bytes(sql, bytes),
        Value::Text(text) | Value::Nullable(Some(text)) if is_harmless(text) => {
            sql.push_str(&format!("'{text}'::text"));
        }
        Value::Text(text) | Value::Nullable(Some(text)) => {
            sql.push_str("convert_from(");
            write_bytes(sql, text.as_bytes());
            sql.push_str(", 'UTF8')");
        }
        Value::Nullable(None) => sql.push_str("NULL::text"),
    }
}

/// Whether `text` means itself between quotes.
fn is_harmless(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'\'' | b'\\'))
}

fn write_bytes(sql: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    sql.reserve(bytes.len() * 2 + 20);
    sql.push_str("decode('");
    for byte in bytes {
        sql.push(DIGITS[usize::from(byte >> 4)].into());
        sql.push(DIGITS[usize::from(byte & 15)].into());
    }
    sql.push_str("', 'hex')");
}

#[cfg(test)]
mod tests {
    use super::written;
    use crate::statement::{Bound, Value};
    use std::time::Duration;

    #[test]
    fn values_are_written_so_that_no_setting_changes_them() {
        let values = vec![
            Value::Text("a:$2".into()),
            Value::Text("a'\\$2".into()),
            Value::Bytes(vec![0, 255].into()),
            Value::Number(-7),
            Value::Nullable(None),
        ];
        let bound =
            Bound { sql: "w = $1 AND x = $2 AND y = $3 AND z = $4::float8 OR $5".into(), values };
        assert_eq!(
            written(&bound, "LIMIT {ms}; ", Duration::from_millis(500)),
            "LIMIT 450; w = 'a:$2'::text AND x = convert_from(decode('61275c2432', 'hex'), 'UTF8') AND \
             y = decode('00ff', 'hex') AND z = (-7)::float8 OR NULL::text"
        );
    }
}
