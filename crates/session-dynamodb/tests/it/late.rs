//! Stores that were made before their server could be reached.

use session_core::ErrorKind;
use session_dynamodb::DynamoDbStore;
use session_testkit::DynamoDbServer;
use session_testkit::steps::opens_late;

#[tokio::test]
async fn server_that_starts_late_gets_its_table_by_the_first_call() {
    let mut server = DynamoDbServer::start().await.unwrap();
    server.kill().unwrap();
    opens_late(&DynamoDbStore::connect_lazy(server.url()).unwrap(), &mut server).await;
}

#[tokio::test]
async fn what_is_malformed_is_refused_at_once() {
    for address in ["", "127.0.0.1:8000", "ftp://host"] {
        let error = DynamoDbStore::connect_lazy(address).expect_err(address);
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
}
