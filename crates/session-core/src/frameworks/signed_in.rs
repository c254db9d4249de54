//! A session that is somebody's, and what a visitor is told who has none.

use crate::error::{Error, Result};
use crate::request::session::Session;
use std::fmt;

/// The session of a request, and whose it is: for handlers that want somebody signed in.
///
/// As an extractor it answers in the handler's place where nobody is ([`NotSignedIn`]);
/// `Option<SignedIn>` is `None` then. Whose session it is, is what [`set_owner`](Session::set_owner)
/// said. Costs what [`Session`] costs.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::{Result, SignedIn};
///
/// async fn account(SignedIn { owner, session }: SignedIn) -> Result<String> {
///     let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
///     Ok(format!("{owner}, visit {visits}"))
/// }
/// ```
#[derive(Clone)]
#[expect(clippy::exhaustive_structs, reason = "handlers take it apart, and their tests make it")]
pub struct SignedIn {
    /// The text or number under the owner key.
    pub owner: String,
    /// The session.
    pub session: Session,
}

impl SignedIn {
    /// `None` if nobody is signed in.
    pub(super) fn of(session: Session) -> Result<Option<Self>> {
        Ok(session.owner()?.map(|owner| Self { owner, session }))
    }
}

/// Whom it belongs to is a value of the session.
impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn").field("session", &self.session).finish_non_exhaustive()
    }
}

/// Why a request has no [`SignedIn`]; as a response it says so to the visitor.
///
/// | | response |
/// |---|---|
/// | nobody is signed in, a page is loaded, and the layer knows the sign-in page | 303 to that page |
/// | nobody is signed in otherwise | 401 with `WWW-Authenticate: Cookie` |
/// | the session could not be looked up | that of the [`Error`]: 503, never 401 |
///
/// A page is loaded if `Sec-Fetch-Mode` says `navigate`, or, without that field, if `Accept` names
/// `text/html`; a script gets the 401 rather than a page it did not ask for. Neither response may be
/// kept by a cache. A handler that takes `Result<SignedIn, NotSignedIn>` answers as it likes.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::{NotSignedIn, SignedIn};
///
/// async fn who(signed_in: Result<SignedIn, NotSignedIn>) -> Result<String, NotSignedIn> {
///     match signed_in {
///         Ok(SignedIn { owner, .. }) => Ok(owner),
///         Err(NotSignedIn::Nobody { .. }) => Ok("a stranger".to_owned()),
///         Err(failed) => Err(failed),
///     }
/// }
/// ```
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "either nobody is signed in, or nobody knows")]
pub enum NotSignedIn {
    /// Nobody is signed in.
    Nobody {
        /// Where to send the visitor to sign in: a path, with the way back in its query. `None` if
        /// this is no page load, or no page to sign in on is known.
        sign_in: Option<String>,
    },
    /// It is not known whether somebody is.
    Failed(Error),
}

#[cfg(any(feature = "axum", feature = "actix"))]
impl NotSignedIn {
    /// A 401 must name a scheme (RFC 9110, section 15.5.2). None is registered for cookies, and
    /// browsers pass over those that they do not know, so that none of them asks for a password of
    /// its own.
    pub(super) const CHALLENGE: &str = "Cookie";
    /// What a visitor can do about a 401.
    pub(super) const ADVICE: &str = "Please sign in.";
}

impl From<Error> for NotSignedIn {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl fmt::Display for NotSignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody { .. } => f.write_str("nobody is signed in"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotSignedIn {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Nobody { .. } => None,
            Self::Failed(error) => error.source(),
        }
    }
}
