//! Credentials that are loaded once, however long that takes.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{
    ProvideCredentials, Result, SharedCredentialsProvider, future,
};
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A provider that takes longer is asked anew.
pub(crate) const LOAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Asks a provider on a task of its own, which outlives the calls that wait for it: a role is
/// often slower than a call may be, and would be asked from the beginning by each one.
#[derive(Debug)]
pub(crate) struct Unhurried {
    provider: SharedCredentialsProvider,
    loading: Mutex<Option<JoinHandle<Result>>>,
}

impl Unhurried {
    pub(crate) fn new(provider: SharedCredentialsProvider) -> Self {
        Self { provider, loading: Mutex::new(None) }
    }

    fn start(&self) -> JoinHandle<Result> {
        let provider = self.provider.clone();
        tokio::spawn(async move {
            timeout(LOAD_TIMEOUT, provider.provide_credentials())
                .await
                .unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(LOAD_TIMEOUT)))
        })
    }

    async fn load(&self) -> Result {
        let mut loading = self.loading.lock().await;
        let is_left_over = loading.as_ref().is_some_and(JoinHandle::is_finished);
        let mut loaded = join(loading.get_or_insert_with(|| self.start())).await;
        // What nobody waited for may be of yesterday.
        if is_left_over && !is_usable(&loaded) {
            loaded = join(loading.insert(self.start())).await;
        }
        *loading = None;
        loaded
    }
}

impl ProvideCredentials for Unhurried {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.provider.fallback_on_interrupt()
    }
}

async fn join(task: &mut JoinHandle<Result>) -> Result {
    task.await.unwrap_or_else(|error| Err(CredentialsError::unhandled(error)))
}

fn is_usable(loaded: &Result) -> bool {
    loaded.as_ref().is_ok_and(|credentials| {
        credentials.expiry().is_none_or(|expiry| expiry > SystemTime::now())
    })
}

#[cfg(test)]
mod tests {
    use super::{LOAD_TIMEOUT, Unhurried};
    use crate::client::unhurried;
    use aws_config::{BehaviorVersion, Region, SdkConfig};
    use aws_credential_types::Credentials;
    use aws_credential_types::credential_fn::provide_credentials_fn;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
    use aws_sdk_dynamodb::Client;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, SystemTime};
    use tokio::time::{sleep, timeout};

    const CALL: Duration = Duration::from_millis(500);
    const HOUR: Duration = Duration::from_secs(3_600);

    /// A role that takes its time, and whose first credentials last for as long as is told; and how
    /// often it was asked.
    fn slow(takes: Duration, first_lasts: Duration) -> (SharedCredentialsProvider, Arc<AtomicU64>) {
        let asked = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&asked);
        let provider = provide_credentials_fn(move || {
            let nth = count.fetch_add(1, Ordering::Relaxed);
            let ttl = if nth == 0 { first_lasts } else { HOUR };
            let expiry = SystemTime::now() + ttl;
            async move {
                sleep(takes).await;
                Ok(Credentials::new(nth.to_string(), "secret", None, Some(expiry), "slow"))
            }
        });
        (SharedCredentialsProvider::new(provider), asked)
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_longer_than_a_call_is_there_for_a_later_one() {
        let (slow, asked) = slow(CALL * 3, HOUR);
        let provider = Unhurried::new(slow);
        for _ in 0..2 {
            assert!(timeout(CALL, provider.provide_credentials()).await.is_err());
        }
        sleep(CALL * 2).await;
        let loaded = timeout(CALL, provider.provide_credentials()).await.unwrap().unwrap();
        assert_eq!(loaded.access_key_id(), "0");
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert!(timeout(CALL, provider.provide_credentials()).await.is_err(), "asked anew");
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn client_of_ours_asks_a_slow_provider_once() {
        let (slow, asked) = slow(CALL * 9, HOUR);
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(slow);
        let builder = unhurried(&config.build()).endpoint_url("http://127.0.0.1:9");
        let client = Client::from_conf(builder.build());
        for _ in 0..3 {
            let request = client.describe_table().table_name("Sessions").send();
            assert!(timeout(CALL, Box::pin(request)).await.is_err());
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_expired_before_anybody_took_it_is_loaded_again() {
        let provider = Unhurried::new(slow(CALL * 3, Duration::ZERO).0);
        assert!(timeout(CALL, provider.provide_credentials()).await.is_err());
        sleep(CALL * 3).await;
        let loaded = provider.provide_credentials().await.unwrap();
        assert_eq!(loaded.access_key_id(), "1");
    }

    #[tokio::test(start_paused = true)]
    async fn provider_that_never_answers_is_given_up() {
        let provider = Unhurried::new(slow(Duration::MAX, Duration::ZERO).0);
        let error = timeout(LOAD_TIMEOUT * 2, provider.provide_credentials()).await.unwrap();
        assert!(matches!(error, Err(CredentialsError::ProviderTimedOut(_))), "{error:?}");
    }
}
