//! Commands on their way to the server and back, each on a task of its own.

use crate::error::Fault;
use mongodb::Database;
use mongodb::bson::{Bson, Document};
use mongodb::error::Result as DriverResult;
use session_core::store::Lost;
use tokio::time::{Instant, timeout_at};

/// Runs one command, which is never sent again.
///
/// Commands are the driver's `run_command`, the one way to the server that it never retries, also
/// on a client of the application. On a task of its own a command outlives the future that asked
/// for it: the driver closes a connection whose future is dropped half-way.
pub(crate) async fn run(
    database: &Database,
    command: Document,
    deadline: Instant,
) -> Result<Document, Fault> {
    let database = database.clone();
    apart(deadline, async move { database.run_command(command).await }).await
}

/// Runs a command that changes documents; returns how many matched.
pub(crate) async fn change(
    database: &Database,
    command: Document,
    deadline: Instant,
) -> Result<u64, Fault> {
    changed(&run(database, command, deadline).await?)
}

/// Runs a command whose answer is a cursor; returns everything that it leads to.
pub(crate) async fn list(
    database: &Database,
    command: Document,
    deadline: Instant,
) -> Result<Vec<Document>, Fault> {
    let database = database.clone();
    apart(deadline, async move {
        let mut cursor = database.run_cursor_command(command).await?;
        let mut found = Vec::new();
        while cursor.advance().await? {
            found.push(cursor.deserialize_current()?);
        }
        Ok(found)
    })
    .await
}

async fn apart<T: Send + 'static>(
    deadline: Instant,
    call: impl Future<Output = DriverResult<T>> + Send + 'static,
) -> Result<T, Fault> {
    // What is dropped at the deadline is the driver's future and with it the silent connection.
    let task = tokio::spawn(timeout_at(deadline, call));
    match task.await {
        Ok(Ok(Ok(answer))) => Ok(answer),
        Ok(Ok(Err(error))) => Err(Fault::of(&error)),
        Ok(Err(_)) => Err(Fault::Lost(Lost::Silent)),
        // The runtime shuts down.
        Err(_) => Err(Fault::Lost(Lost::Broken)),
    }
}

/// Reads the answer to a command that changes documents.
fn changed(answer: &Document) -> Result<u64, Fault> {
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
    use crate::error::{Fault, Refusal};
    use mongodb::bson::doc;

    #[test]
    fn answers_to_writes() {
        for (answer, expected) in [
            (doc! { "n": 1, "nModified": 0, "ok": 1.0 }, Ok(1)),
            (doc! { "n": 0_i64, "ok": 1 }, Ok(0)),
            (doc! { "n": 2.0, "ok": 1 }, Ok(2)),
            (
                doc! { "n": 0, "writeErrors": [{ "index": 0, "code": 11_000 }], "ok": 1 },
                Err(Fault::Refused(Refusal::Duplicate)),
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
