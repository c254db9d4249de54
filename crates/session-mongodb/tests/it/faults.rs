//! What a broken server or network does to a call, and to the calls after it.

use crate::common::{
    MINUTE, Place, WRITES, WRITTEN, Write, create, eventually, fail, free_port, in_time, key,
    payload,
};
use mongodb::bson::doc;
use session_core::{ErrorKind, Precondition, Store};
use session_mongodb::{MongoOptions, MongoStore};
use session_testkit::proxy::{CutReport, Proxy};
use session_testkit::{MongoServer, server};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// A store with the deadlines that applications have.
async fn strict(place: &Place) -> MongoStore {
    let store = MongoStore::connect(place.options()).await.unwrap();
    store.init().await.unwrap();
    store
}

#[tokio::test]
async fn connecting_to_nothing_is_unavailable() {
    let url = format!("mongodb://app:hunter2@127.0.0.1:{}", free_port());
    let error = in_time(MongoStore::connect(url)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    assert!(!format!("{error:#} {error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn silent_host_is_given_up_on() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("mongodb://{}", listener.local_addr().unwrap());
    let options = MongoOptions::new(url).connect_timeout(Duration::from_millis(300));
    let error = in_time(MongoStore::connect(options)).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout), "{error}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn unacknowledged_writes_are_refused_at_once() {
    let url = format!("{}&w=0", Place::new().url);
    let error = MongoStore::connect(url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}

#[tokio::test]
async fn killed_server_is_unavailable_and_the_data_and_the_store_outlive_it() {
    let mut server = MongoServer::start().await.unwrap();
    let store = strict(&Place::on(&server)).await;
    let loaded = create(&store, &key("kept"), "old").await;
    for _ in 0..2 {
        server.kill().unwrap();
        // The driver hears of it from the closed connection that it watches the server by.
        eventually("the crash is noticed", async || {
            let error = in_time(store.load(&key("kept"))).await.unwrap_err();
            assert!(error.is_retryable());
            error.kind() == ErrorKind::Unavailable
        })
        .await;
        for write in WRITES {
            let error = in_time(write.make(&store, &key("kept"), &loaded)).await.unwrap_err();
            let seen = (error.kind(), error.is_retryable());
            assert_eq!(seen, (ErrorKind::Unavailable, true), "{write:?}: {error}");
        }
        server.restart().await.unwrap();
        eventually("the store recovers", async || store.load(&key("kept")).await.is_ok()).await;
        assert_eq!(payload(&store, &key("kept")).await.as_deref(), Some(&b"old"[..]));
        assert_eq!(store.touch(&key("kept"), &MINUTE, &loaded).await.unwrap(), WRITTEN);
    }
}

#[tokio::test]
async fn frozen_server_is_a_timeout_to_reads_and_unknown_to_writes() {
    let server = MongoServer::start().await.unwrap();
    let store = strict(&Place::on(&server)).await;
    for write in WRITES {
        let loaded = write.prepare(&store, &key("frozen")).await;
        server.freeze().unwrap();
        let error = in_time(write.make(&store, &key("frozen"), &loaded)).await.unwrap_err();
        let seen = (error.kind(), error.is_retryable());
        assert_eq!(seen, (ErrorKind::Unknown, false), "{write:?}: {error}");
        let error = in_time(store.load(&key("frozen"))).await.unwrap_err();
        assert!(error.is_retryable() && error.kind() != ErrorKind::Unknown, "{error}");
        server.thaw().unwrap();
        eventually("the server goes on", async || store.load(&key("frozen")).await.is_ok()).await;
    }
}

/// Many writers, and a server that is killed and frozen under them: what was acknowledged is
/// there, what was refused is not, and only what is called unknown may be either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_killed_and_frozen_under_load_loses_no_acknowledged_write() {
    let mut server = MongoServer::start().await.unwrap();
    let store = Arc::new(strict(&Place::on(&server)).await);
    let tally = Arc::new([const { AtomicU64::new(0) }; 3]);
    let is_over = Arc::new(AtomicBool::new(false));
    create(&*store, &key("n"), "0").await;
    let writers: Vec<_> = (0..6)
        .map(|_| {
            let (store, tally, is_over) =
                (Arc::clone(&store), Arc::clone(&tally), Arc::clone(&is_over));
            tokio::spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    let Ok(Some(loaded)) = in_time(store.load(&key("n"))).await else { continue };
                    let n: u64 = std::str::from_utf8(&loaded.payload).unwrap().parse().unwrap();
                    let same = Precondition::Unchanged(&loaded);
                    let next = (n + 1).to_string();
                    let key = key("n");
                    let answer = store.write(&key, next.into(), &MINUTE, same);
                    match in_time(answer).await {
                        Ok(outcome) if outcome == WRITTEN => &tally[0],
                        Err(error) if error.kind() == ErrorKind::Unknown => &tally[1],
                        _ => &tally[2],
                    }
                    .fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    let more = async |count: u64| {
        let goal = tally[0].load(Ordering::SeqCst) + count;
        eventually("writes are applied", async || tally[0].load(Ordering::SeqCst) >= goal).await;
    };
    for round in 0..4 {
        more(20).await;
        if round % 2 == 0 {
            server.kill().unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.restart().await.unwrap();
        } else {
            server.freeze().unwrap();
            tokio::time::sleep(Duration::from_millis(800)).await;
            server.thaw().unwrap();
        }
    }
    more(20).await;
    is_over.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    let stored: u64 =
        std::str::from_utf8(&payload(&*store, &key("n")).await.unwrap()).unwrap().parse().unwrap();
    let [acknowledged, unknown, _] = [0, 1, 2].map(|at| tally[at].load(Ordering::SeqCst));
    assert!((acknowledged..=acknowledged + unknown).contains(&stored));
}

/// Twice armed, so that a driver that tries again is found out: it would use up both.
#[tokio::test]
async fn write_whose_connection_breaks_is_unknown_and_never_repeated() {
    let server = MongoServer::start().await.unwrap();
    let place = Place::on(&server);
    let client = place.client().await;
    let own = place.store().await;
    let shared = MongoStore::from_client(place.client().await, place.patient()).await.unwrap();
    for store in [&own, &shared] {
        for write in WRITES {
            let loaded = write.prepare(store, &key("cut")).await;
            fail(&client, &[write.command()], 2, doc! { "closeConnection": true }).await;
            for _ in 0..2 {
                let error = in_time(write.make(store, &key("cut"), &loaded)).await.unwrap_err();
                let seen = (error.kind(), error.is_retryable());
                assert_eq!(seen, (ErrorKind::Unknown, false), "{write:?}: {error}");
            }
            assert!(write.make(store, &key("cut"), &loaded).await.unwrap(), "{write:?}");
        }
    }
}

#[tokio::test]
async fn write_whose_reply_is_cut_is_unknown_and_applied_once() {
    let place = Place::new();
    let direct = place.store().await;
    let proxy = Proxy::start(server::socket_addr(&place.url, None).unwrap()).await.unwrap();
    let through =
        Place { name: place.name.clone(), url: server::redirect(&place.url, proxy.addr()) };
    // The driver's defaults for the application's own client: it would retry its own writes.
    let client = mongodb::Client::with_uri_str(&through.url).await.unwrap();
    let shared = MongoStore::from_client(client, through.patient()).await.unwrap();
    let own = MongoStore::connect(through.patient()).await.unwrap();
    for store in [&own, &shared] {
        for write in WRITES {
            let loaded = write.prepare(&direct, &key("reply")).await;
            proxy.cut_reply_to(b"session:reply");
            let error = write.make(store, &key("reply"), &loaded).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unknown, "{write:?}: {error}");
            assert_eq!(proxy.cut_report(), CutReport { requests: 1, is_cut: true }, "{write:?}");
            let left = payload(&direct, &key("reply")).await;
            assert_eq!(left.as_deref(), write.after().map(str::as_bytes), "{write:?}");
        }
        let _ = Write::Touch.prepare(&direct, &key("reply")).await;
        proxy.cut_reply_to(b"session:reply");
        assert_eq!(payload(store, &key("reply")).await.as_deref(), Some(&b"old"[..]));
        assert_eq!(
            proxy.cut_report(),
            CutReport { requests: 2, is_cut: true },
            "a load asks again"
        );
    }
}

#[tokio::test]
async fn dropped_calls_leave_the_connections_as_they_are() {
    let place = Place::new();
    place.store().await;
    let proxy = Proxy::start(server::socket_addr(&place.url, None).unwrap()).await.unwrap();
    let url = format!("{}&maxPoolSize=2", server::redirect(&place.url, proxy.addr()));
    let through = Place { name: place.name.clone(), url };
    let store = Arc::new(MongoStore::connect(through.patient()).await.unwrap());
    for n in 0..8 {
        let key = key(&n.to_string());
        let created = store.write(&key, n.to_string().into(), &MINUTE, Precondition::Absent).await;
        assert_eq!(created.unwrap(), WRITTEN);
    }
    let before = proxy.connections();
    for round in 0..40_u64 {
        let calls: Vec<_> = (0..8)
            .map(|n| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    let loaded = store.load(&key(&n.to_string())).await.unwrap().unwrap();
                    assert_eq!(loaded.payload, n.to_string(), "replies are not mixed up");
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_micros(round * 100)).await;
        for (n, call) in calls.into_iter().enumerate() {
            if n % 2 == 0 {
                call.abort();
            } else {
                call.await.unwrap();
            }
        }
    }
    // Two may be opened for the pool, and two more by the driver's own watch over the server.
    let opened = proxy.connections() - before;
    assert!(opened <= 4, "{opened} connections were opened in place of broken ones");
}
