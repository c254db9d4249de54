//! What a failure means: nothing written, or not known.
//!
//! Texts of the server repeat values (a duplicate key, say) and those of the driver the address,
//! so neither reaches our errors.

use mongodb::error::{Error as DriverError, ErrorKind as DriverErrorKind, SYSTEM_OVERLOADED_ERROR};
use session_core::Error;
use session_core::ErrorKind::{self, Config, Decode, TooLarge, Unavailable, Unknown};
use session_core::store::{Call, Lost};

use Retry::{Later, Useless};

/// Why there is no answer, or none that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Lost(Lost),
    /// The server refused the command, which then had no effect.
    Refused(Refusal),
    /// The server answered with an error that says nothing about the effect.
    Doubtful,
    /// The server gave the command up half-way: it steps down, shuts down or was told to.
    Interrupted,
    /// The answer, or the document, is not of the form expected.
    Unexpected,
    /// The driver turned the command or the client's options down.
    Options,
    /// The server wants another log-in.
    LogIn,
    /// The client was shut down by its owner.
    Closed,
}

/// What a server says by refusing a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A unique index has the value already.
    Duplicate,
    /// There is no such collection.
    NoCollection,
    /// An index of another kind has the name or the fields.
    IndexConflict,
    /// The user may not do this.
    Denied,
    /// This member takes no writes; the driver looks for the one that does.
    NotPrimary,
    /// Another write held the document.
    Contended,
    /// Out of disk or memory.
    Full,
    TooLarge,
    /// The collection's validator, a view, or a server that lacks the command.
    NotUsable,
    /// Too old for the driver, or not MongoDB.
    Incompatible,
}

/// Whether the same call may succeed later.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retry {
    Later,
    Useless,
}

impl Fault {
    /// Reads what the driver says.
    pub(crate) fn of(error: &DriverError) -> Self {
        match &*error.kind {
            DriverErrorKind::ServerSelection { .. } | DriverErrorKind::DnsResolve { .. } => {
                Self::Lost(Lost::Unreached)
            }
            // The driver labels I/O errors so that happen while it connects and says hello.
            DriverErrorKind::Io(_) if error.contains_label(SYSTEM_OVERLOADED_ERROR) => {
                Self::Lost(Lost::Unreached)
            }
            DriverErrorKind::Command(refused) => Self::of_code(refused.code),
            DriverErrorKind::Authentication { .. } => Self::LogIn,
            DriverErrorKind::InvalidArgument { .. } | DriverErrorKind::InvalidTlsConfig { .. } => {
                Self::Options
            }
            DriverErrorKind::IncompatibleServer { .. } => Self::Refused(Refusal::Incompatible),
            DriverErrorKind::Shutdown => Self::Closed,
            // A cleared pool interrupts commands under way, too.
            DriverErrorKind::Io(_) | DriverErrorKind::ConnectionPoolCleared { .. } => {
                Self::Lost(Lost::Broken)
            }
            _ => Self::Unexpected,
        }
    }

    /// Reads a code of the server's (its `error_codes.yml`). Only those that a command gets before
    /// it changed anything are refusals: an interrupted one (11600, 11602, 91, 189, 50) may have.
    pub(crate) fn of_code(code: i32) -> Self {
        Self::Refused(match code {
            11_000 | 11_001 => Refusal::Duplicate,
            26 => Refusal::NoCollection,
            67 | 85 | 86 => Refusal::IndexConflict,
            13 => Refusal::Denied,
            18 | 391 => return Self::LogIn,
            10_107 | 13_435 | 13_436 | 10_058 => Refusal::NotPrimary,
            24 | 112 => Refusal::Contended,
            146 | 14_031 => Refusal::Full,
            10_334 | 17_419 | 17_420 => Refusal::TooLarge,
            2 | 9 | 14 | 20 | 59 | 72 | 73 | 115 | 121 | 166 => Refusal::NotUsable,
            91 | 189 | 237 | 11_600 | 11_601 | 11_602 => return Self::Interrupted,
            _ => return Self::Doubtful,
        })
    }

    /// Whether the server may have something against the command itself, at any time.
    pub(crate) fn is_of_command(self) -> bool {
        matches!(
            self,
            Self::Refused(Refusal::NotUsable | Refusal::IndexConflict | Refusal::Incompatible)
                | Self::Doubtful
        )
    }

    /// The error of a call that met this fault.
    pub(crate) fn into_error(self, call: Call) -> Error {
        let (kind, retry, what) = match self {
            Self::Lost(lost) => return call.lost("mongodb", lost),
            Self::Refused(refusal) => refused(refusal),
            Self::Doubtful | Self::Interrupted if call.is_read() => {
                (Unavailable, Later, "the server answered with an error")
            }
            Self::Doubtful | Self::Interrupted => {
                (Unknown, Useless, "the server answered with an error that proves nothing")
            }
            Self::Unexpected if call.is_read() => {
                (Decode, Useless, "the document or the answer is not of the form expected")
            }
            Self::Unexpected => (Unknown, Useless, "the answer is not of the form expected"),
            Self::Options => (
                Config,
                Useless,
                "the driver turns the client's options down; unacknowledged writes (w=0) are not \
                 for sessions",
            ),
            Self::LogIn => {
                (Unavailable, Useless, "the server refuses the user or password of the url")
            }
            Self::Closed => (Unavailable, Useless, "the client was shut down"),
        };
        let message = format!("{}: {what}", call.of("mongodb"));
        Error::new(kind, message).with_retryable(retry == Later)
    }
}

