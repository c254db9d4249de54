//! A session that is somebody's, and what a visitor is told who has none.

use crate::config::Transport;
use crate::cookie::{Fields, Head, keep_from_caches};
use crate::error::{Error, Result};
use crate::request::exchange::Exchange;
use crate::request::session::Session;
use crate::request::sign_in::is_page_load;
use bytes::Bytes;
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
/// | nobody is signed in otherwise | 401 with `WWW-Authenticate: Cookie`, or `Header` under `SESSION_TRANSPORT=header` |
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
        /// What a sign-in would have to be told by.
        transport: Transport,
    },
    /// It is not known whether somebody is.
    Failed(Error),
}

impl Exchange {
    /// Opens the session as [`session_of`](Self::session_of) does, for a service that wants
    /// somebody signed in. `target` is what the request asks for, path and query.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn::Nobody`], with where to send the visitor if the layer was told so and the
    /// request loads a page; [`NotSignedIn::Failed`] if the session could not be looked up.
    pub async fn signed_in_of(
        &self,
        method: &str,
        target: &str,
        request: &impl Fields,
    ) -> Result<SignedIn, NotSignedIn> {
        let session = self.session_of(request).await?;
        SignedIn::of(session)?.ok_or_else(|| {
            let mode = request.values("sec-fetch-mode").next();
            let is_page_load = is_page_load(mode, request.values("accept"));
            let sign_in = self.sign_in().filter(|_| is_page_load);
            NotSignedIn::Nobody {
                sign_in: sign_in.and_then(|page| page.location(method, target)),
                transport: self.transport(),
            }
        })
    }
}

impl NotSignedIn {
    /// The status of the response: 303, 401 or that of the error.
    pub fn http_status(&self) -> u16 {
        match (self, self.page()) {
            (Self::Failed(error), _) => error.kind().http_status(),
            (_, Some(_)) => 303,
            (_, None) => 401,
        }
    }

    /// What a visitor can do about it, as the body of a response; empty for one who is sent on.
    pub fn advice(&self) -> &'static str {
        match (self, self.page()) {
            (Self::Failed(error), _) => error.kind().advice(),
            (_, Some(_)) => "",
            (_, None) => PLEASE,
        }
    }

    /// Adds to a response what goes with its status: where to go, or that somebody has to sign in,
    /// and that no cache may keep it.
    pub fn describe(&self, head: &mut impl Head) {
        match (self, self.page()) {
            (Self::Failed(error), _) => return error.describe(head),
            (_, Some(page)) => head.set("location", Bytes::copy_from_slice(page.as_bytes())),
            (Self::Nobody { transport, .. }, None) => {
                let challenge = challenge(*transport);
                head.set("www-authenticate", Bytes::from_static(challenge.as_bytes()));
            }
        }
        keep_from_caches(head);
    }

    /// Where the response sends the visitor; without a page it is a 401. What an application put
    /// there and is no URL (RFC 3986, section 2) is no page.
    pub(super) fn page(&self) -> Option<&str> {
        let Self::Nobody { sign_in: Some(page), .. } = self else { return None };
        page.bytes().all(|byte| byte.is_ascii_graphic()).then_some(page)
    }
}

/// What a visitor can do about it.
const PLEASE: &str = "Please sign in.";

/// A 401 must name a scheme (RFC 9110, section 15.5.2). None is registered for cookies, or for a field
/// of one's own, and browsers pass over those that they do not know, so that none of them asks for a
/// password of its own.
fn challenge(transport: Transport) -> &'static str {
    match transport {
        Transport::Cookie => "Cookie",
        Transport::Header => "Header",
    }
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
