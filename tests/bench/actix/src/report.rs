//! Runs each server, and prints what its requests cost.

use crate::callgrind::{self, Profile};
use crate::client::Client;
use crate::row::Row;
use crate::subject::Subject;
use std::error::Error;
use std::io::{self, BufRead as _, BufReader, Write as _, stdout};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Enough to even out what a server does each half second.
const REQUESTS: u32 = 400;

/// How often each server is run: whom it waits for makes it wake up more often or less.
const RUNS: usize = 3;

/// The share of what actix-session costs that this library should.
const GOAL: f64 = 0.5;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Prints the table. A missed goal is shown, no failure.
pub fn print() -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "instructions of one request: the whole server, and above the bare one\n")?;
    write!(out, "{:<10}", "")?;
    for subject in Subject::ALL {
        write!(out, " {:>22}", subject.as_str())?;
    }
    writeln!(out, " {:>16}", format!("ratio, goal {GOAL}"))?;
    for row in Row::ALL {
        write!(out, "{:<10}", row.as_str())?;
        let bare = cost(Subject::Bare, row)?;
        let mut above = [0; Subject::ALL.len()];
        for (above, subject) in above.iter_mut().zip(Subject::ALL) {
            let whole = if subject == Subject::Bare { bare } else { cost(subject, row)? };
            *above = whole - bare;
            write!(out, " {:>22}", format!("{whole} ({above:+})"))?;
            out.flush()?;
        }
        let [_, session, _, peer] = above;
        let ratio = session as f64 / peer as f64;
        let verdict = if ratio <= GOAL { "met" } else { "missed" };
        writeln!(out, " {:>16}", format!("{ratio:.2} {verdict}"))?;
    }
    let example = profile(Subject::Session, Row::Read)?;
    writeln!(out, "\nWhere they go: callgrind_annotate {}", example.display())?;
    Ok(())
}

/// What one request more costs, once everything is warm: the median of the runs.
fn cost(subject: Subject, row: Row) -> Result<i64> {
    let mut costs = Vec::new();
    for _ in 0..RUNS {
        let half = total(subject, row, REQUESTS)?;
        let more = total(subject, row, 2 * REQUESTS)? - half;
        costs.push(more.shared_by(REQUESTS).sum.instructions);
    }
    costs.sort_unstable();
    Ok(costs[RUNS / 2])
}

/// Beside this program.
fn profile(subject: Subject, row: Row) -> io::Result<PathBuf> {
    let name = format!("{}-{}.callgrind", subject.as_str(), row.as_str());
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// What the life of a server costs that answers `count` requests.
fn total(subject: Subject, row: Row, count: u32) -> Result<Profile> {
    let profile = profile(subject, row)?;
    let mut serve = Command::new(std::env::current_exe()?);
    serve.args(["serve", subject.as_str()]);
    let mut serve = callgrind::under(&serve, None, &profile);
    serve.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut server = serve.spawn().map_err(|error| format!("run valgrind: {error}"))?;
    let mut port = String::new();
    BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut port)?;
    let visited = visit(&port, subject, row, count);
    // The end of its input is the end of the server.
    let said = server.wait_with_output()?.stderr;
    visited.map_err(|error| format!("{error}\n{}", String::from_utf8_lossy(&said)))?;
    Ok(Profile::read(&profile)?)
}

/// Begins a session and sends `count` requests of it; every answer must be the one that is measured.
fn visit(port: &str, subject: Subject, row: Row, count: u32) -> Result<()> {
    let port = port.trim().parse().map_err(|_| "the server did not start")?;
    let mut client = Client::connect(port)?;
    let session = client.get(Row::New, None)?.cookie;
    if session.is_some() == (subject == Subject::Bare) {
        return Err("a server without sessions sets no cookie, any other does".into());
    }
    for number in 1..=count {
        let sent = session.as_deref().filter(|_| row != Row::New);
        let answer = client.get(row, sent)?;
        let visits = match row {
            Row::Increment if subject != Subject::Bare => 1000 + number,
            _ => 1000,
        };
        if answer.body != visits.to_string() {
            return Err(format!("{} {visits} was answered {}", row.as_str(), answer.body).into());
        }
        if row == Row::New && answer.cookie.is_some() != session.is_some() {
            return Err("each new visitor gets a cookie".into());
        }
    }
    Ok(())
}
