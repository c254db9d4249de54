//! What the errors of every store have in common: which call failed, and what is known of it.

use crate::error::{Error, ErrorKind};

/// A call of a store, as its errors name it.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::store::Call;
///
/// assert_eq!(Call::Load.of("redis"), "load a session from redis");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// The first contact.
    Connect,
    /// A look at the tables or indexes that are there.
    Inspect,
    /// Making those that are missing.
    Init,
    /// [`Store::load`](super::Store::load)
    Load,
    /// [`Store::write`](super::Store::write) if the record is absent.
    Create,
    /// [`Store::write`](super::Store::write) if it is unchanged.
    Update,
    /// [`Store::touch`](super::Store::touch)
    Touch,
    /// [`Store::delete`](super::Store::delete)
    Delete,
    /// The entry in an index of owners, made apart from the record and before it.
    Enter,
    /// [`Store::list_by_owner`](super::Store::list_by_owner)
    List,
    /// [`Store::delete_expired`](super::Store::delete_expired)
    Sweep,
    /// [`Store::scan`](super::Store::scan)
    Scan,
}

/// What is known of a call that got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// There was no connection to send it on.
    Unreached,
    /// The deadline passed before it was sent.
    Unsent,
    /// The connection broke after some of it was sent.
    Broken,
    /// The deadline passed after that.
    Silent,
}

impl Call {
    /// The start of a message about this call on `store`.
    pub fn of(self, store: &str) -> String {
        let verb = match self {
            Self::Connect => "connect to",
            Self::Inspect => "inspect the schema of",
            Self::Init => "prepare the schema of",
            Self::Load => "load a session from",
            Self::Create | Self::Update => "write a session to",
            Self::Touch => "renew a session in",
            Self::Delete => "delete a session from",
            Self::Enter => "enter a session in its owner's index in",
            Self::List => "list an owner's sessions in",
            Self::Sweep => "remove expired sessions from",
            Self::Scan => "read the sessions of",
        };
        format!("{verb} {store}")
    }

    /// Whether it changes no record or table, so that it may be sent again.
    pub fn is_read(self) -> bool {
        matches!(
            self,
            Self::Connect | Self::Inspect | Self::Load | Self::Enter | Self::List | Self::Scan
        )
    }

    /// An error of this call on `store`; `what` says what happened and what to change.
    pub fn error(self, store: &str, kind: ErrorKind, what: &str) -> Error {
        Error::new(kind, format!("{}: {what}", self.of(store)))
    }

    /// The error of a call for whose answer nobody waits any longer.
    ///
    /// A read is `Timeout` or `Unavailable`; so is a write that provably was not sent. Any other
    /// write is `Unknown`, which is not retryable. Add the cause with
    /// [`with_source`](Error::with_source) if its text can name no key.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use web_session::ErrorKind;
    /// use web_session::store::{Call, Lost};
    ///
    /// let error = Call::Update.lost("redis", Lost::Silent);
    /// assert_eq!(error.kind(), ErrorKind::Unknown);
    /// assert_eq!(error.to_string(), "write a session to redis: no answer in time");
    /// ```
    pub fn lost(self, store: &str, lost: Lost) -> Error {
        let (kind, what) = match (lost, self.is_read()) {
            (Lost::Unreached, _) => (ErrorKind::Unavailable, "the server cannot be reached"),
            (Lost::Unsent, true) => (ErrorKind::Timeout, "no connection in time"),
            (Lost::Unsent, false) => {
                (ErrorKind::Unavailable, "no connection in time, nothing was sent")
            }
            (Lost::Broken, true) => (ErrorKind::Unavailable, "the connection broke"),
            (Lost::Broken, false) => (ErrorKind::Unknown, "the connection broke before the answer"),
            (Lost::Silent, true) => (ErrorKind::Timeout, "no answer in time"),
            (Lost::Silent, false) => (ErrorKind::Unknown, "no answer in time"),
        };
        self.error(store, kind, what).with_retryable(kind != ErrorKind::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Lost};
    use crate::error::ErrorKind::{self, Timeout, Unavailable, Unknown};

    #[test]
    fn lost_answer_is_unknown_to_writes_alone() {
        let table: [(Lost, ErrorKind, ErrorKind); 4] = [
            (Lost::Unreached, Unavailable, Unavailable),
            (Lost::Unsent, Timeout, Unavailable),
            (Lost::Broken, Unavailable, Unknown),
            (Lost::Silent, Timeout, Unknown),
        ];
        for (lost, read, write) in table {
            let reads =
                [Call::Connect, Call::Inspect, Call::Load, Call::Enter, Call::List, Call::Scan];
            for call in reads {
                let error = call.lost("it", lost);
                assert_eq!((error.kind(), error.is_retryable()), (read, true), "{error}");
            }
            for call in
                [Call::Init, Call::Create, Call::Update, Call::Touch, Call::Delete, Call::Sweep]
            {
                let error = call.lost("it", lost);
                let expected = (write, write != Unknown);
                assert_eq!((error.kind(), error.is_retryable()), expected, "{error}");
            }
        }
    }
}
