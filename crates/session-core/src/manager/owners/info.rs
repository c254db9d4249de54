//! One session of an owner, as a page of signed-in devices shows it.

use crate::error::{Error, ErrorKind, Result};
use crate::id::SessionHandle;
use crate::key::ReadAs;
use crate::request::owned::Owned;
use crate::request::session::Session;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use session_codec::Format;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A session, as it was when [`sessions`](crate::Owners::sessions) looked, or as its record says
/// that [`info`](crate::SessionManager::info) is given.
///
/// Its values can be read; its id and key are live credentials and stay in the manager.
pub struct SessionInfo(pub(in crate::manager) Owned);

impl SessionInfo {
    /// What [`end`](crate::Owners::end) knows the session by.
    pub fn handle(&self) -> SessionHandle {
        self.0.handle
    }

    /// Whether this is the record that `session` was loaded from, or stored as.
    ///
    /// A session that `session`'s own request moves to a new id is this one until the commit.
    pub fn is_current(&self, session: &Session) -> bool {
        session.handle() == Some(self.0.handle)
    }

    /// What is left of the record's lifetime: the session ends then, unless it is used.
    pub fn ttl(&self) -> Duration {
        self.0.ttl
    }

    /// When the session began, or its owner signed in; known only if `SESSION_ABSOLUTE_LIFETIME`
    /// or `SESSION_MAX_PER_OWNER` is set.
    pub fn created(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(self.0.created?)
    }

    /// Decodes the value under `key`; `None` for every key of an undecodable record.
    ///
    /// # Errors
    ///
    /// `Decode` if the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: impl ReadAs<T>) -> Result<Option<T>> {
        self.0.data.as_ref().map_or(Ok(None), |data| data.get(key.as_key()))
    }

    /// Whose session it is: the text or number under `SESSION_OWNER_KEY`.
    pub fn owner(&self) -> Option<&str> {
        self.0.owner.as_deref()
    }

    /// Whether its absolute lifetime or fixed end is over, though its record is live: nobody can
    /// open it.
    pub fn is_over(&self) -> bool {
        self.0.is_over
    }

    /// How many bytes the payload of the record has.
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// How the record is written; `None` if it cannot be decoded.
    pub fn format(&self) -> Option<Format> {
        session_codec::detect(&self.0.record()?.payload).ok()
    }

    /// The keys of its values, in the order in which they are stored, and how many bytes each value
    /// takes; those that the library keeps for itself are among them.
    ///
    /// A key that is no text has no name here.
    pub fn entries(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.data.iter().flat_map(|data| data.sizes())
    }

    /// The payload of the record in another format, with nothing lost.
    ///
    /// # Errors
    ///
    /// `Encode` if `format` cannot say all values, `TooLarge` over `SESSION_MAX_PAYLOAD`, `Decode`
    /// if the record cannot be decoded.
    pub fn encoded(&self, format: Format) -> Result<Bytes> {
        let data = self.0.data.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::Decode, "change the format of a record that cannot be decoded")
        })?;
        if self.format() == Some(format) {
            return Ok(data.base().payload.clone());
        }
        data.encode_as(format)
    }

    /// Whether the index names a record of the owner that cannot be decoded.
    ///
    /// Nobody is signed in by it here, though another program may read it. It can be ended.
    pub fn is_undecodable(&self) -> bool {
        self.0.data.is_none()
    }
}

/// Values are the application's, and some are secrets.
impl fmt::Debug for SessionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionInfo")
            .field("handle", &self.0.handle)
            .field("ttl", &self.0.ttl)
            .field("created", &self.created())
            .field("is_undecodable", &self.is_undecodable())
            .finish_non_exhaustive()
    }
}
