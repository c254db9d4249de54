//! The store: each call one request, each write one condition, never sent again in doubt.

mod examine;

use crate::client::Client;
use crate::config::{DynamoDbOptions, STORE};
use crate::item::{EMPTY_OWNER, MAX_KEY, check, limits};
use crate::layout::Layout;
use session_core::store::{Call, Cursor, Failure, Finding, LazyStore, Page, Scan, no_owner_index};
use session_core::{
    Bytes, Capabilities, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store, StoreKey,
    async_trait,
};
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;
use tokio::time::Instant;

/// Sessions in a table of DynamoDB.
///
/// Each call is one HTTP request, made again if the server turned it away, and ends within the
/// operation timeout. The crate page has the requests.
pub struct DynamoDbStore {
    client: Client,
}

impl DynamoDbStore {
    /// Makes a client and looks at the table, as an application does that must not start without
    /// its sessions.
    ///
    /// Region and credentials are found as the AWS command line finds them: the environment, the
    /// profile, a web identity, the container, the instance. Single sign-on and credential
    /// processes need a client of one's own ([`from_client`](Self::from_client)). The table may be
    /// missing: [`init`](Self::init) makes it.
    ///
    /// # Errors
    ///
    /// `Config` if an option cannot be used, no region is named or the table has another key;
    /// `Unavailable` or `Timeout` if the server cannot be reached, or does not take the
    /// credentials; `Unavailable`, not retryable, with the action's name if they lack a right.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # mod web_session { pub mod stores { pub use session_dynamodb as dynamodb; } }
    /// use web_session::stores::dynamodb::{DynamoDbOptions, DynamoDbStore};
    ///
    /// # async fn example() -> session_core::Result<()> {
    /// let store = DynamoDbStore::connect(DynamoDbOptions::default().owner_index(true)).await?;
    /// store.init().await?;
    ///
    /// let local = DynamoDbStore::connect("http://127.0.0.1:8000").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(options: impl Into<DynamoDbOptions>) -> Result<Self> {
        let options = options.into();
        options.check()?;
        options.check_endpoint()?;
        // Credentials come from elsewhere the first time.
        let patience = options.timeouts.connect() + options.timeouts.operation();
        let client = Client::open(options).await.ok_or_else(|| {
            let what = "no region is named; set SESSION_DYNAMODB_REGION or AWS_REGION";
            Call::Connect.failed(STORE, Failure::Final(ErrorKind::Config, what))
        })?;
        if client.inspect(Call::Connect, Instant::now() + patience).await?.is_some() {
            client.check_rights(Instant::now() + patience).await?;
        }
        Ok(Self { client })
    }

    /// [`connect`](Self::connect) and [`init`](Self::init): a store that is ready.
    ///
    /// # Errors
    ///
    /// Those of the two.
    pub async fn set_up(options: impl Into<DynamoDbOptions>) -> Result<Self> {
        let store = Self::connect(options).await?;
        store.init().await?;
        Ok(store)
    }

    /// Checks the options and leaves the rest to the first call, so that an application starts while
    /// DynamoDB cannot be reached: that call finds region and credentials, has [`init`](Self::init)
    /// make what is missing, and checks the table and the rights to it.
    ///
    /// # Errors
    ///
    /// `Config` if an option cannot be used. What [`connect`](Self::connect) and `init` refuse, calls
    /// are told, as [`LazyStore`] has it.
    pub fn connect_lazy(options: impl Into<DynamoDbOptions>) -> Result<LazyStore<Self>> {
        let options = options.into();
        options.check()?;
        options.check_endpoint()?;
        let before = capabilities(&options.layout);
        Ok(LazyStore::new(before, options.timeouts, move || Self::set_up(options.clone())))
    }

    /// Uses a client that the application already has, with its connections and credentials;
    /// endpoint, region and connect timeout of `options` are not used.
    ///
    /// Its retries are left behind: a write that may have been made is not sent again. It is not asked anything here.
    ///
    /// # Errors
    ///
    /// `Config` if an option cannot be used.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # mod web_session { pub mod stores { pub use session_dynamodb as dynamodb; } }
    /// use web_session::stores::dynamodb::{DynamoDbOptions, DynamoDbStore};
    ///
    /// # async fn example(client: aws_sdk_dynamodb::Client) -> session_core::Result<()> {
    /// let store = DynamoDbStore::from_client(&client, DynamoDbOptions::default())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_client(
        client: &aws_sdk_dynamodb::Client,
        options: DynamoDbOptions,
    ) -> Result<Self> {
        options.check()?;
        Ok(Self { client: Client::shared(client, options) })
    }

    /// Makes the table, billed per request, the index of owners if the options ask for one, and
    /// turns on the table's TTL; waits until they can be used.
    ///
    /// A table that is there is taken as it is, and only what is missing is added, so a second
    /// call, also from another process at the same time, changes nothing. Where nothing is missing
    /// the credentials need no right to; without the right to look at the TTL it is taken for
    /// being on. The index of a large table takes longer than the two minutes that this waits:
    /// make it beforehand.
    ///
    /// # Errors
    ///
    /// `Config` if the table or the index has another key, or the TTL is on for another
    /// attribute; `Unavailable`, not retryable, if the credentials may not do what is missing.
    pub async fn init(&self) -> Result<()> {
        self.client.init().await
    }

    /// The requests that [`init`](Self::init) would make now, in words; none if nothing is missing.
    /// Changes nothing.
    ///
    /// # Errors
    ///
    /// As [`init`](Self::init).
    pub async fn missing(&self) -> Result<Vec<String>> {
        self.client.missing().await
    }
}

