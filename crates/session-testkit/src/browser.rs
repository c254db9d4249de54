//! A browser of a test, which holds the cookie of a session without having been to a form.

use session_core::{Result, Session, SessionManager, Transport};
use std::fmt;

/// Holds the cookie of one manager, as a browser does, for tests of an application's handlers.
///
/// The session is made and stored by the manager itself, so its cookie is signed and its record is
/// hashed, encoded and indexed as in production, and a handler cannot tell it from one of a visitor
/// who has filled a form in.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use session_testkit::Browser;
/// use std::sync::Arc;
/// use web_session::{Config, MemoryStore, Result, SessionManager};
///
/// /// What an application does with a request; returns the values of its `Set-Cookie` fields.
/// async fn serve(manager: &SessionManager, cookie: &str) -> Result<Vec<String>> {
///     let exchange = manager.open();
///     let session = exchange.session([cookie.as_bytes()]).await?;
///     session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
///     Ok(exchange.commit().await?.id_field().map(str::to_owned).into_iter().collect())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?;
/// let mut ann = Browser::signed_in(&manager, "ann").await?;
/// ann.change(|session| session.insert("visits", 41)).await?;
///
/// let set_cookies = serve(&manager, ann.cookie()).await?;
/// ann.heed(set_cookies);
///
/// let session = ann.session().await?;
/// assert_eq!(session.get("visits")?, Some(42));
/// assert_eq!(session.owner()?.as_deref(), Some("ann"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Browser {
    manager: SessionManager,
    cookie: String,
}

impl Browser {
    /// A browser that has no session.
    pub fn new(manager: &SessionManager) -> Self {
        Self { manager: manager.clone(), cookie: String::new() }
    }

    /// A browser on which `owner` is signed in.
    ///
    /// # Errors
    ///
    /// Those of [`change`](Self::change).
    pub async fn signed_in(manager: &SessionManager, owner: &str) -> Result<Self> {
        let mut browser = Self::new(manager);
        browser.change(|session| session.set_owner(owner)).await?;
        Ok(browser)
    }

    /// Does to its session, or to a new one, what a handler would: by a request of its own, whose
    /// cookie the browser keeps.
    ///
    /// # Errors
    ///
    /// Those of `f`, of opening the session, and of its commit.
    pub async fn change<T>(&mut self, f: impl FnOnce(&Session) -> Result<T>) -> Result<T> {
        let exchange = self.manager.open();
        let session = exchange.session(self.sent()).await?;
        let result = f(&session)?;
        let commit = exchange.commit().await?;
        self.heed(commit.id_field());
        Ok(result)
    }

    /// The value of the `Cookie` field that it sends, as `session=..`; empty without a session.
    ///
    /// Under `SESSION_TRANSPORT=header` it is the value of the field that carries the id.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// Keeps, or forgets, the cookie as the `Set-Cookie` fields of a response say; those of other
    /// names are passed over.
    ///
    /// Takes what `headers.get_all("set-cookie")` gives, and texts. Under `SESSION_TRANSPORT=header`
    /// it takes the values of the field that carries the id.
    pub fn heed<V: AsRef<[u8]>>(&mut self, set_cookies: impl IntoIterator<Item = V>) {
        let name = self.manager.config().cookie().name.as_str();
        for field in set_cookies {
            let Ok(field) = std::str::from_utf8(field.as_ref()) else { continue };
            if self.manager.config().transport() == Transport::Header {
                field.clone_into(&mut self.cookie);
                continue;
            }
            let pair = field.split(';').next().unwrap_or_default().trim();
            match pair.split_once('=') {
                Some((own, "")) if own == name => self.cookie.clear(),
                Some((own, _)) if own == name => pair.clone_into(&mut self.cookie),
                _ => {}
            }
        }
    }

    /// The session as it is stored now, to be read: what is written to it here is stored nowhere.
    ///
    /// It is a new one ([`is_new`](Session::is_new)) if the cookie opens none.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn session(&self) -> Result<Session> {
        self.manager.open().session(self.sent()).await
    }

    /// The fields that it sends: none without a session.
    fn sent(&self) -> impl Iterator<Item = &[u8]> {
        Some(self.cookie.as_bytes()).filter(|value| !value.is_empty()).into_iter()
    }
}

/// A cookie holds the id of its session.
impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").field("has_cookie", &!self.cookie.is_empty()).finish()
    }
}
