//! The answers, as documents: `run_command` reads nothing in them.

use crate::command::Now;
use crate::error::Fault;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document};
use session_core::store::left_ms;
use session_core::{Record, StoreKey};

/// Reads the answer to a command that changes documents; how many matched.
pub(crate) fn changed(answer: &Document) -> Result<u64, Fault> {
    if let Ok([error, ..]) = answer.get_array("writeErrors").map(Vec::as_slice) {
        let code = error.as_document().and_then(|error| number(error.get("code")));
        let code = code.and_then(|code| i32::try_from(code).ok());
        return Err(code.map_or(Fault::Doubtful, Fault::of_code));
    }
    // The primary has it and may lose it: the others did not confirm in time.
    if answer.contains_key("writeConcernError") {
        return Err(Fault::Doubtful);
    }
    let matched = number(answer.get("n")).and_then(|n| u64::try_from(n).ok());
    matched.ok_or(Fault::Unexpected)
}

/// Reads the answer to [`Commands::load`](crate::command::Commands::load).
pub(crate) fn record(mut answer: Document, now: Now) -> Result<Option<Record>, Fault> {
    let cursor = answer.get_document_mut("cursor").map_err(|_| Fault::Unexpected)?;
    let batch = cursor.get_array_mut("firstBatch").map_err(|_| Fault::Unexpected)?;
    match batch.pop() {
        None => Ok(None),
        Some(Bson::Document(document)) => session(document, now),
        Some(_) => Err(Fault::Unexpected),
    }
}

/// Reads a document.
///
/// One without `val` holds no session, as Flask-Session has it; one whose `val` is neither
/// text nor a binary of subtype 0 is no answer, for it could never be compared with what was loaded.
pub(crate) fn session(mut document: Document, now: Now) -> Result<Option<Record>, Fault> {
    let val = match document.remove("val") {
        None | Some(Bson::Null) => return Ok(None),
        Some(val) => val,
    };
    let end = document.get_datetime("expiration").map_err(|_| Fault::Unexpected)?;
    let ttl = left_ms(end.timestamp_millis().saturating_sub(now.ms()));
    match val {
        Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes }) => {
            Ok(Some(Record { payload: bytes.into(), cas: 0, ttl }))
        }
        Bson::String(text) => Ok(Some(Record::from_text(text, ttl))),
        _ => Err(Fault::Unexpected),
    }
}

/// The `_id`s of the documents that a sweep found.
pub(crate) fn ids(found: Vec<Document>) -> Vec<Bson> {
    found.into_iter().filter_map(|mut document| document.remove("_id")).collect()
}

/// The keys of an owner's documents; foreign ones have none.
pub(crate) fn keys(found: &[Document]) -> Vec<StoreKey> {
    let ids = found.iter().filter_map(|document| document.get_str("id").ok());
    ids.map(|id| StoreKey::new("", id)).collect()
}

/// A whole number, of whichever type the server chose.
pub(crate) fn number(value: Option<&Bson>) -> Option<i64> {
    match *value? {
        Bson::Int32(n) => Some(n.into()),
        Bson::Int64(n) => Some(n),
        Bson::Double(n) if n.fract() == 0.0 && n.abs() < 1e15 => Some(n as i64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::changed;
    use crate::error::Fault;
    use mongodb::bson::doc;

    #[test]
    fn answers_to_writes() {
        for (answer, expected) in [
            (doc! { "n": 1, "nModified": 0, "ok": 1.0 }, Ok(1)),
            (doc! { "n": 0_i64, "ok": 1 }, Ok(0)),
            (doc! { "n": 2.0, "ok": 1 }, Ok(2)),
            (
                doc! { "n": 0, "writeErrors": [{ "index": 0, "code": 11_000 }], "ok": 1 },
                Err(Fault::Duplicate),
            ),
            (
                doc! { "n": 0, "writeErrors": [{ "code": 11_602 }], "ok": 1 },
                Err(Fault::Interrupted),
            ),
            (doc! { "n": 0, "writeErrors": ["?"], "ok": 1 }, Err(Fault::Doubtful)),
            (doc! { "n": 1, "writeErrors": [], "ok": 1 }, Ok(1)),
            (doc! { "n": 1, "writeConcernError": { "code": 64 }, "ok": 1 }, Err(Fault::Doubtful)),
            (doc! { "ok": 1 }, Err(Fault::Unexpected)),
            (doc! { "n": -1, "ok": 1 }, Err(Fault::Unexpected)),
            (doc! { "n": "1", "ok": 1 }, Err(Fault::Unexpected)),
        ] {
            assert_eq!(changed(&answer), expected, "{answer}");
        }
    }
}
