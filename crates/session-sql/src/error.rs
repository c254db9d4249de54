//! What a failure means: nothing written, or not known.
//!
//! Texts of the servers repeat values (a duplicate key, say) and those of the client the URL, so
//! neither reaches our errors; the system's words do.

use crate::tls;
use session_core::Error;
use session_core::ErrorKind::{Config, TooLarge, Unavailable};
use session_core::store::{Call, Failure, Lost, system_cause};
use std::io;

use Failure::{Final, Later};

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Nobody answered.
    Lost(Lost, Option<io::Error>),
    /// There is no connection, so nothing was sent.
    Unconnected(Failure, Option<io::Error>),
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
    /// The file of the database, or its directory, is missing or not to be opened.
    NoFile,
    /// The user may not do this.
    Denied,
    /// The user is unknown or the password wrong.
    LogIn,
    /// A value is longer than the server takes.
    TooLarge,
    /// A prepared statement is no longer what it was, as after a change of the table.
    Stale,
    /// The server connection is shared with others, whose statements are not told apart.
    Crossed,
    /// Something else; the statement had no effect.
    Failed,
    /// Something else, which proves nothing.
    Doubtful,
}

impl Refusal {
    /// Whether the connection should not be used again.
    pub(crate) fn taints_connection(self) -> bool {
        matches!(
            self,
            Self::ReadOnly
                | Self::Stale
                | Self::Crossed
                | Self::Doubtful
                | Self::LogIn
                | Self::Full
        )
    }

    fn failure(self) -> Failure {
        match self {
            Self::Contended | Self::Deadlock => {
                Later("other writers hold the record or the database")
            }
            Self::ReadOnly => Later("the database is read-only"),
            Self::Full => Later("the server is out of space or memory"),
            Self::NoDatabase => Final(Config, NO_DATABASE),
            Self::NoFile => Final(Unavailable, NO_FILE),
            Self::NoTable => Final(Config, "the table is missing; `init` makes it"),
            Self::NoColumn => Final(
                Config,
                "a column is missing; `init` adds the owner's, the others are session_id, data, \
                 expiry",
            ),
            Self::NotUnique => Final(Config, "the column session_id has no unique index"),
            Self::Denied | Self::LogIn => {
                Final(Unavailable, "the server does not let this user do that")
            }
            Self::TooLarge => Final(TooLarge, "a value is longer than the server takes"),
            Self::Stale => Later("the table was changed, or the connection's state"),
            Self::Crossed => Final(
                Config,
                "a pooler in transaction mode, such as PgBouncer, mixes prepared statements up; \
                 set SESSION_SQLALCHEMY_TRANSACTION_POOLER=true",
            ),
            Self::Doubtful => Failure::Doubtful,
            Self::Taken | Self::Failed => Final(Unavailable, "the server answered with an error"),
        }
    }
}

const NO_FILE: &str = "the database file cannot be opened; check its directory, owner and mode";
const NO_DATABASE: &str = "there is no such database or schema; `init` makes neither";

impl Fault {
    /// Why there is no connection, as the client has it.
    pub(crate) fn unreached(error: &sqlx::Error) -> Self {
        let failure = match error {
            sqlx::Error::PoolTimedOut => Lost::Unsent.into(),
            sqlx::Error::Configuration(_) => Final(Config, "the url cannot be used"),
            sqlx::Error::PoolClosed => Final(Unavailable, "the pool was closed"),
            error => tls::failure(error).unwrap_or(Failure::Lost(Lost::Unreached)),
        };
        Self::Unconnected(failure, cause(error))
    }

