//! Read and write concerns of the application's client: `run_command` does not add them.
//!
//! By hand, since `bson` 2 and 3, of which the application chooses one, serialize by functions of
//! different names.

use mongodb::bson::{Document, doc};
use mongodb::options::{Acknowledgment, ReadConcern, ReadConcernLevel, WriteConcern};

/// The field that commands which read have.
pub(crate) fn of_reads(concern: Option<&ReadConcern>) -> Document {
    let Some(concern) = concern else { return Document::new() };
    let level = match &concern.level {
        ReadConcernLevel::Majority => "majority",
        ReadConcernLevel::Linearizable => "linearizable",
        ReadConcernLevel::Available => "available",
        ReadConcernLevel::Snapshot => "snapshot",
        ReadConcernLevel::Custom(level) => level,
        // `local`, the server's default.
        _ => "local",
    };
    doc! { "readConcern": { "level": level } }
}

/// The field that commands which write have.
pub(crate) fn of_writes(concern: Option<&WriteConcern>) -> Document {
    let Some(concern) = concern else { return Document::new() };
    let mut written = Document::new();
    match &concern.w {
        Some(Acknowledgment::Nodes(nodes)) => {
            written.insert("w", i32::try_from(*nodes).unwrap_or(i32::MAX));
        }
        Some(Acknowledgment::Majority) => {
            written.insert("w", "majority");
        }
        Some(Acknowledgment::Custom(tag)) => {
            written.insert("w", tag);
        }
        _ => {}
    }
    if let Some(timeout) = concern.w_timeout {
        written.insert("wtimeout", i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX));
    }
    if let Some(journal) = concern.journal {
        written.insert("j", journal);
    }
    if written.is_empty() {
        written
    } else {
        doc! { "writeConcern": written }
    }
}

/// Whether the server is not even to answer.
pub(crate) fn is_unacknowledged(concern: &WriteConcern) -> bool {
    concern.w == Some(Acknowledgment::Nodes(0))
}