/// Kind, whether to retry, and what happened.
type Meaning = (ErrorKind, Retry, &'static str);

fn refused(refusal: Refusal) -> Meaning {
    match refusal {
        Refusal::Duplicate => (
            Config,
            Useless,
            "two documents share an `id`, or two have none; remove them, for only a unique index \
             makes sessions safe",
        ),
        Refusal::NoCollection => (Config, Useless, "the collection is missing; `init` makes it"),
        Refusal::IndexConflict => (
            Config,
            Useless,
            "an index on the same field is not as it should be; drop it, then call `init` again",
        ),
        Refusal::Denied => (Unavailable, Useless, "the server does not let this user do that"),
        Refusal::NotPrimary => (Unavailable, Later, "the server is no primary"),
        Refusal::Contended => (Unavailable, Later, "other writers hold the document"),
        Refusal::Full => (Unavailable, Later, "the server is out of space or memory"),
        Refusal::TooLarge => (TooLarge, Useless, "a document is larger than the server takes"),
        Refusal::NotUsable => (
            Config,
            Useless,
            "the server refuses the command; the collection may be a view or have a validator",
        ),
        Refusal::Incompatible => (Config, Useless, "the server is too old for the driver"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Refusal};
    use mongodb::error::{Error as DriverError, ErrorKind as DriverErrorKind};
    use session_core::ErrorKind::{self, Config, Decode, Timeout, TooLarge, Unavailable, Unknown};
    use session_core::store::{Call, Lost};
    use std::io;
    use std::sync::Arc;

    const WRITES: [Call; 5] = [Call::Create, Call::Update, Call::Touch, Call::Delete, Call::Sweep];

    fn seen(fault: Fault, call: Call) -> (ErrorKind, bool) {
        let error = fault.into_error(call);
        (error.kind(), error.is_retryable())
    }

    #[test]
    fn answer_that_proves_nothing_is_unknown_to_writes_alone() {
        for (fault, read, write) in [
            (Fault::Lost(Lost::Broken), (Unavailable, true), (Unknown, false)),
            (Fault::Lost(Lost::Silent), (Timeout, true), (Unknown, false)),
            (Fault::Lost(Lost::Unreached), (Unavailable, true), (Unavailable, true)),
            (Fault::Doubtful, (Unavailable, true), (Unknown, false)),
            (Fault::Interrupted, (Unavailable, true), (Unknown, false)),
            (Fault::Unexpected, (Decode, false), (Unknown, false)),
        ] {
            assert_eq!(seen(fault, Call::Load), read, "{fault:?}");
            for call in WRITES {
                assert_eq!(seen(fault, call), write, "{fault:?} {call:?}");
            }
        }
    }

    #[test]
    fn codes_that_prove_that_nothing_was_written() {
        for (code, kind, is_retryable) in [
            (11_000, Config, false),
            (26, Config, false),
            (85, Config, false),
            (121, Config, false),
            (13, Unavailable, false),
            (18, Unavailable, false),
            (10_107, Unavailable, true),
            (112, Unavailable, true),
            (14_031, Unavailable, true),
            (10_334, TooLarge, false),
        ] {
            for call in WRITES {
                assert_eq!(seen(Fault::of_code(code), call), (kind, is_retryable), "{code}");
            }
        }
    }

    #[test]
    fn codes_of_commands_that_were_interrupted_prove_nothing() {
        for code in [0, 1, 6, 7, 50, 64, 89, 91, 100, 189, 262, 9_001, 11_600, 11_601, 11_602] {
            let fault = Fault::of_code(code);
            assert!(matches!(fault, Fault::Doubtful | Fault::Interrupted), "{code}");
        }
    }

    #[test]
    fn texts_of_the_driver_stay_out() {
        let io = |text: &'static str| DriverErrorKind::Io(Arc::new(io::Error::other(text)));
        let error = DriverError::from(io("hunter2"));
        assert_eq!(Fault::of(&error), Fault::Lost(Lost::Broken));
        for call in [Call::Load, Call::Update] {
            let shown = Fault::of(&error).into_error(call);
            assert!(!format!("{shown:#} {shown:?}").contains("hunter2"), "{shown:?}");
        }
        assert_eq!(Fault::of(&DriverErrorKind::Shutdown.into()), Fault::Closed);
        assert_eq!(
            Fault::of_code(13),
            Fault::Refused(Refusal::Denied),
            "the table is read by its number"
        );
    }
}
