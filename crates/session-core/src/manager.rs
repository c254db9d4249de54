//! The one object an application shares: a store, a configuration, a signer.

use crate::config::Config;
use crate::cookie::CookieWriter;
use crate::data::{Data, Limits};
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::exchange::Exchange;
use crate::id::{IdHash, SessionId};
#[cfg(feature = "metrics")]
use crate::meters::Meters;
use crate::signer::{BoundSigner, Signer};
use crate::state::{Home, Presented, State};
use crate::store::{Capabilities, Store, StoreKey};
use crate::sweep::Sweeps;
use crate::sweeper::Sweeper;
use crate::turns::Turns;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Opens and commits the sessions of an application.
///
/// Cheap to clone; types of stores do not leak into application state.
///
/// # Examples
///
/// ```
/// use session_core::{Config, MemoryStore, SessionManager};
/// use std::sync::Arc;
///
/// # async fn example() -> session_core::Result<()> {
/// let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?;
/// let exchange = manager.open();
/// let session = exchange.session([]).await?;
/// session.insert("visits", 1)?;
/// let commit = exchange.commit().await?;
/// assert!(commit.set_cookie.is_some());
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
/// #     .block_on(example()).unwrap();
/// ```
#[derive(Clone)]
pub struct SessionManager(Arc<Shared>);

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) config: Config,
    pub(crate) signer: Option<BoundSigner>,
    pub(crate) cookies: CookieWriter,
    pub(crate) limits: Limits,
    pub(crate) capabilities: Capabilities,
    pub(crate) turns: Turns,
    pub(crate) sweeps: Sweeps,
    #[cfg(feature = "metrics")]
    pub(crate) meters: Meters,
}

impl SessionManager {
    /// Joins a store, a configuration and a signer.
    ///
    /// # Errors
    ///
    /// `Config` if they contradict each other: a signer that is missing or would not be used, an
    /// owner index or a key that the store does not have room for.
    pub fn new(
        store: Arc<dyn Store>,
        config: Config,
        signer: impl Into<Option<Signer>>,
    ) -> Result<Self> {
        let signer = signer.into();
        let capabilities = store.capabilities();
        check(&config, signer.as_ref(), &capabilities)?;
        let limits = Limits {
            format: config.format(),
            max_depth: config.max_depth(),
            max_payload: config.max_payload().min(capabilities.max_payload.unwrap_or(usize::MAX)),
        };
        let signer = signer.map(|signer| signer.bind(&config.cookie().name));
        let id_len = SessionId::len_for(config.id_length());
        let value_len = signer.as_ref().map_or(id_len, |signer| signer.signed_len(id_len));
        Ok(Self(Arc::new(Shared {
            signer,
            cookies: CookieWriter::new(config.cookie()).for_values_of(value_len),
            limits,
            #[cfg(feature = "metrics")]
            meters: Meters::new(capabilities.name),
            sweeps: Sweeps::new(&config, &capabilities),
            capabilities,
            turns: Turns::new(),
            store,
            config,
        })))
    }

    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    /// Starts a request; looks at nothing.
    pub fn open(&self) -> Exchange {
        self.0.sweeps.request(&self.0);
        Exchange::new(Arc::clone(&self.0))
    }

    /// Makes a new session outside a request, for tests and scripts.
    ///
    /// [`Exchange::opened`] gives its handle; [`Exchange::commit`] stores it and returns the
    /// cookie that opens it.
    pub fn create(&self) -> Exchange {
        let data = Data::empty(self.0.limits);
        let state = State::new(Home::None, data, Presented::Nothing, Instant::now());
        Exchange::with_state(Arc::clone(&self.0), Box::new(state))
    }

    /// Removes expired records from stores that keep them, and returns how many.
    ///
    /// # Errors
    ///
    /// Those of [`Store::delete_expired`].
    pub async fn sweep(&self) -> Result<u64> {
        self.0.store.delete_expired().await
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
    /// The task does not keep the manager alive, and ends with it. Where the store expires records
    /// by itself ([`Capabilities::needs_sweep`]) there is no task.
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
        Sweeper::spawn(&self.0, every)
    }

    /// The configuration that the manager was built with.
    pub fn config(&self) -> &Config {
        &self.0.config
    }
}

impl Shared {
    pub(crate) fn key(&self, id: &SessionId) -> StoreKey {
        id.to_key(self.config.key_prefix(), self.config.id_hash())
    }

    /// Whether `key` could be the key of a session of ours.
    pub(crate) fn is_key(&self, key: &StoreKey) -> bool {
        let config = &self.config;
        SessionId::is_key(key, config.key_prefix(), config.id_syntax(), config.id_hash())
    }

    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(Instant::now(), self.config.timeout())
    }

    /// The owner to index the state under, if the store keeps an index.
    pub(crate) fn owner(&self, state: &State) -> Option<String> {
        self.config.owner_index().then(|| state.owner(&self.config)).flatten()
    }

    /// The owner that the loaded record is indexed under.
    pub(crate) fn base_owner(&self, state: &State) -> Option<String> {
        self.config.owner_index().then(|| state.base_owner(&self.config)).flatten()
    }
}

fn check(config: &Config, signer: Option<&Signer>, capabilities: &Capabilities) -> Result<()> {
    let fail = |message: String| Err(Error::new(ErrorKind::Config, message));
    match (config.use_signer(), signer) {
        (true, None) => {
            return fail("SESSION_USE_SIGNER is on: give a signer, made of SECRET_KEY".to_owned());
        }
        (false, Some(_)) => {
            return fail(
                "a signer is given: turn SESSION_USE_SIGNER on, or leave it out".to_owned(),
            );
        }
        _ => {}
    }
    let name = capabilities.name;
    if config.owner_index() && !capabilities.owner_index {
        return fail(format!(
            "the {name} store has no owner index: turn SESSION_OWNER_INDEX off, or open a redis, \
             filesystem, mongodb, sqlalchemy, dynamodb or memory store with one"
        ));
    }
    if let Some(limit) = capabilities.max_key {
        let name_len = match config.id_hash() {
            IdHash::Plain => SessionId::len_for(config.id_length()),
            IdHash::Sha256 => 64,
        };
        let longest = config.key_prefix().len() + name_len;
        if longest > limit {
            return fail(format!(
                "keys of {longest} bytes do not fit the {name} store's {limit}: shorten \
                 SESSION_KEY_PREFIX or SESSION_ID_LENGTH"
            ));
        }
    }
    Ok(())
}

impl fmt::Debug for SessionManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionManager")
            .field("store", &self.0.store)
            .field("config", &self.0.config)
            .field("is_signing", &self.0.signer.is_some())
            .finish_non_exhaustive()
    }
}
