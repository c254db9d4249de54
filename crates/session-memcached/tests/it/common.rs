//! Servers of a test's own, to look into and to break.

use session_core::{Bytes, Lease, Precondition, Record, Store, StoreKey};
use session_testkit::MemcachedServer;
use session_testkit::proxy::Proxy;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

pub(crate) const MINUTE: Lease<'static> = Lease { ttl: Duration::from_secs(60), owner: None };

/// An empty server on a port of its own; it dies with the test.
pub(crate) struct Server(MemcachedServer);

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub(crate) async fn start_with(args: &'static [&'static str]) -> Self {
        Self(MemcachedServer::start_with(args).await.unwrap())
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.0.addr()
    }

    pub(crate) fn name(&self) -> String {
        self.0.url()
    }

    pub(crate) async fn proxy(&self) -> Proxy {
        Proxy::start(self.addr()).await.unwrap()
    }

    /// A connection apart from those of the store.
    pub(crate) fn admin(&self) -> Admin {
        let stream = TcpStream::connect(self.addr()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Admin(BufReader::new(stream))
    }

    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
    }

    pub(crate) async fn restart(&mut self) {
        self.0.restart().await.unwrap();
    }

    pub(crate) fn freeze(&self) {
        self.0.freeze().unwrap();
    }

    pub(crate) fn thaw(&self) {
        self.0.thaw().unwrap();
    }
}

/// A client that speaks the protocol word by word, as another program would.
pub(crate) struct Admin(BufReader<TcpStream>);

impl Admin {
    /// Sends `command`, a line end is added, and returns the first line of the answer.
    pub(crate) fn tell(&mut self, command: impl AsRef<[u8]>) -> String {
        let command = [command.as_ref(), b"\r\n"].concat();
        self.0.get_mut().write_all(&command).unwrap();
        self.line()
    }

    /// The `set` of Flask's clients.
    pub(crate) fn set(&mut self, key: &str, flags: u32, exptime: u64, value: &[u8]) {
        let head = format!("set {key} {flags} {exptime} {}\r\n", value.len());
        assert_eq!(self.tell([head.as_bytes(), value].concat()), "STORED");
    }

    /// The flags, the remaining seconds and the value.
    pub(crate) fn get(&mut self, key: &str) -> Option<(u32, i64, Vec<u8>)> {
        let head = self.tell(format!("mg {key} f t v"));
        let mut words = head.split(' ');
        if words.next() != Some("VA") {
            return None;
        }
        let mut value = vec![0; words.next().unwrap().parse().unwrap()];
        let flags = words.next().unwrap()[1..].parse().unwrap();
        let left = words.next().unwrap()[1..].parse().unwrap();
        self.0.read_exact(&mut value).unwrap();
        self.line();
        Some((flags, left, value))
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Asks until the condition holds; a test that waits for ten seconds has failed.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn key(name: &str) -> StoreKey {
    StoreKey::new("session:", name)
}

/// Creates a record and returns it as loaded.
pub(crate) async fn create(store: &impl Store, key: &StoreKey, payload: &'static str) -> Record {
    let created = store.write(key, Bytes::from(payload), &MINUTE, Precondition::Absent).await;
    assert!(created.unwrap().is_written());
    store.load(key).await.unwrap().unwrap()
}
