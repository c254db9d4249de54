//! `init`: makes what is missing, once, and refuses what is not ours.

use crate::common::{
    FLASK_KEY, MINUTE, client, create, fresh_name, key, make, make_as_flask, patient, store, url,
};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    BillingMode, KeyType, ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
    TimeToLiveStatus,
};
use session_core::{ErrorKind, Lease, Precondition, Store};
use session_dynamodb::{DynamoDbOptions, DynamoDbStore};
use session_testkit::DynamoDbServer;
use std::time::Duration;
use tokio::task::JoinSet;

const OWNED: Lease<'static> = Lease { ttl: Duration::from_secs(60), owner: Some("o") };

async fn ttl(client: &Client, table: &str) -> (Option<TimeToLiveStatus>, Option<String>) {
    let answer = client.describe_time_to_live().table_name(table).send().await.unwrap();
    let ttl = answer.time_to_live_description.unwrap();
    (ttl.time_to_live_status, ttl.attribute_name)
}

async fn enable_ttl(client: &Client, table: &str, attribute: &str) {
    let specification = TimeToLiveSpecification::builder().enabled(true).attribute_name(attribute);
    let request = client.update_time_to_live().table_name(table);
    request.time_to_live_specification(specification.build().unwrap()).send().await.unwrap();
}

#[tokio::test]
async fn table_is_made_as_flask_makes_it_with_its_ttl_on() {
    let table = fresh_name("Init");
    store(patient(&url()).table(&table)).await;
    let client = client(&url());
    let made = client.describe_table().table_name(&table).send().await.unwrap().table.unwrap();
    let [key] = made.key_schema() else { panic!("one key") };
    assert_eq!((key.attribute_name(), key.key_type()), ("id", &KeyType::Hash));
    let [attribute] = made.attribute_definitions() else { panic!("one attribute") };
    assert_eq!(*attribute.attribute_type(), ScalarAttributeType::S);
    let mode = made.billing_mode_summary().and_then(|summary| summary.billing_mode());
    assert_eq!(mode, Some(&BillingMode::PayPerRequest));
    assert!(made.global_secondary_indexes().is_empty());
    let expected = (Some(TimeToLiveStatus::Enabled), Some("expiration".to_owned()));
    assert_eq!(ttl(&client, &table).await, expected);
}

#[tokio::test]
async fn init_is_idempotent_and_many_at_once_agree() {
    let table = fresh_name("InitAtOnce");
    let options = patient(&url()).table(&table).owner_index(true);
    let mut processes = JoinSet::new();
    for _ in 0..8 {
        let options = options.clone();
        processes.spawn(async move {
            let store = DynamoDbStore::connect(options).await.unwrap();
            store.init().await.unwrap();
            store.init().await.unwrap();
            store
        });
    }
    let stores = processes.join_all().await;
    let written = stores[0].write(&key("x"), "x".into(), &OWNED, Precondition::Absent).await;
    assert!(written.is_ok(), "the table can be used at once: {written:?}");
    assert_eq!(stores[7].list_by_owner("o").await.unwrap(), [key("x")]);
}

#[tokio::test]
async fn what_flask_left_out_is_added() {
    // One that has run for a while may never get an added index done.
    let server = DynamoDbServer::start().await.unwrap();
    let (client, table) = (client(&server.url()), "Sessions");
    make(&client, table, FLASK_KEY, None).await;
    assert_eq!(ttl(&client, table).await.0, Some(TimeToLiveStatus::Disabled));
    let before = DynamoDbStore::connect(patient(&server.url())).await.unwrap();
    create(&before, &key("old"), "old").await;

    let indexed = store(patient(&server.url()).owner_index(true)).await;
    assert_eq!(ttl(&client, table).await.0, Some(TimeToLiveStatus::Enabled));
    let made = client.describe_table().table_name(table).send().await.unwrap().table.unwrap();
    let [index] = made.global_secondary_indexes() else { panic!("one index") };
    let projection = index.projection().and_then(|projection| projection.projection_type());
    assert_eq!(projection, Some(&ProjectionType::KeysOnly));
    assert_eq!(indexed.list_by_owner("o").await.unwrap(), []);
    let loaded = indexed.load(&key("old")).await.unwrap().unwrap();
    let _ = indexed.touch(&key("old"), &OWNED, &loaded).await.unwrap();
    assert_eq!(indexed.list_by_owner("o").await.unwrap(), [key("old")]);
}

