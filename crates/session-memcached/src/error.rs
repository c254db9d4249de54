//! What a failure means: nothing written, or not known.
//!
//! Texts of the client and the server stay out, since they may name the key; I/O errors do not.

use crate::config::STORE;
use session_core::Error;
use session_core::ErrorKind::{Unavailable, Unknown, Unsupported};
use session_core::store::{Call, Failure, Lost};
use std::io;

use Failure::{Final, Later};

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Nobody answered. A change is whole before the server applies it, so a connection that broke
    /// earlier is one that was not reached.
    Lost(Lost, Option<io::Error>),
    /// `SERVER_ERROR`
    Failed,
    /// `CLIENT_ERROR`, which servers send in place of running a command.
    Rejected,
    /// `ERROR`, which servers send if they do not know the command, or have no connection left.
    Unspoken,
    /// The server had no connection left, and ran nothing.
    Full,
    /// An answer that is none.
    Garbled,
    /// The server gives no CAS tokens, without which a write cannot name what it replaces.
    WithoutCas,
}

impl Fault {
    pub(crate) fn unreached(cause: io::Error) -> Self {
        Self::Lost(Lost::Unreached, Some(cause))
    }

    pub(crate) fn into_error(self, call: Call) -> Error {
        let error = call.failed(STORE, self.failure(call));
        match self {
            Self::Lost(_, Some(cause)) => error.with_source(cause),
            _ => error,
        }
    }

    fn failure(&self, call: Call) -> Failure {
        match self {
            Self::Lost(Lost::Unsent | Lost::Silent, _) if call == Call::Connect => {
                Failure::Lost(Lost::Unreached)
            }
            Self::Lost(lost, _) => Failure::Lost(*lost),
            // A server without free memory has dropped the record that it could not replace.
            Self::Failed if matches!(call, Call::Update | Call::Touch | Call::Delete) => {
                Final(Unknown, "the server failed, and may have dropped the session")
            }
            Self::Failed => Later(
                "the server failed, as it does when out of memory; memcached -m gives it more",
            ),
            Self::Rejected | Self::Unspoken => Final(
                Unavailable,
                "the server rejects the command; memcached 1.6 or newer is needed",
            ),
            Self::Full => Later(
                "the server has no connection left; memcached -c allows more, or \
                 SESSION_MEMCACHED_MAX_CONNECTIONS fewer of each process",
            ),
            Self::Garbled => {
                let kind = if call.is_read() { Unavailable } else { Unknown };
                Final(
                    kind,
                    "the answer is not one of memcached's; another server may be at this address",
                )
            }
            Self::WithoutCas => {
                Final(Unsupported, "the server gives no cas tokens; start it without -C")
            }
        }
    }
}

impl From<Lost> for Fault {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost, None)
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;
    use session_core::ErrorKind::{self, Timeout, Unavailable, Unknown, Unsupported};
    use session_core::store::{Call, Lost};
    use std::error::Error as _;
    use std::io;

    #[test]
    fn lost_answer_is_unknown_to_writes_alone() {
        let broken = || Fault::Lost(Lost::Broken, Some(io::ErrorKind::ConnectionReset.into()));
        type Row = (fn() -> Fault, (ErrorKind, bool), [(ErrorKind, bool); 4]);
        let unknown = [(Unknown, false); 4];
        let unavailable = [(Unavailable, true); 4];
        let table: [Row; 10] = [
            (
                || Fault::unreached(io::ErrorKind::ConnectionReset.into()),
                (Unavailable, true),
                unavailable,
            ),
            (|| Lost::Unsent.into(), (Timeout, true), unavailable),
            (broken, (Unavailable, true), unknown),
            (|| Lost::Silent.into(), (Timeout, true), unknown),
            (
                || Fault::Failed,
                (Unavailable, true),
                [(Unavailable, true), (Unknown, false), (Unknown, false), (Unknown, false)],
            ),
            (|| Fault::Rejected, (Unavailable, false), [(Unavailable, false); 4]),
            (|| Fault::Unspoken, (Unavailable, false), [(Unavailable, false); 4]),
            (|| Fault::Full, (Unavailable, true), unavailable),
            (|| Fault::Garbled, (Unavailable, false), unknown),
            (|| Fault::WithoutCas, (Unsupported, false), [(Unsupported, false); 4]),
        ];
        for (fault, load, writes) in table {
            let error = fault().into_error(Call::Load);
            assert_eq!((error.kind(), error.is_retryable()), load, "{error}");
            for (call, write) in
                [Call::Create, Call::Update, Call::Touch, Call::Delete].into_iter().zip(writes)
            {
                let error = fault().into_error(call);
                assert_eq!((error.kind(), error.is_retryable()), write, "{call:?}: {error}");
            }
        }
        assert!(broken().into_error(Call::Load).source().is_some(), "what broke it is kept");
    }
}
