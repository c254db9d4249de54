//! The adapter's side of one request: its session is opened on demand and committed once.

use super::commit::{self, Commit, Committed, Committing};
use super::context::Context;
use super::deadline::Deadline;
use super::home::Home;
use super::open;
use super::plan::{Plan, plan};
use super::progress::{Closed, Phase, Progress, closed};
use super::session::Session;
#[cfg(feature = "http")]
use super::sign_in::SignIn;
use super::state::State;
use super::told;
#[cfg(feature = "http")]
use crate::config::Transport;
use crate::cookie::Fields;
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
        Self(Arc::new(Progress::new(context, Phase::Unopened)))
    }

    /// For a visitor who is sent to sign in where somebody has to be.
    #[cfg(feature = "http")]
    pub(crate) fn with_sign_in(context: Arc<Context>, sign_in: SignIn) -> Self {
        let mut progress = Progress::new(context, Phase::Unopened);
        progress.sign_in = Some(sign_in);
        Self(Arc::new(progress))
    }

    /// Of a session that is open already.
    pub(crate) fn of(progress: Arc<Progress>) -> Self {
        Self(progress)
    }

    /// Opens the session that the request's `Cookie` fields name, or an empty one.
    ///
    /// `headers` are the raw values of all `Cookie` fields, or under `SESSION_TRANSPORT=header` of
    /// those that carry ids. The first call loads the record: one store call, none without a
    /// well-formed and verified id. Later calls return the same session.
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

    /// Opens the session that the fields of a request name, as [`session`](Self::session) does.
    ///
    /// For services that have a request in their hands and no extractor: plain tower, hyper, tonic.
    /// The layer has put the exchange into the extensions of the request.
    ///
    /// # Errors
    ///
    /// Those of [`session`](Self::session).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "http")] {
    /// # use session_core as web_session;
    /// use web_session::{Error, ErrorKind, Exchange, Result};
    ///
    /// async fn visits<B>(request: &http::Request<B>) -> Result<u64> {
    ///     let exchange = request.extensions().get::<Exchange>().ok_or_else(Error::no_layer)?;
    ///     let session = exchange.session_of(request.headers()).await?;
    ///     session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)
    /// }
    /// # }
    /// ```
    pub async fn session_of(&self, request: &impl Fields) -> Result<Session> {
        self.session(self.0.context.carrier.values(request)).await
    }

    /// What carries the id.
    #[cfg(feature = "http")]
    pub(crate) fn transport(&self) -> Transport {
        self.0.context.config.transport()
    }

    fn is_open(&self) -> bool {
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
            Phase::Failed => Committing::ready(Ok(Commit::of(&self.0.context, None))),
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
            Phase::Failed => Commit::of(&self.0.context, None),
            Phase::Unopened => Commit::default(),
            Phase::Closed(_) => Commit::of(&self.0.context, self.0.take_cookie()),
        }
    }

    /// Where a visitor is sent who is not signed in, if the adapter was told so.
    #[cfg(feature = "http")]
    pub(crate) fn sign_in(&self) -> Option<&SignIn> {
        self.0.sign_in.as_ref()
    }

    fn give_up(&self, state: Box<State>) -> Commit {
        let commit = commit::discard(&self.0.context, &state);
        self.leave(Committed { commit, id: state.home.into_id() })
    }

    /// Does what `state` asks for: at once if that is nothing, else in the future's own time.
    fn finish(&self, state: Box<State>) -> Committing {
        let context = &self.0.context;
        let facts = state.facts(&context.config);
        let word = plan(&facts);
        let timed = context.telemetry.planned(word);
        if word == Plan::Nothing {
            return Committing::ready(Ok(self.leave(commit::keep(context, state))));
        }
        let exchange = self.clone();
        if let Home::Stored(stored) = &state.home {
            let cookie = commit::of_created(context, &state);
            self.0.set_closed(Closed { id: Some(stored.id.clone()), cookie });
        }
        Committing::pending(async move {
            let context = &exchange.0.context;
            let started = Instant::now();
            let deadline = Deadline::after(started, context.config.timeout());
            let work = commit::execute(context, state, word, facts.is_owner_changed, deadline);
            match context.telemetry.in_commit_span(word, work).await {
                Ok(committed) => {
                    timed.committed(started);
                    Ok(exchange.leave(committed))
                }
                Err(error) => {
                    context.telemetry.commit_failed(&error);
                    told::failed(context, exchange.0.id(), &error);
                    Err(error)
                }
            }
        })
    }

    /// Remembers where the session lives, so that its handle can be reopened, if there is one.
    fn leave(&self, committed: Committed) -> Commit {
        if Arc::strong_count(&self.0) > 1 {
            self.0.set_closed(Closed { id: committed.id, cookie: None });
        }
        committed.commit
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("is_open", &self.is_open()).finish_non_exhaustive()
    }
}
