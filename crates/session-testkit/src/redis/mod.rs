//! A Redis server of a test's own, to count what reaches it and to break.

mod cluster;
mod sentinel;

pub use cluster::RedisCluster;
pub use sentinel::RedisSentinels;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep};

const STARTS_WITHIN: Duration = Duration::from_secs(10);
/// Ports that are tried after the first turned out to be another server's.
const ATTEMPTS: usize = 4;

/// An empty Redis server on a loopback port of its own; it dies with this value.
///
/// The binary is the one that `SESSION_TEST_REDIS_SERVER` names, else `redis-server` in the path.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    addr: SocketAddr,
    args: Vec<String>,
    /// Where it works; a replica keeps there what it was sent.
    _dir: TempDir,
    /// Keeps the ports from others while the server is dead: its peers would take who answers
    /// there for the server.
    _reserved: [TcpSocket; 2],
}

impl RedisServer {
    /// Starts a server that keeps nothing when it ends, and waits until it answers.
    ///
    /// # Errors
    ///
    /// If there is no such binary, or it does not answer within ten seconds.
    pub async fn start() -> io::Result<Self> {
        Self::with(|_| Ok(Vec::new())).await
    }

    /// Starts a server that has every write on the disk, in `dir`, before it answers.
    ///
    /// # Errors
    ///
    /// Those of [`start`](Self::start).
    pub async fn durable(dir: &Path) -> io::Result<Self> {
        let dir = dir.display().to_string();
        let args = ["--appendonly", "yes", "--appendfsync", "always", "--dir", &dir];
        Self::with(|_| Ok(args.map(str::to_owned).to_vec())).await
    }

    /// Starts a server with these arguments; a file of configuration comes first.
    async fn with(args: impl Fn(&Place<'_>) -> io::Result<Vec<String>>) -> io::Result<Self> {
        let mut attempts = 0..ATTEMPTS;
        loop {
            let reserved = [reserve()?, reserve()?];
            let addr = reserved[0].local_addr()?;
            let dir = tempfile::tempdir()?;
            let place = Place { dir: dir.path(), bus: reserved[1].local_addr()?.port() };
            let mut args = args(&place)?;
            if !args.iter().any(|arg| arg == "--dir") {
                args.extend(["--dir".to_owned(), dir.path().display().to_string()]);
            }
            let mut server =
                Self { child: spawn(addr, &args)?, addr, args, _dir: dir, _reserved: reserved };
            match server.wait_until_it_answers().await {
                Err(error) if is_taken(&error) && attempts.next().is_some() => {}
                waited => return waited.map(|()| server),
            }
        }
    }

    /// Ends the server without a warning.
    ///
    /// # Errors
    ///
    /// Those of [`Child::kill`].
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Starts a killed server again at its address, with the data that a durable one kept.
    ///
    /// # Errors
    ///
    /// Those of [`start`](Self::start).
    pub async fn restart(&mut self) -> io::Result<()> {
        self.child = spawn(self.addr, &self.args)?;
        self.wait_until_it_answers().await
    }

    /// Stops the server in whatever it does; its connections stay open.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal("-STOP")
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn thaw(&self) -> io::Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> io::Result<()> {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other("the server has ended")) }
    }

    async fn wait_until_it_answers(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + STARTS_WITHIN;
        // A server that still loads its data answers INFO, but nothing about keys; a sentinel has
        // none.
        let is_sentinel = self.args.iter().any(|arg| arg == "--sentinel");
        let question = if is_sentinel { "PING" } else { "DBSIZE" };
        while let Err(error) = self.tell(question).await {
            if self.child.try_wait()?.is_some() {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, "a port of it was taken"));
            }
            if Instant::now() > deadline {
                return Err(error);
            }
            sleep(Duration::from_millis(5)).await;
        }
        // Between choosing the port and listening there, another test's server may have taken it.
        let text = self.tell("INFO server").await?;
        let process = text.lines().find_map(|line| line.strip_prefix("process_id:"));
        if process == Some(&*self.child.id().to_string()) {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "another server answers at the port"))
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
        let mut stream = BufReader::new(TcpStream::connect(self.addr).await?);
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
}

/// What a server of a test has for itself, beside its port.
struct Place<'a> {
    dir: &'a Path,
    /// A port for talk among nodes.
    bus: u16,
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(addr: SocketAddr, args: &[String]) -> io::Result<Child> {
    let binary = std::env::var_os("SESSION_TEST_REDIS_SERVER");
    let mut command = Command::new(binary.unwrap_or_else(|| "redis-server".into()));
    command.args(args.iter().take_while(|arg| !arg.starts_with('-')));
    command.args(["--bind", "127.0.0.1", "--save", "", "--port"]).arg(addr.port().to_string());
    command.args(args.iter().skip_while(|arg| !arg.starts_with('-')));
    command.stdout(Stdio::null()).spawn()
}

/// Binds a port and never listens there.
fn reserve() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // So that the server may listen there.
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(socket)
}

/// Asks until the condition holds, for thirty seconds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> io::Result<bool>) -> io::Result<()> {
    let deadline = Instant::now() + STARTS_WITHIN * 3;
    while !holds().await? {
        if Instant::now() > deadline {
            return Err(io::Error::other(format!("not within 30 s: {what}")));
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn is_taken(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
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
