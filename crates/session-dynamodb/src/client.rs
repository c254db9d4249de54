//! The one place that knows the client: one request per call, each in time.

use crate::ask::{Mark, timed};
use crate::config::DynamoDbOptions;
use crate::credentials::{LOAD_TIMEOUT, Unhurried};
use crate::endpoint::is_local;
use crate::error::Fault;
use crate::item;
use crate::layout::{Layout, MissingExpiry};
use crate::repeat::Request;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Builder, Credentials, IdentityCache, SharedHttpClient};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder as HttpBuilder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use session_core::store::{ConnectionLimit, Lost, Timeouts, reread, unix_time};
use session_core::{Lease, Outcome, Record, StoreKey};
use std::error::Error as StdError;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Shorter than servers and what is in between keep silent connections.
const IDLE: Duration = Duration::from_secs(20);

const LOCAL_REGION: &str = "us-east-1";
/// DynamoDB Local wants letters and digits, and looks no further.
const LOCAL_KEY: &str = "local";

/// Sends the requests of the store.
pub(crate) struct Client {
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) layout: Layout,
    pub(crate) timeouts: Timeouts,
    pub(crate) limit: ConnectionLimit,
}

impl Client {
    /// Makes a client of our own; `None` if nothing says in time which region.
    pub(crate) async fn open(options: DynamoDbOptions) -> Option<Self> {
        let timeouts = options.timeouts;
        // Without a region the instance is asked for it, which may not be one.
        let loaded =
            timeout(timeouts.connect() + timeouts.operation(), load(&options)).await.ok()?;
        loaded.region()?;
        let mut builder = unhurried(&loaded);
        if let Some(endpoint) = &options.endpoint {
            builder = builder.endpoint_url(endpoint.as_str());
        }
        Some(Self::with(builder, options))
    }

    /// The application's client, which keeps its connections and credentials, but not its retries:
    /// a write that was repeated after its reply was lost would be reported as refused.
    pub(crate) fn shared(client: &aws_sdk_dynamodb::Client, options: DynamoDbOptions) -> Self {
        Self::with(client.config().to_builder(), options)
    }

    fn with(builder: Builder, options: DynamoDbOptions) -> Self {
        let limit = ConnectionLimit::new(options.max_connections_or_default());
        let DynamoDbOptions { layout, timeouts, .. } = options;
        let config = builder
            // They repeat what may be in doubt; `Request::persist` does not.
            .retry_config(RetryConfig::disabled())
            // It watches large transfers; ours are small and have a deadline.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .interceptor(Mark);
        let dynamodb = aws_sdk_dynamodb::Client::from_conf(config.build());
        Self { dynamodb, layout, timeouts, limit }
    }

