//! A process and its children, broken together.

use crate::address::settings;
use web_session::config::Settings;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// A server process with the children that serve its connections.
#[derive(Debug)]
pub struct Process {
    child: Child,
    launch: Launch,
    url: String,
    _data: Option<TempDir>,
}

/// How a server is started, and started again.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) program: String,
    pub(super) args: Vec<String>,
    pub(super) user: Option<User>,
}

/// Whom a server runs as that will not run as root.
#[derive(Clone, Copy, Debug)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Process {
    /// Starts the server and waits until a store can be opened at `url`.
    pub(super) async fn start(
        launch: Launch,
        url: String,
        data: Option<TempDir>,
    ) -> io::Result<Self> {
        let child = launch.spawn()?;
        let mut process = Self { child, launch, url, _data: data };
        process.wait_until_it_answers().await?;
        Ok(process)
    }

    /// The address as stores are told it.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Ends all of it without a warning.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn kill(&mut self) -> io::Result<()> {
        self.freeze()?;
        self.signal_children("-KILL")?;
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Starts a killed server again with its data.
    ///
    /// # Errors
    ///
    /// If it does not answer within half a minute.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.child = self.launch.spawn()?;
        self.wait_until_it_answers().await
    }

    /// Stops all of it in whatever it does.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn freeze(&self) -> io::Result<()> {
        // The parent first: it starts no more children while they are looked up.
        send("-STOP", &[self.child.id().to_string()])?;
        self.signal_children("-STOP")
    }

    /// Lets it go on.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn thaw(&self) -> io::Result<()> {
        self.signal_children("-CONT")?;
        send("-CONT", &[self.child.id().to_string()])
    }

    fn signal_children(&self, signal: &str) -> io::Result<()> {
        let pid = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        let children: Vec<String> = children.split_whitespace().map(str::to_owned).collect();
        if children.is_empty() {
            return Ok(());
        }
        // One that has just ended needs no signal.
        send(signal, &children).or(Ok(()))
    }

    async fn wait_until_it_answers(&mut self) -> io::Result<()> {
        let settings: Settings = settings(&self.url).into_iter().collect();
        let deadline = Instant::now() + STARTS_WITHIN;
        while let Err(error) = web_session::connect(&settings).await {
            if Instant::now() > deadline {
                return Err(io::Error::other(format!("{error:#}")));
            }
            sleep(Duration::from_millis(20)).await;
            // Children of the one that was killed may still hold what it needs.
            if self.child.try_wait()?.is_some() {
                self.child = self.launch.spawn()?;
            }
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

impl Launch {
    fn spawn(&self) -> io::Result<Child> {
        self.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| {
            io::Error::new(error.kind(), format!("start {}: {error}", self.program))
        })
    }

    /// Runs it to its end, for what makes a data directory.
    pub(super) fn run(&self) -> io::Result<()> {
        let output = self.command().output()?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("{} ended: {said}", self.program)))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::null());
        if let Some(User { uid, gid }) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

/// A port that nobody listens at.
pub(super) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// An empty directory that `user` may write to.
pub(super) fn data_dir(user: Option<User>) -> io::Result<TempDir> {
    let dir = crate::backend::scratch();
    if let Some(User { uid, gid }) = user {
        std::os::unix::fs::chown(dir.path(), Some(uid), Some(gid))?;
    }
    Ok(dir)
}

/// Whom to run as: `name` if this process is root, else whoever it is.
pub(super) fn user(name: &str) -> io::Result<Option<User>> {
    if !std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let user = fields.filter_map(|fields| match *fields {
        [user, _, uid, gid, ..] if user == name => Some((uid.parse().ok()?, gid.parse().ok()?)),
        _ => None,
    });
    let found = user.map(|(uid, gid)| User { uid, gid }).next();
    found.map(Some).ok_or_else(|| io::Error::other(format!("there is no user {name}")))
}

fn send(signal: &str, pids: &[String]) -> io::Result<()> {
    let status = Command::new("kill").arg(signal).args(pids).stderr(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("the server has ended")) }
}
