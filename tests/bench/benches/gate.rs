//! What a session costs per request. `cargo bench -p bench --bench gate --` with
//!
//! - nothing prints it beside the goals and another library; a missed goal is shown, no failure;
//! - `--check` fails if it is more than the figures in `reached.txt`, and names what grew;
//! - `--keep` writes those figures anew.
//!
//! The profiles stay, for `callgrind_annotate`. It needs valgrind.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use bench::{App, Cost, Profile, Reached, Row, Subject, Tolerance, serve, under};
use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write as _, stdout};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// The figures that were reached; nothing may cost more.
const REACHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/reached.txt");

/// Enough to even out where the tables of a store happen to grow.
const REQUESTS: u32 = 200;

/// Instructions and allocations above the bare router that each row should cost.
const GOALS: [(Row, Cost); 4] = [
    (Row::Untouched, Cost { instructions: 2_200, allocations: 6 }),
    (Row::Read, Cost { instructions: 7_200, allocations: 8 }),
    (Row::Increment, Cost { instructions: 10_000, allocations: 12 }),
    (Row::New, Cost { instructions: 14_000, allocations: 10 }),
];

fn main() -> ExitCode {
    match run_as_told() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run_as_told() -> Result<(), Box<dyn Error>> {
    // What cargo tells every benchmark says nothing here.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["run", subject, row, count] => run(subject.parse()?, row.parse()?, count.parse()?),
        ["--check"] => check(),
        ["--keep"] => keep(),
        [] => report(),
        _ => Err("takes --check, --keep or nothing".into()),
    }
}

/// What runs under valgrind. All runs prepare the same, so that two differ in what they count.
fn run(subject: Subject, row: Row, count: u32) -> Result<(), Box<dyn Error>> {
    let app = App::new(subject)?;
    let requests: Vec<_> = (0..2 * REQUESTS).map(|_| (app.router(), app.request(row))).collect();
    for (router, request) in requests.into_iter().take(count as usize) {
        measured_request(router, request);
    }
    Ok(())
}

/// From the request to the response, and the end of both.
#[inline(never)]
fn measured_request(router: Router, request: Request<Body>) {
    drop(black_box(serve(black_box(router), black_box(request))));
}

fn check() -> Result<(), Box<dyn Error>> {
    let mut out = stdout().lock();
    let reached = Reached::parse(&std::fs::read_to_string(REACHED)?)?;
    let compiler = compiler()?;
    let tolerance = reached.tolerance(&compiler);
    if tolerance == Tolerance::OtherCompiler {
        writeln!(out, "the figures are those of {}, this is {compiler}", reached.compiler)?;
    }
    let mut complaints = Vec::new();
    for row in Row::ALL {
        let now = above_bare(row)?;
        writeln!(out, "{:<10} {:>12}", row.as_str(), pair(now.sum))?;
        complaints.extend(reached.complaint(row, &now, tolerance));
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n").into()) }
}

fn keep() -> Result<(), Box<dyn Error>> {
    let measured = Row::ALL.into_iter().map(|row| Ok((row, above_bare(row)?)));
    let rows = measured.collect::<Result<_, Box<dyn Error>>>()?;
    Ok(std::fs::write(REACHED, Reached { compiler: compiler()?, rows }.to_string())?)
}

/// What a session without signing costs above the same router without it.
fn above_bare(row: Row) -> Result<Profile, Box<dyn Error>> {
    Ok(profile(Subject::Session, row)? - profile(Subject::Bare, row)?)
}

fn compiler() -> Result<String, Box<dyn Error>> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output()?.stdout;
    Ok(String::from_utf8(version)?.trim().to_owned())
}

fn report() -> Result<(), Box<dyn Error>> {
    let mut out = stdout().lock();
    writeln!(out, "instructions / allocations of one request above the bare router\n")?;
    writeln!(
        out,
        "{:<10} {:>8} {:>12} {:>12} {:>10} {:>12} {:>16} {:>11}",
        "", "bare", "session", "goal", "", "signing", "tower-sessions", "ratio"
    )?;
    for (row, goal) in GOALS {
        let bare = cost(Subject::Bare, row)?;
        let session = cost(Subject::Session, row)? - bare;
        let signing = cost(Subject::Signed, row)? - bare - session;
        let peer = cost(Subject::TowerSessions, row)? - bare;
        writeln!(
            out,
            "{:<10} {:>8} {:>12} {:>12} {:>10} {:>12} {:>16} {:>11}",
            row.as_str(),
            pair(bare),
            pair(session),
            pair(goal),
            verdict(session, goal),
            pair(signing),
            pair(peer),
            ratio(session, peer),
        )?;
    }
    let profiles = env!("CARGO_TARGET_TMPDIR");
    writeln!(
        out,
        "\nValgrind knows no SHA extensions: on a processor with them, signing costs a fifth.\n\
         Where the instructions go: callgrind_annotate {profiles}/session-read.callgrind"
    )?;
    Ok(())
}

fn cost(subject: Subject, row: Row) -> Result<Cost, Box<dyn Error>> {
    Ok(profile(subject, row)?.sum)
}

/// What one request more costs, once everything is warm.
fn profile(subject: Subject, row: Row) -> Result<Profile, Box<dyn Error>> {
    let (subject, row) = (subject.as_str(), row.as_str());
    let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{subject}-{row}.callgrind"));
    let program = std::env::current_exe()?;
    let total = |count: u32| {
        let mut command = Command::new(&program);
        command.args(["run", subject, row, &count.to_string()]);
        measure(&command, &profile)
    };
    let half = total(REQUESTS)?;
    Ok((total(2 * REQUESTS)? - half).shared_by(REQUESTS))
}

/// Runs `command` and returns what all its measured requests cost.
fn measure(command: &Command, profile: &Path) -> io::Result<Profile> {
    let output = under(command, Some("measured_request"), profile)
        .stdout(Stdio::null())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("run valgrind: {error}")))?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Profile::read(profile)
}

fn pair(cost: Cost) -> String {
    format!("{} / {}", cost.instructions, cost.allocations)
}

fn verdict(cost: Cost, goal: Cost) -> String {
    let over = cost - goal;
    match (over.instructions.max(0), over.allocations.max(0)) {
        (0, 0) => "met".to_owned(),
        (instructions, allocations) => format!("+{instructions} / +{allocations}"),
    }
}

fn ratio(session: Cost, peer: Cost) -> String {
    let times = |peer: i64, session: i64| peer as f64 / session.max(1) as f64;
    let instructions = times(peer.instructions, session.instructions);
    let allocations = times(peer.allocations, session.allocations);
    format!("{instructions:.1} / {allocations:.1}")
}
