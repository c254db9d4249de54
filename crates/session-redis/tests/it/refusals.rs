//! What a server that answers, but not as asked, does to a call, and to the calls after it.

use crate::common::{
    MINUTE, Server, WRITTEN, client_ids, create, dead_port, eventually, in_time, key, tell, writes,
};
use session_core::{ErrorKind, Precondition, Store};
use session_redis::RedisStore;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn flushed_scripts_disturb_no_write() {
    let server = Server::start().await;
    let store = Arc::new(RedisStore::connect(server.url()).await.unwrap());
    let mut admin = server.admin().await;
    create(&*store, &key("flush"), "0").await;
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let key = key(&format!("flush-{writer}"));
                let mut loaded = create(&*store, &key, "0").await;
                for count in 1..=100 {
                    let same = Precondition::Unchanged(&loaded);
                    let next = count.to_string();
                    let written = store.write(&key, next.clone().into(), &MINUTE, same).await;
                    assert_eq!(written.unwrap(), WRITTEN);
                    loaded.payload = next.into();
                    assert_eq!(store.touch(&key, &MINUTE, &loaded).await.unwrap(), WRITTEN);
                }
            })
        })
        .collect();
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        tell(&mut admin, "SCRIPT FLUSH").await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn refused_log_in_is_not_retryable_and_ends_with_its_cause() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    tell(&mut admin, "CONFIG SET requirepass hunter2").await;
    tell(&mut admin, "CLIENT KILL TYPE normal SKIPME yes").await;
    let wrong = RedisStore::connect_lazy(server.url().replace("//", "//:hunter1@")).unwrap();
    for store in [&store as &dyn Store, &wrong] {
        let error = store.load(&key("auth")).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
    }
    RedisStore::connect(server.url().replace("//", "//:hunter2@")).await.unwrap();
    tell(&mut admin, "CONFIG SET requirepass \"\"").await;
    // For about a second the refusal is remembered.
    eventually("it is let in", async || store.load(&key("auth")).await.is_ok()).await;
}

#[tokio::test]
async fn server_without_a_free_slot_is_unavailable_until_it_has_one() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    for query in ["", "?protocol=resp2"] {
        let store = RedisStore::connect(format!("{}{query}", server.url())).await.unwrap();
        tell(&mut admin, "CONFIG SET maxclients 1").await;
        tell(&mut admin, "CLIENT KILL TYPE normal SKIPME yes").await;
        let error = in_time(store.load(&key("slot"))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        tell(&mut admin, "CONFIG SET maxclients 100").await;
        assert_eq!(store.load(&key("slot")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn server_that_refuses_writes_is_unavailable_and_wrote_nothing() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    let loaded = create(&store, &key("refused"), "old").await;
    let replica = format!("REPLICAOF 127.0.0.1 {}", dead_port());
    for (refuse, serve, is_delete_refused) in [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", false),
        (replica.as_str(), "REPLICAOF NO ONE", true),
        ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0", true),
    ] {
        tell(&mut admin, refuse).await;
        let unchanged = Precondition::Unchanged(&loaded);
        let absent = Precondition::Absent;
        let results = [
            store.write(&key("other"), "new".into(), &MINUTE, absent).await.map(drop),
            store.write(&key("refused"), "new".into(), &MINUTE, unchanged).await.map(drop),
        ];
        for result in results {
            let error = result.expect_err(refuse);
            let seen = (error.kind(), error.is_retryable());
            assert_eq!(seen, (ErrorKind::Unavailable, true), "{refuse}: {error}");
        }
        if is_delete_refused {
            for result in writes(&store, &key("refused"), &loaded).await {
                assert_eq!(result.expect_err(refuse).kind(), ErrorKind::Unavailable, "{refuse}");
            }
        }
        assert_eq!(store.load(&key("refused")).await.unwrap().unwrap().payload, "old");
        assert_eq!(store.load(&key("other")).await.unwrap(), None);
        tell(&mut admin, serve).await;
        let touched = store.touch(&key("refused"), &MINUTE, &loaded).await;
        assert_eq!(touched.unwrap(), WRITTEN, "{serve}");
    }
}

/// After a failover the name in the URL leads to another server, which only a new connection finds.
#[tokio::test]
async fn replica_is_left_for_a_new_connection() {
    let server = Server::start().await;
    let mut admin = server.admin().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    let before = client_ids(&mut admin).await;
    tell(&mut admin, &format!("REPLICAOF 127.0.0.1 {}", dead_port())).await;
    assert!(store.delete(&key("replica"), None, None).await.is_err());
    tell(&mut admin, "REPLICAOF NO ONE").await;
    assert!(!store.delete(&key("replica"), None, None).await.unwrap());
    let after = client_ids(&mut admin).await;
    assert_ne!(before, after);
}

#[cfg(feature = "rustls")]
#[tokio::test]
async fn tls_to_a_server_without_it_is_unavailable() {
    let server = Server::start().await;
    let url = server.url().replace("redis://", "rediss://");
    let error = in_time(RedisStore::connect(url)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

/// A stand-in for servers that are not to be had: Redis before 6 in two wordings, and proxies.
#[tokio::test]
async fn refused_hello_suggests_the_older_protocol_in_whatever_words() {
    for words in [
        "ERR unknown command 'HELLO'",
        "ERR unknown command `HELLO`, with args beginning with: `3`,",
        "ERR unsupported command",
        "ERR Protocol version is not an integer or out of range",
        "NOPROTO unsupported protocol version",
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let answer = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut [0; 1]).await.unwrap();
            stream.write_all(format!("-{words}\r\n").as_bytes()).await.unwrap();
        };
        let (connected, ()) = tokio::join!(RedisStore::connect(url), answer);
        let error = connected.unwrap_err();
        assert!(error.to_string().contains("?protocol=resp2"), "{words}: {error:?}");
        assert!(!error.is_retryable(), "{words}");
    }
}

#[tokio::test]
async fn refused_database_is_named() {
    let server = Server::start().await;
    for query in ["", "?protocol=resp2"] {
        let connected = RedisStore::connect(format!("{}/99{query}", server.url())).await;
        let error = connected.unwrap_err();
        assert!(error.to_string().contains("database"), "{error:?}");
        assert!(!error.is_retryable(), "{error:?}");
    }
}

#[cfg(feature = "sentinel")]
#[tokio::test]
async fn server_that_is_no_sentinel_knows_no_service() {
    let server = Server::start().await;
    let url = server.url().replace("redis://", "redis+sentinel://") + "/mymaster";
    let error = RedisStore::connect(url).await.unwrap_err();
    assert!(error.to_string().contains("service"), "{error:?}");
}
