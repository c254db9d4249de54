//! Servers of a test's own, to look into and to break.

use session_testkit::MemcachedServer;
use session_testkit::proxy::Proxy;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

pub(crate) use session_testkit::steps::{MINUTE, create, eventually, key, writes};

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
