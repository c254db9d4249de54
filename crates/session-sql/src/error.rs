//! What a failure means: nothing written, or not known.
//!
//! Texts of the servers repeat values (a duplicate key, say) and those of the client the URL, so
//! neither reaches our errors.

use session_core::Error;
use session_core::ErrorKind::{self, Config, Decode, TooLarge, Unavailable, Unknown};
use session_core::store::{Call, Lost};
use std::io;

use Retry::{Later, Useless};

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// There was no connection to send on.
    Unreached(sqlx::Error),
    /// The server turned the connection away.
    TurnedAway(Refusal),
    /// The deadline passed before there was one.
    Unsent,
    /// The connection broke after the statement was handed to it.
    Broken(sqlx::Error),
    /// The deadline passed after that.
    Silent,
    /// The server answered with an error.
    Refused(Refusal),
    /// The answer has another type than the table's columns should.
    Unexpected,
}

/// What a server says by refusing a statement. Unless noted, the statement was rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(all(feature = "postgres", feature = "mysql")),
    allow(dead_code, reason = "no database says all of it")
)]
pub(crate) enum Refusal {
    /// The key has a row already, where `INSERT` has no other way to say it.
    Taken,
    /// A lock was not to be had, or the server gave up.
    Contended,
    /// Writers held what each other wanted, and the server chose this statement to give way.
    Deadlock,
    /// The server is read-only: after a failover the address may lead to another one.
    ReadOnly,
    /// Out of disk, memory or connections.
    Full,
    /// There is no such database or schema.
    NoDatabase,
    NoTable,
    NoColumn,
    /// Nothing keeps two rows from having one key.
    NotUnique,
    /// The user may not do this.
    Denied,
    /// The user is unknown or the password wrong.
    LogIn,
    /// A value is longer than the server takes.
    TooLarge,
    /// A prepared statement is no longer what it was, as after a change of the table.
    Stale,
    /// Something else; the statement had no effect.
    Failed,
    /// Something else, which proves nothing.
    Doubtful,
}

/// Whether the same call may succeed later.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retry {
    Later,
    Useless,
}

impl Refusal {
    /// Whether the connection should not be used again.
    pub(crate) fn taints_connection(self) -> bool {
        matches!(self, Self::ReadOnly | Self::Stale | Self::Doubtful | Self::LogIn | Self::Full)
    }
}

impl Fault {
    pub(crate) fn into_error(self, call: Call, database: &str) -> Error {
        let (kind, retry, what) = match &self {
            Self::Unreached(sqlx::Error::Io(cause)) => {
                return call.lost(database, Lost::Unreached).with_source(plain(cause));
            }
            Self::Broken(sqlx::Error::Io(cause)) => {
                return call.lost(database, Lost::Broken).with_source(plain(cause));
            }
            Self::Broken(_) => return call.lost(database, Lost::Broken),
            Self::Unsent => return call.lost(database, Lost::Unsent),
            Self::Silent => return call.lost(database, Lost::Silent),
            Self::Unreached(cause) => unreached(cause),
            Self::TurnedAway(refusal) => turned_away(*refusal),
            Self::Refused(refusal) => refused(call, *refusal),
            Self::Unexpected if call.is_read() => {
                (Decode, Useless, "a column is of another type than expected")
            }
            Self::Unexpected => (Unknown, Useless, "the answer is of another type than expected"),
        };
        call.error(database, kind, what).with_retryable(retry == Later)
    }
}

/// The text of a custom error is the client's.
fn plain(cause: &io::Error) -> io::Error {
    io::Error::from(cause.kind())
}

const NO_DATABASE: &str = "there is no such database or schema; `init` makes neither";

