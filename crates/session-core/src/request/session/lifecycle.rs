//! The life of a session: its end, its id, its lease, its owner.

use super::Session;
use crate::data::Intent;
use crate::error::Result;
use crate::id::SessionHandle;
use crate::key::{END, LIFETIME, PERMANENT};
use crate::request::plan::Fate;
use session_codec::Timestamp;
use std::time::Duration;

impl Session {
    /// Ends the session: its record is deleted and the browser's cookie removed. This is logout.
    ///
    /// Requests of the session that are still running cannot bring it back. What is written after
    /// this call (a message for the next page) begins a new session.
    ///
    /// # Errors
    ///
    /// `Closed` only.
    pub fn flush(&self) -> Result<()> {
        self.0.with_any(|state| {
            state.end(&self.0.context.config);
            Ok(())
        })
    }

    /// Lets the response store nothing: what the request recorded, and still records, is given up.
    ///
    /// For a handler that fails halfway and answers with a status of its own below 500, as the
    /// session layer cannot see that. What [`update`](Self::update) stored stands. A `flush` or a
    /// sign-in of this request is given up, too.
    ///
    /// # Errors
    ///
    /// `Closed` only.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core::{Result, Session};
    /// fn checkout(session: &Session, is_paid: bool) -> Result<u16> {
    ///     session.insert("order", 17)?;
    ///     if !is_paid {
    ///         session.abandon()?;
    ///         return Ok(402);
    ///     }
    ///     Ok(200)
    /// }
    /// ```
    pub fn abandon(&self) -> Result<()> {
        self.0.with_any(|state| {
            state.is_abandoned = true;
            Ok(())
        })
    }

    /// Gives the session a new id and keeps its data; the old id ends with the commit.
    ///
    /// Signing in does this by itself: see [`set_owner`](Self::set_owner).
    ///
    /// # Errors
    ///
    /// `Closed` only.
    pub fn regenerate(&self) -> Result<()> {
        self.0.with(|state| {
            if state.fate == Fate::Keep {
                state.fate = Fate::Regenerate;
            }
            Ok(())
        })
    }

    /// Whether the browser keeps the session when it is closed.
    ///
    /// `false` once the response was committed.
    pub fn is_permanent(&self) -> bool {
        self.0.with_any(|state| Ok(state.is_permanent(&self.0.context.config))).unwrap_or(false)
    }

    /// Sets whether the browser keeps the session when it is closed ("remember me").
    ///
    /// # Errors
    ///
    /// `Closed` only.
    pub fn set_permanent(&self, permanent: bool) -> Result<()> {
        self.0.with(|state| {
            state.seed(&self.0.context.config)?;
            state.set_reserved(PERMANENT, &permanent)
        })
    }

    /// Gives the session an idle lifetime of its own, in whole seconds, rounded up: from one
    /// second to 36500 days. It takes the place of a [fixed end](Self::set_end).
    ///
    /// # Errors
    ///
    /// `Closed` only.
    pub fn set_lifetime(&self, lifetime: Duration) -> Result<()> {
        let seconds = lifetime.as_secs().saturating_add(u64::from(lifetime.subsec_nanos() > 0));
        self.0.with(|state| {
            state.seed(&self.0.context.config)?;
            state.data.remove(END, Intent::Blind);
            state.set_reserved(LIFETIME, &seconds.max(1))
        })
    }

    /// Lets the session end at `end`, however much or little it is used, as the absolute lifetime
    /// allows: with a token that it holds, for example. It takes the place of the idle lifetime.
    ///
    /// # Errors
    ///
    /// `Unsupported` if `end` has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core::{Result, Session, Timestamp};
    /// /// The seconds since 1970 at which the token of an identity provider expires.
    /// fn keep_token(session: &Session, token: &str, exp: i64) -> Result<()> {
    ///     session.insert("token", token)?;
    ///     Timestamp::new(exp, 0).map_or(Ok(()), |end| session.set_end(end))
    /// }
    /// ```
    pub fn set_end(&self, end: Timestamp) -> Result<()> {
        self.0.with(|state| {
            state.seed(&self.0.context.config)?;
            state.set_end(end)
        })
    }

