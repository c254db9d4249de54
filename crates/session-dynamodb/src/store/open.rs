//! From options or a client to a store.

use super::DynamoDbStore;
use crate::client;
use crate::config::{Checked, DynamoDbOptions, NAME};
use aws_sdk_dynamodb::Client;
use session_core::store::Call;
use session_core::{ErrorKind, Result};
use tokio::time::{Instant, timeout};

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
    /// credentials.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use session_dynamodb::{DynamoDbOptions, DynamoDbStore};
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
        let Checked { layout, timeouts } = options.check()?;
        options.check_endpoint()?;
        let most = timeouts.connect() + timeouts.operation();
        // Without a region the instance is asked for it, which may not be one.
        let opened = timeout(most, client::open(&options, timeouts)).await;
        let client = opened.ok().flatten().ok_or_else(|| {
            let what = "no region is named; set SESSION_DYNAMODB_REGION or AWS_REGION";
            Call::Connect.error(NAME, ErrorKind::Config, what)
        })?;
        let store = Self { client, layout, timeouts };
        // Credentials come from elsewhere the first time.
        let deadline = Instant::now() + most;
        let table = store.describe(deadline).await;
        if let Some(table) = table.map_err(|fault| fault.into_error(Call::Connect))? {
            store.check_key(&table)?;
        }
        Ok(store)
    }

    /// Uses a client that the application already has, with its connections and credentials;
    /// endpoint, region and connect timeout of `options` are not used.
    ///
    /// Its retries are left behind: a write is sent once. It is not asked anything here.
    ///
    /// # Errors
    ///
    /// `Config` if an option cannot be used.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use session_dynamodb::{DynamoDbOptions, DynamoDbStore};
    ///
    /// # async fn example(client: aws_sdk_dynamodb::Client) -> session_core::Result<()> {
    /// let store = DynamoDbStore::from_client(&client, DynamoDbOptions::default())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_client(client: &Client, options: DynamoDbOptions) -> Result<Self> {
        let Checked { layout, timeouts } = options.check()?;
        Ok(Self { client: client::share(client), layout, timeouts })
    }
}
