//! What the tests share: the application's side of the server.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ProvisionedThroughput, ScalarAttributeType,
};
use aws_smithy_http_client::Builder as HttpBuilder;
use session_core::{Bytes, Lease, Outcome, Precondition, Record, Result, Store, StoreKey};
use session_dynamodb::{DynamoDbOptions, DynamoDbStore};
use session_testkit::server;
use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// The kit's crowds and large payloads on a busy machine take longer than a session may.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn url() -> String {
    server::url("SESSION_TEST_DYNAMODB")
}

/// A client as an application makes one, with its retries and timeouts.
pub(crate) fn client(url: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(url)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .http_client(HttpBuilder::new().build_http());
    Client::from_conf(config.build())
}

/// Makes a table as Flask-Session does, without a TTL; other tests may have made it.
pub(crate) async fn make_as_flask(table: &str) {
    make(&client(&url()), table, FLASK_KEY, None).await;
}

/// Name, type and role of each part of a key.
pub(crate) type TableKey<'a> = &'a [(&'a str, ScalarAttributeType, KeyType)];

pub(crate) const FLASK_KEY: TableKey<'static> = &[("id", ScalarAttributeType::S, KeyType::Hash)];

/// Makes a table, with this many units of capacity or billed per request.
pub(crate) async fn make(client: &Client, table: &str, key: TableKey<'_>, units: Option<i64>) {
    let mut request = client.create_table().table_name(table);
    request = match units {
        None => request.billing_mode(BillingMode::PayPerRequest),
        Some(units) => request.provisioned_throughput(
            ProvisionedThroughput::builder()
                .read_capacity_units(units)
                .write_capacity_units(units)
                .build()
                .unwrap(),
        ),
    };
    for (name, kind, role) in key {
        let attribute = AttributeDefinition::builder();
        let attribute = attribute.attribute_name(*name).attribute_type(kind.clone());
        let element = KeySchemaElement::builder().attribute_name(*name).key_type(role.clone());
        request = request
            .attribute_definitions(attribute.build().unwrap())
            .key_schema(element.build().unwrap());
    }
    if let Err(error) = request.send().await {
        assert!(error.into_service_error().is_resource_in_use_exception());
    }
}

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(crate) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(crate) fn b(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(crate) fn epoch() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

pub(crate) async fn put(client: &Client, table: &str, item: &[(&str, AttributeValue)]) {
    let item: Item = item.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
}

pub(crate) async fn get(client: &Client, table: &str, attribute: &str, key: &str) -> Option<Item> {
    let request = client.get_item().table_name(table).key(attribute, s(key));
    request.consistent_read(true).send().await.unwrap().item
}

pub(crate) const MINUTE: Lease<'static> = Lease { ttl: Duration::from_secs(60), owner: None };
pub(crate) const WRITTEN: Outcome = Outcome::Written { cas: 0 };
/// The operation timeout, with slack for a machine that does other things.
pub(crate) const DEADLINE: Duration = Duration::from_secs(2);

/// A table that no other test uses, nor one of a run before.
pub(crate) fn fresh_name(stem: &str) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    format!("{stem}-{}-{}", std::process::id(), now.as_nanos())
}

pub(crate) fn patient(url: &str) -> DynamoDbOptions {
    DynamoDbOptions::new(url).operation_timeout(PATIENCE).connect_timeout(PATIENCE)
}

/// A store on a table of its own.
pub(crate) async fn store(options: DynamoDbOptions) -> DynamoDbStore {
    let store = DynamoDbStore::connect(options).await.unwrap();
    store.init().await.unwrap();
    store
}

pub(crate) fn key(name: &str) -> StoreKey {
    StoreKey::new("session:", name)
}

/// Creates a record and returns it as loaded.
pub(crate) async fn create(store: &impl Store, key: &StoreKey, payload: &'static str) -> Record {
    let created = store.write(key, Bytes::from(payload), &MINUTE, Precondition::Absent).await;
    assert_eq!(created.unwrap(), WRITTEN);
    store.load(key).await.unwrap().unwrap()
}

/// Every call that writes, in turn: its error, if it failed.
pub(crate) async fn writes(
    store: &DynamoDbStore,
    key: &StoreKey,
    loaded: &Record,
) -> [Result<()>; 5] {
    let unchanged = Precondition::Unchanged(loaded);
    [
        store.write(key, "new".into(), &MINUTE, Precondition::Absent).await.map(drop),
        store.write(key, "new".into(), &MINUTE, unchanged).await.map(drop),
        store.touch(key, &MINUTE, loaded).await.map(drop),
        store.delete(key, None, Some(loaded)).await.map(drop),
        store.delete(key, None, None).await.map(drop),
    ]
}

pub(crate) async fn in_time<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, call).await.expect("the call ends within its deadline")
}

/// Asks until the condition holds; a test that waits for twenty seconds has failed.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Reads one request to its end, or until the client closes.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    while !is_whole(&request) {
        let Ok(1..) = stream.read_buf(&mut request).await else { break };
    }
    request
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.is_none_or(|length| body.len() >= length.trim().parse::<usize>().unwrap())
}
