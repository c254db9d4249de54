//! One request and its session: opened on demand, committed once.

use crate::commit::{self, Commit, Committing};
use crate::error::{Error, ErrorKind, Result};
use crate::manager::Shared;
use crate::open;
use crate::session::Session;
use crate::state::{Address, Home, State};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The life of a session within one request.
///
/// An adapter makes one for each request, hands clones to whoever extracts the session, and
/// commits it when the handler has answered. Making one looks at nothing; a request that never
/// asks for its session costs no I/O and no parsing.
#[derive(Clone)]
pub struct Exchange(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    phase: Mutex<Phase>,
    /// Atomic updates of one request go one after the other, or a new session would be created
    /// twice.
    pub(crate) updates: tokio::sync::Mutex<()>,
}

enum Phase {
    Unopened,
    /// Asked for, but the store did not answer.
    Failed,
    /// Boxed: it passes through several futures on its way in and out, and requests that never ask
    /// need no room for it.
    Open(Box<State>),
    Closed(Closed),
}

/// What is left of a session after its commit.
#[derive(Default)]
struct Closed {
    /// Where it was last stored.
    address: Option<Address>,
    /// After a commit that failed: the cookie of the session that `update` had created.
    cookie: Option<String>,
}

impl Exchange {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self::with_phase(shared, Phase::Unopened)
    }

    pub(crate) fn with_state(shared: Arc<Shared>, state: Box<State>) -> Self {
        Self::with_phase(shared, Phase::Open(state))
    }

    fn with_phase(shared: Arc<Shared>, phase: Phase) -> Self {
        let updates = tokio::sync::Mutex::const_new(());
        Self(Arc::new(Inner { shared, phase: Mutex::new(phase), updates }))
    }

    /// Opens the session that the request's `Cookie` fields name, or an empty one.
    ///
    /// `headers` are the raw values of all `Cookie` fields. The first call loads the record: one
    /// store call, none without a well-formed and verified cookie. Later calls return the same
    /// session.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Timeout` if the store did not answer, `Decode` for a broken record under
    /// `SESSION_UNDECODABLE=error`, `Closed` after the commit.
    pub async fn session<'h, H>(&self, headers: H) -> Result<Session>
    where
        H: IntoIterator<Item = &'h [u8]>,
    {
        match *self.0.lock() {
            Phase::Open(_) => return Ok(Session::new(Arc::clone(&self.0))),
            Phase::Closed(_) => return Err(closed()),
            Phase::Unopened | Phase::Failed => {}
        }
        let opened = open::open(&self.0.shared, headers).await;
        let mut phase = self.0.lock();
        match *phase {
            Phase::Unopened | Phase::Failed => match opened {
                Ok(state) => *phase = Phase::Open(state),
                Err(error) => {
                    *phase = Phase::Failed;
                    return Err(error);
                }
            },
            // Somebody else opened it meanwhile: one session per request.
            Phase::Open(_) => {}
            Phase::Closed(_) => return Err(closed()),
        }
        drop(phase);
        Ok(Session::new(Arc::clone(&self.0)))
    }

    /// The session, if it was opened and not committed yet.
    pub fn opened(&self) -> Option<Session> {
        self.is_open().then(|| Session::new(Arc::clone(&self.0)))
    }

    /// Whether the session is open, so that a commit has something to do.
    pub fn is_open(&self) -> bool {
        matches!(*self.0.lock(), Phase::Open(_))
    }

    /// Stores what the handler asked for and closes the session.
    ///
    /// Costs no store call if nothing changed and no renewal is due, one to create, update, renew
    /// or end a session, two to move it to a new id, and two more for each time that another
    /// request wrote in between.
    ///
    /// # Errors
    ///
    /// `Conflict` and `Gone` if another request won; `Unavailable`, `Timeout` and `Unknown` for
    /// the store; `TooLarge` and `Encode` for the data. No cookie may be sent then, but the one that
    /// [`discard`](Self::discard) returns.
    ///
    /// # Cancellation
    ///
    /// The session is closed by the call itself. Once polled, the store keeps the old or the new
    /// record, whole; a move goes on in a task of its own.
    pub fn commit(&self) -> Committing {
        match self.0.close() {
            Phase::Open(state) => commit::commit(&self.0, state),
            Phase::Failed => Committing::ready(Ok(Commit { vary_cookie: true, set_cookie: None })),
            Phase::Unopened | Phase::Closed(_) => Committing::ready(Ok(Commit::default())),
        }
    }

    /// Closes the session without storing anything: for responses that report a failure.
    ///
    /// What [`Session::update`] wrote stands; if it created the session, its cookie is returned,
    /// also after a commit that failed.
    pub fn discard(&self) -> Commit {
        match self.0.close() {
            Phase::Open(state) => {
                let commit = commit::discard(&self.0, &state);
                if let Home::Stored(address) = state.home {
                    self.0.set_address(address);
                }
                commit
            }
            Phase::Failed => Commit { vary_cookie: true, set_cookie: None },
            Phase::Unopened => Commit::default(),
            Phase::Closed(Closed { cookie, .. }) => {
                Commit { vary_cookie: cookie.is_some(), set_cookie: cookie }
            }
        }
    }
}

impl Inner {
    /// Runs `f` on the open session.
    pub(crate) fn with<T>(&self, f: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        match &mut *self.lock() {
            Phase::Open(state) => f(state),
            Phase::Unopened | Phase::Failed | Phase::Closed(_) => Err(closed()),
        }
    }

    /// The address under which the session was last stored, open or closed.
    pub(crate) fn address(&self) -> Option<Address> {
        match &*self.lock() {
            Phase::Open(state) => match &state.home {
                Home::Stored(address) => Some(address.clone()),
                Home::None | Home::Undecodable(_) => None,
            },
            Phase::Closed(closed) => closed.address.clone(),
            Phase::Unopened | Phase::Failed => None,
        }
    }

    /// Remembers where a committed session lives, so that its handle can be reopened.
    pub(crate) fn set_address(&self, address: Address) {
        *self.lock() = Phase::Closed(Closed { address: Some(address), cookie: None });
    }

    /// Remembers the cookie that must reach the browser though the commit failed.
    pub(crate) fn set_cookie(&self, cookie: String) {
        *self.lock() = Phase::Closed(Closed { address: None, cookie: Some(cookie) });
    }

    /// Closes the session and returns what it was until now.
    fn close(&self) -> Phase {
        let mut phase = self.lock();
        match &mut *phase {
            Phase::Closed(closed) => {
                Phase::Closed(Closed { address: None, cookie: closed.cookie.take() })
            }
            phase @ Phase::Unopened => {
                *phase = Phase::Closed(Closed::default());
                Phase::Unopened
            }
            phase => std::mem::replace(phase, Phase::Closed(Closed::default())),
        }
    }

    // A panic of a handler in `with` leaves the state whole: every mutation is one assignment.
    fn lock(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("is_open", &self.is_open()).finish_non_exhaustive()
    }
}

pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "use a session after its response was committed")
}
