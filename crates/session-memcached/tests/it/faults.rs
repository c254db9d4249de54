//! What a broken, full or unfit server does to a call, and to the calls after it.

use crate::common::{Admin, MINUTE, Server, create, eventually, free_port, key, writes};
use memcache::exp::AsyncMemcache;
use session_core::{Bytes, ErrorKind, Precondition, Record, Store, StoreKey};
use session_memcached::{MemcachedOptions, MemcachedStore};
use session_testkit::proxy::{CutReport, Mode};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// The operation timeout, with slack for a machine that does other things.
const DEADLINE: Duration = Duration::from_secs(2);

async fn in_time<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE * 5, call).await.expect("the calls end within their deadlines")
}

async fn lazy(addr: SocketAddr) -> MemcachedStore {
    let builder = AsyncMemcache::builder().connect_timeout(Duration::from_millis(300));
    MemcachedStore::from_client(builder.connect_async([addr]).await.unwrap())
}

#[tokio::test]
async fn connecting_to_nothing_is_unavailable() {
    let error = in_time(MemcachedStore::connect(format!("127.0.0.1:{}", free_port()))).await;
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
}

#[tokio::test]
async fn connecting_wants_every_server() {
    let server = Server::start().await;
    let options = MemcachedOptions::new([server.name(), format!("127.0.0.1:{}", free_port())]);
    let error = in_time(MemcachedStore::connect(options)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
}

#[tokio::test]
async fn silent_server_is_given_up_on() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let options = MemcachedOptions::from(listener.local_addr().unwrap().to_string())
        .connect_timeout(Duration::from_millis(200));
    let error = in_time(MemcachedStore::connect(options)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
}

/// A host that drops packets: the kernel answers no further connection to a full queue.
#[tokio::test]
async fn host_that_cannot_be_dialled_leaves_no_doubt_about_writes() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let listener = socket.listen(1).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) =
        tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(addr)).await
    {
        queue.push(stream.unwrap());
        assert!(queue.len() < 100, "the queue of connections fills up");
    }
    let store = lazy(addr).await;
    let error = in_time(store.load(&key("none"))).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true));
    let loaded = Record { payload: "old".into(), cas: 1, ttl: MINUTE.ttl };
    for result in in_time(writes(&store, &key("none"), &loaded)).await {
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    }
}

#[tokio::test]
async fn dead_server_is_unavailable_and_the_store_outlives_it() {
    let mut server = Server::start().await;
    let store = MemcachedStore::connect(server.name()).await.unwrap();
    for _ in 0..3 {
        let loaded = create(&store, &key("restart"), "old").await;
        server.kill();
        let error = in_time(store.load(&key("restart"))).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
        for result in in_time(writes(&store, &key("restart"), &loaded)).await {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
        }
        server.restart().await;
        let loaded = in_time(store.load(&key("restart"))).await;
        assert_eq!(loaded.unwrap(), None, "the first call after the restart");
    }
}

#[tokio::test]
async fn frozen_server_times_loads_out_and_leaves_writes_unknown() {
    let server = Server::start().await;
    let store = MemcachedStore::connect(server.name()).await.unwrap();
    let loaded = create(&store, &key("hunter2"), "old").await;
    server.freeze();
    // The signal takes a moment to stop every thread of the server.
    let error = loop {
        if let Err(error) = in_time(store.load(&key("hunter2"))).await {
            break error;
        }
    };
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true));
    for result in in_time(writes(&store, &key("hunter2"), &loaded)).await {
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unknown, false));
        assert!(!format!("{error:#} {error:?}").contains("hunter2"), "{error:?}");
    }
    server.thaw();
    eventually("the server goes on", async || store.load(&key("hunter2")).await.is_ok()).await;
}

#[tokio::test]
async fn missing_server_is_no_missing_session_and_the_others_go_on() {
    let servers = [Server::start().await, Server::start().await, Server::start().await];
    let options = MemcachedOptions::new(servers.iter().map(Server::name));
    let store = MemcachedStore::connect(options).await.unwrap();
    let keys: Vec<StoreKey> = (0..60).map(|number| key(&format!("{number}"))).collect();
    for key in &keys {
        create(&store, key, "x").await;
    }
    let mut admins = [servers[0].admin(), servers[1].admin(), servers[2].admin()];
    let mut holders = Vec::new();
    for key in &keys {
        let held = |admin: &mut Admin| admin.get(key.as_str()).is_some();
        let found: Vec<bool> = admins.iter_mut().map(held).collect();
        assert_eq!(found.iter().filter(|held| **held).count(), 1, "one server holds a key");
        holders.push(found.iter().position(|held| *held).unwrap());
    }
    for server in 0..3 {
        assert!(holders.contains(&server), "keys lie on every server: {holders:?}");
    }

    let [mut dead, _second, _third] = servers;
    dead.kill();
    for (key, holder) in keys.iter().zip(holders) {
        let loaded = store.load(key).await;
        let created = store.write(key, "y".into(), &MINUTE, Precondition::Absent).await;
        if holder == 0 {
            assert_eq!(loaded.unwrap_err().kind(), ErrorKind::Unavailable);
            assert_eq!(created.unwrap_err().kind(), ErrorKind::Unavailable);
        } else {
            assert_eq!(loaded.unwrap().unwrap().payload, "x");
            assert!(!created.unwrap().is_written());
        }
    }
}