    /// Why there is no connection, as the server has it.
    pub(crate) fn turned_away(refusal: Refusal) -> Self {
        let failure = match refusal {
            Refusal::LogIn => {
                Final(Unavailable, "the server refuses the user or password of the url")
            }
            Refusal::NoDatabase => Final(Config, NO_DATABASE),
            Refusal::NoFile => Final(Unavailable, NO_FILE),
            Refusal::Denied => {
                Final(Unavailable, "the server does not let this user into the database; grant it")
            }
            Refusal::Full => Later(
                "the server takes no more connections; raise max_connections there, or lower \
                 SESSION_SQLALCHEMY_MAX_CONNECTIONS",
            ),
            Refusal::ReadOnly => Later("no server of the url lets sessions be written"),
            _ => Later("the server turned the connection away"),
        };
        Self::Unconnected(failure, None)
    }

    /// Adds what the system says of it.
    pub(crate) fn because(self, cause: Option<io::Error>) -> Self {
        match self {
            Self::Unconnected(failure, _) => Self::Unconnected(failure, cause),
            fault => fault,
        }
    }

    /// The connection broke after the statement was handed to it.
    pub(crate) fn broken(error: &sqlx::Error) -> Self {
        Self::Lost(Lost::Broken, cause(error))
    }

    /// Whether a read succeeds the next time: the first call on a connection that was closed, or
    /// whose statements are no longer what they were, finds that out.
    pub(crate) fn is_stale(&self) -> bool {
        matches!(
            self,
            Self::Lost(Lost::Broken, _) | Self::Refused(Refusal::Stale | Refusal::Doubtful)
        )
    }

    pub(crate) fn into_error(self, call: Call, database: &str) -> Error {
        let error = call.failed(database, self.failure());
        match self {
            Self::Lost(_, Some(cause)) | Self::Unconnected(_, Some(cause)) => {
                error.with_source(cause)
            }
            _ => error,
        }
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Lost(lost, _) => Failure::Lost(*lost),
            Self::Unconnected(failure, _) => *failure,
            Self::Refused(refusal) => refusal.failure(),
            Self::Unexpected => Failure::Unexpected("a column is of another type than expected"),
        }
    }
}

impl From<Lost> for Fault {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost, None)
    }
}

/// Without what the client adds to it.
fn cause(error: &sqlx::Error) -> Option<io::Error> {
    match error {
        sqlx::Error::Io(cause) => Some(system_cause(cause)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Refusal};
    use session_core::ErrorKind::{Config, Decode, Timeout, TooLarge, Unavailable, Unknown};
    use session_core::store::{Call, Lost};
    use std::io;

    const WRITES: [Call; 4] = [Call::Update, Call::Touch, Call::Delete, Call::Sweep];

    fn broken(kind: io::ErrorKind) -> sqlx::Error {
        sqlx::Error::Io(io::Error::new(kind, "hunter2"))
    }

    #[test]
    fn lost_answer_is_unknown_to_writes_alone() {
        let reset = io::ErrorKind::ConnectionReset;
        let table = [
            (Fault::broken as fn(&_) -> _, Unavailable, Unknown),
            (|_| Lost::Silent.into(), Timeout, Unknown),
            (|_| Lost::Unsent.into(), Timeout, Unavailable),
            (|_| Fault::unreached(&sqlx::Error::PoolTimedOut), Timeout, Unavailable),
            (Fault::unreached, Unavailable, Unavailable),
        ];
        for (fault, read, write) in table {
            let error = fault(&broken(reset)).into_error(Call::Load, "sql");
            assert_eq!((error.kind(), error.is_retryable()), (read, true), "{error}");
            for call in WRITES {
                let error = fault(&broken(reset)).into_error(call, "sql");
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
            (Refusal::Crossed, Config, Config, false),
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
            Fault::unreached(&sqlx::Error::Configuration("hunter2".into())),
            Fault::unreached(&sqlx::Error::Tls("hunter2".into())),
            Fault::unreached(&broken(io::ErrorKind::Other)),
            Fault::broken(&broken(io::ErrorKind::Other)),
            Fault::broken(&sqlx::Error::Protocol("hunter2".into())),
        ] {
            let error = fault.into_error(Call::Update, "sql");
            assert!(!format!("{error:#} {error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
