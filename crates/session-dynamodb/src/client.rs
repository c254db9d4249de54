//! The client: one attempt per call, and deadlines that are ours.

use crate::config::DynamoDbOptions;
use crate::credentials::{LOAD_TIMEOUT, Unhurried};
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Builder, Credentials, IdentityCache, SharedHttpClient};
use aws_smithy_http_client::Builder as HttpBuilder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use http::Uri;
use session_core::store::Timeouts;
use std::time::Duration;

/// Shorter than servers and what is in between keep silent connections.
const IDLE: Duration = Duration::from_secs(20);

const LOCAL_REGION: &str = "us-east-1";
/// DynamoDB Local wants letters and digits, and looks no further.
const LOCAL_KEY: &str = "local";

/// Whether `text` is a URL that a client can be led to.
pub(crate) fn is_endpoint(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
    })
}

/// Makes a client of our own; `None` if nothing says which region.
pub(crate) async fn open(options: &DynamoDbOptions, timeouts: Timeouts) -> Option<Client> {
    let is_local = options.endpoint.as_deref().is_some_and(|url| url.starts_with("http://"));
    // A call ends by its deadline; that this comes first tells it that nothing was sent.
    let connect = timeouts.connect().min(timeouts.operation() / 5 * 4);
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http_client(is_local))
        .timeout_config(TimeoutConfig::builder().connect_timeout(connect).build());
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
    let loaded = Box::pin(loader.load()).await;
    loaded.region()?;
    let mut builder = unhurried(&loaded);
    if let Some(endpoint) = &options.endpoint {
        builder = builder.endpoint_url(endpoint);
    }
    Some(Client::from_conf(tame(builder).build()))
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

/// The application's client, which keeps its connections and credentials, but not its retries: a
/// write that was repeated after its reply was lost would be reported as refused.
pub(crate) fn share(client: &Client) -> Client {
    Client::from_conf(tame(client.config().to_builder()).build())
}

fn tame(builder: Builder) -> Builder {
    builder
        .retry_config(RetryConfig::disabled())
        // It watches large transfers; ours are small and have a deadline.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

fn http_client(is_local: bool) -> SharedHttpClient {
    let builder = HttpBuilder::new().pool_idle_timeout(IDLE);
    if is_local {
        return builder.build_http();
    }
    builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

#[cfg(test)]
mod tests {
    use super::is_endpoint;

    #[test]
    fn endpoints() {
        for url in ["http://127.0.0.1:8000", "https://dynamodb.eu-central-1.amazonaws.com/"] {
            assert!(is_endpoint(url), "{url}");
        }
        for url in [
            "",
            "host",
            "host:8000",
            "http://",
            "//host",
            "redis://host",
            "http://u@h",
            "http://a b",
        ] {
            assert!(!is_endpoint(url), "{url}");
        }
    }
}
