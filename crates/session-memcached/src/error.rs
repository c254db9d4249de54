//! What a failure means: nothing written, or not known.
//!
//! Texts of the client and the server stay out, since they may name the key; I/O errors do not.

use crate::config::STORE;
use session_core::Error;
use session_core::ErrorKind::{self, Unavailable, Unknown, Unsupported};
use session_core::store::{Call, Lost};
use std::io;

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

impl Fault {
    pub(crate) fn into_error(self, call: Call) -> Error {
        match self {
            Self::Unreached(cause) => call.lost(STORE, Lost::Unreached).with_source(cause),
            Self::Broken(cause) => call.lost(STORE, Lost::Broken).with_source(cause),
            Self::Unsent | Self::Silent if call == Call::Connect => {
                call.lost(STORE, Lost::Unreached)
            }
            Self::Unsent => call.lost(STORE, Lost::Unsent),
            Self::Silent => call.lost(STORE, Lost::Silent),
            // A server without free memory has dropped the record that it could not replace.
            Self::Failed if matches!(call, Call::Update | Call::Touch | Call::Delete) => {
                refused(call, Unknown, "the server failed, and may have dropped the session")
            }
            Self::Failed => {
                refused(call, Unavailable, "the server failed, as it does when out of memory")
                    .with_retryable(true)
            }
            Self::Rejected => {
                let what = "the server rejects the command; memcached 1.6 or newer is needed";
                refused(call, Unavailable, what)
            }
            Self::Garbled => {
                let kind = if call.is_read() { Unavailable } else { Unknown };
                refused(call, kind, "the answer is not one of memcached's")
            }
            Self::WithoutCas => {
                let what = "the server gives no cas tokens; start it without -C";
                refused(call, Unsupported, what)
            }
        }
    }
}

/// An error after which the same call fails again, unless it says otherwise.
fn refused(call: Call, kind: ErrorKind, what: &str) -> Error {
    call.error(STORE, kind, what).with_retryable(false)
}

#[cfg(test)]
mod tests {
    use super::Fault;
    use session_core::ErrorKind::{self, Timeout, Unavailable, Unknown, Unsupported};
    use session_core::store::Call;
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
