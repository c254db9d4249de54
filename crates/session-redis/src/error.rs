//! What a failure means: nothing written, or not known.
//!
//! Texts of the server and the client may repeat arguments (an unknown command's reply lists
//! them, log-in included), so only codes, I/O errors and names of our own commands reach our errors.

mod denied;
#[cfg(feature = "rustls")]
mod tls;

pub(crate) use denied::{Denied, Login, lacks};

use redis::{ErrorKind as RedisErrorKind, RedisError, ServerError, ServerErrorKind};
use session_core::Error;
use session_core::ErrorKind::{Decode, Unavailable};
use session_core::store::{Call, Failure, Lost};

use Failure::{Doubtful, Final, Later, Unexpected};
use ServerErrorKind::ResponseError;

/// The store's name in messages. Not in `config`, since the reader of addresses names it too.
pub(crate) const STORE: &str = "redis";

/// Why there is no reply.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Nobody answered, or the server gave no connection to send on.
    Lost(Lost, Option<RedisError>),
    /// The server answered with an error.
    Refused(ServerError),
    /// The server does not let the user do that; nothing was done.
    Denied(Denied, Option<Login>),
    /// The cluster named no node that serves the key, until the deadline.
    #[cfg(feature = "cluster")]
    Unsettled,
    /// The server knows of no cluster.
    #[cfg(feature = "cluster")]
    NoCluster,
}

const FULL: Failure = Later(
    "the server has as many clients as its maxclients allows; raise it, or let fewer connect",
);
const PROTECTED: Failure = Final(
    Unavailable,
    "the server is in protected mode: it wants a password, or protected-mode no",
);
const ONE_OF_SEVERAL: Failure = Final(
    Unavailable,
    "the server is one node of a cluster; redis+cluster:// in the url names all of it",
);
const CLUSTER_CHANGES: Failure =
    Later("the cluster has no node for the key at the moment; CLUSTER INFO says more");

impl Fault {
    /// There is no connection; nothing was sent.
    pub(crate) fn unreached(cause: RedisError) -> Self {
        match Denied::read(cause.code(), cause.detail()) {
            Some(denied) => Self::Denied(denied, None),
            None => Self::Lost(Lost::Unreached, Some(cause)),
        }
    }

    /// The server answered with `error`.
    pub(crate) fn refused(error: ServerError) -> Self {
        match Denied::read(Some(error.code()), error.details()) {
            Some(denied) => Self::Denied(denied, None),
            None => Self::Refused(error),
        }
    }

    /// The same, with the server and the user whom it concerns.
    pub(crate) fn of(self, login: impl FnOnce() -> Option<Login>) -> Self {
        match self {
            Self::Denied(denied, None) => Self::Denied(denied, login()),
            fault => fault,
        }
    }

    /// Whether the server answered with the error `kind`.
    pub(crate) fn is_reply(&self, kind: ServerErrorKind) -> bool {
        matches!(self, Self::Refused(error) if error.kind() == Some(kind))
    }

    /// Whether the server does not know a command in this form; nothing ran.
    pub(crate) fn is_syntax_error(&self) -> bool {
        let says_so = |details: &str| details.starts_with("syntax error");
        matches!(self, Self::Refused(error)
            if error.code() == "ERR" && error.details().is_some_and(says_so))
    }

    /// Whether the key holds another type; nothing ran.
    pub(crate) fn is_wrong_type(&self) -> bool {
        matches!(self, Self::Refused(error) if error.code() == "WRONGTYPE")
    }

    /// Whether it is an answer that is given before a command runs, and that may soon be another.
    #[cfg(any(feature = "cluster", feature = "sentinel"))]
    pub(crate) fn is_passing(&self) -> bool {
        use ServerErrorKind::{
            Ask, BusyLoading, ClusterDown, MasterDown, Moved, ReadOnly, TryAgain,
        };
        let passing = [Ask, BusyLoading, ClusterDown, MasterDown, Moved, ReadOnly, TryAgain];
        passing.into_iter().any(|kind| self.is_reply(kind))
    }

    /// Whether it tells of more than of a way that leads nowhere.
    #[cfg(feature = "cluster")]
    pub(crate) fn is_answer(&self) -> bool {
        match self {
            Self::Lost(_, cause) => cause.as_ref().is_some_and(|cause| !cause.is_io_error()),
            _ => true,
        }
    }

    /// Whether the connection broke, as one does that was closed before.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self, Self::Lost(Lost::Broken, _))
    }

    /// Whether the next call needs another connection. After a failover the address, or the
    /// sentinels, may lead to another server than the connection does.
    pub(crate) fn ends_connection(&self) -> bool {
        matches!(self, Self::Lost(Lost::Broken | Lost::Silent, _))
            || self.is_reply(ServerErrorKind::ReadOnly)
            || self.is_reply(ServerErrorKind::MasterDown)
    }

    pub(crate) fn into_error(self, call: Call) -> Error {
        let failure = match &self {
            Self::Lost(Lost::Unreached, Some(cause)) => unreached(cause),
            // Only a socket that never was connected reports this.
            Self::Lost(_, Some(cause)) if cause.is_connection_refusal() => Lost::Unreached.into(),
            Self::Lost(lost, _) => (*lost).into(),
            Self::Refused(reply) => refused(call, reply.code(), reply.details()),
            Self::Denied(what, login) => return lacks(call, &[*what], login.as_ref()),
            #[cfg(feature = "cluster")]
            Self::Unsettled => CLUSTER_CHANGES,
            #[cfg(feature = "cluster")]
            Self::NoCluster => Final(
                Unavailable,
                "the server is no node of a cluster; redis:// in place of redis+cluster:// names it",
            ),
        };
        let error = call.failed(STORE, failure);
        match self {
            Self::Lost(_, Some(cause)) if cause.is_io_error() => error.with_source(cause),
            _ => error,
        }
    }
}

