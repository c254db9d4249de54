//! Standard output: text for people, or JSON for programs.

use crate::failure::Failure;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, Write as _};

/// What a command prints with.
pub(crate) struct Output {
    is_json: bool,
}

impl Output {
    pub(crate) fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Prints a report, or a line of a list.
    pub(crate) fn print(&self, report: &(impl Display + Serialize)) -> Result<(), Failure> {
        if !self.is_json {
            return self.write(report);
        }
        let json = serde_json::to_string(report);
        let json = json.map_err(|error| Failure::System("print a report as JSON", error.into()))?;
        self.write(&json)
    }

    /// Prints what programs have no use for, such as the head of a table.
    pub(crate) fn decorate(&self, line: &str) -> Result<(), Failure> {
        if self.is_json { Ok(()) } else { self.write(&line) }
    }

    /// Prints bytes as they are.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<(), Failure> {
        io::stdout().lock().write_all(bytes).map_err(unread)
    }

    fn write(&self, line: &impl Display) -> Result<(), Failure> {
        let text = line.to_string();
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush()).map_err(unread)
    }
}

/// `session list --all | head` is no failure to talk about.
fn unread(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::Unread,
        _ => Failure::System("write to standard output", error),
    }
}

/// Says something on standard error that is no failure.
pub(crate) fn note(what: impl Display) {
    eprintln!("session: {what}");
}
