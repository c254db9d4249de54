//! The adapter's side of one request: its session is opened on demand and committed once.

use super::commit::{self, Commit, Committed, Committing};
use super::context::Context;
use super::home::{Home, Presented};
use super::open;
use super::plan::{Plan, plan};
use super::progress::{Closed, Phase, Progress, closed};
use super::session::Session;
#[cfg(feature = "http")]
use super::sign_in::SignIn;
use super::state::State;
use crate::data::Data;
use crate::error::Result;
use std::fmt;
use std::sync::Arc;
use tokio::time::Instant;

/// The life of a session within one request.
///
/// An adapter makes one for each request, hands clones to whoever extracts the session, and
/// commits it when the handler has answered. Making one looks at nothing; a request that never
/// asks for its session costs no I/O and no parsing.
#[derive(Clone)]
pub struct Exchange(Arc<Progress>);

impl Exchange {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self::with_phase(context, Phase::Unopened)
    }

    /// For a visitor who is sent to sign in where somebody has to be.
    #[cfg(feature = "http")]
    pub(crate) fn with_sign_in(context: Arc<Context>, sign_in: SignIn) -> Self {
        let mut progress = Progress::new(context, Phase::Unopened);
        progress.sign_in = Some(sign_in);
        Self(Arc::new(progress))
    }

    /// With a session that is new and open already.
    pub(crate) fn anew(context: Arc<Context>) -> Self {
        let data = Data::empty(context.limits);
        let state = State::new(Home::None, data, Presented::Nothing, Instant::now());
        Self::with_state(context, Box::new(state))
    }

    fn with_state(context: Arc<Context>, state: Box<State>) -> Self {
        Self::with_phase(context, Phase::Open(state))
    }

    fn with_phase(context: Arc<Context>, phase: Phase) -> Self {
        Self(Arc::new(Progress::new(context, phase)))
    }

    /// Opens the session that the request's `Cookie` fields name, or an empty one.
    ///
    /// `headers` are the raw values of all `Cookie` fields. The first call loads the record: one
    /// store call, none without a well-formed and verified cookie. Later calls return the same
    /// session.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Timeout` if the store did not answer, `Closed` after the commit.
    pub async fn session<'h, H>(&self, headers: H) -> Result<Session>
    where
        H: IntoIterator<Item = &'h [u8]>,
    {
        match *self.0.lock() {
            Phase::Open(_) => return Ok(Session::new(Arc::clone(&self.0))),
            Phase::Closed(_) => return Err(closed()),
            Phase::Unopened | Phase::Failed => {}
        }
        let opened = open::open(&self.0.context, headers).await;
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
    /// or end a session, two to move it to a new id or to end it where another follows, and two more
    /// for each time that another request wrote in between.
    ///
    /// # Errors
    ///
    /// `Conflict` and `Gone` if another request won; `Unavailable`, `Timeout` and `Unknown` for
    /// the store; `TooLarge` and `Encode` for the data; `Closed` if this, or a discard, came before.
    /// No cookie may be sent then, but the one that [`discard`](Self::discard) returns. What failed
    /// is not kept for another try: that is for a new request, or [`Session::reopen`].
    ///
    /// # Cancellation
    ///
    /// The session is closed by the call itself. Once polled, the store keeps the old or the new
    /// record, whole; what gives the browser another id goes on in a task of its own.
    pub fn commit(&self) -> Committing {
        match self.0.close() {
            Phase::Open(state) if state.is_abandoned => Committing::ready(Ok(self.give_up(state))),
            Phase::Open(state) => self.finish(state),
            Phase::Failed => {
                Committing::ready(Ok(Commit { vary_cookie: true, ..Commit::default() }))
            }
            Phase::Unopened => Committing::ready(Ok(Commit::default())),
            Phase::Closed(_) => Committing::ready(Err(closed())),
        }
    }

    /// Closes the session without storing anything: for responses that report a failure.
    ///
    /// What [`Session::update`] wrote stands; if it created the session, its cookie is returned,
    /// also after a commit that failed.
    pub fn discard(&self) -> Commit {
        match self.0.close() {
            Phase::Open(state) => self.give_up(state),
            Phase::Failed => Commit { vary_cookie: true, ..Commit::default() },
            Phase::Unopened => Commit::default(),
            Phase::Closed(_) => {
                let cookie = self.0.take_cookie();
                Commit { vary_cookie: cookie.is_some(), set_cookie: cookie, ..Commit::default() }
            }
        }
    }

    /// Where a visitor is sent who is not signed in, if the adapter was told so.
    #[cfg(feature = "http")]
    pub(crate) fn sign_in(&self) -> Option<&SignIn> {
        self.0.sign_in.as_ref()
    }

    /// The value of a `Set-Cookie` field that removes the cookie of the former name, for a commit that
    /// [`removes_former`](Commit::removes_former).
    pub fn removal_of_former(&self) -> Option<String> {
        self.0.context.former.as_ref().map(|former| former.cookies.removal())
    }

    fn give_up(&self, state: Box<State>) -> Commit {
        let commit = commit::discard(&self.0.context, &state);
        leave(&self.0, Committed { commit, address: state.home.into_stored() })
    }

    /// Does what `state` asks for: at once if that is nothing, else in the future's own time.
    fn finish(&self, state: Box<State>) -> Committing {
        let context = &self.0.context;
        let facts = state.facts(&context.config);
        let word = plan(&facts);
        context.telemetry.planned(word);
        if word == Plan::Nothing {
            return Committing::ready(Ok(leave(&self.0, commit::keep(context, state))));
        }
        let progress = Arc::clone(&self.0);
        if let Home::Stored(stored) = &state.home {
            let cookie = commit::discard(context, &state).set_cookie;
            progress.set_closed(Closed { id: Some(stored.id.clone()), cookie });
        }
        Committing::pending(async move {
            let context = &progress.context;
            let work = commit::execute(context, state, word, facts.is_owner_changed);
            match context.telemetry.in_commit_span(word, work).await {
                Ok(committed) => Ok(leave(&progress, committed)),
                Err(error) => {
                    context.telemetry.commit_failed(&error);
                    Err(error)
                }
            }
        })
    }
}

impl Session {
    /// Opens the session anew after its response was committed: for long connections.
    ///
    /// Costs one store call. There is no response any more, so the new exchange cannot give the
    /// session another id. It is committed once, as any other: reopen again for what comes later,
    /// also after a commit that failed. While a commit is under way this opens the record as it was
    /// stored before.
    ///
    /// # Errors
    ///
    /// `Gone` if the session ended or never was stored, `Decode` if its record is broken, and those
    /// of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core::{Result, Session};
    /// async fn on_message(session: &Session) -> Result<()> {
    ///     let exchange = session.reopen().await?;
    ///     if let Some(session) = exchange.opened() {
    ///         session.insert("last_message", "hello")?;
    ///     }
    ///     exchange.commit().await.map(drop)
    /// }
    /// ```
    pub async fn reopen(&self) -> Result<Exchange> {
        let progress = self.progress();
        let state = open::reopen(&progress.context, progress.id()).await?;
        Ok(Exchange::with_state(Arc::clone(&progress.context), state))
    }
}

/// Remembers where the session lives, so that its handle can be reopened.
fn leave(progress: &Progress, committed: Committed) -> Commit {
    progress.set_closed(Closed { id: committed.address.map(|stored| stored.id), cookie: None });
    committed.commit
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("is_open", &self.is_open()).finish_non_exhaustive()
    }
}
