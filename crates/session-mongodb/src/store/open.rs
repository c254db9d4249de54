//! From options or a client to a store whose indexes are there.

use super::{MongoStore, capabilities, limits};
use crate::client::Client;
use crate::command::Commands;
use crate::config::{MongoOptions, STORE};
use crate::error::Fault;
use crate::indexes::{self, Expiry, Indexes, Step};
use crate::order::Order;
use crate::sent::Pool;
use crate::{address, concern, rights};
use session_core::store::{Call, ConnectionLimit, LazyStore, Lost};
use session_core::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// An index on a large collection takes its time.
const INIT_TIMEOUT: Duration = Duration::from_secs(60);

impl MongoStore {
    /// Connects to the server and looks at the indexes, as an application does that must not start
    /// without its sessions.
    ///
    /// The collection may be missing, and so may its indexes: [`init`](Self::init) makes them.
    ///
    /// # Errors
    ///
    /// `Config` if the URL or an option cannot be used; `Unavailable` or `Timeout` if the server
    /// cannot be reached or refuses the log-in, or a right is missing.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # mod web_session { pub mod stores { pub use session_mongodb as mongodb; } }
    /// use web_session::stores::mongodb::{MongoOptions, MongoStore};
    ///
    /// # async fn example() -> session_core::Result<()> {
    /// let store = MongoStore::connect("mongodb://app:secret@db.internal").await?;
    /// store.init().await?;
    ///
    /// let options = MongoOptions::new("mongodb://db.internal").database("shop").owner_index(true);
    /// let store = MongoStore::connect(options).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(options: impl Into<MongoOptions>) -> Result<Self> {
        let options = options.into().checked()?;
        let (client, pool) = {
            // A large future and a large value, and callers' futures would be with them.
            let mut driver = Box::pin(address::read(&options)).await?;
            let pool = address::watched(&mut driver, options.max_connections_or_default());
            let client = mongodb::Client::with_options(driver)
                .map_err(|error| Fault::from(error).into_error(Call::Connect))?;
            (client, pool)
        };
        let store = Self::new(&client, pool, options)?;
        store.first_look().await?;
        Ok(store)
    }

    /// [`connect`](Self::connect) and [`init`](Self::init): a store that is ready.
    ///
    /// # Errors
    ///
    /// Those of the two.
    pub async fn set_up(options: impl Into<MongoOptions>) -> Result<Self> {
        let store = Self::connect(options).await?;
        store.init().await?;
        Ok(store)
    }

    /// Checks the options and leaves the rest to the first call, so that an application starts while
    /// its server is down: that call connects, has [`init`](Self::init) make the indexes that are
    /// missing, and checks the rights.
    ///
    /// # Errors
    ///
    /// `Config` if the URL or an option cannot be used; of `mongodb+srv` the first call reads what
    /// is in DNS. What [`connect`](Self::connect) and `init` refuse, calls are told, as
    /// [`LazyStore`] has it.
    pub fn connect_lazy(options: impl Into<MongoOptions>) -> Result<LazyStore<Self>> {
        let options = options.into().checked()?;
        let url = address::check(&options)?;
        if url.write_concern.as_ref().is_some_and(concern::is_unacknowledged) {
            return Err(Fault::Options.into_error(Call::Connect));
        }
        // What `init` makes, unless the server has no such index.
        let made = Indexes { expiry: Expiry::Ttl, ..Indexes::default() };
        let before = capabilities(&options, made);
        Ok(LazyStore::new(before, options.timeouts, move || Self::set_up(options.clone())))
    }

    /// Uses a client that the application already has; the URL of `options` is not.
    ///
    /// The type is that of the `mongodb` 3 in the application's tree. Its log-in, its pool, its
    /// read and write concerns hold; retries and read preferences do not apply to our commands.
    /// Such a client does not tell what it sent: a write that ends without an answer is `Unknown`,
    /// also one that waited for a connection. Set `server_selection_timeout` below the operation
    /// timeout, so that a server that is gone is `Unavailable`: by default it is 30 s.
    ///
    /// Calls end in time, however many others wait for the client's connections. What was given up
    /// stays in the driver's line, so 16 of our calls are in it at once, or as many as
    /// [`max_connections`](MongoOptions::max_connections) says, others wait before it, and while the
    /// server is silent it is asked by one at a time.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # mod web_session { pub mod stores { pub use session_mongodb as mongodb; } }
    /// use web_session::stores::mongodb::{MongoOptions, MongoStore};
    ///
    /// # async fn example(client: mongodb::Client) -> session_core::Result<()> {
    /// let store = MongoStore::from_client(client, MongoOptions::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn from_client(client: mongodb::Client, options: MongoOptions) -> Result<Self> {
        let options = options.checked()?;
        let limit = ConnectionLimit::new(options.max_connections_or_default());
        let store = Self::new(&client, Pool::Shared(Arc::new(limit)), options)?;
        store.first_look().await?;
        Ok(store)
    }

    /// Makes the collection's indexes where they are missing: the unique one on `id`, the one on
    /// `expiration` by which the server removes what expired, and the owner's if asked for.
    ///
    /// Those that are there are left as they are, Flask's and those of another name included, and
    /// where none is missing the user needs no right to make one. Where the server turns down an
    /// index that expires documents, a plain one is made, and the store wants to be swept. Safe to
    /// call from several processes at once.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect); `Config` if two documents share an `id` or an index that is
    /// there is in the way; `Unavailable`, not retryable, if the user may make no index.
    pub async fn init(&self) -> Result<()> {
        let inspect = |fault: Fault| self.explain(fault, Call::Inspect);
        let indexes = self.look(self.client.first_deadline()).await.map_err(inspect)?;
        let steps = indexes.missing(self.options.owner_index);
        if steps.is_empty() {
            self.learn(indexes);
            return Ok(());
        }
        for step in steps {
            match self.make(step, indexes.order).await {
                Err(fault) if step == Step::Ttl && fault.is_of_command() => {
                    self.make(Step::PlainExpiry, indexes.order).await
                }
                made => made,
            }
            .map_err(|fault| self.explain(fault, Call::Init))?;
        }
        self.learn(self.look(self.client.first_deadline()).await.map_err(inspect)?);
        self.check_rights(self.client.first_deadline()).await
    }

    /// The commands that [`init`](Self::init) would send now, as JSON; none if nothing is missing.
    /// Changes nothing.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn missing(&self) -> Result<Vec<String>> {
        let looked = self.look(self.client.first_deadline()).await;
        let indexes = looked.map_err(|fault| self.explain(fault, Call::Inspect))?;
        let steps = indexes.missing(self.options.owner_index);
        let command = |step: Step| step.command(&self.options.collection, indexes.order);
        Ok(steps.into_iter().map(|step| command(step).to_string()).collect())
    }

    fn new(client: &mongodb::Client, pool: Pool, options: MongoOptions) -> Result<Self> {
        let database = client.database(&options.database);
        if database.write_concern().is_some_and(concern::is_unacknowledged) {
            return Err(Fault::Options.into_error(Call::Connect));
        }
        let commands = Commands::new(
            &options.collection,
            options.owner_index,
            concern::of_reads(database.read_concern()),
            concern::of_writes(database.write_concern()),
        );
        let limits = limits(&options);
        let client = Client { database, pool, timeouts: options.timeouts };
        Ok(Self { client, commands, limits, options, indexes: Mutex::default() })
    }

    /// Looks until a server is found: one search is shorter than what a first contact may take.
    async fn first_look(&self) -> Result<()> {
        let deadline = self.client.first_deadline();
        let mut found = self.look(deadline).await;
        while found == Err(Fault::Lost(Lost::Unreached)) && Instant::now() < deadline {
            found = match self.look(deadline).await {
                // The deadline cut a search short.
                Err(Fault::Lost(Lost::Silent | Lost::Unsent)) => found,
                next => next,
            };
        }
        self.learn(found.map_err(|fault| self.explain(fault, Call::Connect))?);
        self.check_rights(deadline).await
    }

    /// Fails now where calls would fail later, if there is a collection: a server may make one for
    /// the question.
    async fn check_rights(&self, deadline: Instant) -> Result<()> {
        if self.indexes().order == Order::Unseen {
            return Ok(());
        }
        let mut missing = Vec::new();
        for (action, command) in rights::probes(&self.options.collection) {
            if self.client.run(command, deadline).await == Err(Fault::Denied) {
                missing.push(action);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let what = rights::denied(&missing.join(", "), &self.place());
        Err(Call::Connect.error(STORE, ErrorKind::Unavailable, &what).with_retryable(false))
    }

    /// The error of a first call, which says where it was made.
    fn explain(&self, fault: Fault, call: Call) -> Error {
        if fault != Fault::Denied {
            return self.client.error(fault, call);
        }
        let what = rights::denied(rights::action(call), &self.place());
        call.error(STORE, ErrorKind::Unavailable, &what).with_retryable(false)
    }

    fn place(&self) -> String {
        format!("the collection `{}.{}`", self.options.database, self.options.collection)
    }

    pub(super) async fn look(&self, deadline: Instant) -> Result<Indexes, Fault> {
        match self.client.list(indexes::list(&self.options.collection), deadline).await {
            Ok(found) => Ok(Indexes::read(&found)),
            Err(Fault::NoCollection) => Ok(Indexes::default()),
            Err(fault) => Err(fault),
        }
    }

    async fn make(&self, step: Step, order: Order) -> Result<(), Fault> {
        let command = step.command(&self.options.collection, order);
        self.client.run_on(command, Instant::now() + INIT_TIMEOUT).await.map(drop)
    }
}
