//! The proxy does what the fault clauses rely on.

use session_testkit::proxy::{CutReport, Mode, Proxy};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers every eight bytes with the same eight.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 8];
                while stream.read_exact(&mut request).await.is_ok() {
                    stream.write_all(&request).await.unwrap();
                }
            });
        }
    });
    addr
}

async fn ask(stream: &mut TcpStream, request: &[u8; 8]) -> std::io::Result<[u8; 8]> {
    stream.write_all(request).await?;
    let mut reply = [0; 8];
    stream.read_exact(&mut reply).await?;
    Ok(reply)
}

#[tokio::test]
async fn connections_and_round_trips_are_counted() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
        for _ in 0..3 {
            assert_eq!(ask(&mut stream, b"question").await.unwrap(), *b"question");
        }
    }
    assert_eq!((proxy.connections(), proxy.round_trips()), (2, 6));
}

#[tokio::test]
async fn refusing_proxy_drops_connections_and_comes_back_on_its_port() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    ask(&mut stream, b"question").await.unwrap();
    for _ in 0..3 {
        proxy.set(Mode::Refuse).await;
        assert!(ask(&mut stream, b"question").await.is_err());
        let refused = TcpStream::connect(proxy.addr()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        proxy.set(Mode::Forward).await;
        stream = TcpStream::connect(proxy.addr()).await.unwrap();
        assert_eq!(ask(&mut stream, b"question").await.unwrap(), *b"question");
    }
}

#[tokio::test]
async fn frozen_proxy_holds_bytes_back_and_passes_them_on_later() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut open = TcpStream::connect(proxy.addr()).await.unwrap();
    ask(&mut open, b"question").await.unwrap();
    proxy.set(Mode::Freeze).await;
    let mut late = TcpStream::connect(proxy.addr()).await.unwrap();
    for stream in [&mut open, &mut late] {
        let answer = tokio::time::timeout(Duration::from_millis(50), ask(stream, b"question"));
        assert!(answer.await.is_err());
    }
    proxy.set(Mode::Forward).await;
    for mut stream in [open, late] {
        let mut reply = [0; 8];
        stream.read_exact(&mut reply).await.unwrap();
        assert_eq!(reply, *b"question");
    }
}

#[tokio::test]
async fn reply_to_one_request_is_cut_and_its_repetitions_are_counted() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut bystander = TcpStream::connect(proxy.addr()).await.unwrap();
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    proxy.cut_reply_to(b"needle");
    ask(&mut stream, b"question").await.unwrap();
    assert_eq!(proxy.cut_report(), CutReport::default());
    assert!(ask(&mut stream, b"a needle").await.is_err());
    assert_eq!(proxy.cut_report(), CutReport { requests: 1, is_cut: true });

    assert_eq!(ask(&mut bystander, b"needle b").await.unwrap(), *b"needle b");
    assert_eq!(proxy.cut_report(), CutReport { requests: 2, is_cut: true });
}

#[tokio::test]
async fn needle_is_found_across_chunks() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    proxy.cut_reply_to(b"needle");
    stream.write_all(b"a nee").await.unwrap();
    while proxy.round_trips() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(ask(&mut stream, b"dle questio"[..8].try_into().unwrap()).await.is_err());
    assert!(proxy.cut_report().is_cut);
}
