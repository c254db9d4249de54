//! What comes back over the wire: pure functions.

use crate::error::{self, Fault};
use redis::Value;
use session_core::store::{Call, left_ms};
use session_core::{Outcome, Record, Result};
use std::time::Duration;

/// Reads the replies of `GET` and `PTTL`.
pub(super) fn record(replies: Vec<Value>) -> Result<Option<Record>> {
    let (payload, left) = match <[Value; 2]>::try_from(replies) {
        Ok([Value::Nil, _]) => return Ok(None),
        Ok([Value::BulkString(payload), Value::Int(left)]) => (payload, left),
        _ => return Err(error::unexpected(Call::Load)),
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
            (vec![bulk("x"), Value::Int(-1)], Some(Duration::MAX)),
            (vec![bulk("x"), Value::Int(0)], Some(Duration::from_millis(1))),
            (vec![bulk("x"), Value::Int(1_500)], Some(Duration::from_millis(1_500))),
        ];
        for (replies, ttl) in table {
            assert_eq!(record(replies).unwrap().map(|record| record.ttl), ttl);
        }
    }

    #[test]
    fn unexpected_answers_are_errors() {
        for replies in [vec![], vec![bulk("x")], vec![Value::Int(1), Value::Int(1)]] {
            assert_eq!(record(replies).unwrap_err().kind(), ErrorKind::Decode);
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
