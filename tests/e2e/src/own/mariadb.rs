//! MariaDB, as the package of the distribution brings it.

use super::setup::{User, command, hand_over, open, run};
use async_trait::async_trait;
use session_testkit::{ChildServer, Place, Program};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// Read by the server at each start.
const GRANTS: &str = "\
CREATE DATABASE IF NOT EXISTS session;
CREATE USER IF NOT EXISTS 'session'@'127.0.0.1' IDENTIFIED BY 'session';
GRANT ALL ON session.* TO 'session'@'127.0.0.1';
";

/// How MariaDB is started.
#[derive(Debug)]
pub struct MariaDb {
    user: Option<User>,
}

/// Makes an empty MariaDB and starts it.
///
/// # Errors
///
/// If it is not installed, or does not answer.
pub async fn mariadb() -> io::Result<ChildServer<MariaDb>> {
    ChildServer::launch(|place| {
        let server = MariaDb { user: User::find("mysql")? };
        hand_over(place, server.user)?;
        std::fs::write(place.dir().join("grants.sql"), GRANTS)?;
        let mut install = server.program("mariadb-install-db", place);
        run(install.args(["--skip-test-db", "--auth-root-authentication-method=socket"]))?;
        Ok(server)
    })
    .await
}

impl MariaDb {
    fn program(&self, program: &str, place: &Place) -> Command {
        let mut command = command(program, self.user);
        // It must come first.
        command.arg("--no-defaults");
        command.arg(format!("--datadir={}", place.dir().join("data").display()));
        // Two servers that share one take each other's tables for their own.
        command.arg(format!("--tmpdir={}", place.dir().display()));
        command
    }
}

#[async_trait]
impl Program for MariaDb {
    fn command(&self, place: &Place) -> io::Result<Command> {
        let at = |name: &str| place.dir().join(name).to_string_lossy().into_owned();
        let mut command = self.program(server(), place);
        command.args(["--bind-address=127.0.0.1", "--skip-name-resolve"]).args([
            format!("--port={}", place.addr().port()),
            format!("--socket={}", at("socket")),
            format!("--pid-file={}", at("pid")),
            format!("--init-file={}", at("grants.sql")),
        ]);
        command.arg("--innodb-flush-log-at-trx-commit=2");
        Ok(command)
    }

    async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>> {
        open(&self.url(addr)).await.map(|()| None)
    }

    fn url(&self, addr: SocketAddr) -> String {
        format!("mysql://session:session@{addr}/session")
    }
}

/// Distributions keep it out of the path of users.
fn server() -> &'static str {
    let path = "/usr/sbin/mariadbd";
    if Path::new(path).exists() { path } else { "mariadbd" }
}
