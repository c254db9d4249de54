//! The one object an application shares, and what outlives a request: sweeps, an owner's sessions.

mod observe;
mod owners;
mod records;
mod schedule;
mod sweep;
mod sweeper;
mod twins;

pub use owners::{Owners, SessionInfo};
pub use sweeper::Sweeper;

use crate::config::Config;
use crate::error::Result;
use crate::request::context::Context;
use crate::request::exchange::Exchange;
use crate::request::opened::Opened;
#[cfg(feature = "http")]
use crate::request::sign_in::{SignIn, SignInPage};
use crate::signer::Signer;
use crate::store::Store;
use schedule::Schedule;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use sweep::Sweeps;

/// Opens and commits the sessions of an application.
///
/// Cheap to clone; types of stores do not leak into application state.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use std::sync::Arc;
/// use web_session::{Config, MemoryStore, SessionManager};
///
/// # async fn example() -> session_core::Result<()> {
/// let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?;
/// let exchange = manager.open();
/// let session = exchange.session([]).await?;
/// session.insert("visits", 1)?;
/// let commit = exchange.commit().await?;
/// assert!(commit.id_field().is_some());
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
/// #     .block_on(example()).unwrap();
/// ```
#[derive(Clone)]
pub struct SessionManager(Arc<Inner>);

struct Inner {
    context: Arc<Context>,
    sweeps: Arc<Sweeps>,
    schedule: Schedule,
}

impl SessionManager {
    /// Joins a store, a configuration and a signer.
    ///
    /// # Errors
    ///
    /// `Config` if they contradict each other: a signer that is missing or would not be used, an
    /// owner index or a key that the store does not have room for. Also if another manager of this
    /// process has the same `store` and key prefix and another cookie name, and not both sign so that
    /// a visitor's cookie of the one opens no session of the other.
    pub fn new(
        store: Arc<dyn Store>,
        config: Config,
        signer: impl Into<Option<Signer>>,
    ) -> Result<Self> {
        let context = Arc::new(Context::new(store, config, signer.into())?);
        twins::refuse_twins(&context)?;
        let sweeps = Arc::new(Sweeps::new(Arc::clone(&context.store)));
        let schedule = Schedule::new(&context.config);
        Ok(Self(Arc::new(Inner { context, sweeps, schedule })))
    }

    /// Starts a request; looks at nothing.
    pub fn open(&self) -> Exchange {
        Exchange::new(self.begin())
    }

    /// Starts a request as [`open`](Self::open) does, in an application whose visitors sign in on
    /// `page`.
    ///
    /// `asked` is what the request asks for, where routers shorten it for their handlers: visitors
    /// come back to that. Without one it is what an extractor sees.
    #[cfg(feature = "http")]
    pub fn open_with(&self, page: &SignInPage, asked: Option<http::uri::PathAndQuery>) -> Exchange {
        Exchange::with_sign_in(self.begin(), SignIn::new(page.clone(), asked))
    }

    fn begin(&self) -> Arc<Context> {
        self.0.schedule.count_request(&self.0.sweeps);
        Arc::clone(&self.0.context)
    }

    /// Makes a new session outside a request, for tests and scripts.
    ///
    /// [`Opened::commit`] stores it and returns the cookie that opens it.
    pub fn create(&self) -> Opened {
        Opened::anew(Arc::clone(&self.0.context))
    }

    /// Removes expired records from stores that keep them, and returns how many.
    ///
    /// Waits for the end of another sweep of this manager, if one runs.
    ///
    /// # Errors
    ///
    /// Those of [`Store::delete_expired`].
    pub async fn sweep(&self) -> Result<u64> {
        self.0.sweeps.run_next().await
    }

    /// Sweeps about every `every` in a task of its own, until the handle ends it.
    ///
    /// For an application whose sweeps are to end with it, or that serves no requests;
    /// [`ConfigBuilder::cleanup_interval`] alone is less to hold on to. The first sweep comes
    /// somewhere in the first interval, later ones spread by a tenth either way, so that processes
    /// of one store do not sweep together; less than a second counts as a second. A sweep that
    /// fails is logged and counted, and the next one waits longer: twice, four times, at most eight
    /// times the interval, unless that is over an hour. Where another sweep of this manager runs
    /// already, none is started beside it.
    ///
    /// The task does not keep the manager alive, and ends with it, as a sweep that runs then. While
    /// the store expires records by itself ([`needs_sweep`](crate::Capabilities::needs_sweep)) it
    /// sends nothing.
    ///
    /// [`ConfigBuilder::cleanup_interval`]: crate::ConfigBuilder::cleanup_interval
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime, as [`tokio::spawn`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core::{Config, MemoryStore, SessionManager};
    /// # use std::{sync::Arc, time::Duration};
    /// # async fn serve_until_told_to_stop() {}
    /// # async fn example(manager: SessionManager) {
    /// let sweeper = manager.spawn_sweeper(Duration::from_secs(600));
    /// serve_until_told_to_stop().await;
    /// sweeper.stop().await;
    /// # }
    /// # let store = Arc::new(MemoryStore::new());
    /// # let manager = SessionManager::new(store, Config::default(), None)?;
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    /// #     .block_on(example(manager));
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn spawn_sweeper(&self, every: Duration) -> Sweeper {
        Sweeper::spawn(&self.0.sweeps, every, &self.0.schedule.tasks)
    }

    /// What concerns all sessions of an owner: a list of them, or their end.
    pub fn owners(&self) -> Owners {
        Owners::new(Arc::clone(&self.0.context))
    }

    /// The store that the manager was built with, for bridges to other libraries and for tools.
    ///
    /// Calls of it know nothing of the configuration: no limit, deadline or prefix of keys is applied.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.context.store
    }

    /// The configuration that the manager was built with.
    pub fn config(&self) -> &Config {
        &self.0.context.config
    }
}

impl fmt::Debug for SessionManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionManager")
            .field("store", &self.0.context.store)
            .field("config", &self.0.context.config)
            .field("is_signing", &self.0.context.signer.is_some())
            .finish_non_exhaustive()
    }
}
