//! An owner's sessions: found by the index, believed by the table.

use crate::common::{
    PATIENCE, WRITTEN, client, create, fresh_name, get, key, patient, read_request, store, url,
};
use session_core::{Lease, Precondition, Store};
use session_dynamodb::{DynamoDbOptions, DynamoDbStore};
use std::net::Ipv4Addr;
use std::time::Duration;
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

/// What DynamoDB Local never does: an index that lags behind, and a batch that is half read.
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
    let options = DynamoDbOptions::default().owner_index(true).operation_timeout(PATIENCE);
    let store = DynamoDbStore::from_client(&client(&url), options).unwrap();
    assert_eq!(store.list_by_owner("o").await.unwrap(), [key("later"), key("theirs")]);
}

#[tokio::test]
async fn owner_of_many_is_listed_page_by_page() {
    let table = fresh_name("Owners");
    let store = store(patient(&url()).table(&table).owner_index(true)).await;
    let lease = Lease { ttl: Duration::from_secs(600), owner: Some("many") };
    let mut expected = Vec::new();
    for number in 0..250 {
        let key = key(&format!("{number:03}"));
        let written = store.write(&key, "x".into(), &lease, Precondition::Absent).await.unwrap();
        assert_eq!(written, WRITTEN);
        expected.push(key);
    }
    assert_eq!(store.list_by_owner("many").await.unwrap(), expected);
}

#[tokio::test]
async fn owners_follow_updates_and_renewals() {
    let table = fresh_name("OwnersFollow");
    let store = store(patient(&url()).table(&table).owner_index(true)).await;
    let owned = |owner| Lease { ttl: Duration::from_secs(60), owner };
    let loaded = create(&store, &key("x"), "x").await;
    assert_eq!(store.touch(&key("x"), &owned(Some("a")), &loaded).await.unwrap(), WRITTEN);
    assert_eq!(store.list_by_owner("a").await.unwrap(), [key("x")]);
    let same = Precondition::Unchanged(&loaded);
    assert_eq!(store.write(&key("x"), "x".into(), &owned(Some("b")), same).await.unwrap(), WRITTEN);
    assert_eq!(store.list_by_owner("a").await.unwrap(), []);
    assert_eq!(store.list_by_owner("b").await.unwrap(), [key("x")]);
    assert_eq!(store.touch(&key("x"), &owned(None), &loaded).await.unwrap(), WRITTEN);
    assert_eq!(store.list_by_owner("b").await.unwrap(), []);
    let item = get(&client(&url()), &table, "id", "session:x").await.unwrap();
    assert!(!item.contains_key("owner"), "without an owner it is not in the index");
}
