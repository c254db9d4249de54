//! What a broken server or network does to a call, and to the calls after it.

use crate::common::{
    MINUTE, Server, WRITTEN, calls, client_ids, connections, create, dead_port, eventually,
    in_time, key, tell, writes,
};
use session_core::{ErrorKind, Precondition, Record, Store};
use session_redis::{RedisOptions, RedisStore};
use session_testkit::proxy::CutReport;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn connecting_to_nothing_is_unavailable() {
    let url = format!("redis://:hunter2@127.0.0.1:{}", dead_port());
    let error = in_time(RedisStore::connect(url.as_str())).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");

    let store = RedisStore::connect_lazy(url).expect("nothing is asked of the server yet");
    let error = in_time(store.load(&key("none"))).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
}

#[tokio::test]
async fn silent_host_is_given_up_on_without_doubt_about_writes() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    for query in ["", "?protocol=resp2"] {
        let options = RedisOptions::new(format!("{url}{query}"));
        let options = options.connect_timeout(Duration::from_millis(300));
        let error = in_time(RedisStore::connect(options)).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    }

    let store = RedisStore::connect_lazy(url.as_str()).unwrap();
    let error = in_time(store.load(&key("none"))).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    let key = key("none");
    let write = store.write(&key, "x".into(), &MINUTE, Precondition::Absent);
    assert_eq!(in_time(write).await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn dead_server_is_unavailable_and_the_store_outlives_it() {
    let mut server = Server::start().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    for _ in 0..3 {
        let loaded = create(&store, &key("restart"), "old").await;
        server.kill();
        let error = in_time(store.load(&key("restart"))).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
        for result in in_time(writes(&store, &key("restart"), &loaded)).await {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Unavailable);
        }
        server.restart().await;
        let loaded = in_time(store.load(&key("restart"))).await;
        assert_eq!(loaded.unwrap(), None, "the first call after the restart");
    }
}

#[tokio::test]
async fn write_to_a_frozen_server_is_unknown() {
    let server = Server::start().await;
    let stores = [
        RedisStore::connect(server.url()).await.unwrap(),
        RedisStore::from_client(server.admin().await).operation_timeout(Duration::from_millis(300)),
    ];
    for store in &stores {
        let loaded = create(store, &key("frozen"), "old").await;
        server.freeze();
        let key = key("frozen");
        let same = Precondition::Unchanged(&loaded);
        let write = store.write(&key, "new".into(), &MINUTE, same);
        let error = in_time(write).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unknown, false));
        server.thaw();
        eventually("the server goes on", async || store.load(&key).await.is_ok()).await;
        assert!(store.delete(&key, None, None).await.unwrap());
    }
}

#[tokio::test]
async fn load_from_a_frozen_server_times_out() {
    let server = Server::start().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    create(&store, &key("frozen"), "old").await;
    server.freeze();
    for _ in 0..2 {
        let error = in_time(store.load(&key("frozen"))).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true));
    }
    server.thaw();
    eventually("the server goes on", async || store.load(&key("frozen")).await.is_ok()).await;
}

/// A peer that vanished without closing looks like this; TCP would try for a quarter of an hour.
#[tokio::test]
async fn connection_that_went_silent_is_replaced() {
    let server = Server::start().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    let mut admin = server.admin().await;
    create(&store, &key("silent"), "old").await;
    let before = client_ids(&mut admin).await;
    server.freeze();
    assert_eq!(store.load(&key("silent")).await.unwrap_err().kind(), ErrorKind::Timeout);
    server.thaw();
    eventually("the server goes on", async || store.load(&key("silent")).await.is_ok()).await;
    eventually("the silent connection is closed", async || {
        let now = client_ids(&mut admin).await;
        now.len() == 2 && now != before
    })
    .await;
}

#[tokio::test]
async fn load_survives_a_closed_connection() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    for query in ["", "?protocol=resp2"] {
        let url = format!("{}{query}", server.url());
        let store = RedisStore::connect(url).await.unwrap();
        let loaded = create(&store, &key("closed"), "x").await;
        for _ in 0..20 {
            tell(&mut admin, "CLIENT KILL TYPE normal SKIPME yes").await;
            assert_eq!(in_time(store.load(&key("closed"))).await.unwrap().unwrap().payload, "x");
        }
        assert!(store.delete(&key("closed"), None, Some(&loaded)).await.unwrap());
    }
}

#[tokio::test]
async fn write_after_an_idle_connection_was_closed_is_applied() {
    let server = Server::start().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    let mut admin = server.admin().await;
    let mut loaded = create(&store, &key("idle"), "x").await;
    for round in 0..20 {
        tell(&mut admin, "CLIENT KILL TYPE normal SKIPME yes").await;
        eventually("it is closed", async || connections(&mut admin).await == 0).await;
        tokio::task::yield_now().await;
        let payload = format!("{round}");
        let same = Precondition::Unchanged(&loaded);
        let written = store.write(&key("idle"), payload.clone().into(), &MINUTE, same).await;
        assert_eq!(written.unwrap(), WRITTEN);
        loaded.payload = payload.into();
    }
}

