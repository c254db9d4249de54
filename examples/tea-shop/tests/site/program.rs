//! The program as it is started in earnest, told where sessions are by its environment alone.

use crate::support::Browser;
use e2e::{Backend, address};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// A running program; it ends with this value.
pub(crate) struct Program {
    child: Child,
    addr: SocketAddr,
    settings: Vec<(&'static str, String)>,
    dir: Arc<TempDir>,
}

impl Program {
    /// Starts it with accounts of its own.
    pub(crate) fn start(address: &str) -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        drop(listener);
        let settings = address::settings(address);
        // A store is chosen by its settings, and by nothing else.
        assert!(settings.iter().all(|(name, _)| name.starts_with("SESSION_")), "{settings:?}");
        Self { child: spawn(addr, &dir, &settings), addr, settings, dir }
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

    pub(crate) fn browser(&self) -> Browser {
        Browser::of(self.addr, &self.dir)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(addr: SocketAddr, dir: &TempDir, settings: &[(&'static str, String)]) -> Child {
    let spawned = Command::new(env!("CARGO_BIN_EXE_tea-shop"))
        .env_clear()
        .env("DATA_DIR", dir.path())
        .env("PORT", addr.port().to_string())
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = spawned.unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on "), "it ended: start it by hand with {settings:?}");
    child
}
