//! What a broken server or network does to a call, and to the calls after it.

use crate::common::{
    MINUTE, WRITTEN, client, create, eventually, fresh_name, in_time, key, patient, store, url,
    writes,
};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use session_core::{ErrorKind, Outcome, Precondition, Store};
use session_dynamodb::{DynamoDbOptions, DynamoDbStore};
use session_testkit::proxy::{CutReport, Proxy};
use session_testkit::{DynamoDbServer, server};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[tokio::test]
async fn connecting_to_nothing_is_unavailable() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let error = in_time(DynamoDbStore::connect(url.as_str())).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));

    let store = DynamoDbStore::from_client(&client(&url), DynamoDbOptions::default()).unwrap();
    let loaded = session_core::Record { payload: "x".into(), cas: 0, ttl: Duration::MAX };
    for result in in_time(writes(&store, &key("x"), &loaded)).await {
        let error = result.unwrap_err();
        let seen = (error.kind(), error.is_retryable());
        assert_eq!(seen, (ErrorKind::Unavailable, true), "nothing was sent: {error}");
    }
}

/// A host that drops packets: nothing accepts, and the queue of the listener is full.
#[tokio::test]
async fn host_that_drops_packets_leaves_no_doubt_about_writes() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(200), tokio::net::TcpStream::connect(addr)).await
    {
        queued.push(stream);
    }
    let options = DynamoDbOptions::new(format!("http://{addr}"));
    let error = in_time(DynamoDbStore::connect(options)).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");

    // A client of the application waits longer for a connection than a call does.
    let config = client(&format!("http://{addr}")).config().to_builder();
    let quick = aws_sdk_dynamodb::config::timeout::TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(300));
    let client = aws_sdk_dynamodb::Client::from_conf(config.timeout_config(quick.build()).build());
    let store = DynamoDbStore::from_client(&client, DynamoDbOptions::default()).unwrap();
    let key = key("x");
    let write = store.write(&key, "x".into(), &MINUTE, Precondition::Absent);
    let error = in_time(write).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true), "{error}");
}

#[tokio::test]
async fn lost_reply_is_unknown_and_the_write_is_not_repeated() {
    let proxy = Proxy::start(server::socket_addr(&url(), None).unwrap()).await.unwrap();
    let through = server::redirect(&url(), proxy.addr());
    let options = patient(&through).table(fresh_name("Cut"));
    // The application's client would try three times.
    let config = client(&through).config().to_builder().retry_config(RetryConfig::standard());
    let retrying = aws_sdk_dynamodb::Client::from_conf(config.build());
    let stores =
        [store(options.clone()).await, DynamoDbStore::from_client(&retrying, options).unwrap()];
    for store in &stores {
        for call in 0..5 {
            let key = key(&format!("cut-{call}"));
            let loaded = create(store, &key, "old").await;
            if call == 0 {
                assert!(store.delete(&key, None, None).await.unwrap());
            }
            proxy.cut_reply_to(key.as_bytes());
            let same = Precondition::Unchanged(&loaded);
            let result = match call {
                0 => {
                    let absent = Precondition::Absent;
                    store.write(&key, "new".into(), &MINUTE, absent).await.map(drop)
                }
                1 => store.write(&key, "new".into(), &MINUTE, same).await.map(drop),
                2 => store.touch(&key, &MINUTE, &loaded).await.map(drop),
                3 => store.delete(&key, None, Some(&loaded)).await.map(drop),
                _ => store.delete(&key, None, None).await.map(drop),
            };
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unknown, false));
            assert_eq!(proxy.cut_report(), CutReport { requests: 1, is_cut: true }, "call {call}");
            let _ = store.delete(&key, None, None).await.unwrap();
        }
        let key = key("load");
        create(store, &key, "old").await;
        proxy.cut_reply_to(key.as_bytes());
        let loaded = store.load(&key).await.unwrap().unwrap();
        assert_eq!(loaded.payload, "old", "a load asks once more");
        assert_eq!(proxy.cut_report(), CutReport { requests: 2, is_cut: true });
        assert!(store.delete(&key, None, Some(&loaded)).await.unwrap());
    }
}