#[tokio::test]
async fn index_of_a_table_with_capacity_has_as_much() {
    let server = DynamoDbServer::start().await.unwrap();
    let client = client(&server.url());
    make(&client, "Sessions", FLASK_KEY, Some(3)).await;
    let indexed = store(patient(&server.url()).owner_index(true)).await;
    assert_eq!(indexed.list_by_owner("o").await.unwrap(), []);
    let made = client.describe_table().table_name("Sessions").send().await.unwrap().table.unwrap();
    let index = made.global_secondary_indexes()[0].provisioned_throughput().unwrap();
    assert_eq!((index.read_capacity_units(), index.write_capacity_units()), (Some(3), Some(3)));
}

#[tokio::test]
async fn table_with_another_key_is_refused() {
    let (s, n) = (ScalarAttributeType::S, ScalarAttributeType::N);
    for (stem, keys) in [
        ("OtherName", vec![("SessionId", s.clone(), KeyType::Hash)]),
        ("OtherType", vec![("id", n, KeyType::Hash)]),
        ("SortKey", vec![("id", s.clone(), KeyType::Hash), ("at", s, KeyType::Range)]),
    ] {
        let table = fresh_name(stem);
        make(&client(&url()), &table, &keys, None).await;
        let error = DynamoDbStore::connect(patient(&url()).table(&table)).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Config, false));
        assert!(error.to_string().contains("SESSION_DYNAMODB_KEY_ATTRIBUTE"), "{error}");

        let unasked = patient(&url()).table(&table);
        let store = DynamoDbStore::from_client(&client(&url()), unasked).unwrap();
        assert_eq!(store.init().await.unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(store.load(&key("x")).await.unwrap_err().kind(), ErrorKind::Config);
    }
}

#[tokio::test]
async fn ttl_of_another_attribute_is_refused() {
    let table = fresh_name("OtherTtl");
    make_as_flask(&table).await;
    enable_ttl(&client(&url()), &table, "ends").await;
    let store = DynamoDbStore::connect(patient(&url()).table(&table)).await.unwrap();
    let error = store.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("SESSION_DYNAMODB_EXPIRY_ATTRIBUTE"), "{error}");
}

#[tokio::test]
async fn index_of_another_attribute_is_refused() {
    let table = fresh_name("OtherIndex");
    store(patient(&url()).table(&table).owner_index(true)).await;
    let options = patient(&url()).table(&table).owner_index(true).owner_attribute("user");
    let other = DynamoDbStore::connect(options).await.unwrap();
    assert_eq!(other.init().await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn table_that_is_missing_names_the_way_out() {
    let options = DynamoDbOptions::new(url()).table(fresh_name("Missing")).owner_index(true);
    let store = DynamoDbStore::connect(options).await.unwrap();
    let mut errors = vec![
        store.load(&key("x")).await.unwrap_err(),
        store.write(&key("x"), "x".into(), &MINUTE, Precondition::Absent).await.unwrap_err(),
        store.delete(&key("x"), None, None).await.unwrap_err(),
        store.list_by_owner("o").await.unwrap_err(),
    ];
    make_as_flask("Unindexed").await;
    let options = patient(&url()).table("Unindexed").owner_index(true);
    let unindexed = DynamoDbStore::connect(options).await.unwrap();
    errors.push(unindexed.list_by_owner("o").await.unwrap_err());
    for error in errors {
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Config, false));
        assert!(error.to_string().contains("`init`"), "{error}");
    }
}
