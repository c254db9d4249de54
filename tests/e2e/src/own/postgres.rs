//! PostgreSQL, as the package of the distribution brings it.

use super::process::{Launch, Process, data_dir, free_port, user};
use std::io;
use std::path::{Path, PathBuf};

impl Process {
    /// Makes an empty PostgreSQL and starts it.
    ///
    /// # Errors
    ///
    /// If it is not installed, or does not answer.
    pub async fn postgres() -> io::Result<Self> {
        let port = free_port()?;
        let user = user("postgres")?;
        let dir = data_dir(user)?;
        let data = dir.path().join("data").to_string_lossy().into_owned();
        let command = |name: &str, args: &[&str]| {
            let program = programs().join(name).to_string_lossy().into_owned();
            Launch { program, args: args.iter().map(|arg| (*arg).to_owned()).collect(), user }
        };
        let initdb = ["-D", &data, "-U", "session", "--locale=C", "--no-sync", "--auth=trust"];
        command("initdb", &initdb).run()?;
        // What survives a power cut is not tested, so nothing waits for the disk.
        let args = [
            "-D",
            &data,
            "-p",
            &port.to_string(),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "fsync=off",
        ];
        let url = format!("postgres://session@127.0.0.1:{port}/postgres");
        Self::start(command("postgres", &args), url, Some(dir)).await
    }
}

/// The directory of the newest server; Debian keeps it out of the path.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.map(|entry| entry.path().join("bin")).max();
    newest.unwrap_or_else(|| Path::new("/usr/bin").to_owned())
}
