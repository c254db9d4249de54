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
    /// The key of the value in the session that could not be read or written.
    key: Option<Box<str>>,
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
        Self(Box::new(Inner { kind, retryable, message: message.into(), key: None, source: None }))
    }

    /// Keeps `source` as the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds to the message what a caller knows better: the address, the setting.
    #[must_use]
    pub fn with_note(mut self, note: impl fmt::Display) -> Self {
        self.0.message = format!("{} ({note})", self.0.message).into();
        self
    }

    /// Says which value of a session it is about. The name is the application's, and made of what a
    /// visitor sends perhaps, so it is in the error that a handler gets and in no log of ours.
    #[must_use]
    #[cold]
    pub(crate) fn with_key(mut self, key: &str) -> Self {
        self.0.key = Some(key.into());
        self
    }

    /// What may be logged: message and causes, without the key.
    pub(crate) fn logged(&self) -> impl fmt::Display + '_ {
        Logged(self)
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
        let error = Self::new(kind, error.into_message());
        if kind != ErrorKind::TooLarge {
            return error;
        }
        error.with_note("SESSION_MAX_DEPTH and SESSION_MAX_PAYLOAD are the limits")
    }
}

/// The message; with `{:#}`, its causes too, each once.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match (&self.0.key, self.0.kind) {
            (Some(key), ErrorKind::Decode) => write!(
                f,
                " (the value of `{key}`: if its type has changed since it was stored, `forget` it or \
                 take another key)"
            )?,
            (Some(key), _) => write!(f, " (the value of `{key}`)")?,
            (None, _) => {}
        }
        if f.alternate() { write_causes(self, f) } else { Ok(()) }
    }
}

/// What `main` prints of an error that it returns: the sentence with its causes.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

struct Logged<'a>(&'a Error);

impl fmt::Display for Logged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.0.message)?;
        write_causes(self.0, f)
    }
}

/// Errors of other crates often say their cause themselves.
fn write_causes(error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut said = error.0.message.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            write!(f, ": {text}")?;
            said = text;
        }
        cause = error.source();
    }
    Ok(())
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
    fn debug_is_the_sentence_with_each_cause_once() {
        let inner = Error::new(ErrorKind::Unavailable, "connection refused");
        let outer = Error::new(ErrorKind::Unavailable, "ask the server: connection refused");
        let error = Error::new(ErrorKind::Unavailable, "connect to redis")
            .with_note("SESSION_REDIS: redis://cache:6379")
            .with_source(outer.with_source(inner));
        let said = "connect to redis (SESSION_REDIS: redis://cache:6379): ask the server: \
                    connection refused";
        assert_eq!(format!("{error:?}"), said);
        assert_eq!(format!("{error:#}"), said);
        assert_eq!(error.to_string(), "connect to redis (SESSION_REDIS: redis://cache:6379)");
    }

    #[test]
    fn key_is_in_the_error_and_not_in_the_log() {
        let error = |kind| Error::new(kind, "decode a value").with_key("visits").with_source("why");
        let said = error(ErrorKind::Decode).to_string();
        assert!(said.contains("`visits`") && said.contains("`forget`"), "{said}");
        assert_eq!(error(ErrorKind::Encode).to_string(), "decode a value (the value of `visits`)");
        assert_eq!(error(ErrorKind::Decode).logged().to_string(), "decode a value: why");
    }

    #[test]
    fn source_is_kept() {
        let error = Error::new(ErrorKind::Decode, "decode a value").with_source("cause");
        assert_eq!(error.to_string(), "decode a value");
        assert_eq!(format!("{error:#}"), "decode a value: cause");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("cause"));
    }
}
