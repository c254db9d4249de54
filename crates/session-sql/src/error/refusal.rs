//! What the server says by refusing a statement.

use session_core::ErrorKind::{Config, TooLarge, Unavailable};
use session_core::store::Failure::{self, Final, Later};

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
    /// A file is.
    ReadOnlyFile,
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
                | Self::ReadOnlyFile
                | Self::Stale
                | Self::Crossed
                | Self::Doubtful
                | Self::LogIn
                | Self::Full
        )
    }

    pub(super) fn failure(self) -> Failure {
        match self {
            Self::Contended | Self::Deadlock => {
                Later("other writers hold the record or the database")
            }
            Self::ReadOnly => Later("the database is read-only"),
            Self::ReadOnlyFile => Later(READ_ONLY_FILE),
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

pub(super) const READ_ONLY_FILE: &str = "its file, or the folder with its journal, is read-only; let the user \
                              of this process write both";
pub(super) const NO_FILE: &str =
    "the database file cannot be opened; check its directory, owner and mode";
pub(super) const NO_DATABASE: &str = "there is no such database or schema; `init` makes neither";