#[tokio::test]
async fn load_whose_reply_is_lost_asks_once_more() {
    let server = Server::start().await;
    let proxy = server.proxy().await;
    let store = MemcachedStore::connect(proxy.addr().to_string()).await.unwrap();
    create(&store, &key("cut"), "x").await;
    proxy.cut_reply_to(b"session:cut");
    assert_eq!(store.load(&key("cut")).await.unwrap().unwrap().payload, "x");
    assert_eq!(proxy.cut_report(), CutReport { requests: 2, is_cut: true });
}

#[tokio::test]
async fn write_after_idle_connections_were_closed_is_applied() {
    let server = Server::start().await;
    let proxy = server.proxy().await;
    let store = MemcachedStore::connect(proxy.addr().to_string()).await.unwrap();
    let mut loaded = create(&store, &key("idle"), "0").await;
    for _ in 0..10 {
        let connections = proxy.connections();
        proxy.set(Mode::Refuse).await;
        proxy.set(Mode::Forward).await;
        // The end of the connection has reached this process.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let unchanged = Precondition::Unchanged(&loaded);
        let written = store.write(&key("idle"), "1".into(), &MINUTE, unchanged).await;
        assert!(written.unwrap().is_written());
        assert_eq!(proxy.connections(), connections + 1);
        loaded = store.load(&key("idle")).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn connection_is_used_again() {
    let server = Server::start().await;
    let proxy = server.proxy().await;
    let store = MemcachedStore::connect(proxy.addr().to_string()).await.unwrap();
    create(&store, &key("reused"), "x").await;
    let connections = proxy.connections();
    for _ in 0..20 {
        store.load(&key("reused")).await.unwrap();
    }
    assert_eq!(proxy.connections(), connections);
}

#[tokio::test]
async fn server_without_cas_is_unsupported() {
    let server = Server::start_with(&["-C"]).await;
    let error = MemcachedStore::connect(server.name()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unsupported, false));

    let store = lazy(server.addr()).await;
    let written = store.write(&key("c"), "x".into(), &MINUTE, Precondition::Absent).await;
    assert!(written.unwrap().is_written());
    let error = store.load(&key("c")).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unsupported, false));
}

#[tokio::test]
async fn peer_that_is_no_memcached_is_unavailable_for_good() {
    for answer in ["HTTP/1.1 400 Bad Request\r\n\r\n", "ERROR\r\nERROR\r\n"] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let peer = tokio::spawn(async move {
            let mut open = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 64];
                assert_ne!(stream.read(&mut request).await.unwrap(), 0);
                stream.write_all(answer.as_bytes()).await.unwrap();
                open.push(stream);
            }
        });
        let error = in_time(MemcachedStore::connect(addr.to_string())).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        let error = in_time(lazy(addr).await.load(&key("none"))).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        peer.abort();
    }
}

#[tokio::test]
async fn evicted_record_is_gone() {
    let server = Server::start_with(&["-m", "2"]).await;
    let store = MemcachedStore::connect(server.name()).await.unwrap();
    let large = Bytes::from(vec![b'x'; 200_000]);
    let keys: Vec<StoreKey> = (0..50).map(|number| key(&format!("{number}"))).collect();
    for key in &keys {
        let written = store.write(key, large.clone(), &MINUTE, Precondition::Absent).await;
        assert!(written.unwrap().is_written());
    }
    assert_eq!(store.load(&keys[0]).await.unwrap(), None, "the oldest made room");
    assert!(store.load(&keys[49]).await.unwrap().is_some());
}

#[tokio::test]
async fn server_that_refuses_to_evict_fails_truthfully() {
    let server = Server::start_with(&["-m", "2", "-M"]).await;
    let store = MemcachedStore::connect(server.name()).await.unwrap();
    let large = Bytes::from(vec![b'x'; 200_000]);
    let mut refused = None;
    for number in 0..50 {
        let key = key(&format!("{number}"));
        let written = store.write(&key, large.clone(), &MINUTE, Precondition::Absent).await;
        if let Err(error) = written {
            refused = Some((key, error));
            break;
        }
    }
    let (new, error) = refused.expect("the server is full before long");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    assert_eq!(store.load(&new).await.unwrap(), None, "nothing was written");

    let loaded = store.load(&key("0")).await.unwrap().unwrap();
    let unchanged = Precondition::Unchanged(&loaded);
    let error = store.write(&key("0"), large, &MINUTE, unchanged).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unknown, false));
}
