//! Which requests are made again, and how reads are made.

use crate::common::{MINUTE, create, fresh_name, in_time, key, patient, store, writes};
use crate::stand_in::StandIn;
use session_core::{ErrorKind, Lease, Precondition, Store};
use session_dynamodb::DynamoDbStore;
use std::time::Duration;

/// What the server says when it did nothing, for want of capacity or for another's sake.
const THROTTLED: [&str; 6] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "TransactionConflictException",
    "ReplicatedWriteConflictException",
];

#[tokio::test]
async fn throttled_calls_are_made_again() {
    let stand_in = StandIn::start().await;
    let options = patient(&stand_in.url).table(fresh_name("Throttled")).owner_index(true);
    let store = store(options).await;
    let ann = Lease { owner: Some("ann"), ..MINUTE };
    for code in THROTTLED {
        let key = key(code);
        let loaded = create(&store, &key, "x").await;
        stand_in.take();
        stand_in.refuse(400, code, 2);
        assert!(store.load(&key).await.unwrap().is_some(), "{code}");
        assert_eq!(stand_in.take().len(), 3, "{code}: a load");
        stand_in.refuse(400, code, 1);
        assert!(store.touch(&key, &ann, &loaded).await.unwrap().is_written(), "{code}");
        assert_eq!(stand_in.take().len(), 2, "{code}: a write, which the server did not make");
        stand_in.refuse(400, code, 1);
        assert_eq!(store.list_by_owner("ann").await.unwrap(), std::slice::from_ref(&key), "{code}");
        assert_eq!(stand_in.take().len(), 3, "{code}: a query, and the records");
        stand_in.refuse(400, code, 1);
        assert!(store.delete(&key, None, None).await.unwrap(), "{code}");
    }
}

#[tokio::test]
async fn read_that_a_server_failed_is_made_again_and_a_write_is_in_doubt() {
    let stand_in = StandIn::start().await;
    let store = store(patient(&stand_in.url).table(fresh_name("Failed"))).await;
    for (status, code) in [(500, "InternalServerError"), (503, "ServiceUnavailable"), (502, "")] {
        let key = key(&status.to_string());
        let loaded = create(&store, &key, "x").await;
        stand_in.take();
        stand_in.refuse(status, code, 1);
        assert!(store.load(&key).await.unwrap().is_some(), "{code}");
        assert_eq!(stand_in.take().len(), 2, "{code}");
        stand_in.refuse(status, code, 5);
        for written in writes(&store, &key, &loaded).await {
            assert_eq!(written.unwrap_err().kind(), ErrorKind::Unknown, "{code}");
        }
        assert_eq!(stand_in.take().len(), 5, "{code}: each is sent once");
    }
}

#[tokio::test]
async fn throttling_that_lasts_ends_the_call_in_time() {
    let stand_in = StandIn::start().await;
    let table = fresh_name("Lasting");
    store(patient(&stand_in.url).table(&table)).await;
    let options = patient(&stand_in.url).table(&table).operation_timeout(Duration::from_secs(1));
    let store = DynamoDbStore::connect(options).await.unwrap();
    let record = session_core::Record { payload: "x".into(), cas: 0, ttl: MINUTE.ttl };
    stand_in.take();
    stand_in.refuse(400, "ThrottlingException", usize::MAX);
    let error = in_time(store.load(&key("a"))).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true), "{error}");
    assert!(error.to_string().contains("capacity"), "{error}");
    let error = in_time(store.touch(&key("a"), &MINUTE, &record)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true), "{error}");
    assert!(stand_in.take().len() > 2, "they were made again");
}

/// A session that was stored a moment ago would be missed, and one that ended found.
#[tokio::test]
async fn records_are_read_consistently() {
    let stand_in = StandIn::start().await;
    let options = patient(&stand_in.url).table(fresh_name("Consistent")).owner_index(true);
    let store = store(options).await;
    let ann = Lease { owner: Some("ann"), ..MINUTE };
    let written = store.write(&key("a"), "x".into(), &ann, Precondition::Absent).await;
    assert!(written.unwrap().is_written());
    stand_in.take();
    store.load(&key("a")).await.unwrap();
    assert_eq!(store.list_by_owner("ann").await.unwrap(), [key("a")]);
    let requests = stand_in.take();
    for operation in ["GetItem", "BatchGetItem"] {
        let target = format!("DynamoDB_20120810.{operation}");
        let request = requests.iter().find(|request| request.contains(&target)).expect(operation);
        assert!(request.contains(r#""ConsistentRead":true"#), "{request}");
    }
}
