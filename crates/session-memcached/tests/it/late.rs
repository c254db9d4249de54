//! Stores that were made before their server could be reached.

use session_core::ErrorKind;
use session_memcached::MemcachedStore;
use session_testkit::MemcachedServer;
use session_testkit::steps::opens_late;

#[tokio::test]
async fn server_that_starts_late_is_asked_by_the_first_call() {
    let mut server = MemcachedServer::start().await.unwrap();
    server.kill().unwrap();
    opens_late(&MemcachedStore::connect_lazy(server.url()).unwrap(), &mut server).await;
}

#[tokio::test]
async fn what_is_malformed_is_refused_at_once() {
    for address in ["", "a,,b", "a,a:11211"] {
        let error = MemcachedStore::connect_lazy(address).expect_err(address);
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
}