#[tokio::test]
async fn lost_reply_is_unknown_and_the_write_is_not_repeated() {
    let server = Server::start().await;
    let (proxy, url) = server.proxy().await;
    let mut admin = server.admin().await;
    for query in ["", "?protocol=resp2"] {
        let store = RedisStore::connect(format!("{url}{query}")).await.unwrap();
        let other = RedisStore::connect(server.url()).await.unwrap();
        let loaded = create(&other, &key("cut"), "old").await;
        // The server learns the scripts, so that each call is one command.
        for result in writes(&other, &key("cut"), &loaded).await {
            result.unwrap();
        }

        // Each call finds the record as it wants it.
        let unchanged = Precondition::Unchanged(&loaded);
        for call in 0..5 {
            other.delete(&key("cut"), None, None).await.unwrap();
            if call != 0 {
                create(&other, &key("cut"), "old").await;
            }
            // The connection is up, so that the reply cut is the call's.
            store.load(&key("cut")).await.unwrap();
            let before = calls(&mut admin, &["set", "evalsha", "pexpire", "del"]).await;
            proxy.cut_reply_to(b"session:cut");
            let result = match call {
                0 => store
                    .write(&key("cut"), "new".into(), &MINUTE, Precondition::Absent)
                    .await
                    .map(drop),
                1 => store.write(&key("cut"), "new".into(), &MINUTE, unchanged).await.map(drop),
                2 => store.touch(&key("cut"), &MINUTE, &loaded).await.map(drop),
                3 => store.delete(&key("cut"), None, Some(&loaded)).await.map(drop),
                _ => store.delete(&key("cut"), None, None).await.map(drop),
            };
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unknown, false), "{call}");
            assert_eq!(proxy.cut_report(), CutReport { requests: 1, is_cut: true });
            // The next call goes through, and all that the first one did is there once.
            let left = store.load(&key("cut")).await.unwrap().map(|record| record.payload);
            let (payload, ran) = [
                (Some("new"), [1, 0, 0, 0]),
                (Some("new"), [1, 1, 0, 0]),
                (Some("old"), [0, 1, 1, 0]),
                (None, [0, 1, 0, 1]),
                (None, [0, 0, 0, 1]),
            ][call];
            assert_eq!(left.as_deref(), payload.map(str::as_bytes), "{call}");
            let after = calls(&mut admin, &["set", "evalsha", "pexpire", "del"]).await;
            let delta: Vec<u64> = after.iter().zip(&before).map(|(now, then)| now - then).collect();
            assert_eq!(delta, ran, "{call}");
        }
        other.delete(&key("cut"), None, None).await.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_sent_after_the_deadline() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    let past = Duration::from_nanos(1);
    let gone = Record { payload: "old".into(), cas: 0, ttl: MINUTE.ttl };
    for store in [
        RedisStore::connect(RedisOptions::new(server.url()).operation_timeout(past)).await.unwrap(),
        RedisStore::from_client(admin.clone()).operation_timeout(past),
    ] {
        // Among them those that asked for the user's rights.
        let before = calls(&mut admin, &["get", "set", "evalsha", "del"]).await;
        for error in writes(&store, &key("late"), &gone).await {
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Unavailable);
        }
        let error = store.load(&key("late")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        let sent = calls(&mut admin, &["get", "set", "evalsha", "del"]).await;
        assert_eq!(sent, before, "the server was sent what nobody waits for");
    }
}

#[tokio::test]
async fn load_whose_reply_is_lost_asks_once_more() {
    let server = Server::start().await;
    let (proxy, url) = server.proxy().await;
    let store = RedisStore::connect(url).await.unwrap();
    create(&store, &key("cut"), "x").await;
    proxy.cut_reply_to(b"session:cut");
    assert_eq!(store.load(&key("cut")).await.unwrap().unwrap().payload, "x");
    assert_eq!(proxy.cut_report(), CutReport { requests: 2, is_cut: true });
}

#[tokio::test]
async fn dropped_calls_leave_the_connection_and_its_replies_in_order() {
    let server = Server::start().await;
    let store = Arc::new(RedisStore::connect(server.url()).await.unwrap());
    let mut admin = server.admin().await;
    let before = client_ids(&mut admin).await;
    for n in 0..32 {
        let payload = n.to_string();
        let key = key(&format!("drop-{n}"));
        let created = store.write(&key, payload.into(), &MINUTE, Precondition::Absent).await;
        assert_eq!(created.unwrap(), WRITTEN);
    }
    for round in 0..50 {
        let calls: Vec<_> = (0..32)
            .map(|n| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    let loaded = store.load(&key(&format!("drop-{n}"))).await.unwrap().unwrap();
                    assert_eq!(loaded.payload, n.to_string());
                })
            })
            .collect();
        for _ in 0..round % 5 {
            tokio::task::yield_now().await;
        }
        for (n, call) in calls.into_iter().enumerate() {
            if n % 2 == 0 {
                call.abort();
            } else {
                call.await.unwrap();
            }
        }
    }
    assert_eq!(client_ids(&mut admin).await, before, "it is still the first connection");
}

#[tokio::test]
async fn attempt_to_connect_outlives_the_call_that_began_it() {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let options = RedisOptions::new(format!("redis://{}", listener.local_addr().unwrap()))
        .connect_timeout(Duration::from_secs(60))
        .operation_timeout(Duration::from_millis(50));
    let store = RedisStore::connect_lazy(options).unwrap();
    for _ in 0..3 {
        let error = store.load(&key("none")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    assert!(listener.accept().is_ok());
    assert!(listener.accept().is_err(), "one attempt serves all calls");
}