/// Kind, whether to retry, and what happened.
type Meaning = (ErrorKind, Retry, &'static str);

/// Why there is no connection; nothing was sent.
fn unreached(cause: &sqlx::Error) -> Meaning {
    match cause {
        sqlx::Error::Configuration(_) => (Config, Useless, "the url cannot be used"),
        sqlx::Error::Tls(_) => (
            Unavailable,
            Useless,
            "no TLS: the server has none, its certificate is not trusted, or the feature \
             `rustls` of session-sql is off",
        ),
        sqlx::Error::PoolClosed => (Unavailable, Useless, "the pool was closed"),
        _ => (Unavailable, Later, "the server cannot be reached"),
    }
}

fn turned_away(refusal: Refusal) -> Meaning {
    match refusal {
        Refusal::LogIn => {
            (Unavailable, Useless, "the server refuses the user or password of the url")
        }
        Refusal::NoDatabase => (Config, Useless, NO_DATABASE),
        Refusal::Denied => (Unavailable, Useless, "the database cannot be opened"),
        Refusal::Full => (Unavailable, Later, "the server takes no more connections"),
        _ => (Unavailable, Later, "the server turned the connection away"),
    }
}

fn refused(call: Call, refusal: Refusal) -> Meaning {
    match refusal {
        Refusal::Contended | Refusal::Deadlock => {
            (Unavailable, Later, "other writers hold the record or the database")
        }
        Refusal::ReadOnly => (Unavailable, Later, "the database is read-only"),
        Refusal::Full => (Unavailable, Later, "the server is out of space or memory"),
        Refusal::NoDatabase => (Config, Useless, NO_DATABASE),
        Refusal::NoTable => (Config, Useless, "the table is missing; `init` makes it"),
        Refusal::NoColumn => (
            Config,
            Useless,
            "a column is missing; `init` adds the owner's, the others are session_id, data, expiry",
        ),
        Refusal::NotUnique => (Config, Useless, "the column session_id has no unique index"),
        Refusal::Denied | Refusal::LogIn => {
            (Unavailable, Useless, "the server does not let this user do that")
        }
        Refusal::TooLarge => (TooLarge, Useless, "a value is longer than the server takes"),
        Refusal::Stale => (Unavailable, Later, "the table was changed, or the connection's state"),
        Refusal::Doubtful if !call.is_read() => {
            (Unknown, Useless, "the server answered with an error that proves nothing")
        }
        Refusal::Doubtful => (Unavailable, Later, "the server answered with an error"),
        Refusal::Taken | Refusal::Failed => {
            (Unavailable, Useless, "the server answered with an error")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Refusal};
    use session_core::ErrorKind::{Config, Decode, Timeout, TooLarge, Unavailable, Unknown};
    use session_core::store::Call;
    use std::io;

    const WRITES: [Call; 4] = [Call::Update, Call::Touch, Call::Delete, Call::Sweep];

    fn broken(kind: io::ErrorKind) -> sqlx::Error {
        sqlx::Error::Io(io::Error::new(kind, "hunter2"))
    }

    #[test]
    fn lost_answer_is_unknown_to_writes_alone() {
        let reset = io::ErrorKind::ConnectionReset;
        let table = [
            (Fault::Broken as fn(_) -> _, Unavailable, Unknown),
            (|_| Fault::Silent, Timeout, Unknown),
            (|_| Fault::Unsent, Timeout, Unavailable),
            (Fault::Unreached, Unavailable, Unavailable),
        ];
        for (fault, read, write) in table {
            let error = fault(broken(reset)).into_error(Call::Load, "sql");
            assert_eq!((error.kind(), error.is_retryable()), (read, true), "{error}");
            for call in WRITES {
                let error = fault(broken(reset)).into_error(call, "sql");
                assert_eq!(error.kind(), write, "{error}");
                assert_eq!(error.is_retryable(), write != Unknown, "{error}");
            }
        }
    }

    #[test]
    fn refusals() {
        let table = [
            (Refusal::Contended, Unavailable, Unavailable, true),
            (Refusal::Deadlock, Unavailable, Unavailable, true),
            (Refusal::ReadOnly, Unavailable, Unavailable, true),
            (Refusal::Full, Unavailable, Unavailable, true),
            (Refusal::Stale, Unavailable, Unavailable, true),
            (Refusal::NoDatabase, Config, Config, false),
            (Refusal::NoTable, Config, Config, false),
            (Refusal::NoColumn, Config, Config, false),
            (Refusal::NotUnique, Config, Config, false),
            (Refusal::Denied, Unavailable, Unavailable, false),
            (Refusal::TooLarge, TooLarge, TooLarge, false),
            (Refusal::Failed, Unavailable, Unavailable, false),
        ];
        for (refusal, read, write, is_retryable) in table {
            for (call, kind) in [(Call::Load, read), (Call::Update, write), (Call::Delete, write)] {
                let error = Fault::Refused(refusal).into_error(call, "sql");
                let seen = (error.kind(), error.is_retryable());
                assert_eq!(seen, (kind, is_retryable), "{refusal:?}");
            }
        }
        let doubtful = |call| Fault::Refused(Refusal::Doubtful).into_error(call, "sql").kind();
        assert_eq!((doubtful(Call::Load), doubtful(Call::Update)), (Unavailable, Unknown));
    }

    #[test]
    fn unexpected_answers_are_errors() {
        assert_eq!(Fault::Unexpected.into_error(Call::Load, "sql").kind(), Decode);
        assert_eq!(Fault::Unexpected.into_error(Call::Update, "sql").kind(), Unknown);
    }

    #[test]
    fn texts_of_server_and_client_stay_out() {
        for fault in [
            Fault::Unreached(sqlx::Error::Configuration("hunter2".into())),
            Fault::Unreached(sqlx::Error::Tls("hunter2".into())),
            Fault::Unreached(broken(io::ErrorKind::Other)),
            Fault::Broken(broken(io::ErrorKind::Other)),
            Fault::Broken(sqlx::Error::Protocol("hunter2".into())),
        ] {
            let error = fault.into_error(Call::Update, "sql");
            assert!(!format!("{error:#} {error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
