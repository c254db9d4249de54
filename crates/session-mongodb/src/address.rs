//! The URL as the driver reads it, with no retry and no wait beyond our own.

mod parameters;

use crate::config::{MongoOptions, STORE};
use crate::heard::listen;
use crate::sent::{Pool, watch};
use crate::slots::Slots;
use mongodb::error::ErrorKind as DriverErrorKind;
use mongodb::options::{ClientOptions, ConnectionString};
use session_core::store::Failure::{self, Final, Later};
use session_core::store::{Call, Timeouts};
use session_core::{ErrorKind, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

const MALFORMED: Failure = Final(
    ErrorKind::Config,
    "the url cannot be used; expected \
     mongodb://[user[:password]@]host[:port][,host...][/auth database][?options], a \
     password in percent-encoding, and options that do not contradict each other",
);

const TWO_BOUNDS: Failure = Final(
    ErrorKind::Config,
    "the parameter maxPoolSize of the url and SESSION_MONGODB_MAX_CONNECTIONS say the same; leave one \
     of the two out",
);

fn refuse<T>(failure: Failure) -> Result<T> {
    Err(Call::Connect.failed(STORE, failure))
}

/// Refuses a URL that cannot be used, whatever DNS and the servers have to say about it.
pub(crate) fn check(options: &MongoOptions) -> Result<ConnectionString> {
    let url = options.url.as_str();
    if url.starts_with("mongodb+srv:") && !cfg!(feature = "srv") {
        let what = "mongodb+srv:// needs the feature `srv` of session-mongodb, `mongodb-srv` of \
                    web-session";
        return refuse(Final(ErrorKind::Config, what));
    }
    if let Err(what) = parameters::check(url) {
        return Err(Call::Connect.error(STORE, ErrorKind::Config, &what));
    }
    let url = ConnectionString::parse(url).or_else(|_| refuse(MALFORMED))?;
    if url.max_pool_size.is_some() && options.max_connections.is_some() {
        return refuse(TWO_BOUNDS);
    }
    Ok(url)
}

/// Reads the URL of `options`; `mongodb+srv` asks DNS.
pub(crate) async fn read(options: &MongoOptions) -> Result<ClientOptions> {
    let url = check(options)?;
    match timeout(options.timeouts.connect(), ClientOptions::parse(url)).await {
        Ok(Ok(driver)) => Ok(bounded(driver, &options.timeouts, options.rest)),
        Ok(Err(error)) if !matches!(*error.kind, DriverErrorKind::DnsResolve { .. }) => {
            refuse(MALFORMED)
        }
        Ok(Err(_)) | Err(_) => refuse(Later("no answer from DNS about the servers of the url")),
    }
}

/// No retries, for a write must never be sent twice; no wait beyond our own.
fn bounded(mut options: ClientOptions, timeouts: &Timeouts, rest: Duration) -> ClientOptions {
    let shorter = |own: Option<Duration>, ours| Some(own.map_or(ours, |own| own.min(ours)));
    options.retry_writes = Some(false);
    options.retry_reads = Some(false);
    options.connect_timeout = shorter(options.connect_timeout, timeouts.connect());
    // Shorter than the call, so that one that found no server provably sent nothing. The time to
    // connect is no bound of it: a search waits for the server's next sign of life.
    let select = (timeouts.operation() / 5 * 4).min(Duration::from_secs(1));
    options.server_selection_timeout = shorter(options.server_selection_timeout, select);
    options.max_idle_time = options.max_idle_time.or(Some(rest));
    options
}

/// Bounds the connections of a driver, by what its URL says or else by `max`, and watches them.
pub(crate) fn watched(options: &mut ClientOptions, max: usize) -> Pool {
    let max = u32::try_from(max).unwrap_or(u32::MAX);
    let max = *options.max_pool_size.get_or_insert(max);
    // Nobody waits in the driver's own line, whatever is being made.
    options.max_connecting = Some(max);
    let slots = Arc::new(Slots::new(max));
    options.cmap_event_handler = Some(watch(Arc::clone(&slots)));
    let heard = Arc::default();
    options.sdam_event_handler = Some(listen(Arc::clone(&heard)));
    Pool::Own { slots, heard }
}

#[cfg(test)]
mod tests {
    use super::{bounded, read};
    use crate::MongoOptions;
    use session_core::ErrorKind;
    use session_core::store::Timeouts;
    use std::time::Duration;

    #[tokio::test]
    async fn bad_url_is_a_config_error_that_does_not_repeat_it() {
        for url in [
            "",
            "127.0.0.1:27017",
            "http://app:hunter2@host",
            "mongodb://app:hunter2@host:port",
            "mongodb://app:hunter2@",
            "mongodb://app:hunter2@host/?w=hunter2&journal=hunter2",
            "mongodb://app:hunter2@host/?authMechanism=hunter2",
            "mongodb://app:hunter2@host/?tls=hunter2",
            "mongodb://app:hunter2@host/?directConnection=true&directConnection=hunter2",
            "mongodb://app:hun/ter2@host",
        ] {
            let error = read(&MongoOptions::new(url)).await.expect_err(url);
            assert_eq!(error.kind(), ErrorKind::Config, "{url}");
            let shown = format!("{error:#} {error:?}");
            assert!(!shown.contains("hunter2") && !shown.contains("ter2"), "{shown}");
        }
    }

    #[cfg(not(feature = "srv"))]
    #[tokio::test]
    async fn srv_without_its_feature_says_which() {
        let error = read(&MongoOptions::new("mongodb+srv://db.internal")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("feature `srv`"), "{error}");
    }

    #[tokio::test]
    async fn options_of_the_url_are_kept_but_for_retries_and_longer_waits() {
        let url = "mongodb://app:secret@a:1,b/admin?replicaSet=rs&w=majority&retryWrites=true\
                   &retryReads=true&connectTimeoutMS=60000&serverSelectionTimeoutMS=60000\
                   &appName=shop&maxPoolSize=7";
        let options = read(&MongoOptions::new(url)).await.unwrap();
        assert_eq!((options.retry_writes, options.retry_reads), (Some(false), Some(false)));
        assert_eq!(options.connect_timeout, Some(Duration::from_secs(1)));
        assert_eq!(options.server_selection_timeout, Some(Duration::from_millis(400)));
        assert_eq!(options.hosts.len(), 2);
        assert_eq!(options.repl_set_name.as_deref(), Some("rs"));
        assert_eq!(options.app_name.as_deref(), Some("shop"));
        assert_eq!(options.max_pool_size, Some(7));
        assert!(options.write_concern.is_some() && options.credential.is_some());
        let twice = read(&MongoOptions::new(url).max_connections(7)).await.unwrap_err();
        assert_eq!(twice.kind(), ErrorKind::Config);
        assert!(twice.to_string().contains("SESSION_MONGODB_MAX_CONNECTIONS"), "{twice}");

        let url = "mongodb://a/?connectTimeoutMS=50&serverSelectionTimeoutMS=60";
        let slow = MongoOptions::new(url).operation_timeout(Duration::from_secs(30));
        let options = read(&slow).await.unwrap();
        assert_eq!(options.connect_timeout, Some(Duration::from_millis(50)));
        assert_eq!(options.server_selection_timeout, Some(Duration::from_millis(60)));
        let longest = Timeouts::default().with_operation(Duration::MAX);
        let options = bounded(Default::default(), &longest, Duration::MAX);
        assert_eq!(options.server_selection_timeout, Some(Duration::from_secs(1)));
    }
}
