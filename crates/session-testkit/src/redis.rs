//! A Redis server of a test's own, to count on and to break.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

const STARTS_WITHIN: Duration = Duration::from_secs(10);

/// An empty Redis server on a loopback port of its own; it dies with this value.
///
/// The binary is the one that `SESSION_TEST_REDIS_SERVER` names, else `redis-server` in the path.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    addr: SocketAddr,
}

impl RedisServer {
    /// Starts a server and waits until it answers.
    ///
    /// # Errors
    ///
    /// If there is no such binary, or it does not answer within ten seconds.
    pub async fn start() -> io::Result<Self> {
        let addr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let server = Self { child: spawn(addr)?, addr };
        server.answers().await?;
        Ok(server)
    }

    /// Ends the server at once, as a crash does.
    ///
    /// # Errors
    ///
    /// If it has ended already.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Starts an empty server at the same address, after [`kill`](Self::kill).
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn restart(&mut self) -> io::Result<()> {
        self.child = spawn(self.addr)?;
        self.answers().await
    }

    /// Stops the server from running; its connections stay open.
    ///
    /// # Errors
    ///
    /// If the system does not let it.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal("-STOP")
    }

    /// Lets a frozen server run again.
    ///
    /// # Errors
    ///
    /// If the system does not let it.
    pub fn thaw(&self) -> io::Result<()> {
        self.signal("-CONT")
    }

    /// Where the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address as `SESSION_REDIS` takes it.
    pub fn url(&self) -> String {
        format!("redis://{}", self.addr)
    }

    /// How often the server ran each command so far, by its lower-case name; what scripts call
    /// counts too, and the `INFO` that this asks with does not.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn command_calls(&self) -> io::Result<BTreeMap<String, u64>> {
        let info = info(self.addr).await?;
        Ok(info.lines().filter_map(command_line).filter(|(name, _)| name != "info").collect())
    }

    async fn answers(&self) -> io::Result<()> {
        let deadline = Instant::now() + STARTS_WITHIN;
        while let Err(error) = info(self.addr).await {
            if Instant::now() > deadline {
                return Err(error);
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    fn signal(&self, signal: &str) -> io::Result<()> {
        let pid = self.child.id().to_string();
        match Command::new("kill").args([signal, &pid]).status()?.success() {
            true => Ok(()),
            false => Err(io::Error::other("the server could not be signalled")),
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(addr: SocketAddr) -> io::Result<Child> {
    let binary = std::env::var_os("SESSION_TEST_REDIS_SERVER");
    Command::new(binary.unwrap_or_else(|| "redis-server".into()))
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
        .arg(addr.port().to_string())
        .stdout(Stdio::null())
        .spawn()
}

/// Asks in the server's inline form and reads one bulk string.
async fn info(addr: SocketAddr) -> io::Result<String> {
    let mut stream = BufReader::new(TcpStream::connect(addr).await?);
    stream.write_all(b"INFO commandstats\r\n").await?;
    let mut header = String::new();
    stream.read_line(&mut header).await?;
    let len = header.strip_prefix('$').and_then(|len| len.trim_end().parse().ok());
    let mut text = vec![0; len.ok_or_else(|| io::Error::other("INFO was turned down"))?];
    stream.read_exact(&mut text).await?;
    String::from_utf8(text).map_err(io::Error::other)
}

/// Reads `cmdstat_get:calls=3,usec=...`.
fn command_line(line: &str) -> Option<(String, u64)> {
    let (name, stats) = line.strip_prefix("cmdstat_")?.split_once(':')?;
    let calls = stats.strip_prefix("calls=")?.split(',').next()?;
    Some((name.to_owned(), calls.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::command_line;

    #[test]
    fn calls_are_read_from_lines_of_info() {
        let line = "cmdstat_client|setinfo:calls=12,usec=5,usec_per_call=0.42";
        assert_eq!(command_line(line), Some(("client|setinfo".to_owned(), 12)));
        assert_eq!(command_line("# Commandstats"), None);
    }
}
