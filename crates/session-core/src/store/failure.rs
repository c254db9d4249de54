//! What a failed call comes to, apart from what the store's client calls it.

use super::{Call, Lost};
use crate::error::{Error, ErrorKind};

/// What a failed call comes to; [`Call::failed`] makes the error of it.
///
/// A store reads what its client or server says into one of these, and nothing else: texts of
/// clients and servers may hold keys, so `what` is the store's own. It says what happened and,
/// where somebody must act, what to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answered.
    Lost(Lost),
    /// Refused, so nothing was written, and the same call may succeed later: `Unavailable`.
    Later(&'static str),
    /// The same call fails again until somebody acts, or must not be made again: not retryable.
    ///
    /// Of kind `Unknown` it may have been applied, of any other kind nothing was written.
    Final(ErrorKind, &'static str),
    /// An error that proves nothing: `Unknown` for a write, a retryable `Unavailable` for a read.
    Doubtful,
    /// An answer, or a record, of another form than expected: `Unknown` for a write, `Decode` for a
    /// read.
    Unexpected(&'static str),
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

impl Call {
    /// The error of this call on `store` after `failure`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use web_session::ErrorKind;
    /// use web_session::store::{Call, Failure};
    ///
    /// /// What SQLite's codes mean, some of them.
    /// fn failure(code: i32) -> Failure {
    ///     match code {
    ///         5 => Failure::Later("other writers hold the database"),
    ///         14 => Failure::Final(ErrorKind::Config, "the file cannot be opened; name another"),
    ///         _ => Failure::Doubtful,
    ///     }
    /// }
    ///
    /// let error = Call::Update.failed("sqlite", failure(5));
    /// assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    /// assert_eq!(error.to_string(), "write a session to sqlite: other writers hold the database");
    /// assert_eq!(Call::Update.failed("sqlite", failure(10)).kind(), ErrorKind::Unknown);
    /// ```
    pub fn failed(self, store: &str, failure: Failure) -> Error {
        let (kind, is_retryable, what) = match failure {
            Failure::Lost(lost) => return self.lost(store, lost),
            Failure::Later(what) => (ErrorKind::Unavailable, true, what),
            Failure::Final(kind, what) => (kind, false, what),
            Failure::Doubtful if self.is_read() => {
                (ErrorKind::Unavailable, true, "the server answered with an error")
            }
            Failure::Doubtful => {
                (ErrorKind::Unknown, false, "the server answered with an error that proves nothing")
            }
            Failure::Unexpected(what) if self.is_read() => (ErrorKind::Decode, false, what),
            Failure::Unexpected(what) => (ErrorKind::Unknown, false, what),
        };
        self.error(store, kind, what).with_retryable(is_retryable)
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;
    use crate::error::ErrorKind::{Config, Decode, Unavailable, Unknown};
    use crate::store::{Call, Lost};

    #[test]
    fn failures_have_one_meaning_each_for_reads_and_writes() {
        for (failure, read, write) in [
            (Lost::Broken.into(), (Unavailable, true), (Unknown, false)),
            (Failure::Later("it is full"), (Unavailable, true), (Unavailable, true)),
            (Failure::Final(Unavailable, "it is full"), (Unavailable, false), (Unavailable, false)),
            (Failure::Final(Config, "it is full"), (Config, false), (Config, false)),
            (Failure::Doubtful, (Unavailable, true), (Unknown, false)),
            (Failure::Unexpected("it is text"), (Decode, false), (Unknown, false)),
        ] {
            for (call, expected) in [(Call::Load, read), (Call::Delete, write)] {
                let error = call.failed("it", failure);
                assert_eq!((error.kind(), error.is_retryable()), expected, "{failure:?}: {error}");
            }
        }
        let error = Call::Load.failed("it", Failure::Later("it is full"));
        assert_eq!(error.to_string(), "load a session from it: it is full");
    }
}