    /// When the session ends, if [`set_end`](Self::set_end) fixed it.
    ///
    /// # Errors
    ///
    /// `Closed` only.
    pub fn end(&self) -> Result<Option<Timestamp>> {
        self.0.with(|state| Ok(state.end_at()))
    }

    /// Renews the record and the browser's cookie with this response, due or not: for a full
    /// lifetime, as the absolute one allows.
    ///
    /// On a session that was [reopened](Self::reopen), for a long connection, there is no response:
    /// the record is renewed and the cookie keeps its end. A [fixed end](Self::set_end) stays. Costs
    /// one store call, none beside a change.
    ///
    /// # Errors
    ///
    /// `Closed` only. A renewal that fails is logged and leaves the response as it is, like every
    /// other.
    pub fn renew(&self) -> Result<()> {
        self.0.with(|state| {
            state.is_renewal_asked = true;
            Ok(())
        })
    }

    /// What is left of the session's lifetime: of the stored record's, or, where this request makes
    /// the record or changes how long it lives, what the record will get.
    ///
    /// # Errors
    ///
    /// `Closed` only.
    pub fn ttl(&self) -> Result<Option<Duration>> {
        self.0.with(|state| {
            let is_full = state.is_new() || state.is_lease_changed() || state.is_renewal_asked;
            let full = || state.full_lease(&self.0.context.config);
            Ok(if is_full { full() } else { Some(state.remaining()) })
        })
    }

    /// A public name of the session, for logs and audits: it opens nothing.
    ///
    /// `None` while the session is not stored. It changes with the id, and once where
    /// `SESSION_HASH_IDS` leaves `false`. So after a sign-in the commit is to be waited for; this
    /// method answers then, too.
    pub fn handle(&self) -> Option<SessionHandle> {
        self.0.id().map(|id| self.0.context.handle(&id))
    }

    /// Whether no record stood behind the cookie, or none was believed of several.
    ///
    /// `false` once the response was committed.
    pub fn is_new(&self) -> bool {
        self.0.with_any(|state| Ok(state.is_new())).unwrap_or(false)
    }

    /// Whether the commit has a change to store: the data differs from the stored record's, or the
    /// record ends; of several cookies in one request, the record of any.
    ///
    /// `false` once the response was committed.
    pub fn is_modified(&self) -> bool {
        self.0.with_any(|state| Ok(state.is_modified())).unwrap_or(false)
    }

    /// Whether any value was asked for or written, or the session ended.
    ///
    /// `false` once the response was committed.
    pub fn is_accessed(&self) -> bool {
        self.0.with_any(|state| Ok(state.is_accessed())).unwrap_or(false)
    }

    /// Signs `owner` in: sets the owner key, which gives the session a new id at the commit if
    /// the owner is another than before.
    ///
    /// What an anonymous visitor has gathered stays. Where another owner was signed in, that
    /// session ends as by [`flush`](Self::flush), and the new one begins with what is written after
    /// this call.
    ///
    /// [`insert`](Self::insert) under the owner key (`_user_id`, or what `SESSION_OWNER_KEY` says) does
    /// the same; under any other key, `"user_id"` for example, it is no sign-in and keeps the id. With
    /// `SESSION_MAX_PER_OWNER` the commit then ends the owner's oldest sessions, so many as are too
    /// many.
    ///
    /// # Errors
    ///
    /// `Unsupported` if `owner` is empty, and those of [`insert`](Self::insert).
    pub fn set_owner(&self, owner: &str) -> Result<()> {
        let config = &self.0.context.config;
        self.overwrite(config.owner_key(), owner)
    }

    /// Whose session this is: the text or number under the owner key.
    ///
    /// # Errors
    ///
    /// `Closed` only.
    pub fn owner(&self) -> Result<Option<String>> {
        self.0.with(|state| {
            let key = self.0.context.config.owner_key();
            state.data.read(key);
            Ok(state.owner(&self.0.context.config).map(|owner| owner.into_owned()))
        })
    }
}
