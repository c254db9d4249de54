//! A process and its children, broken together.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A thread that waits for a disk stops after that.
const STOPPED_WITHIN: Duration = Duration::from_secs(10);

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
        self.end_watchdog()?;
        self.child.kill()?;
        self.child.wait()?;
        self.is_over = true;
        Ok(())
    }

    fn end_watchdog(&mut self) -> io::Result<()> {
        self.watchdog.kill()?;
        self.watchdog.wait().map(drop)
    }

    /// Stops all of it in whatever it does; its connections stay open. No thread of it runs any
    /// more when this returns, on Linux.
    pub(super) fn stop(&self) -> io::Result<()> {
        // The parent first: it starts no more children while they are looked up.
        kill_process(self.pid()?, Signal::STOP)?;
        wait_until_stopped(self.child.id())?;
        self.signal_children(Signal::STOP);
        self.children().try_for_each(wait_until_stopped)
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
        for child in self.children() {
            if let Some(child) = i32::try_from(child).ok().and_then(Pid::from_raw) {
                // One that has just ended needs no signal.
                let _ = kill_process(child, signal);
            }
        }
    }

    fn children(&self) -> impl Iterator<Item = u32> + use<> {
        let pid = self.child.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children: Vec<_> = children
            .unwrap_or_default()
            .split_whitespace()
            .map_while(|id| id.parse().ok())
            .collect();
        children.into_iter()
    }
}

/// Waits for every thread of the process to have seen the signal: a thread that is in the middle of
/// an answer sends it otherwise.
fn wait_until_stopped(pid: u32) -> io::Result<()> {
    let began = Instant::now();
    while is_running(pid) {
        if began.elapsed() > STOPPED_WITHIN {
            return Err(io::Error::other(format!("process {pid} does not stop")));
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Whether a thread of the process may still do something (proc(5): the state follows the name,
/// which is in parentheses).
fn is_running(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.flatten().any(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        matches!(state, Some('R' | 'S' | 'D' | 'I' | 'P'))
    })
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
        // Of a process that has ended by itself there is nothing to kill, and the next one may be
        // starting in its directory.
        let _ = self.end_watchdog();
    }
}

#[cfg(test)]
mod tests {
    use super::Process;
    use std::path::Path;
    use std::process::Command;

    #[test]
    fn directory_outlives_a_process_that_ended_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        let mut process = Process::spawn(Command::new("true"), dir.path()).unwrap();
        while !process.has_ended() {
            std::thread::yield_now();
        }
        let watchdog = format!("/proc/{}", process.watchdog.id());
        assert!(Path::new(&watchdog).exists());
        drop(process);
        assert!(!Path::new(&watchdog).exists() && dir.path().exists());
    }
}
