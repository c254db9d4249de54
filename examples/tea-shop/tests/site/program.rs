//! The program as it is started in earnest, told where sessions are by its environment alone.

use crate::support::Browser;
use e2e::backend::scratch;
use e2e::{Backend, address};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpSocket;

/// A running program; it ends with this value.
pub(crate) struct Program {
    child: Child,
    addr: SocketAddr,
    settings: Vec<(&'static str, String)>,
    dir: Arc<TempDir>,
    /// Keeps the port from others, also while the program is dead.
    _reserved: TcpSocket,
}

impl Program {
    /// Starts it on the store at `address`, with accounts of its own.
    pub(crate) fn start(address: &str) -> Self {
        let settings = address::settings(address);
        // A store is chosen by its settings, and by nothing else.
        assert!(settings.iter().all(|(name, _)| name.starts_with("SESSION_")), "{settings:?}");
        Self::start_with(settings)
    }

    /// Starts it as somebody does who sets nothing.
    pub(crate) fn as_it_comes() -> Self {
        Self::start_with(Vec::new())
    }

    fn start_with(settings: Vec<(&'static str, String)>) -> Self {
        Self::start_in(Arc::new(scratch()), settings)
    }

    /// Starts another instance of the site, with the same accounts as far as they are made.
    pub(crate) fn another(&self) -> Self {
        Self::start_in(Arc::clone(&self.dir), self.settings.clone())
    }

    fn start_in(dir: Arc<TempDir>, settings: Vec<(&'static str, String)>) -> Self {
        // Bound and never listening: the program may listen there, nobody else is given the port.
        let reserved = TcpSocket::new_v4().unwrap();
        reserved.set_reuseaddr(true).unwrap();
        reserved.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let addr = reserved.local_addr().unwrap();
        Self { child: spawn(addr, &dir, &settings), addr, settings, dir, _reserved: reserved }
    }

    pub(crate) fn on(backend: &Backend) -> Self {
        Self::start(backend.address())
    }

    /// Ends it without a warning and starts it again.
    pub(crate) fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(self.addr, &self.dir, &self.settings);
    }

    /// The same, and from now on with these settings.
    pub(crate) fn deploy(&mut self, settings: Vec<(&'static str, String)>) {
        self.settings = settings;
        self.restart();
    }

    /// Where it says that it is visited.
    pub(crate) fn url(&self) -> String {
        format!("http://localhost:{}", self.addr.port())
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::of(self.addr, &self.dir)
    }

    /// Has a browser ask this instance from now on.
    pub(crate) fn serves(&self, browser: &mut Browser) {
        let cookie = browser.cookie.take();
        *browser = self.browser();
        browser.cookie = cookie;
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(addr: SocketAddr, dir: &TempDir, settings: &[(&'static str, String)]) -> Child {
    let log = dir.path().join("log");
    let spawned = Command::new(env!("CARGO_BIN_EXE_tea-shop"))
        .env_clear()
        .env("DATA_DIR", dir.path())
        .env("PORT", addr.port().to_string())
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .stderr(File::create(&log).unwrap())
        .spawn();
    let mut child = spawned.unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said = || fs::read_to_string(&log).unwrap_or_default();
    assert!(line.starts_with("listening on "), "it ended with {settings:?}: {}", said());
    child
}
