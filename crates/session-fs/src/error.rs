//! What a failure means: nothing written, or not known.
//!
//! Errors of the operating system name no path, so they are kept as sources.

use crate::config::STORE;
use session_core::Error;
use session_core::ErrorKind::{Config, Timeout, Unavailable, Unknown};
use session_core::store::{Call, Failure, Lost};
use std::io::{self, ErrorKind};
use std::path::Path;

use Failure::{Final, Later};

/// Why a call did not come to an answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The operating system refused, before anything took effect.
    Io(io::Error),
    /// The change was made, but not flushed to the disk as was asked for.
    Unflushed(io::Error),
    /// Something that is not a regular file has the name of a record.
    NotAFile,
    /// The deadline passed before anything took effect, and nothing will.
    TooLate,
    /// The deadline passed while the change was being made.
    Overdue,
    /// The work ended without an answer: it panicked.
    Lost,
}

impl From<io::Error> for Fault {
    fn from(cause: io::Error) -> Self {
        Self::Io(cause)
    }
}

impl Fault {
    pub(crate) fn into_error(self, call: Call) -> Error {
        self.at(STORE, call)
    }

    /// The error of opening `dir`, which is named: it is the first thing to look at.
    pub(crate) fn into_connect_error(self, dir: &Path) -> Error {
        self.at(&format!("{STORE} {} (SESSION_FILE_DIR)", dir.display()), Call::Connect)
    }

    fn at(self, place: &str, call: Call) -> Error {
        let error = match (&self, call) {
            // However far it came, it has taken nothing that lives: no write that may be unknown.
            (Self::TooLate, Call::Sweep) => call.error(place, Timeout, "not done in time"),
            _ => call.failed(place, self.failure(call)),
        };
        match self {
            Self::Io(cause) | Self::Unflushed(cause) => error.with_source(cause),
            _ => error,
        }
    }

    fn failure(&self, call: Call) -> Failure {
        match self {
            Self::Io(cause) if call == Call::Connect && is_misplaced(cause) => {
                Final(Config, describe(cause, call))
            }
            Self::Io(cause) => Later(describe(cause, call)),
            Self::Unflushed(_) => Final(Unknown, "made, but not flushed to the disk"),
            Self::NotAFile => {
                Final(Unavailable, "a link or something else that is no regular file has its name")
            }
            Self::TooLate if call.is_read() => Lost::Silent.into(),
            Self::TooLate => Later("not begun in time, nothing was written"),
            Self::Overdue => Final(Unknown, "begun, but not done in time"),
            // A sweep that was cut short has taken nothing that lives.
            Self::Lost if call.is_read() || call == Call::Sweep => Later("the work was cut short"),
            Self::Lost => Final(Unknown, "the work was cut short"),
        }
    }
}

fn describe(cause: &io::Error, call: Call) -> &'static str {
    match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full",
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only; name another directory",
        ErrorKind::PermissionDenied => "this process may not; check owner and mode",
        ErrorKind::NotFound if call == Call::Connect => "the directory cannot be made",
        ErrorKind::NotFound => "the directory is gone; the application makes it at its start",
        _ if is_misplaced(cause) => "the path is not a directory; name another one",
        _ => "the operating system refused",
    }
}

fn is_misplaced(cause: &io::Error) -> bool {
    matches!(cause.kind(), ErrorKind::NotADirectory | ErrorKind::AlreadyExists)
}

#[cfg(test)]
mod tests {
    use super::Fault;
    use session_core::ErrorKind::{self, Timeout, Unavailable, Unknown};
    use session_core::store::Call;
    use std::io;

    #[test]
    fn only_a_change_begun_and_not_ended_is_unknown() {
        let (later, unknown) = ((Unavailable, true), (Unknown, false));
        type Row = (fn() -> Fault, (ErrorKind, bool), (ErrorKind, bool));
        let table: [Row; 6] = [
            (|| Fault::Io(io::ErrorKind::StorageFull.into()), later, later),
            (|| Fault::Unflushed(io::ErrorKind::StorageFull.into()), unknown, unknown),
            (|| Fault::NotAFile, (Unavailable, false), (Unavailable, false)),
            (|| Fault::TooLate, (Timeout, true), later),
            (|| Fault::Overdue, unknown, unknown),
            (|| Fault::Lost, later, unknown),
        ];
        for (fault, read, write) in table {
            let meaning = |call| {
                let error = fault().into_error(call);
                (error.kind(), error.is_retryable())
            };
            for call in [Call::Connect, Call::Load, Call::List] {
                assert_eq!(meaning(call), read, "{call:?}: {:?}", fault());
            }
            for call in [Call::Create, Call::Update, Call::Touch, Call::Delete] {
                assert_eq!(meaning(call), write, "{call:?}: {:?}", fault());
            }
        }
        for (fault, kind) in [(Fault::Lost, Unavailable), (Fault::TooLate, Timeout)] {
            let error = fault.into_error(Call::Sweep);
            assert_eq!((error.kind(), error.is_retryable()), (kind, true), "{error}");
        }
    }
}
