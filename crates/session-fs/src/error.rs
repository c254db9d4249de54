//! What a failure means: nothing written, or not known.
//!
//! Errors of the operating system name no path, so they are kept as sources.

use session_core::{Error, ErrorKind};
use std::io;
use std::path::Path;

/// The call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Connect,
    Load,
    Write,
    Touch,
    Delete,
    List,
    Sweep,
}

impl Call {
    fn verb(self) -> &'static str {
        match self {
            Self::Connect => "open the session directory",
            Self::Load => "load a session file",
            Self::Write => "write a session file",
            Self::Touch => "renew a session file",
            Self::Delete => "delete a session file",
            Self::List => "list an owner's session files",
            Self::Sweep => "sweep the session directory",
        }
    }
}

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
        self.explain(call, call.verb())
    }

    /// The error of opening `dir`, which is named: it is the first thing to look at.
    pub(crate) fn into_connect_error(self, dir: &Path) -> Error {
        let call = Call::Connect;
        self.explain(call, &format!("{} {} (SESSION_FILE_DIR)", call.verb(), dir.display()))
    }

    fn explain(self, call: Call, attempt: &str) -> Error {
        let (kind, what) = self.meaning(call);
        let error = Error::new(kind, format!("{attempt}: {what}"));
        match self {
            Self::Io(cause) | Self::Unflushed(cause) => error.with_source(cause),
            Self::NotAFile => error.with_retryable(false),
            _ => error,
        }
    }

    fn meaning(&self, call: Call) -> (ErrorKind, &'static str) {
        let changes_nothing = matches!(call, Call::Connect | Call::Load | Call::List | Call::Sweep);
        match self {
            Self::Io(cause) if call == Call::Connect && is_misplaced(cause) => {
                (ErrorKind::Config, describe(cause))
            }
            Self::Io(cause) => (ErrorKind::Unavailable, describe(cause)),
            Self::Unflushed(_) => (ErrorKind::Unknown, "made, but not flushed to the disk"),
            Self::NotAFile => (
                ErrorKind::Unavailable,
                "a link or something else that is no regular file has its name",
            ),
            Self::TooLate if changes_nothing => (ErrorKind::Timeout, "not done in time"),
            Self::TooLate => (ErrorKind::Unavailable, "not begun in time, nothing was written"),
            Self::Overdue => (ErrorKind::Unknown, "begun, but not done in time"),
            Self::Lost if changes_nothing => (ErrorKind::Unavailable, "the work was cut short"),
            Self::Lost => (ErrorKind::Unknown, "the work was cut short"),
        }
    }
}

fn describe(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full",
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only; name another directory",
        io::ErrorKind::PermissionDenied => "this process may not; check owner and mode",
        io::ErrorKind::NotFound => "the directory is gone",
        _ if is_misplaced(cause) => "the path is not a directory; name another one",
        _ => "the operating system refused",
    }
}

fn is_misplaced(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists)
}

#[cfg(test)]
mod tests {
    use super::{Call, Fault};
    use session_core::ErrorKind::{Timeout, Unavailable, Unknown};
    use std::io;

    #[test]
    fn only_a_change_begun_and_not_ended_is_unknown() {
        let full: fn() -> Fault = || Fault::Io(io::ErrorKind::StorageFull.into());
        for (fault, load, write) in [
            (full, Unavailable, Unavailable),
            (|| Fault::Unflushed(io::ErrorKind::StorageFull.into()), Unknown, Unknown),
            (|| Fault::NotAFile, Unavailable, Unavailable),
            (|| Fault::TooLate, Timeout, Unavailable),
            (|| Fault::Overdue, Unknown, Unknown),
            (|| Fault::Lost, Unavailable, Unknown),
        ] {
            assert_eq!(fault().into_error(Call::Load).kind(), load);
            for call in [Call::Write, Call::Touch, Call::Delete] {
                assert_eq!(fault().into_error(call).kind(), write);
            }
        }
    }
}