    /// When a call that begins now ends.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.timeouts.operation()
    }

    /// Awaits its turn to use a connection, and a request, until `deadline`.
    ///
    /// Dropping this closes the request's connection; others are left alone.
    pub(crate) fn ask<T, E, F>(
        &self,
        deadline: Instant,
        request: F,
    ) -> impl Future<Output = Result<T, Fault>> + use<'_, T, E, F>
    where
        E: ProvideErrorMetadata + StdError + 'static,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        // The client's futures are large, and callers' would be with them.
        let request = Box::pin(request);
        async move {
            let turn = self.limit.turn(deadline.into_std()).await?;
            let answer = timed(deadline, request).await;
            match answer {
                Err(Fault::Lost(Lost::Silent, _)) => drop(turn),
                Err(Fault::Lost(..)) => turn.closed(),
                _ => turn.answered(),
            }
            answer
        }
    }

    pub(crate) async fn get(&self, key: &StoreKey) -> Result<Option<Record>, Fault> {
        let (layout, deadline) = (&self.layout, self.deadline());
        let get = || {
            let request = self.dynamodb.get_item();
            let request = request
                .table_name(&layout.table)
                .key(&layout.key, item::text(key.as_str()))
                .consistent_read(true)
                .projection_expression("#v, #e")
                .expression_attribute_names("#v", &layout.value)
                .expression_attribute_names("#e", &layout.expiry);
            self.ask(deadline, request.send())
        };
        let answer = Request::Read.persist(deadline, || reread(Fault::is_stale, get)).await?;
        match answer.item {
            Some(item) => item::record(item, layout, unix_time()),
            None => Ok(None),
        }
    }

    pub(crate) async fn create(
        &self,
        key: &StoreKey,
        payload: &[u8],
        lease: &Lease<'_>,
    ) -> Result<Outcome, Fault> {
        let (layout, deadline) = (&self.layout, self.deadline());
        let put = || {
            let now = unix_time();
            let mut request = self
                .dynamodb
                .put_item()
                .table_name(&layout.table)
                .item(&layout.key, item::text(key.as_str()))
                .item(&layout.value, item::binary(payload))
                .item(&layout.expiry, item::end(lease, now))
                .condition_expression(layout.is_free())
                .expression_attribute_names("#e", &layout.expiry)
                .expression_attribute_values(":now", item::moment(now));
            if layout.missing_expiry == MissingExpiry::Live {
                request = request.expression_attribute_names("#k", &layout.key);
            }
            if let (Some(attribute), Some(owner)) = (layout.owner(), lease.owner) {
                request = request.item(attribute, item::text(owner));
            }
            self.ask(deadline, request.send())
        };
        outcome(Request::Write.persist(deadline, put).await, 0)
    }

    /// Renews the lease of `loaded`, with a new payload if there is one.
    pub(crate) async fn update(
        &self,
        key: &StoreKey,
        payload: Option<&[u8]>,
        lease: &Lease<'_>,
        loaded: &Record,
    ) -> Result<Outcome, Fault> {
        let (layout, deadline) = (&self.layout, self.deadline());
        let update = || {
            let now = unix_time();
            let mut request = self
                .dynamodb
                .update_item()
                .table_name(&layout.table)
                .key(&layout.key, item::text(key.as_str()))
                .condition_expression(format!("#v = :old AND {}", layout.is_live()))
                .expression_attribute_names("#v", &layout.value)
                .expression_attribute_names("#e", &layout.expiry)
                .expression_attribute_values(":old", item::stored(loaded))
                .expression_attribute_values(":end", item::end(lease, now))
                .expression_attribute_values(":now", item::moment(now));
            let mut change = String::from("SET #e = :end");
            if let Some(payload) = payload {
                change.push_str(", #v = :new");
                request = request.expression_attribute_values(":new", item::binary(payload));
            }
            if let Some(attribute) = layout.owner() {
                request = request.expression_attribute_names("#o", attribute);
                if let Some(owner) = lease.owner {
                    change.push_str(", #o = :owner");
                    request = request.expression_attribute_values(":owner", item::text(owner));
                } else {
                    change.push_str(" REMOVE #o");
                }
            }
            self.ask(deadline, request.update_expression(change).send())
        };
        let updated = Request::Write.persist(deadline, update).await;
        outcome(updated, if payload.is_some() { 0 } else { loaded.cas })
    }

    pub(crate) async fn delete(
        &self,
        key: &StoreKey,
        expected: Option<&Record>,
    ) -> Result<Outcome, Fault> {
        let (layout, deadline) = (&self.layout, self.deadline());
        let delete = || {
            let request = self
                .dynamodb
                .delete_item()
                .table_name(&layout.table)
                .key(&layout.key, item::text(key.as_str()))
                .expression_attribute_names("#e", &layout.expiry)
                .expression_attribute_values(":now", item::moment(unix_time()));
            let request = match expected {
                Some(loaded) => request
                    .condition_expression(format!("#v = :old AND {}", layout.is_live()))
                    .expression_attribute_names("#v", &layout.value)
                    .expression_attribute_values(":old", item::stored(loaded)),
                None => request
                    .condition_expression(format!("attribute_exists(#k) AND {}", layout.is_live()))
                    .expression_attribute_names("#k", &layout.key),
            };
            self.ask(deadline, request.send())
        };
        outcome(Request::Write.persist(deadline, delete).await, 0)
    }
}

/// Finds region and credentials.
async fn load(options: &DynamoDbOptions) -> SdkConfig {
    let is_local = options.endpoint.as_ref().is_some_and(|url| is_local(url.as_str()));
    // A call ends by its deadline; that this comes first tells it that nothing was sent.
    let patience = TimeoutConfig::builder().connect_timeout(options.timeouts.dial());
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http_client(is_local, options))
        .timeout_config(patience.build());
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    } else if is_local {
        loader = loader.region(Region::new(LOCAL_REGION));
    }
    if is_local {
        let stand_in = Credentials::new(LOCAL_KEY, LOCAL_KEY, None, None, "stand-in");
        let environment = EnvironmentVariableCredentialsProvider::new();
        let chain = CredentialsProviderChain::first_try("environment", environment);
        loader = loader.credentials_provider(chain.or_else("stand-in", stand_in));
    }
    // A large future, and callers' would be with it.
    Box::pin(loader.load()).await
}

/// The credentials' provider has its own time, which is more than a call's.
pub(crate) fn unhurried(loaded: &SdkConfig) -> Builder {
    let patience = IdentityCache::lazy().load_timeout(LOAD_TIMEOUT * 2);
    let builder = Builder::from(loaded).identity_cache(patience.build());
    match loaded.credentials_provider() {
        Some(provider) => builder.credentials_provider(Unhurried::new(provider)),
        None => builder,
    }
}

fn http_client(is_local: bool, options: &DynamoDbOptions) -> SharedHttpClient {
    let builder = HttpBuilder::new()
        .pool_idle_timeout(options.rest.unwrap_or(IDLE))
        .pool_max_idle_per_host(options.max_connections_or_default());
    if is_local {
        return builder.build_http();
    }
    builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

fn outcome<T>(answer: Result<T, Fault>, cas: u64) -> Result<Outcome, Fault> {
    match answer {
        Ok(_) => Ok(Outcome::Written { cas }),
        Err(Fault::Condition) => Ok(Outcome::Refused),
        Err(fault) => Err(fault),
    }
}
