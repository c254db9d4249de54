//! What calls return when the server refuses them, or there is nothing to sign them with.

use crate::common::{DEADLINE, MINUTE, client, in_time, key, read_request, writes};
use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::config::{Config, Credentials, Region};
use session_core::{ErrorKind, Precondition, Store};
use session_dynamodb::{DynamoDbOptions, DynamoDbStore};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

/// The kind of an error, and whether to try again.
type Meaning = (ErrorKind, bool);

/// Status, code, and what that means for a load and for a write.
const ANSWERS: &[(u16, &str, Meaning, Meaning)] = {
    use ErrorKind::{Config, Unavailable, Unknown};
    let later = (Unavailable, true);
    let useless = (Unavailable, false);
    let config = (Config, false);
    &[
        (400, "ProvisionedThroughputExceededException", later, later),
        (400, "ThrottlingException", later, later),
        (400, "RequestLimitExceeded", later, later),
        (400, "TransactionConflictException", later, later),
        (400, "ResourceNotFoundException", config, config),
        (400, "ValidationException", config, config),
        (400, "AccessDeniedException", useless, useless),
        (400, "ExpiredTokenException", useless, useless),
        (400, "UnrecognizedClientException", useless, useless),
        (403, "InvalidSignatureException", useless, useless),
        (400, "SomethingElse", useless, useless),
        (500, "InternalServerError", later, (Unknown, false)),
        (503, "ServiceUnavailable", later, (Unknown, false)),
        (502, "", later, (Unknown, false)),
        (408, "", later, (Unknown, false)),
    ]
};

#[tokio::test]
async fn answers_say_whether_a_write_may_be_tried_again() {
    for (status, code, load, write) in ANSWERS {
        let (url, requests) = answering(*status, code, "hunter2").await;
        let options = DynamoDbOptions::default().operation_timeout(Duration::from_secs(1));
        let store = DynamoDbStore::from_client(&client(&url), options).unwrap();
        let loaded = session_core::Record { payload: "x".into(), cas: 0, ttl: Duration::MAX };
        let error = in_time(store.load(&key("hunter2"))).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), *load, "{code}: {error}");
        let loads = requests.swap(0, Ordering::Relaxed);
        assert_eq!(loads > 1, error.is_retryable(), "{code}: {loads} requests for a load");
        for result in writes(&store, &key("hunter2"), &loaded).await {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.is_retryable()), *write, "{code}: {error}");
            assert!(!format!("{error:#} {error:?}").contains("hunter2"), "{error:?}");
        }
        // A write that the server says it did not make is made again; others are sent once.
        let (writes, is_throttled) = (requests.load(Ordering::Relaxed), write.1);
        assert!(if is_throttled { writes > 5 } else { writes == 5 }, "{code}: {writes} requests");
    }
}

#[tokio::test]
async fn page_of_a_proxy_is_no_answer() {
    let (url, _) = answering(200, "", "not JSON").await;
    let store = DynamoDbStore::from_client(&client(&url), DynamoDbOptions::default()).unwrap();
    assert_eq!(store.load(&key("x")).await.unwrap_err().kind(), ErrorKind::Unavailable);
    let write = store.write(&key("x"), "x".into(), &MINUTE, Precondition::Absent).await;
    assert_eq!(write.unwrap_err().kind(), ErrorKind::Unknown);
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let (url, requests) = answering(400, "SomethingElse", "").await;
    let none = provide_credentials_fn(|| async { Err(CredentialsError::not_loaded("hunter2")) });
    let late = provide_credentials_fn(|| async {
        tokio::time::sleep(DEADLINE).await;
        Ok(Credentials::new("local", "local", None, None, "late"))
    });
    for (provider, is_retryable) in [
        (SharedCredentialsProvider::new(none), false),
        (SharedCredentialsProvider::new(late), true),
    ] {
        let config: Config = client(&url)
            .config()
            .to_builder()
            .region(Region::new("us-east-1"))
            .identity_cache(aws_sdk_dynamodb::config::IdentityCache::no_cache())
            .credentials_provider(provider)
            .build();
        let client = aws_sdk_dynamodb::Client::from_conf(config);
        let store = DynamoDbStore::from_client(&client, DynamoDbOptions::default()).unwrap();
        let key = key("x");
        let write = store.write(&key, "x".into(), &MINUTE, Precondition::Absent);
        let error = in_time(write).await.unwrap_err();
        let seen = (error.kind(), error.is_retryable());
        assert_eq!(seen, (ErrorKind::Unavailable, is_retryable), "{error:?}");
        assert!(!format!("{error:#} {error:?}").contains("hunter2"), "{error:?}");
    }
    assert_eq!(requests.load(Ordering::Relaxed), 0);
}

/// A server that gives every request this answer; its address, and how many requests came.
async fn answering(status: u16, code: &str, message: &str) -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = if code.is_empty() {
        format!("<html>{message}</html>")
    } else {
        format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"{message}"}}"#)
    };
    let answer = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.0\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let requests = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            read_request(&mut stream).await;
            count.fetch_add(1, Ordering::Relaxed);
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, requests)
}
