//! All sessions of one owner: who is signed in where, and the end of it.

mod end;
mod info;

pub use info::SessionInfo;

use crate::error::{Error, ErrorKind, Result};
use crate::id::SessionHandle;
use crate::observer::EndedBy;
use crate::request::context::Context;
use crate::request::owned::{End, Look, each, end_one, list, look};
use crate::request::session::Session;
use end::end_every;
use std::fmt;
use std::sync::Arc;

/// Answers for all sessions of one owner: lists them, and ends them.
///
/// [`Session::owners`] gives it to a handler, [`SessionManager::owners`] to everybody else. Cheap
/// to make and to clone. Every call needs `SESSION_OWNER_INDEX=true`.
///
/// [`SessionManager::owners`]: crate::SessionManager::owners
#[derive(Clone)]
pub struct Owners(Arc<Context>);

impl Session {
    /// What concerns more than this session: a list of its owner's sessions, or their end.
    pub fn owners(&self) -> Owners {
        Owners(Arc::clone(&self.progress().context))
    }
}

impl Owners {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self(context)
    }

    /// Whether there is an index (`SESSION_OWNER_INDEX`), without which the calls are
    /// `Unsupported`.
    pub fn has_index(&self) -> bool {
        self.0.config.owner_index()
    }

    /// Lists the live sessions of `owner`, in an order that stays and means nothing.
    ///
    /// Costs one store call, and one for each key that the index names, sixteen at a time. An entry
    /// is believed only if its record is live and says that it is `owner`'s. A record that cannot
    /// be decoded cannot say so and is listed without its values. A session that moves to a new id
    /// meanwhile may be missing.
    ///
    /// # Errors
    ///
    /// `Unsupported` if `SESSION_OWNER_INDEX` is off, `Timeout` if `SESSION_TIMEOUT` passes, and
    /// those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use std::sync::Arc;
    /// use web_session::{Config, MemoryStore, Owners, Session, SessionManager};
    ///
    /// async fn devices(owners: &Owners, session: &Session) -> web_session::Result<String> {
    ///     let mut page = String::new();
    ///     let owner = session.owner()?.unwrap_or_default();
    ///     for info in owners.sessions(&owner).await? {
    ///         let device = info.get::<String>("device")?.unwrap_or_default();
    ///         let here = if info.is_current(session) { ", this one" } else { "" };
    ///         page += &format!("{device}{here}: {} days left\n", info.ttl().as_secs() / 86_400);
    ///     }
    ///     Ok(page)
    /// }
    ///
    /// # async fn example() -> session_core::Result<()> {
    /// let config = Config::builder().owner_index(true).build()?;
    /// let manager = SessionManager::new(Arc::new(MemoryStore::new()), config, None)?;
    /// # let session = manager.create();
    /// # session.set_owner("ann")?;
    /// # session.insert("device", "laptop")?;
    /// # session.commit().await?;
    /// # let session = session.reopen().await?;
    /// # assert_eq!(devices(&manager.owners(), &session).await?, "laptop, this one: 30 days left\n");
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    /// #     .block_on(example()).unwrap();
    /// ```
    pub async fn sessions(&self, owner: &str) -> Result<Vec<SessionInfo>> {
        let context = &self.0;
        let deadline = context.deadline();
        let keys = list(context, owner, deadline).await?;
        let owner: Arc<str> = owner.into();
        let looks = each(keys, |key| {
            let (context, owner) = (Arc::clone(context), Arc::clone(&owner));
            async move { look(&context, &owner, &key, deadline).await }
        });
        let mut sessions = Vec::new();
        for found in looks.await {
            match found? {
                Look::Found(found) if !found.is_over => sessions.push(SessionInfo(found)),
                Look::Found(_) | Look::Gone | Look::NotTheirs => {}
            }
        }
        sessions.sort_unstable_by_key(SessionInfo::handle);
        Ok(sessions)
    }

    /// Ends the session of `owner` that `handle` names; `false` if there is none, or it is another
    /// owner's.
    ///
    /// Whatever requests of that session are still running, it does not come back. To end the
    /// session of the request itself, [`flush`](Session::flush) it, which also removes the cookie.
    /// Costs three store calls.
    ///
    /// # Errors
    ///
    /// `Unsupported` if `SESSION_OWNER_INDEX` is off, `Timeout` if `SESSION_TIMEOUT` passes before
    /// the session is told to end and `Unknown` after that, and those of the store. After any of
    /// them but the first the call can be repeated.
    pub async fn end(&self, owner: &str, handle: SessionHandle) -> Result<bool> {
        let context = &self.0;
        let deadline = context.deadline();
        let keys = list(context, owner, deadline).await?;
        // Two, where it moves from the one to the other.
        for key in keys.iter().filter(|key| context.handle_of(key) == handle) {
            if end_one(context, owner, key, None, |_| true, EndedBy::Owner, deadline).await?
                == End::Ended
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Ends all sessions of the owner of `session` but that one, and returns how many.
    ///
    /// The owner is whom the request has signed in by now, so that a sign-in can end earlier ones.
    /// `session` stays even if this request gives it a new id; one that *another* request moves at
    /// this moment counts as another session. Otherwise as [`end_all`](Self::end_all).
    ///
    /// # Errors
    ///
    /// `Unsupported` if `session` has no owner, `Closed` if its response was committed, and those
    /// of [`end_all`](Self::end_all).
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core::{Result, Session};
    /// async fn change_password(session: &Session) -> Result<usize> {
    ///     // After the new password is stored:
    ///     session.owners().end_others(session).await
    /// }
    /// ```
    pub async fn end_others(&self, session: &Session) -> Result<usize> {
        let context = &self.0;
        let (owner, kept) = session.progress().with(|state| {
            let kept = state.home.address().map(|address| context.keys(&address.id));
            let owner = state.owner(&context.config).map(|owner| owner.into_owned());
            Ok((owner, kept.unwrap_or_default()))
        })?;
        let owner = owner.ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                "end the other sessions of an owner: this session has none; call it before flush",
            )
        })?;
        end_every(context, &owner, kept).await
    }

    /// Ends all sessions of `owner`, and returns how many.
    ///
    /// Lists and ends until a listing names none, so a sign-in that is stored meanwhile is ended,
    /// too. One that is stored later stands, even if it was checked against a password that is no
    /// longer valid: keep the password's version in the session to tell. Where the backend's index
    /// is eventually consistent, a session that was stored a moment ago may be missed.
    ///
    /// A session that cannot be ended keeps no other from being ended. Costs one store call for
    /// each listing, two at least, and two for each session, sixteen at a time.
    ///
    /// # Errors
    ///
    /// `Unsupported` if `SESSION_OWNER_INDEX` is off, `Timeout` or `Unknown` if `SESSION_TIMEOUT`
    /// passes, and those of the store. After any of them but the first what was ended stays ended,
    /// and the call can be repeated for the rest.
    ///
    /// # Cancellation
    ///
    /// Some sessions are ended and some are not.
    pub async fn end_all(&self, owner: &str) -> Result<usize> {
        end_every(&self.0, owner, []).await
    }
}

impl fmt::Debug for Owners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owners").field("store", &self.0.store).finish_non_exhaustive()
    }
}
