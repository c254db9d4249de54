//! PostgreSQL, as the package of the distribution brings it.

use super::setup::{User, command, hand_over, open, run};
use async_trait::async_trait;
use session_testkit::{ChildServer, Place, Program};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How PostgreSQL is started.
#[derive(Debug)]
pub struct Postgres {
    user: Option<User>,
}

/// Makes an empty PostgreSQL and starts it.
///
/// # Errors
///
/// If it is not installed, or does not answer.
pub async fn postgres() -> io::Result<ChildServer<Postgres>> {
    ChildServer::launch(|place| {
        let user = User::find("postgres")?;
        hand_over(place, user)?;
        let mut initdb = command(programs().join("initdb"), user);
        initdb.args(["-U", "session", "--locale=C", "--no-sync", "--auth=trust", "-D"]);
        run(initdb.arg(data(place)))?;
        Ok(Postgres { user })
    })
    .await
}

#[async_trait]
impl Program for Postgres {
    fn command(&self, place: &Place) -> io::Result<Command> {
        let mut command = command(programs().join("postgres"), self.user);
        command.arg("-D").arg(data(place)).args(["-p", &place.addr().port().to_string()]);
        // What survives a power cut is not tested, so nothing waits for the disk.
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"] {
            command.args(["-c", setting]);
        }
        Ok(command)
    }

    async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>> {
        open(&self.url(addr)).await.map(|()| None)
    }

    fn url(&self, addr: SocketAddr) -> String {
        format!("postgres://session@{addr}/postgres")
    }
}

fn data(place: &Place) -> PathBuf {
    place.dir().join("data")
}

/// The directory of the newest server; Debian keeps it out of the path.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.map(|entry| entry.path().join("bin")).max();
    newest.unwrap_or_else(|| Path::new("/usr/bin").to_owned())
}
