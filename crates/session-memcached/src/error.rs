//! What a failure means: nothing written, or not known.
//!
//! Texts of the client and the server stay out, since they may name the key; I/O errors do not.

use session_core::Error;
use session_core::ErrorKind::{self, Timeout, Unavailable, Unknown, Unsupported};
use std::io;

use Retry::{Later, Useless};

/// The call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Connect,
    Load,
    Create,
    Update,
    Touch,
    Delete,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// No connection, or one that broke before a change was sent whole: the server applied none.
    Unreached(io::Error),
    /// The deadline passed before then.
    Unsent,
    /// The connection broke after a change was sent.
    Broken(io::Error),
    /// The deadline passed without an answer.
    Silent,
    /// `SERVER_ERROR`
    Failed,
    /// `ERROR` or `CLIENT_ERROR`, which servers send in place of running a command.
    Rejected,
    /// An answer that is none.
    Garbled,
    /// The server gives no CAS tokens, without which a write cannot name what it replaces.
    WithoutCas,
}

/// Whether the same call may succeed later.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retry {
    Later,
    Useless,
}

impl Call {
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Connect => "connect to memcached",
            Self::Load => "load a session from memcached",
            Self::Create | Self::Update => "write a session to memcached",
            Self::Touch => "renew a session in memcached",
            Self::Delete => "delete a session from memcached",
        }
    }

    fn is_read(self) -> bool {
        matches!(self, Self::Connect | Self::Load)
    }
}

impl Fault {
    pub(crate) fn into_error(self, call: Call) -> Error {
        let (kind, retry, what) = self.meaning(call);
        let error =
            Error::new(kind, format!("{}: {what}", call.verb())).with_retryable(retry == Later);
        match self {
            Self::Unreached(cause) | Self::Broken(cause) => error.with_source(cause),
            _ => error,
        }
    }

    /// Kind, whether to retry, and what happened.
    fn meaning(&self, call: Call) -> (ErrorKind, Retry, &'static str) {
        match self {
            Self::Unreached(_) => (Unavailable, Later, "the server cannot be reached"),
            Self::Unsent | Self::Silent if call == Call::Connect => {
                (Unavailable, Later, "the server did not answer in time")
            }
            Self::Unsent if call.is_read() => (Timeout, Later, "no connection in time"),
            Self::Unsent => (Unavailable, Later, "no connection in time, nothing was sent"),
            Self::Broken(_) if call.is_read() => (Unavailable, Later, "the connection broke"),
            Self::Broken(_) => (Unknown, Useless, "the connection broke before the answer"),
            Self::Silent if call.is_read() => (Timeout, Later, "no answer in time"),
            Self::Silent => (Unknown, Useless, "no answer in time"),
            // A server without free memory has dropped the record that it could not replace.
            Self::Failed if matches!(call, Call::Update | Call::Touch | Call::Delete) => {
                (Unknown, Useless, "the server failed, and may have dropped the session")
            }
            Self::Failed => {
                (Unavailable, Later, "the server failed, as it does when out of memory")
            }
            Self::Rejected => (
                Unavailable,
                Useless,
                "the server rejects the command; memcached 1.6 or newer is needed",
            ),
            Self::Garbled if call.is_read() => {
                (Unavailable, Useless, "the answer is not one of memcached's")
            }
            Self::Garbled => (Unknown, Useless, "the answer is not one of memcached's"),
            Self::WithoutCas => {
                (Unsupported, Useless, "the server gives no cas tokens; start it without -C")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Fault};
    use session_core::ErrorKind::{self, Timeout, Unavailable, Unknown, Unsupported};
    use std::io;

    #[test]
    fn lost_answer_is_unknown_to_writes_alone() {
        let io = || io::Error::from(io::ErrorKind::ConnectionReset);
        type Row = (fn(io::Error) -> Fault, (ErrorKind, bool), [(ErrorKind, bool); 4]);
        let unknown = [(Unknown, false); 4];
        let unavailable = [(Unavailable, true); 4];
        let table: [Row; 8] = [
            (Fault::Unreached, (Unavailable, true), unavailable),
            (|_| Fault::Unsent, (Timeout, true), unavailable),
            (Fault::Broken, (Unavailable, true), unknown),
            (|_| Fault::Silent, (Timeout, true), unknown),
            (
                |_| Fault::Failed,
                (Unavailable, true),
                [(Unavailable, true), (Unknown, false), (Unknown, false), (Unknown, false)],
            ),
            (|_| Fault::Rejected, (Unavailable, false), [(Unavailable, false); 4]),
            (|_| Fault::Garbled, (Unavailable, false), unknown),
            (|_| Fault::WithoutCas, (Unsupported, false), [(Unsupported, false); 4]),
        ];
        for (fault, load, writes) in table {
            let error = fault(io()).into_error(Call::Load);
            assert_eq!((error.kind(), error.is_retryable()), load, "{error}");
            for (call, write) in
                [Call::Create, Call::Update, Call::Touch, Call::Delete].into_iter().zip(writes)
            {
                let error = fault(io()).into_error(call);
                assert_eq!((error.kind(), error.is_retryable()), write, "{call:?}: {error}");
            }
        }
    }
}
