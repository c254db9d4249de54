//! Stores that were made before their server could be reached.

use session_core::ErrorKind;
use session_redis::RedisStore;
use session_testkit::RedisServer;
use session_testkit::steps::opens_late;

#[tokio::test]
async fn server_that_starts_late_is_asked_by_the_first_call() {
    let mut server = RedisServer::start().await.unwrap();
    server.kill().unwrap();
    opens_late(&RedisStore::connect_lazy(server.url()).unwrap(), &mut server).await;
}

#[tokio::test]
async fn what_is_malformed_is_refused_at_once() {
    for url in ["", "cache.internal", "http://host", "redis://host/x"] {
        let error = RedisStore::connect_lazy(url).expect_err(url);
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
}
