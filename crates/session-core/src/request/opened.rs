//! A session that is open without a request: a new one, or one that is opened anew.

use super::commit::Committing;
use super::context::Context;
use super::exchange::Exchange;
use super::home::{Home, Presented};
use super::open;
use super::progress::{Phase, Progress};
use super::session::Session;
use super::state::State;
use crate::data::Data;
use crate::error::Result;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use tokio::time::Instant;

/// A [`Session`] that is open without a request: one of [`SessionManager::create`], or one that
/// [`Session::reopen`] opened anew.
///
/// What is asked of it is stored by [`commit`](Self::commit), and not at all without one; `update`
/// and its like store at once. A clone of it is the [`Session`], without the commit.
///
/// [`SessionManager::create`]: crate::SessionManager::create
pub struct Opened {
    session: Session,
    exchange: Exchange,
}

impl Opened {
    /// A new session.
    pub(crate) fn anew(context: Arc<Context>) -> Self {
        let data = Data::empty(context.limits());
        let state = State::new(Home::None, data, Presented::Nothing, Instant::now());
        Self::with_state(context, Box::new(state))
    }

    fn with_state(context: Arc<Context>, state: Box<State>) -> Self {
        let progress = Arc::new(Progress::new(context, Phase::Open(state)));
        Self { session: Session::new(Arc::clone(&progress)), exchange: Exchange::of(progress) }
    }

    /// Stores what was asked for and closes the session, as [`Exchange::commit`] does.
    ///
    /// # Errors
    ///
    /// Those of [`Exchange::commit`]; also `Unsupported` where a session that was opened anew would
    /// get another id, for which there is no response.
    ///
    /// # Cancellation
    ///
    /// As [`Exchange::commit`].
    pub fn commit(&self) -> Committing {
        self.exchange.commit()
    }
}

impl Deref for Opened {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("exchange", &self.exchange).finish_non_exhaustive()
    }
}

impl Session {
    /// Opens the session anew after its response was committed: for long connections.
    ///
    /// Costs one store call. There is no response any more, so the session cannot get another id. It
    /// is committed once, as any other: reopen again for what comes later, also after a commit that
    /// failed. While a commit is under way this opens the record as it was stored before.
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
    ///     let session = session.reopen().await?;
    ///     session.insert("last_message", "hello")?;
    ///     session.commit().await.map(drop)
    /// }
    /// ```
    pub async fn reopen(&self) -> Result<Opened> {
        let progress = self.progress();
        let state = open::reopen(&progress.context, progress.id()).await?;
        Ok(Opened::with_state(Arc::clone(&progress.context), state))
    }
}
