//! A Redis server of a test's own, to count what reaches it and to break.

mod cluster;
mod sentinel;

pub use cluster::RedisCluster;
pub use sentinel::RedisSentinels;

use super::child::{ChildServer, Place, Program};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep};

/// Nodes agree about themselves within this time.
const AGREES_WITHIN: Duration = Duration::from_secs(30);

/// An empty Redis server on a loopback port of its own.
///
/// The binary is the one that `SESSION_TEST_REDIS_SERVER` names, else `redis-server` in the path.
pub type RedisServer = ChildServer<Redis>;

/// How a [`RedisServer`] is started.
#[derive(Debug, Default)]
pub struct Redis {
    /// A file of configuration comes first.
    args: Vec<String>,
    /// Where the nodes of a cluster talk to this one.
    bus: Option<TcpSocket>,
}

#[async_trait]
impl Program for Redis {
    fn command(&self, place: &Place) -> io::Result<Command> {
        let binary = std::env::var_os("SESSION_TEST_REDIS_SERVER");
        let mut command = Command::new(binary.unwrap_or_else(|| "redis-server".into()));
        command.args(self.args.iter().take_while(|arg| !arg.starts_with('-')));
        command.args(["--bind", "127.0.0.1", "--save", "", "--dir"]).arg(place.dir());
        command.args(["--port", &place.addr().port().to_string()]);
        command.args(self.args.iter().skip_while(|arg| !arg.starts_with('-')));
        Ok(command)
    }

    async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>> {
        // A server that still loads its data answers INFO, but nothing about keys; a sentinel has
        // none.
        let is_sentinel = self.args.iter().any(|arg| arg == "--sentinel");
        tell(addr, if is_sentinel { "PING" } else { "DBSIZE" }).await?;
        let text = tell(addr, "INFO server").await?;
        let id = text.lines().find_map(|line| line.strip_prefix("process_id:"));
        id.map(|id| id.parse().map_err(io::Error::other)).transpose()
    }

    fn url(&self, addr: SocketAddr) -> String {
        format!("redis://{addr}")
    }
}

impl ChildServer<Redis> {
    /// Starts a server that keeps nothing when it ends, and waits until it answers.
    ///
    /// # Errors
    ///
    /// Those of [`ChildServer::launch`].
    pub async fn start() -> io::Result<Self> {
        Self::launch(|_| Ok(Redis::default())).await
    }

    /// Starts a server that has every write on the disk before it answers.
    ///
    /// # Errors
    ///
    /// Those of [`ChildServer::launch`].
    pub async fn durable() -> io::Result<Self> {
        Self::launch(|_| Ok(Redis::with(["--appendonly", "yes", "--appendfsync", "always"]))).await
    }

    /// How often the server ran each command so far, by its lower-case name; what scripts call
    /// counts too, and the `INFO` and `DBSIZE` that this type asks with do not.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn command_calls(&self) -> io::Result<BTreeMap<String, u64>> {
        let info = self.tell("INFO commandstats").await?;
        let commands = info.lines().filter_map(command_line);
        Ok(commands.filter(|(name, _)| !matches!(&**name, "info" | "dbsize")).collect())
    }

    /// How many keys there are; of expired ones, those that the server has not removed yet count.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn keys(&self) -> io::Result<usize> {
        self.tell("DBSIZE").await?.parse().map_err(io::Error::other)
    }

    /// Sends a command, its words apart by spaces, and returns the text of the reply.
    ///
    /// # Errors
    ///
    /// If the server does not answer, or with an error or a list.
    pub async fn tell(&self, command: &str) -> io::Result<String> {
        tell(self.addr(), command).await
    }
}

impl Redis {
    fn with<const N: usize>(args: [&str; N]) -> Self {
        Self { args: args.map(str::to_owned).to_vec(), bus: None }
    }
}

async fn tell(addr: SocketAddr, command: &str) -> io::Result<String> {
    let mut stream = BufReader::new(TcpStream::connect(addr).await?);
    stream.write_all(format!("{command}\r\n").as_bytes()).await?;
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let line = line.trim_end();
    match (line.as_bytes().first(), line.get(1..).unwrap_or_default()) {
        (Some(b'+' | b':'), text) => Ok(text.to_owned()),
        (Some(b'$'), length) => {
            let mut text = vec![0; length.parse().map_err(io::Error::other)?];
            stream.read_exact(&mut text).await?;
            String::from_utf8(text).map_err(io::Error::other)
        }
        _ => Err(io::Error::other(format!("{command} was turned down: {line}"))),
    }
}

/// Asks until the condition holds, for thirty seconds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> io::Result<bool>) -> io::Result<()> {
    let deadline = Instant::now() + AGREES_WITHIN;
    while !holds().await? {
        if Instant::now() > deadline {
            return Err(io::Error::other(format!("not within 30 s: {what}")));
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
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
