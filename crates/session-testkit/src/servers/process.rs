//! A process and all that it started, broken together.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A thread that waits for a disk stops, or ends, after that.
const HEEDS_WITHIN: Duration = Duration::from_secs(10);

/// Ends the process of a number and all that it started, and removes its directory, when standard
/// input ends.
const WATCH: &str = r#"
end() {
  kill -STOP "$1"
  for child in $(cat "/proc/$1/task/"*/children); do end "$child"; done
  kill -KILL "$1"
}
read -r _
end "$0"
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

    /// Ends all of it without a warning. None of it runs any more when this returns, on Linux: what
    /// saw the first process end would tidy up.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        self.stop()?;
        let started = started_by(self.child.id());
        started.iter().for_each(|&pid| signal(pid, Signal::KILL));
        // Before the number is free: the watchdog may not use it then.
        self.end_watchdog()?;
        self.child.kill()?;
        self.child.wait()?;
        self.is_over = true;
        started.into_iter().try_for_each(|pid| wait_until(pid, "end", has_ended))
    }

    fn end_watchdog(&mut self) -> io::Result<()> {
        self.watchdog.kill()?;
        self.watchdog.wait().map(drop)
    }

    /// Stops all of it in whatever it does; its connections stay open. No thread of it runs any
    /// more when this returns, on Linux.
    pub(super) fn stop(&self) -> io::Result<()> {
        kill_process(self.pid()?, Signal::STOP)?;
        stop(self.child.id())
    }

    /// Lets it go on.
    pub(super) fn go_on(&self) -> io::Result<()> {
        let pid = self.pid()?;
        started_by(self.child.id()).into_iter().for_each(|pid| signal(pid, Signal::CONT));
        Ok(kill_process(pid, Signal::CONT)?)
    }

    fn pid(&self) -> io::Result<Pid> {
        if self.is_over {
            return Err(io::Error::other("the server has ended"));
        }
        Ok(Pid::from_child(&self.child))
    }
}

/// Stops a process and what it started, such as those that a server has for its connections.
fn stop(pid: u32) -> io::Result<()> {
    signal(pid, Signal::STOP);
    wait_until(pid, "stop", |pid| !states(pid).any(|state| "RSDIP".contains(state)))?;
    // It starts no more of them now.
    children(pid).into_iter().try_for_each(stop)
}

/// One that has just ended needs no signal.
fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// All that the process started and what those started, on Linux.
fn started_by(pid: u32) -> Vec<u32> {
    let with_its_own = |child| [vec![child], started_by(child)].concat();
    children(pid).into_iter().flat_map(with_its_own).collect()
}

/// Each thread of a process has children of its own (proc(5)).
fn children(pid: u32) -> Vec<u32> {
    let lists = threads(pid).filter_map(|thread| fs::read_to_string(thread.join("children")).ok());
    let lists: String = lists.collect();
    lists.split_whitespace().filter_map(|id| id.parse().ok()).collect()
}

/// Waits for every thread of the process to have seen a signal: a thread that is in the middle of
/// an answer sends it otherwise.
fn wait_until(pid: u32, what: &str, holds: impl Fn(u32) -> bool) -> io::Result<()> {
    let began = Instant::now();
    while !holds(pid) {
        if began.elapsed() > HEEDS_WITHIN {
            return Err(io::Error::other(format!("process {pid} does not {what}")));
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Whether nothing of the process is left but, maybe, its number.
fn has_ended(pid: u32) -> bool {
    states(pid).all(|state| "ZX".contains(state))
}

/// What each thread of the process is doing (proc(5): the state follows the name, which is in
/// parentheses).
fn states(pid: u32) -> impl Iterator<Item = char> {
    threads(pid).filter_map(|thread| {
        let stat = fs::read_to_string(thread.join("stat")).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    })
}

fn threads(pid: u32) -> impl Iterator<Item = PathBuf> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
    threads.flatten().map(|thread| thread.path())
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
    #[cfg(target_os = "linux")]
    use super::{has_ended, started_by, wait_until};
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

    #[cfg(target_os = "linux")]
    #[test]
    fn all_that_a_process_started_ends_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "sh -c 'sleep 600 & sleep 600 & wait' & wait"]);
        let mut process = Process::spawn(command, dir.path()).unwrap();
        wait_until(process.id(), "start them", |pid| started_by(pid).len() == 3).unwrap();
        let started = started_by(process.id());
        process.kill().unwrap();
        assert!(started.into_iter().all(has_ended));
    }
}
