//! Where a server is.

use std::fmt;

/// The URL of a server as it was written.
///
/// It may hold a password, so `Debug` shows nothing of it, and options that hold one can derive
/// theirs.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::store::Url;
///
/// let url = Url::new("redis://:secret@cache.internal");
/// assert_eq!(url.as_str(), "redis://:secret@cache.internal");
/// assert_eq!(format!("{url:?}"), "Url(..)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Url(String);

impl Url {
    /// Takes a URL, which nothing is made of yet.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Url(..)")
    }
}
