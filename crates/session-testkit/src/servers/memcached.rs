//! A Memcached of a test's own, to break.

use super::child::{ChildServer, Place, Program};
use async_trait::async_trait;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// An empty Memcached on a loopback port of its own.
///
/// The binary is the one that `SESSION_TEST_MEMCACHED_SERVER` names, else `memcached` in the path.
pub type MemcachedServer = ChildServer<Memcached>;

/// How a [`MemcachedServer`] is started.
#[derive(Debug)]
pub struct Memcached {
    args: &'static [&'static str],
}

impl ChildServer<Memcached> {
    /// Starts a server and waits until it answers.
    ///
    /// # Errors
    ///
    /// Those of [`ChildServer::launch`].
    pub async fn start() -> io::Result<Self> {
        Self::start_with(&[]).await
    }

    /// Starts a server with these arguments, too.
    ///
    /// # Errors
    ///
    /// Those of [`ChildServer::launch`].
    pub async fn start_with(args: &'static [&'static str]) -> io::Result<Self> {
        Self::launch(|_| Ok(Memcached { args })).await
    }
}

#[async_trait]
impl Program for Memcached {
    fn command(&self, place: &Place) -> io::Result<Command> {
        let binary = std::env::var_os("SESSION_TEST_MEMCACHED_SERVER");
        let mut command = Command::new(binary.unwrap_or_else(|| "memcached".into()));
        command.args(["-l", "127.0.0.1", "-U", "0", "-u", "nobody"]);
        command.args(["-p", &place.addr().port().to_string()]).args(self.args);
        Ok(command)
    }

    async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>> {
        let mut stream = BufReader::new(TcpStream::connect(addr).await?);
        stream.write_all(b"stats\r\n").await?;
        // The first of many lines.
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let id = line.strip_prefix("STAT pid ").and_then(|id| id.trim_end().parse().ok());
        id.map(Some).ok_or_else(|| io::Error::other("no statistics"))
    }

    fn url(&self, addr: SocketAddr) -> String {
        addr.to_string()
    }
}
