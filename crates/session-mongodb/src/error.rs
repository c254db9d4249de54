//! What a failure means: nothing written, or not known.
//!
//! Texts of the server repeat values (a duplicate key, say) and those of the driver the address,
//! I/O errors included, so none reaches our errors; the system's words do.

use crate::config::STORE;
use crate::rights;
use session_core::Error;
use session_core::ErrorKind::{Config, TooLarge, Unavailable};
use session_core::store::{Call, Failure, Lost};
use std::io;

use Failure::{Final, Later};

/// Why there is no answer, or none that can be used. Unless noted, the server refused the command,
/// which then had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody answered.
    Lost(Lost),
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
    /// Its certificate is not trusted, or names another host.
    Untrusted,
}

impl Fault {
    /// Whether a read succeeds the next time: the first call on a connection that was closed finds
    /// that out.
    pub(crate) fn is_stale(&self) -> bool {
        *self == Self::Lost(Lost::Broken)
    }

    /// Reads a code of the server's (its `error_codes.yml`). Only those that a command gets before
    /// it changed anything are refusals: an interrupted one (11600, 11602, 91, 189, 50) may have.
    pub(crate) fn of_code(code: i32) -> Self {
        match code {
            11_000 | 11_001 => Self::Duplicate,
            26 => Self::NoCollection,
            67 | 85 | 86 => Self::IndexConflict,
            13 => Self::Denied,
            18 | 391 => Self::LogIn,
            10_107 | 13_435 | 13_436 | 10_058 => Self::NotPrimary,
            24 | 112 => Self::Contended,
            146 | 14_031 => Self::Full,
            10_334 | 17_419 | 17_420 => Self::TooLarge,
            2 | 9 | 14 | 20 | 59 | 72 | 73 | 115 | 121 | 166 => Self::NotUsable,
            91 | 189 | 237 | 11_600 | 11_601 | 11_602 => Self::Interrupted,
            _ => Self::Doubtful,
        }
    }

    /// Whether the server may have something against the command itself, at any time.
    pub(crate) fn is_of_command(self) -> bool {
        matches!(self, Self::NotUsable | Self::IndexConflict | Self::Incompatible | Self::Doubtful)
    }

    /// What it is in the light of what the system says.
    pub(crate) fn because(self, cause: &io::Error) -> Self {
        let is_untrusted = cause.to_string().starts_with("invalid peer certificate: ");
        if is_untrusted { Self::Untrusted } else { self }
    }

    /// The error of a call that met this fault.
    pub(crate) fn into_error(self, call: Call) -> Error {
        if self == Self::Denied {
            let what = rights::denied(rights::action(call), "the collection");
            return call.error(STORE, Unavailable, &what).with_retryable(false);
        }
        call.failed(STORE, self.failure(call))
    }

    fn failure(self, call: Call) -> Failure {
        match self {
            Self::Lost(lost) => Failure::Lost(lost),
            Self::Doubtful | Self::Interrupted => Failure::Doubtful,
            Self::Unexpected if call.is_read() => {
                Failure::Unexpected("the document or the answer is not of the form expected")
            }
            Self::Unexpected => Failure::Unexpected("the answer is not of the form expected"),
            Self::Options => Final(
                Config,
                "the driver turns the client's options down; unacknowledged writes (w=0) are not \
                 for sessions",
            ),
            Self::LogIn => Final(Unavailable, "the server refuses the user or password of the url"),
            Self::Closed => Final(Unavailable, "the client was shut down"),
            Self::Duplicate => Final(
                Config,
                "two documents share an `id`, or two have none; remove them, for only a unique \
                 index makes sessions safe",
            ),
            Self::NoCollection => Final(Config, "the collection is missing; `init` makes it"),
            Self::IndexConflict => Final(
                Config,
                "an index on the same field is not as it should be; drop it, then call `init` \
                 again",
            ),
            Self::Denied => Final(Unavailable, "the server does not let this user do that"),
            Self::NotPrimary => Later(
                "the server is no primary; name the other members of its replica set in the url, too",
            ),
            Self::Contended => Later("other writers hold the document"),
            Self::Full => Later("the server is out of space or memory"),
            Self::TooLarge => Final(TooLarge, "a document is larger than the server takes"),
            Self::NotUsable => Final(
                Config,
                "the server refuses the command; the collection may be a view or have a validator",
            ),
            Self::Incompatible => Final(Config, "the server is too old for the driver"),
            Self::Untrusted => Final(
                Unavailable,
                "the certificate of the server is not trusted; tlsCAFile=/path/to.pem in the url \
                 names the authority that it is of",
            ),
        }
    }
}

impl From<Lost> for Fault {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;
    use session_core::ErrorKind::{self, Config, Decode, Timeout, TooLarge, Unavailable, Unknown};
    use session_core::store::{Call, Lost};
    use std::io;

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
        assert_eq!(Fault::of_code(13), Fault::Denied, "the table is read by its number");
    }

    #[test]
    fn certificate_that_is_not_trusted_says_what_to_name() {
        let unreached = Fault::Lost(Lost::Unreached);
        let tls = io::Error::other("invalid peer certificate: UnknownIssuer");
        let error = unreached.because(&tls).into_error(Call::Connect);
        assert!(error.to_string().contains("tlsCAFile"), "{error}");
        assert_eq!((error.kind(), error.is_retryable()), (Unavailable, false));
        assert_eq!(unreached.because(&io::ErrorKind::ConnectionRefused.into()), unreached);
    }

    #[test]
    fn codes_of_commands_that_were_interrupted_prove_nothing() {
        for code in [0, 1, 6, 7, 50, 64, 89, 91, 100, 189, 262, 9_001, 11_600, 11_601, 11_602] {
            let fault = Fault::of_code(code);
            assert!(matches!(fault, Fault::Doubtful | Fault::Interrupted), "{code}");
        }
    }
}
