//! A MongoDB server of a test's own, to break.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// A server of Python that others keep waiting takes its time.
const STARTS_WITHIN: Duration = Duration::from_secs(30);
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// Ports that are tried after the first turned out to be another server's.
const ATTEMPTS: usize = 4;

/// An empty MongoDB server on a loopback port of its own; it dies with this value, and its data
/// do, too.
///
/// The binary is the one that `SESSION_TEST_MONGODB_SERVER` names: `mongod`, or `secantusd-py`,
/// which speaks its protocol. Test commands such as `configureFailPoint` are on.
#[derive(Debug)]
pub struct MongoServer {
    child: Child,
    addr: SocketAddr,
    dir: TempDir,
}

impl MongoServer {
    /// Starts a server and waits until it answers.
    ///
    /// # Errors
    ///
    /// If there is no such binary, or it does not answer within half a minute.
    pub async fn start() -> io::Result<Self> {
        let mut attempts = 0..ATTEMPTS;
        loop {
            let addr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
            let dir = scratch()?;
            let mut server = Self { child: spawn(addr, dir.path())?, addr, dir };
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

    /// Starts a killed server again at its address, with its data.
    ///
    /// # Errors
    ///
    /// Those of [`start`](Self::start).
    pub async fn restart(&mut self) -> io::Result<()> {
        self.child = spawn(self.addr, self.dir.path())?;
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

    /// Where the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address as `SESSION_MONGODB` takes it; what is acknowledged there
    /// outlives the process.
    pub fn url(&self) -> String {
        format!("mongodb://{}/?directConnection=true&journal=true", self.addr)
    }

    fn signal(&self, signal: &str) -> io::Result<()> {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other("the server has ended")) }
    }

    async fn wait_until_it_answers(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + STARTS_WITHIN;
        loop {
            let answer = match timeout(ANSWERS_WITHIN, server_status(self.addr)).await {
                Ok(answer) => answer,
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            };
            match answer {
                // Between choosing the port and listening there, another test's server may have
                // taken it.
                Ok(status) if process_id(&status) == Some(self.child.id()) => return Ok(()),
                Ok(_) => return Err(taken()),
                Err(_) if self.child.try_wait()?.is_some() => return Err(taken()),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

impl Drop for MongoServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In memory, if this system has a place for that: a disk that others keep busy is slow to sync.
fn scratch() -> io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
}

fn spawn(addr: SocketAddr, dir: &Path) -> io::Result<Child> {
    let binary = std::env::var_os("SESSION_TEST_MONGODB_SERVER").ok_or_else(|| {
        let what = "SESSION_TEST_MONGODB_SERVER is not set: run `scripts/services up mongodb` and \
                    export what `scripts/services env` prints";
        io::Error::new(io::ErrorKind::NotFound, what)
    })?;
    let is_mongod = PathBuf::from(&binary).file_name().is_some_and(|name| name == "mongod");
    let mut command = Command::new(binary);
    command.arg("--port").arg(addr.port().to_string());
    if is_mongod {
        command.args(["--bind_ip", "127.0.0.1", "--setParameter", "enableTestCommands=1"]);
        command.arg("--dbpath").arg(dir);
    } else {
        // Without a file of ours one in the home directory would be read.
        let config = dir.join("empty.toml");
        std::fs::write(&config, "")?;
        command.args(["--host", "127.0.0.1", "--enable-test-commands", "--sync-on-commit"]);
        command.arg("--config").arg(config);
        command.arg("--storage-path").arg(dir.join("data"));
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

fn taken() -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, "another server has the port, or this one ended")
}

fn is_taken(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}

/// Asks `{serverStatus: 1, $db: "admin"}` in an OP_MSG, on a connection of its own.
async fn server_status(addr: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(addr).await?;
    let body = b"\x10serverStatus\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0";
    let header = 16 + 4 + 1;
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    let mut message = Vec::new();
    message.extend(length(header + 4 + body.len()));
    // Request 1, an answer to none, OP_MSG, no flags, one section: a document.
    message.extend([1, 0, 0, 0, 0, 0, 0, 0, 0xdd, 7, 0, 0, 0, 0, 0, 0, 0]);
    message.extend(length(4 + body.len()));
    message.extend(body);
    stream.write_all(&message).await?;
    let length = stream.read_u32_le().await?;
    let mut answer = vec![0; (length as usize).saturating_sub(4)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// Finds the field `pid`, an integer of either size.
fn process_id(status: &[u8]) -> Option<u32> {
    let name = b"pid\0";
    let at = status.windows(5).position(|w| matches!(w[0], 0x10 | 0x12) && w[1..] == *name)?;
    let value = status.get(at + 5..at + 9)?;
    Some(u32::from_le_bytes(value.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::process_id;

    #[test]
    fn process_id_is_read_from_a_status() {
        assert_eq!(process_id(b"..\x12pid\0\x39\x30\0\0\0\0\0\0.."), Some(12_345));
        assert_eq!(process_id(b"..\x10pid\0\x39\x30\0\0.."), Some(12_345));
        assert_eq!(process_id(b"..\x02pid\0\x39\x30\0\0.."), None);
        assert_eq!(process_id(b"..\x10pid\0\x39"), None);
    }
}
