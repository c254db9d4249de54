//! A process and its children, broken together.

use rustix::process::{Pid, Signal, kill_process};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Ends the process of a number and its children, and removes its directory, when standard input
/// ends.
const WATCH: &str = r#"
read -r _
kill -9 "$0" $(cat "/proc/$0/task/$0/children")
rm -rf "$1"
"#;

/// A process that ends with this value, and with the process that started it.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// A test that is killed drops nothing, but its pipes are closed.
    watchdog: Child,
    /// Its number may by now be another's.
    is_over: bool,
}

impl Process {
    /// Runs `command`, whose data in `dir` nobody needs without it.
    pub(super) fn spawn(mut command: Command, dir: &Path) -> io::Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("start {program}: {error}")))?;
        let watchdog = Command::new("sh")
            .args(["-c", WATCH, &child.id().to_string()])
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What a terminal sends to all of its processes does not reach it.
            .process_group(0)
            .spawn()
            .inspect_err(|_| drop(child.kill()))?;
        Ok(Self { child, watchdog, is_over: false })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.is_over |= self.child.try_wait().is_ok_and(|status| status.is_some());
        self.is_over
    }

    /// Ends all of it without a warning.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        self.stop()?;
        self.signal_children(Signal::KILL);
        // Before the number is free: the watchdog may not use it then.
        self.watchdog.kill()?;
        self.watchdog.wait()?;
        self.child.kill()?;
        self.child.wait()?;
        self.is_over = true;
        Ok(())
    }

    /// Stops all of it in whatever it does; its connections stay open.
    pub(super) fn stop(&self) -> io::Result<()> {
        // The parent first: it starts no more children while they are looked up.
        kill_process(self.pid()?, Signal::STOP)?;
        self.signal_children(Signal::STOP);
        Ok(())
    }

    /// Lets it go on.
    pub(super) fn go_on(&self) -> io::Result<()> {
        let pid = self.pid()?;
        self.signal_children(Signal::CONT);
        Ok(kill_process(pid, Signal::CONT)?)
    }

    fn pid(&self) -> io::Result<Pid> {
        if self.is_over {
            return Err(io::Error::other("the server has ended"));
        }
        Ok(Pid::from_child(&self.child))
    }

    /// Signals the processes that the first one has for its connections, on Linux.
    fn signal_children(&self, signal: Signal) {
        let pid = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        for child in children.unwrap_or_default().split_whitespace() {
            if let Some(child) = child.parse().ok().and_then(Pid::from_raw) {
                // One that has just ended needs no signal.
                let _ = kill_process(child, signal);
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
