//! Stores that were made before their server could be reached.

use session_core::ErrorKind;
use session_mongodb::MongoStore;
use session_testkit::MongoServer;
use session_testkit::steps::opens_late;

#[tokio::test]
async fn server_that_starts_late_gets_its_indexes_by_the_first_call() {
    let mut server = MongoServer::start().await.unwrap();
    server.kill().unwrap();
    opens_late(&MongoStore::connect_lazy(server.url()).unwrap(), &mut server).await;
}

#[tokio::test]
async fn what_is_malformed_is_refused_at_once() {
    for address in ["", "http://host", "mongodb://host:port", "mongodb://host/?w=0"] {
        let error = MongoStore::connect_lazy(address).expect_err(address);
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
}
