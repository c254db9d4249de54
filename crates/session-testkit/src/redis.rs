//! A Redis server of a test's own, to look into and to break.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that was started has answered by then.
const START: Duration = Duration::from_secs(20);

/// An empty Redis on a loopback port of its own; it ends with the test.
///
/// `redis-server` is looked for in the `PATH`, or where `SESSION_TEST_REDIS_SERVER` says.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    port: u16,
    dir: Option<PathBuf>,
}

impl RedisServer {
    /// Starts a server that keeps nothing when it ends.
    ///
    /// # Panics
    ///
    /// If it does not answer.
    pub async fn start() -> Self {
        Self::launch(None).await
    }

    /// Starts a server that flushes every write to a file in `dir` before it answers.
    ///
    /// # Panics
    ///
    /// If it does not answer.
    pub async fn durable(dir: &Path) -> Self {
        Self::launch(Some(dir.to_owned())).await
    }

    async fn launch(dir: Option<PathBuf>) -> Self {
        let port = free_port();
        let server = Self { child: spawn(port, dir.as_deref()), port, dir };
        server.wait_until_it_answers().await;
        server
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Its address as a store takes it.
    pub fn url(&self) -> String {
        format!("redis://{}", self.addr())
    }

    /// Ends it without a warning.
    pub fn kill(&mut self) {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        killed.expect("a child can be killed");
    }

    /// Starts it again on the same port, with the data that a durable one kept.
    ///
    /// # Panics
    ///
    /// If it does not answer.
    pub async fn restart(&mut self) {
        self.child = spawn(self.port, self.dir.as_deref());
        self.wait_until_it_answers().await;
    }

    /// Stops it in the middle of whatever it does; connections stay open.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status();
        assert!(status.is_ok_and(|status| status.success()), "a child can be signalled");
    }

    async fn wait_until_it_answers(&self) {
        let started = Instant::now();
        while !self.answers().unwrap_or(false) {
            assert!(started.elapsed() < START, "redis-server does not answer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Whether it serves; while it loads its data it answers with an error.
    fn answers(&self) -> io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&self.addr(), START)?;
        stream.set_read_timeout(Some(START))?;
        stream.write_all(b"PING\r\n")?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        Ok(line.starts_with("+PONG"))
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, dir: Option<&Path>) -> Child {
    let binary = std::env::var_os("SESSION_TEST_REDIS_SERVER");
    let mut command = Command::new(binary.unwrap_or_else(|| "redis-server".into()));
    command.args(["--bind", "127.0.0.1", "--save", "", "--port", &port.to_string()]);
    if let Some(dir) = dir {
        command.args(["--appendonly", "yes", "--appendfsync", "always", "--dir"]).arg(dir);
    }
    let spawned = command.stdout(Stdio::null()).spawn();
    spawned.expect("redis-server is in the PATH, or SESSION_TEST_REDIS_SERVER names it")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
    listener.expect("a loopback port is free").port()
}
