//! What a database server needs before it can be started.

use crate::address::settings;
use session_testkit::Place;
use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

/// Whom a server runs as that will not run as root.
#[derive(Clone, Copy, Debug)]
pub(super) struct User {
    uid: u32,
    gid: u32,
}

impl User {
    /// Whom to run as: `name` if this process is root, else whoever it is.
    pub(super) fn find(name: &str) -> io::Result<Option<Self>> {
        if !std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
            return Ok(None);
        }
        let users = std::fs::read_to_string("/etc/passwd")?;
        let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let mut users = fields.filter_map(|fields| match *fields {
            [user, _, uid, gid, ..] if user == name => {
                Some(Self { uid: uid.parse().ok()?, gid: gid.parse().ok()? })
            }
            _ => None,
        });
        let found = users.next();
        found.map(Some).ok_or_else(|| io::Error::other(format!("there is no user {name}")))
    }
}

/// A command that runs as `user`.
pub(super) fn command(program: impl AsRef<OsStr>, user: Option<User>) -> Command {
    let mut command = Command::new(program);
    if let Some(User { uid, gid }) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// Lets `user` write to the directory of a server.
pub(super) fn hand_over(place: &Place, user: Option<User>) -> io::Result<()> {
    user.map_or(Ok(()), |User { uid, gid }| chown(place.dir(), Some(uid), Some(gid)))
}

/// Runs what makes a data directory to its end.
pub(super) fn run(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{} ended: {said}", command.get_program().to_string_lossy())))
}

/// Opens a store, which fails until the server at `url` is ready.
pub(super) async fn open(url: &str) -> io::Result<()> {
    let opened = web_session::connect(&settings(url).into_iter().collect()).await;
    opened.map(drop).map_err(|error| io::Error::other(format!("{error:#}")))
}
