//! A MongoDB server of a test's own, to break.

use super::child::{ChildServer, Place, Program, named};
use async_trait::async_trait;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An empty MongoDB server on a loopback port of its own; what is acknowledged at its address
/// outlives the process.
///
/// The binary is the one that `SESSION_TEST_MONGODB_SERVER` names: `mongod`, or `secantusd-py`,
/// which speaks its protocol. Test commands such as `configureFailPoint` are on.
pub type MongoServer = ChildServer<Mongo>;

/// How a [`MongoServer`] is started.
#[derive(Debug, Default)]
pub struct Mongo {
    needs_log_in: AtomicBool,
}

impl Mongo {
    /// Has every client log in once the server is started again; make the users before.
    pub fn require_log_in(&self) {
        self.needs_log_in.store(true, Ordering::SeqCst);
    }
}

impl ChildServer<Mongo> {
    /// Starts a server and waits until it answers.
    ///
    /// # Errors
    ///
    /// Those of [`ChildServer::launch`].
    pub async fn start() -> io::Result<Self> {
        Self::launch(|_| Ok(Mongo::default())).await
    }
}

#[async_trait]
impl Program for Mongo {
    fn command(&self, place: &Place) -> io::Result<Command> {
        let binary = PathBuf::from(named("SESSION_TEST_MONGODB_SERVER")?);
        let is_mongod = binary.file_name().is_some_and(|name| name == "mongod");
        let mut command = Command::new(binary);
        command.arg("--port").arg(place.addr().port().to_string());
        let data = place.dir().join("data");
        if is_mongod {
            fs::create_dir_all(&data)?;
            command.args(["--bind_ip", "127.0.0.1", "--setParameter", "enableTestCommands=1"]);
            command.arg("--dbpath").arg(data);
        } else {
            // Without a file of ours one in the home directory would be read.
            let config = place.dir().join("empty.toml");
            fs::write(&config, "")?;
            command.args(["--host", "127.0.0.1", "--enable-test-commands", "--sync-on-commit"]);
            command.arg("--config").arg(config).arg("--storage-path").arg(data);
        }
        if self.needs_log_in.load(Ordering::SeqCst) {
            command.arg("--auth");
        }
        Ok(command)
    }

    async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>> {
        Ok(process_id(&server_status(addr).await?))
    }

    fn url(&self, addr: SocketAddr) -> String {
        format!("mongodb://{addr}/?directConnection=true&journal=true")
    }
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
