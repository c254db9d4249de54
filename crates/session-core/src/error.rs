//! The one error type of the workspace: a small kind, a message, a source.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// A result whose failure is an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in the terms a caller can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing, malformed or contradicts another.
    Config,
    /// A value could not be turned into bytes.
    Encode,
    /// Stored bytes could not be turned into the wanted type.
    Decode,
    /// A value or payload is over a limit; nothing was written.
    TooLarge,
    /// The store could not be reached or refused to serve; nothing was written.
    Unavailable,
    /// No answer came in time to a call that changes nothing.
    Timeout,
    /// The answer to a write was lost: it may or may not have been applied.
    Unknown,
    /// Another request changed a value that this one had read and set; nothing was written.
    Conflict,
    /// The session ended, or moved to another id, while this request ran; nothing was written.
    Gone,
    /// The handle outlived its request.
    Closed,
    /// The store, or this build, cannot do what was asked.
    Unsupported,
}

impl ErrorKind {
    /// The kind as one lower-case word, as metrics and logs label it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Encode => "encode",
            Self::Decode => "decode",
            Self::TooLarge => "too_large",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Unknown => "unknown",
            Self::Conflict => "conflict",
            Self::Gone => "gone",
            Self::Closed => "closed",
            Self::Unsupported => "unsupported",
        }
    }

    /// The status of a response that reports the failure (RFC 9110, section 15).
    ///
    /// 409 if another request won, 503 if the store did not do its part, otherwise 500.
    pub fn http_status(self) -> u16 {
        match self {
            Self::Conflict | Self::Gone => 409,
            Self::Unavailable | Self::Timeout | Self::Unknown => 503,
            _ => 500,
        }
    }
}

/// A failure of a session operation or of a store.
///
/// Absent, expired and refused are answers, never errors. `{:#}` prints the causes, too. The
/// message and every source are free of ids, keys, secrets and payloads; a store that wraps a
/// client's error must see to it.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    retryable: bool,
    message: Cow<'static, str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Makes an error of `kind`; `message` says what was attempted, in lower case.
    ///
    /// [`Unavailable`](ErrorKind::Unavailable), [`Timeout`](ErrorKind::Timeout) and
    /// [`Conflict`](ErrorKind::Conflict) start out retryable, the others do not.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let retryable =
            matches!(kind, ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Conflict);
        Self(Box::new(Inner { kind, retryable, message: message.into(), source: None }))
    }

    /// Keeps `source` as the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Overrides whether the same call may succeed later.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call, by a new request, may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }
}

impl From<session_codec::Error> for Error {
    #[cold]
    fn from(error: session_codec::Error) -> Self {
        let kind = match error.kind() {
            session_codec::ErrorKind::Encode => ErrorKind::Encode,
            session_codec::ErrorKind::Decode => ErrorKind::Decode,
            session_codec::ErrorKind::TooLarge => ErrorKind::TooLarge,
            session_codec::ErrorKind::Name => ErrorKind::Config,
        };
        Self::new(kind, error.into_message())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if f.alternate() {
            let mut cause = self.source();
            while let Some(error) = cause {
                write!(f, ": {error}")?;
                cause = error.source();
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("retryable", &self.0.retryable)
            .field("message", &self.0.message)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, ErrorKind};
    use std::error::Error as _;

    #[test]
    fn retryable_follows_the_kind_until_overridden() {
        assert!(Error::new(ErrorKind::Unavailable, "x").is_retryable());
        assert!(!Error::new(ErrorKind::Unknown, "x").is_retryable());
        assert!(!Error::new(ErrorKind::Unavailable, "x").with_retryable(false).is_retryable());
    }

    #[test]
    fn source_is_kept() {
        let error = Error::new(ErrorKind::Decode, "decode a value").with_source("cause");
        assert_eq!(error.to_string(), "decode a value");
        assert_eq!(format!("{error:#}"), "decode a value: cause");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("cause"));
    }
}