#[async_trait]
impl Store for DynamoDbStore {
    fn capabilities(&self) -> Capabilities {
        capabilities(&self.client.layout)
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        check(Call::Load, &self.client.layout, key, &[], None)?;
        self.client.get(key).await.map_err(|fault| self.client.explain(fault, Call::Load))
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        check(when.call(), &self.client.layout, key, &payload, lease.owner)?;
        let written = match when {
            Precondition::Absent => self.client.create(key, &payload, lease).await,
            Precondition::Unchanged(loaded) => {
                self.client.update(key, Some(&payload), lease, loaded).await
            }
        };
        written.map_err(|fault| self.client.explain(fault, when.call()))
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        check(Call::Touch, &self.client.layout, key, &[], lease.owner)?;
        let touched = self.client.update(key, None, lease, loaded).await;
        touched.map_err(|fault| self.client.explain(fault, Call::Touch))
    }

    async fn delete(
        &self,
        key: &StoreKey,
        _owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        check(Call::Delete, &self.client.layout, key, &[], None)?;
        let deleted = self.client.delete(key, expected).await;
        Ok(deleted.map_err(|fault| self.client.explain(fault, Call::Delete))?.is_written())
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        let Some(attribute) = self.client.layout.owner() else {
            return Err(no_owner_index(STORE, "set SESSION_OWNER_INDEX=true"));
        };
        match owner.len() {
            0 => Err(Call::List.failed(STORE, EMPTY_OWNER)),
            1..=MAX_KEY => {
                let listed = self.client.list(attribute, owner).await;
                listed.map_err(|fault| self.client.explain(fault, Call::List))
            }
            // Nobody's: it could not be written.
            _ => Ok(Vec::new()),
        }
    }

    async fn delete_expired(&self) -> Result<u64> {
        Ok(0)
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        let after = after.map(|cursor| cursor.to_key(STORE)).transpose()?;
        if after.as_ref().is_some_and(|key| !(1..=MAX_KEY).contains(&key.as_bytes().len())) {
            return Err(Cursor::unknown(STORE));
        }
        let page = self.client.scan(prefix, after.as_ref(), most).await;
        page.map_err(|fault| self.client.explain(fault, Call::Scan))
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        self.findings().await
    }
}

fn capabilities(layout: &Layout) -> Capabilities {
    let limits = limits(layout);
    Capabilities {
        name: STORE,
        owner_index: layout.has_owners,
        needs_sweep: false,
        max_payload: limits.payload,
        max_key: limits.key,
        scan: Scan::Once,
        ttl_resolution: Duration::from_secs(1),
    }
}

impl fmt::Debug for DynamoDbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDbStore")
            .field("layout", &self.client.layout)
            .field("timeouts", &self.client.timeouts)
            .finish_non_exhaustive()
    }
}
