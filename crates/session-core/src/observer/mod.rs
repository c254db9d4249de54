//! What happens to sessions, told to whoever keeps a record of it.

mod queue;

pub(crate) use queue::Queue;

use crate::id::SessionHandle;
use std::fmt;
use std::time::SystemTime;

/// Something that happened to a session, as this process saw it: what an observer is told
/// ([`SessionManager::observe`]). It never names an id, and `Debug` does not show the owner.
///
/// [`SessionManager::observe`]: crate::SessionManager::observe
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionEvent {
    /// What happened.
    pub kind: EventKind,
    /// When, by the clock of this machine.
    pub at: SystemTime,
    /// To which session, by a name that opens nothing and that [`Owners`](crate::Owners) list, too;
    /// `None` where the request had not opened exactly one, as with a forged id.
    pub session: Option<SessionHandle>,
    /// Whose session it is or was, if somebody is signed in; `None` also for [`EventKind::Refused`]
    /// and [`EventKind::Conflict`].
    pub owner: Option<String>,
}

impl SessionEvent {
    /// An event of this moment, about no session: for tests of what is done with events.
    pub fn new(kind: EventKind) -> Self {
        Self { kind, at: SystemTime::now(), session: None, owner: None }
    }
}

impl fmt::Debug for SessionEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionEvent")
            .field("kind", &self.kind)
            .field("at", &self.at)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// What happened to a session.
///
/// Of the values of a session nothing is told, nor of what the store does by itself: most sessions
/// end when their time is over, and no request sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// It was stored for the first time.
    Created,
    /// It has an owner that it did not have before; comes after `Created` or `Moved`.
    SignedIn,
    /// It lives on without the owner that it had; comes after `Moved`. A logout by `flush` is `Ended`.
    SignedOut,
    /// It has its full lifetime again.
    Renewed,
    /// It has a new id, and with it this handle.
    Moved {
        /// The handle that it had before.
        from: SessionHandle,
    },
    /// It was ended before its time.
    Ended {
        /// By whom.
        by: EndedBy,
    },
    /// A request came with it after its absolute lifetime or fixed end.
    Expired,
    /// Something that a request sent or did was refused.
    Refused {
        /// Why.
        why: Refusal,
    },
    /// A request was answered 409, since another one had changed what it had read and set.
    Conflict,
    /// Events that the observer was not told of, since it was too slow, or panicked.
    Lost {
        /// How many.
        count: u64,
    },
}

impl EventKind {
    /// The kind as one lower-case word, for logs: `created`, `signed_in`, `signed_out`, `renewed`,
    /// `moved`, `ended`, `expired`, `refused`, `conflict`, `lost`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::SignedIn => "signed_in",
            Self::SignedOut => "signed_out",
            Self::Renewed => "renewed",
            Self::Moved { .. } => "moved",
            Self::Ended { .. } => "ended",
            Self::Expired => "expired",
            Self::Refused { .. } => "refused",
            Self::Conflict => "conflict",
            Self::Lost { .. } => "lost",
        }
    }
}

/// Who ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndedBy {
    /// A request of its own, by `flush` or by another owner that signed in.
    Request,
    /// A call about the sessions of its owner ([`Owners`](crate::Owners)).
    Owner,
    /// A sign-in of its owner elsewhere, beyond `SESSION_MAX_PER_OWNER`.
    Limit,
}

impl EndedBy {
    /// As one lower-case word, for logs: `request`, `owner`, `limit`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Owner => "owner",
            Self::Limit => "limit",
        }
    }
}

/// Why something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It sent as an id what is none, or not signed by us; told once for a request.
    Forged,
    /// It sent several ids of live sessions, or more ids than are looked up.
    Ambiguous,
    /// The record cannot be decoded.
    Undecodable,
    /// It changed a session that had ended or moved; it was answered 409.
    Gone,
}

impl Refusal {
    /// As one lower-case word, for logs: `forged`, `ambiguous`, `undecodable`, `gone`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Forged => "forged",
            Self::Ambiguous => "ambiguous",
            Self::Undecodable => "undecodable",
            Self::Gone => "gone",
        }
    }
}
