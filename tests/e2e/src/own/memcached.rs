//! Memcached, whose records do not outlive it.

use super::process::{Launch, Process, free_port};
use std::io;

impl Process {
    /// Starts an empty Memcached: the binary that `SESSION_TEST_MEMCACHED_SERVER` names, else
    /// `memcached` in the path.
    ///
    /// # Errors
    ///
    /// If there is no such binary, or it does not answer.
    pub async fn memcached() -> io::Result<Self> {
        let port = free_port()?;
        let program = std::env::var("SESSION_TEST_MEMCACHED_SERVER");
        let args = ["-l", "127.0.0.1", "-U", "0", "-m", "64", "-u", "nobody", "-p"];
        let mut args: Vec<String> = args.map(str::to_owned).into();
        args.push(port.to_string());
        let program = program.unwrap_or_else(|_| "memcached".to_owned());
        let launch = Launch { program, args, user: None };
        Self::start(launch, format!("memcached://127.0.0.1:{port}"), None).await
    }
}
