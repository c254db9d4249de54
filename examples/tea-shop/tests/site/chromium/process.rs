//! Chromium and its driver, as servers of a test's own: they end with it, by their ids, also when
//! it is killed.

use session_testkit::{ChildServer, Place, Program};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use web_session::async_trait;

/// No window, no sandbox (root has none, and the only site it visits is ours), and nothing that
/// Chromium does of its own accord.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-sync",
    "--hide-scrollbars",
    "--password-store=basic",
];

/// A browser with a profile of its own, empty at first.
#[derive(Debug)]
pub(super) struct Chromium(PathBuf);

/// What turns WebDriver's commands into those of the DevTools protocol.
#[derive(Debug)]
pub(super) struct Driver(PathBuf);

/// Starts Chromium.
pub(super) async fn chromium() -> ChildServer<Chromium> {
    ChildServer::launch(|_| Ok(Chromium(binary()))).await.unwrap()
}

/// Starts its driver, which is beside it.
pub(super) async fn driver() -> ChildServer<Driver> {
    ChildServer::launch(|_| Ok(Driver(binary().with_file_name("chromedriver")))).await.unwrap()
}

fn binary() -> PathBuf {
    let path = std::env::var_os("SESSION_TEST_CHROMIUM").filter(|path| !path.is_empty());
    path.map(PathBuf::from).expect(
        "SESSION_TEST_CHROMIUM is not set: it names the Chromium to drive, beside its \
         chromedriver; `scripts/chromium-env` installs both and prints the export",
    )
}

#[async_trait]
impl Program for Chromium {
    fn command(&self, place: &Place) -> io::Result<Command> {
        let mut command = alone(&self.0, place.dir());
        command.arg(format!("--remote-debugging-port={}", place.addr().port()));
        command.arg(format!("--user-data-dir={}", place.dir().join("profile").display()));
        command.args(FLAGS);
        Ok(command)
    }

    async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>> {
        ask(addr, "/json/version", "webSocketDebuggerUrl").await
    }

    fn url(&self, addr: SocketAddr) -> String {
        addr.to_string()
    }
}

#[async_trait]
impl Program for Driver {
    fn command(&self, place: &Place) -> io::Result<Command> {
        let mut command = alone(&self.0, place.dir());
        command.arg(format!("--port={}", place.addr().port()));
        Ok(command)
    }

    async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>> {
        ask(addr, "/status", "\"ready\":true").await
    }

    fn url(&self, addr: SocketAddr) -> String {
        format!("http://{addr}")
    }
}

/// A command that leaves nothing in anybody's home.
fn alone(binary: &Path, dir: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env("HOME", dir).env_remove("XDG_CONFIG_HOME").env_remove("XDG_CACHE_HOME");
    command
}

async fn ask(addr: SocketAddr, path: &str, expected: &str) -> io::Result<Option<u32>> {
    let answer = reqwest::get(format!("http://{addr}{path}")).await.map_err(io::Error::other)?;
    let body = answer.text().await.map_err(io::Error::other)?;
    match body.contains(expected) {
        true => Ok(None),
        false => Err(io::Error::other(body)),
    }
}
