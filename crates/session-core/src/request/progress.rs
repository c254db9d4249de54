//! How far one request's session has come: unopened, open, or closed.

use super::context::Context;
#[cfg(feature = "http")]
use super::sign_in::SignIn;
use super::state::State;
use crate::error::{Error, ErrorKind, Result};
use crate::id::SessionId;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the exchange of a request and the handles of its session share.
pub(crate) struct Progress {
    pub(crate) context: Arc<Context>,
    phase: Mutex<Phase>,
    /// Atomic updates of one request go one after the other, or a new session would be created
    /// twice.
    pub(crate) updates: tokio::sync::Mutex<()>,
    #[cfg(feature = "http")]
    pub(crate) sign_in: Option<SignIn>,
}

/// Where a session stands.
pub(crate) enum Phase {
    Unopened,
    /// Asked for, but the store did not answer.
    Failed,
    /// Boxed: it passes through several futures on its way in and out, and requests that never ask
    /// need no room for it.
    Open(Box<State>),
    Closed(Closed),
}

/// What is left of a session from its commit on.
#[derive(Default)]
pub(crate) struct Closed {
    /// Where it was last stored, whatever becomes of a commit under way.
    pub(crate) id: Option<SessionId>,
    /// After a commit that failed: the cookie of the session that `update` had created.
    pub(crate) cookie: Option<Box<str>>,
}

impl Progress {
    pub(crate) fn new(context: Arc<Context>, phase: Phase) -> Self {
        let updates = tokio::sync::Mutex::const_new(());
        Self {
            context,
            phase: Mutex::new(phase),
            updates,
            #[cfg(feature = "http")]
            sign_in: None,
        }
    }

    /// Runs `f` on the open session.
    ///
    /// # Errors
    ///
    /// `Closed` if it is not open, `Decode` if its record is no session and
    /// `SESSION_UNDECODABLE=error`, and those of `f`.
    pub(crate) fn with<T>(&self, f: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        self.with_any(|state| match state.is_refused(&self.context.config) {
            true => Err(undecodable()),
            false => f(state),
        })
    }

    /// Runs `f` on the open session, whatever its record is.
    ///
    /// # Errors
    ///
    /// `Closed` if it is not open, and those of `f`.
    pub(crate) fn with_any<T>(&self, f: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        match &mut *self.lock() {
            Phase::Open(state) => f(state),
            Phase::Unopened | Phase::Failed | Phase::Closed(_) => Err(closed()),
        }
    }

    /// The id under which the session was last stored, open or closed.
    pub(crate) fn id(&self) -> Option<SessionId> {
        match &*self.lock() {
            Phase::Open(state) => state.home.stored().map(|stored| stored.id.clone()),
            Phase::Closed(Closed { id, .. }) => id.clone(),
            Phase::Unopened | Phase::Failed => None,
        }
    }

    /// Closes the session and returns what it was until now.
    pub(crate) fn close(&self) -> Phase {
        let mut phase = self.lock();
        match &mut *phase {
            Phase::Closed(_) => Phase::Closed(Closed::default()),
            phase @ Phase::Unopened => {
                *phase = Phase::Closed(Closed::default());
                Phase::Unopened
            }
            phase => std::mem::replace(phase, Phase::Closed(Closed::default())),
        }
    }

    /// Remembers what must be known of a session after its end.
    pub(crate) fn set_closed(&self, closed: Closed) {
        *self.lock() = Phase::Closed(closed);
    }

    /// The cookie that only the response of a failed commit can carry, once.
    pub(crate) fn take_cookie(&self) -> Option<Box<str>> {
        match &mut *self.lock() {
            Phase::Closed(closed) => closed.cookie.take(),
            Phase::Unopened | Phase::Failed | Phase::Open(_) => None,
        }
    }

    // A panic of a handler in `with` leaves the state whole: every mutation is one assignment.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cold]
fn undecodable() -> Error {
    Error::new(
        ErrorKind::Decode,
        "use a session whose record cannot be decoded; flush it, or set SESSION_UNDECODABLE=fresh",
    )
}

pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "use a session after its response was committed")
}
