//! What DynamoDB Local never does: an index that lags behind, and a batch that is half read.

#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]
#![allow(clippy::large_futures, reason = "the client's are, and a test has few")]

mod common;

use common::{client, key, read_request};
use session_core::Store;
use session_dynamodb::{DynamoDbOptions, DynamoDbStore};
use std::net::Ipv4Addr;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

/// Gives each request the next answer, on a connection of its own.
async fn scripted(answers: Vec<String>) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for body in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn only_what_the_table_says_is_listed_and_nothing_is_left_out() {
    let id = |name: &str| format!(r#"{{"id":{{"S":"session:{name}"}}}}"#);
    let item = |name: &str, owner: &str, end: &str| {
        format!(
            r#"{{"id":{{"S":"session:{name}"}},"owner":{{"S":"{owner}"}},"expiration":{{"N":"{end}"}}}}"#
        )
    };
    let (live, expired) = ("9999999999", "1000000000");
    let indexed = ["theirs", "moved", "expired", "ended", "later"].map(id).join(",");
    let read = [item("theirs", "o", live), item("moved", "p", live), item("expired", "o", expired)];
    let url = scripted(vec![
        format!(r#"{{"Items":[{indexed}]}}"#),
        format!(
            r#"{{"Responses":{{"Sessions":[{}]}},"UnprocessedKeys":{{"Sessions":{{"Keys":[{}]}}}}}}"#,
            read.join(","),
            id("later")
        ),
        format!(r#"{{"Responses":{{"Sessions":[{}]}}}}"#, item("later", "o", live)),
    ])
    .await;
    let options = DynamoDbOptions::default().owner_index(true).operation_timeout(common::PATIENCE);
    let store = DynamoDbStore::from_client(&client(&url), options).unwrap();
    assert_eq!(store.list_by_owner("o").await.unwrap(), [key("later"), key("theirs")]);
}
