//! Prints what a session costs per request, beside the goals. A missed goal is shown, no failure.
//!
//! `cargo bench -p bench --bench gate`; the profiles stay, for `callgrind_annotate`.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use bench::{App, Cost, Row, Subject, measure, serve};
use std::error::Error;
use std::hint::black_box;
use std::io::{Write as _, stdout};
use std::path::Path;
use std::process::Command;

/// Enough to even out where the tables of a store happen to grow.
const REQUESTS: u32 = 200;

/// Instructions and allocations above the bare router that each row should cost.
const GOALS: [(Row, Cost); 4] = [
    (Row::Untouched, Cost { instructions: 2_200, allocations: 6 }),
    (Row::Read, Cost { instructions: 7_200, allocations: 8 }),
    (Row::Increment, Cost { instructions: 10_000, allocations: 12 }),
    (Row::New, Cost { instructions: 14_000, allocations: 10 }),
];

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    match args.as_slice() {
        [_, word, subject, row, count] if word == "run" => {
            run(subject.parse()?, row.parse()?, count.parse()?)
        }
        _ => report(),
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

/// What one request more costs, once everything is warm.
fn cost(subject: Subject, row: Row) -> Result<Cost, Box<dyn Error>> {
    let (subject, row) = (subject.as_str(), row.as_str());
    let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{subject}-{row}.callgrind"));
    let program = std::env::current_exe()?;
    let total = |count: u32| {
        let mut command = Command::new(&program);
        command.args(["run", subject, row, &count.to_string()]);
        measure(&command, "measured_request", &profile)
    };
    let half = total(REQUESTS)?;
    Ok((total(2 * REQUESTS)? - half) / REQUESTS)
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
