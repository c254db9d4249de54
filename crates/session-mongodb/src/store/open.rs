//! From options or a client to a store whose indexes are there.

use super::MongoStore;
use crate::client;
use crate::command::Commands;
use crate::config::{Checked, MongoOptions};
use crate::error::{Fault, Refusal};
use crate::indexes::{self, Indexes, Step};
use mongodb::Client;
use mongodb::options::{Acknowledgment, WriteConcern};
use session_core::Result;
use session_core::store::{Call, Lost};
use std::sync::Mutex;
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
    /// cannot be reached or refuses the log-in.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use session_mongodb::{MongoOptions, MongoStore};
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
        let options = options.into();
        let checked = options.check()?;
        let driver = options.driver().await?;
        let client = Client::with_options(driver)
            .map_err(|error| Fault::of(&error).into_error(Call::Connect))?;
        Self::open(client, checked).await
    }

    /// Uses a client that the application already has; the URL of `options` is not.
    ///
    /// The type is that of the `mongodb` 3 in the application's tree. Its log-in, its pool, its
    /// read and write concerns hold; retries and read preferences do not apply to our commands.
    /// Set `server_selection_timeout` below the operation timeout: by default it is 30 s, and a
    /// write to a server that is gone ends as `Unknown` in place of `Unavailable`.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use session_mongodb::{MongoOptions, MongoStore};
    ///
    /// # async fn example(client: mongodb::Client) -> session_core::Result<()> {
    /// let store = MongoStore::from_client(client, MongoOptions::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn from_client(client: Client, options: MongoOptions) -> Result<Self> {
        Self::open(client, options.check()?).await
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
        let inspect = |fault: Fault| fault.into_error(Call::Inspect);
        let indexes = self.look(self.first_deadline()).await.map_err(inspect)?;
        let steps = indexes.missing(self.options.has_owners);
        if steps.is_empty() {
            self.learn(indexes);
            return Ok(());
        }
        for step in steps {
            match self.make(step).await {
                Err(fault) if step == Step::Ttl && fault.is_of_command() => {
                    self.make(Step::PlainExpiry).await
                }
                made => made,
            }
            .map_err(|fault| fault.into_error(Call::Init))?;
        }
        self.learn(self.look(self.first_deadline()).await.map_err(inspect)?);
        Ok(())
    }

    async fn open(client: Client, options: Checked) -> Result<Self> {
        let database = client.database(&options.namespace.database);
        if database.write_concern().is_some_and(is_unacknowledged) {
            return Err(Fault::Options.into_error(Call::Connect));
        }
        let commands = Commands::new(
            &options.namespace.collection,
            options.has_owners,
            database.read_concern(),
            database.write_concern(),
        );
        let store = Self { database, commands, options, indexes: Mutex::default() };
        match store.first_look().await {
            Ok(indexes) => store.learn(indexes),
            Err(fault) => return Err(fault.into_error(Call::Connect)),
        }
        Ok(store)
    }

    /// Looks until a server is found: one search is shorter than what a first contact may take.
    async fn first_look(&self) -> Result<Indexes, Fault> {
        let deadline = self.first_deadline();
        let mut found = self.look(deadline).await;
        while found == Err(Fault::Lost(Lost::Unreached)) && Instant::now() < deadline {
            found = match self.look(deadline).await {
                // The deadline cut a search short.
                Err(Fault::Lost(Lost::Silent)) => found,
                next => next,
            };
        }
        found
    }

    pub(super) async fn look(&self, deadline: Instant) -> Result<Indexes, Fault> {
        let question = indexes::list(&self.options.namespace.collection);
        match client::list(&self.database, question, deadline).await {
            Ok(found) => Ok(Indexes::read(&found)),
            Err(Fault::Refused(Refusal::NoCollection)) => Ok(Indexes::default()),
            Err(fault) => Err(fault),
        }
    }

    async fn make(&self, step: Step) -> Result<(), Fault> {
        let command = step.command(&self.options.namespace.collection);
        client::run(&self.database, command, Instant::now() + INIT_TIMEOUT).await.map(drop)
    }

    fn first_deadline(&self) -> Instant {
        let timeouts = &self.options.timeouts;
        Instant::now() + timeouts.connect() + timeouts.operation()
    }
}

fn is_unacknowledged(concern: &WriteConcern) -> bool {
    concern.w == Some(Acknowledgment::Nodes(0))
}