impl From<Lost> for Fault {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost, None)
    }
}

/// What became of commands that were handed to a connection.
impl From<RedisError> for Fault {
    fn from(error: RedisError) -> Self {
        ServerError::try_from(error)
            .map_or_else(|error| Self::Lost(Lost::Broken, Some(error)), Self::refused)
    }
}

/// The error of a call whose answer has a shape that its command does not have.
pub(crate) fn unexpected(call: Call) -> Error {
    call.failed(STORE, Unexpected("the answer is of another type than expected"))
}

/// The error of a call that would see a part of the keys alone.
pub(crate) fn one_of_several(call: Call) -> Error {
    call.failed(STORE, ONE_OF_SEVERAL)
}

/// The error of a call for which the cluster has no node at the moment.
pub(crate) fn unsettled(call: Call) -> Error {
    call.failed(STORE, CLUSTER_CHANGES)
}

/// Whether the server gives no connection until someone changes it, or the settings.
pub(crate) fn is_refusal(cause: &RedisError) -> bool {
    matches!(unreached(cause), Final(..))
}

/// Whether the server has no place for the connection, and so closes it.
pub(crate) fn is_full(cause: &RedisError) -> bool {
    unreached(cause) == FULL
}

/// Why the server gave no connection.
fn unreached(cause: &RedisError) -> Failure {
    #[cfg(feature = "rustls")]
    if let Some(failure) = tls::failure(cause) {
        return failure;
    }
    match (cause.kind(), cause.code()) {
        _ if says_full(cause.detail()) => FULL,
        (_, Some("DENIED")) => PROTECTED,
        // `denied` says what.
        (RedisErrorKind::AuthenticationFailed, _)
        | (_, Some("NOAUTH" | "NOPERM" | "WRONGPASS")) => {
            Final(Unavailable, "the server refuses the user or password of the url")
        }
        // The client tells of a refused database in words of its own.
        (RedisErrorKind::Server(ResponseError), _)
            if ServerError::try_from(cause.clone()).is_err() =>
        {
            Final(
                Unavailable,
                "the server refuses the database of the url; `databases` in its configuration says \
                 how many there are",
            )
        }
        // HELLO, refused in whatever words: no other command that begins a connection is unknown.
        (RedisErrorKind::RESP3NotSupported, _) | (_, Some("NOPROTO" | "ERR")) => {
            Final(Unavailable, "the server needs ?protocol=resp2 in the url")
        }
        // So the client's own words are marked that CLIENT TRACKING was refused.
        (RedisErrorKind::Extension, None) => Final(
            Unavailable,
            "the server does not tell of changes (CLIENT TRACKING), as a proxy may not; \
             leave SESSION_REDIS_NEAR_CACHE out",
        ),
        (RedisErrorKind::InvalidClientConfig, _) => {
            Final(Unavailable, "the address in the url cannot be used")
        }
        (RedisErrorKind::MasterNameNotFoundBySentinel, _) => {
            Final(Unavailable, "the sentinels know no service of the name in the url")
        }
        (RedisErrorKind::Io, _) if is_closed(cause) => Later(
            "the server closed the connection before it answered, as one at its maxclients does, \
             or a proxy without HELLO that needs ?protocol=resp2 in the url",
        ),
        (RedisErrorKind::Io, _) => Lost::Unreached.into(),
        (RedisErrorKind::Parse | RedisErrorKind::UnexpectedReturnType, _) => {
            Later("the answer is not one of redis's; another server may be at this address")
        }
        _ => Later("the server turned the connection away"),
    }
}

/// What Redis says, alone and in a cluster, to a connection beyond its `maxclients`.
fn says_full(details: Option<&str>) -> bool {
    details.is_some_and(|details| details.starts_with("max number of clients"))
}

/// Whether there was a connection.
fn is_closed(cause: &RedisError) -> bool {
    cause.is_connection_dropped() && !cause.is_connection_refusal()
}

/// The listed codes are sent before a command runs. Others (a proxy's, say, which lost its own
/// server) prove nothing.
fn refused(call: Call, code: &str, details: Option<&str>) -> Failure {
    match code {
        _ if says_full(details) => FULL,
        "DENIED" => PROTECTED,
        "BUSY" => Later("the server is busy with a script (BUSY)"),
        "LOADING" => Later("the server is loading its data (LOADING)"),
        "MASTERDOWN" => Later("the server is a replica without its master (MASTERDOWN)"),
        "MISCONF" => Later("the server cannot save its data (MISCONF); its log says why"),
        "NOREPLICAS" => Later(
            "the server has too few replicas (NOREPLICAS); min-replicas-to-write says how many it wants",
        ),
        "OOM" => Later("the server is out of memory (OOM); raise its maxmemory"),
        "READONLY" => Later(
            "the server is a replica (READONLY); name its master, or sentinels by redis+sentinel://",
        ),
        "CLUSTERDOWN" | "TRYAGAIN" => CLUSTER_CHANGES,
        "ASK" | "CROSSSLOT" | "MOVED" => ONE_OF_SEVERAL,
        "NOAUTH" => Final(Unavailable, "the server wants a password in the url"),
        "WRONGTYPE" if call == Call::Load => {
            Final(Decode, "the key holds another type than a string")
        }
        // Whatever writes a record compares it first, and takes another type for a changed one.
        "WRONGTYPE" => Final(
            Unavailable,
            "the key of the owner's index holds another type than a sorted set: remove it",
        ),
        // What may pass has a code of its own, above.
        _ if call.is_read() => Final(Unavailable, "the server answered with an error"),
        _ => Doubtful,
    }
}

#[cfg(test)]
mod tests;
