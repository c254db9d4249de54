//! What comes back over the wire: pure functions.

use crate::error::{self, Fault};
use redis::Value;
use session_core::store::{Call, left_ms};
use session_core::{Outcome, Record, Result, StoreKey};
use std::time::Duration;

/// Reads the replies of `GET` and `PTTL`.
pub(super) fn record(call: Call, replies: Vec<Value>) -> Result<Option<Record>> {
    let (payload, left) = match <[Value; 2]>::try_from(replies) {
        Ok([Value::Nil, _] | [_, Value::Nil]) => return Ok(None),
        Ok([Value::BulkString(payload), Value::Int(left)]) => (payload, left),
        _ => return Err(error::unexpected(call)),
    };
    let ttl = match left {
        // It expired between the two commands.
        -2 => return Ok(None),
        // Without expiry, as someone else wrote it: it outlives any lifetime.
        -1 => Duration::MAX,
        // 0 is the last millisecond: a key ends when its time has passed, not when it has come.
        ms => left_ms(ms),
    };
    Ok(Some(Record { payload: payload.into(), cas: 0, ttl }))
}

/// Reads the replies of `GET` and `PTTL` for each of `keys`; those without a record are left out.
pub(super) fn records(keys: Vec<StoreKey>, replies: Vec<Value>) -> Result<Vec<(StoreKey, Record)>> {
    let mut replies = replies.into_iter();
    let mut records = Vec::with_capacity(keys.len());
    for key in keys {
        let found = record(Call::Scan, replies.by_ref().take(2).collect())?;
        records.extend(found.map(|record| (key, record)));
    }
    Ok(records)
}

/// Reads the reply of `SCAN` and its kin: where to go on, and what there is.
pub(super) fn scanned(reply: Value) -> Option<(Vec<u8>, Vec<Value>)> {
    let Value::Array(parts) = reply else { return None };
    match <[Value; 2]>::try_from(parts).ok()? {
        [Value::BulkString(cursor), Value::Array(entries)] => Some((cursor, entries)),
        _ => None,
    }
}

/// Reads a text, which RESP3 marks as one.
pub(super) fn text(reply: &Value) -> Option<&str> {
    match reply {
        Value::BulkString(text) => std::str::from_utf8(text).ok(),
        Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}

/// Reads the reply of a command that writes.
pub(super) fn outcome(call: Call, replies: Result<Vec<Value>, Fault>) -> Result<Outcome> {
    match &replies.map_err(|fault| fault.into_error(call))?[..] {
        [Value::Okay | Value::Int(1)] => Ok(Outcome::Written { cas: 0 }),
        [Value::Nil | Value::Int(0)] => Ok(Outcome::Refused),
        _ => Err(error::unexpected(call)),
    }
}

#[cfg(test)]
mod tests {
    use super::{outcome, record};
    use redis::Value;
    use session_core::store::Call;
    use session_core::{ErrorKind, Outcome};
    use std::time::Duration;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    #[test]
    fn record_needs_a_value_and_time_left() {
        let table = [
            (vec![Value::Nil, Value::Int(-2)], None),
            (vec![bulk("x"), Value::Int(-2)], None),
            // Its slot went between the two commands.
            (vec![bulk("x"), Value::Nil], None),
            (vec![bulk("x"), Value::Int(-1)], Some(Duration::MAX)),
            (vec![bulk("x"), Value::Int(0)], Some(Duration::from_millis(1))),
            (vec![bulk("x"), Value::Int(1_500)], Some(Duration::from_millis(1_500))),
        ];
        for (replies, ttl) in table {
            assert_eq!(record(Call::Load, replies).unwrap().map(|record| record.ttl), ttl);
        }
    }

    #[test]
    fn unexpected_answers_are_errors() {
        for replies in [vec![], vec![bulk("x")], vec![Value::Int(1), Value::Int(1)]] {
            assert_eq!(record(Call::Load, replies).unwrap_err().kind(), ErrorKind::Decode);
        }
        let error = outcome(Call::Update, Ok(vec![bulk("x")])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown);
    }

    #[test]
    fn outcomes() {
        for reply in [Value::Okay, Value::Int(1)] {
            assert_eq!(
                outcome(Call::Update, Ok(vec![reply])).unwrap(),
                Outcome::Written { cas: 0 }
            );
        }
        for reply in [Value::Nil, Value::Int(0)] {
            assert_eq!(outcome(Call::Update, Ok(vec![reply])).unwrap(), Outcome::Refused);
        }
    }
}
