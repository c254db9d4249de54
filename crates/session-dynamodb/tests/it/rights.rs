//! Credentials that may not do all that a store does.

use crate::common::{fresh_name, key, patient, store};
use crate::stand_in::StandIn;
use session_core::{Error, ErrorKind, Store};
use session_dynamodb::DynamoDbStore;

fn ensure_named(error: &Error, actions: &str, table: &str) {
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false), "{error}");
    let named = format!("grant them {actions} on the table `{table}`");
    assert!(error.to_string().contains(&named), "{error}");
}

#[tokio::test]
async fn missing_rights_are_named_when_the_store_is_opened() {
    let stand_in = StandIn::start().await;
    let table = fresh_name("Rights");
    let options = patient(&stand_in.url).table(&table).owner_index(true);
    stand_in.deny(&["CreateTable"]);
    let error = DynamoDbStore::connect(options.clone()).await.unwrap().init().await.unwrap_err();
    let all = "dynamodb:CreateTable, dynamodb:UpdateTable and dynamodb:UpdateTimeToLive";
    ensure_named(&error, all, &table);
    stand_in.deny(&[]);
    let opened = store(options.clone()).await;
    for (operations, actions) in [
        (&["DescribeTable"][..], "dynamodb:DescribeTable"),
        (&["GetItem"], "dynamodb:GetItem"),
        (&["PutItem", "UpdateItem"], "dynamodb:PutItem, dynamodb:UpdateItem"),
        (&["DeleteItem"], "dynamodb:DeleteItem"),
    ] {
        stand_in.deny(operations);
        let error = DynamoDbStore::connect(options.clone()).await.unwrap_err();
        ensure_named(&error, actions, &table);
    }
    stand_in.deny(&["GetItem", "Query"]);
    ensure_named(&opened.load(&key("a")).await.unwrap_err(), "dynamodb:GetItem", &table);
    let error = opened.list_by_owner("ann").await.unwrap_err();
    let both = "dynamodb:Query on the index owner-index and dynamodb:BatchGetItem";
    ensure_named(&error, both, &table);
}
