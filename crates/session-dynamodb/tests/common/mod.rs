//! What the tests share: the application's side of the server.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its share of this")]
#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use aws_smithy_http_client::Builder as HttpBuilder;
use session_testkit::server;
use std::time::Duration;

/// The kit's crowds and large payloads on a busy machine take longer than a session may.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn url() -> String {
    server::url("SESSION_TEST_DYNAMODB")
}

/// A client as an application makes one, with its retries and timeouts.
pub fn client(url: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(url)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .http_client(HttpBuilder::new().build_http());
    Client::from_conf(config.build())
}

/// Makes a table as Flask-Session does, without a TTL; other tests may have made it.
pub async fn make_as_flask(table: &str) {
    make(table, &[("id", ScalarAttributeType::S, KeyType::Hash)]).await;
}

pub async fn make(table: &str, key: &[(&str, ScalarAttributeType, KeyType)]) {
    let client = client(&url());
    let mut request =
        client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
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

pub fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
