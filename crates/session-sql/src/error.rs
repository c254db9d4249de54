//! What a failure means: nothing written, or not known.
//!
//! Texts of the servers repeat values (a duplicate key, say) and those of the client the URL, so
//! neither reaches our errors; the system's words do.

mod refusal;

pub(crate) use refusal::Refusal;

use crate::tls;
use refusal::{NO_DATABASE, NO_FILE, READ_ONLY_FILE};
use session_core::Error;
use session_core::ErrorKind::{Config, Unavailable};
use session_core::store::Failure::{self, Final, Later};
use session_core::store::{Call, Lost, system_cause};
use std::io;

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
            Refusal::ReadOnlyFile => Later(READ_ONLY_FILE),
            Refusal::ReadOnly => Later("no server of the url lets sessions be written"),
            _ => Later("the server turned the connection away"),
        };
        Self::Unconnected(failure, None)
    }

    /// Adds what the system says of it.
    #[cfg(feature = "sqlite")]
    pub(crate) fn because(self, cause: Option<io::Error>) -> Self {
        match self {
            Self::Unconnected(failure, _) => Self::Unconnected(failure, cause),
            fault => fault,
        }
    }

    /// The same for another call that met it.
    #[cfg(feature = "sqlite")]
    pub(crate) fn copy(&self) -> Self {
        let again = |cause: &Option<io::Error>| cause.as_ref().map(system_cause);
        match self {
            Self::Lost(lost, cause) => Self::Lost(*lost, again(cause)),
            Self::Unconnected(failure, cause) => Self::Unconnected(*failure, again(cause)),
            Self::Refused(refusal) => Self::Refused(*refusal),
            Self::Unexpected => Self::Unexpected,
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
            (Refusal::ReadOnlyFile, Unavailable, Unavailable, true),
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
