//! Servers of a test's own, to freeze and to start with other settings.

use session_core::async_trait;
use session_testkit::{ChildServer, Place, Program};
use sqlx::{Connection as _, MySqlConnection, PgConnection};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

/// A PostgreSQL of a test's own, with the limits that it is shipped with.
///
/// The binary is the one that `SESSION_TEST_POSTGRES_SERVER` names, beside its `initdb`.
#[derive(Debug)]
pub(crate) struct Postgres {
    /// Where its socket is.
    pub(crate) dir: PathBuf,
}

/// A MariaDB of a test's own, with the limits that it is shipped with.
///
/// The binary is the one that `SESSION_TEST_MARIADB_SERVER` names.
#[derive(Debug)]
pub(crate) struct MariaDb {
    args: &'static [&'static str],
    pub(crate) socket: PathBuf,
}

pub(crate) async fn postgres() -> ChildServer<Postgres> {
    ChildServer::launch(|place| {
        let mut make =
            Command::new(binary("SESSION_TEST_POSTGRES_SERVER")?.with_file_name("initdb"));
        make.args(["--username=session", "--auth=trust", "--no-sync", "--locale=C", "--pgdata"]);
        make.arg(data(place));
        finish(as_nobody_special(&mut make, place)?)?;
        Ok(Postgres { dir: place.dir().to_owned() })
    })
    .await
    .unwrap()
}

/// Starts it with these arguments, too.
pub(crate) async fn mariadb(args: &'static [&'static str]) -> ChildServer<MariaDb> {
    ChildServer::launch(|place| {
        let mut make = Command::new("mariadb-install-db");
        make.args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"]);
        make.arg(format!("--datadir={}", data(place).display()));
        make.arg(format!("--tmpdir={}", place.dir().display()));
        finish(as_root_too(&mut make)?)?;
        fs::write(grants(place), "CREATE DATABASE session;\n")?;
        Ok(MariaDb { args, socket: place.dir().join("socket") })
    })
    .await
    .unwrap()
}

/// One of each.
pub(crate) async fn both() -> [Box<ChildServer<dyn Program>>; 2] {
    let (postgres, mariadb) = tokio::join!(postgres(), mariadb(&[]));
    [Box::new(postgres), Box::new(mariadb)]
}

#[async_trait]
impl Program for Postgres {
    fn command(&self, place: &Place) -> io::Result<Command> {
        let mut command = Command::new(binary("SESSION_TEST_POSTGRES_SERVER")?);
        command.arg("-D").arg(data(place)).arg("-p").arg(place.addr().port().to_string());
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
        command.arg("-c").arg(format!("unix_socket_directories={}", self.dir.display()));
        as_nobody_special(&mut command, place)?;
        Ok(command)
    }

    async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>> {
        let mut asked = PgConnection::connect(&self.url(addr)).await.map_err(io::Error::other)?;
        asked.ping().await.map_err(io::Error::other)?;
        Ok(None)
    }

    fn url(&self, addr: SocketAddr) -> String {
        format!("postgres://session@{addr}/postgres")
    }
}

#[async_trait]
impl Program for MariaDb {
    fn command(&self, place: &Place) -> io::Result<Command> {
        let mut command = Command::new(binary("SESSION_TEST_MARIADB_SERVER")?);
        command.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve"]);
        command.arg(format!("--datadir={}", data(place).display()));
        command.arg(format!("--tmpdir={}", place.dir().display()));
        command.arg(format!("--port={}", place.addr().port()));
        command.arg(format!("--socket={}", self.socket.display()));
        command.arg(format!("--init-file={}", grants(place).display()));
        command.args(self.args);
        as_root_too(&mut command)?;
        Ok(command)
    }

    async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>> {
        let mut asked =
            MySqlConnection::connect(&self.url(addr)).await.map_err(io::Error::other)?;
        asked.ping().await.map_err(io::Error::other)?;
        Ok(None)
    }

    fn url(&self, addr: SocketAddr) -> String {
        format!("mysql://root@{addr}/session")
    }
}

fn binary(variable: &str) -> io::Result<PathBuf> {
    let path = std::env::var_os(variable);
    let path = path.ok_or_else(|| io::Error::other(format!("{variable} is not set")))?;
    fs::canonicalize(path)
}

fn data(place: &Place) -> PathBuf {
    place.dir().join("data")
}

/// Read by the server when it starts.
fn grants(place: &Place) -> PathBuf {
    place.dir().join("grants.sql")
}

fn finish(command: &mut Command) -> io::Result<()> {
    let done = command.output()?;
    let said = || String::from_utf8_lossy(&done.stderr).into_owned();
    if done.status.success() { Ok(()) } else { Err(io::Error::other(said())) }
}

fn is_root() -> io::Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

/// MariaDB serves root if it is told to.
fn as_root_too(command: &mut Command) -> io::Result<&mut Command> {
    Ok(if is_root()? { command.arg("--user=root") } else { command })
}

/// PostgreSQL does not.
fn as_nobody_special<'c>(command: &'c mut Command, place: &Place) -> io::Result<&'c mut Command> {
    let users = fs::read_to_string("/etc/passwd")?;
    let ids = |line: &str| {
        let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
        Some((fields.next()?.parse::<u32>().ok()?, fields.next()?.parse::<u32>().ok()?))
    };
    match users.lines().find_map(ids) {
        Some((user, group)) if is_root()? => {
            chown(place.dir(), Some(user), Some(group))?;
            Ok(command.current_dir("/").uid(user).gid(group))
        }
        _ => Ok(command),
    }
}