#[tokio::test]
async fn server_that_dies_and_freezes_under_load_loses_no_acknowledged_write() {
    let mut server = DynamoDbServer::durable().await.unwrap();
    let options = DynamoDbOptions::new(server.url()).table("Load");
    let store = Arc::new(store(options).await);
    let acknowledged = Arc::new(AtomicU64::new(0));
    let failed = Arc::new(AtomicU64::new(0));
    let writers: Vec<_> = (0..4)
        .map(|number| {
            let writer = Writer {
                store: Arc::clone(&store),
                acknowledged: Arc::clone(&acknowledged),
                failed: Arc::clone(&failed),
            };
            tokio::spawn(writer.write_until_told(format!("load-{number}")))
        })
        .collect();
    for round in 0..4 {
        more(&acknowledged, "writes are stored").await;
        if round % 2 == 0 {
            server.kill().unwrap();
            more(&failed, "the crash is noticed").await;
            server.restart().await.unwrap();
        } else {
            server.freeze().unwrap();
            more(&failed, "the silence is noticed").await;
            server.thaw().unwrap();
        }
    }
    more(&acknowledged, "writes are stored in the end").await;
    for writer in &writers {
        writer.abort();
    }
    for (number, writer) in writers.into_iter().enumerate() {
        if let Err(error) = writer.await {
            assert!(error.is_cancelled(), "writer {number}: {error}");
        }
    }
}

async fn more(count: &AtomicU64, what: &str) {
    let before = count.load(Ordering::Relaxed);
    eventually(what, async || count.load(Ordering::Relaxed) >= before + 8).await;
}

/// Counts up in a record of its own, and checks that it never counts back.
struct Writer {
    store: Arc<DynamoDbStore>,
    acknowledged: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
}

impl Writer {
    async fn write_until_told(self, name: String) {
        let key = key(&name);
        // What is stored is one of these: the last acknowledged, or what came after in doubt.
        let (mut certain, mut latest) = (0u64, 0u64);
        let absent = Precondition::Absent;
        while self.store.write(&key, "0".into(), &MINUTE, absent).await.is_err() {}
        loop {
            let loaded = match in_time(self.store.load(&key)).await {
                Ok(found) => found.expect("an acknowledged record is there"),
                Err(error) => {
                    assert!(error.is_retryable(), "{error}");
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    continue;
                }
            };
            let count: u64 = std::str::from_utf8(&loaded.payload).unwrap().parse().unwrap();
            assert!((certain..=latest).contains(&count), "{count} in {certain}..={latest}");
            let next = latest.max(count) + 1;
            let same = Precondition::Unchanged(&loaded);
            let write = self.store.write(&key, next.to_string().into(), &MINUTE, same);
            match in_time(write).await {
                Ok(Outcome::Written { .. }) => {
                    (certain, latest) = (next, next);
                    self.acknowledged.fetch_add(1, Ordering::Relaxed);
                }
                // One in doubt was applied after the load.
                Ok(Outcome::Refused) => {}
                Err(error) => {
                    if error.kind() == ErrorKind::Unknown {
                        latest = next;
                    } else {
                        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
                    }
                    self.failed.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

#[tokio::test]
async fn frozen_server_is_in_doubt_for_writes_and_late_for_loads() {
    let server = DynamoDbServer::start().await.unwrap();
    let store = store(DynamoDbOptions::new(server.url()).table("Frozen")).await;
    let key = key("x");
    let loaded = create(&store, &key, "old").await;
    server.freeze().unwrap();
    let same = Precondition::Unchanged(&loaded);
    let write = store.write(&key, "new".into(), &MINUTE, same);
    let error = in_time(write).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unknown, false));
    for _ in 0..2 {
        let error = in_time(store.load(&key)).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true));
    }
    server.thaw().unwrap();
    eventually("the server goes on", async || store.load(&key).await.is_ok()).await;
}

#[tokio::test]
async fn idle_connections_that_were_closed_disturb_no_write() {
    let proxy = Proxy::start(server::socket_addr(&url(), None).unwrap()).await.unwrap();
    let through = server::redirect(&url(), proxy.addr());
    let store = store(patient(&through).table(fresh_name("Idle"))).await;
    let mut loaded = create(&store, &key("idle"), "x").await;
    for round in 0..10 {
        proxy.set(session_testkit::proxy::Mode::Refuse).await;
        proxy.set(session_testkit::proxy::Mode::Forward).await;
        // The client's side of the socket has to see that it was closed.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let next = round.to_string();
        let same = Precondition::Unchanged(&loaded);
        let written = store.write(&key("idle"), next.clone().into(), &MINUTE, same).await;
        assert_eq!(written.unwrap(), WRITTEN);
        loaded.payload = next.into();
    }
}
