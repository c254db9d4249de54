//! Prints how many bytes each call of a store sends to its server, and receives.
//!
//! `just bench-wire` prints the table, and with `--write` puts it into docs/performance.md. The
//! databases keep an empty table, `bench_wire`.

mod counter;
#[path = "../../peers/src/page.rs"]
mod page;
mod server;

use anyhow::{Context as _, ensure};
use counter::Counter;
use server::{SERVERS, Server, host_and_port};
use std::fmt::Write as _;
use std::io::{Write as _, stdout};
use std::time::Duration;
use web_session::{Bytes, Lease, Outcome, Precondition, Store, StoreKey};

/// Whoever watches over a connection sends something now and then: the least of these runs is the
/// call's own.
const RUNS: usize = 5;

/// As large as the session of the other benchmarks, and as it is after an increment.
const PAYLOADS: [[u8; 509]; 2] = [[b'x'; 509], [b'y'; 509]];

const CALLS: [&str; 5] = ["create", "load", "update", "touch", "delete"];

/// Sent and received, of each call.
type Run = [[u64; 2]; CALLS.len()];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut text = format!("| store | {} |\n|---{}|\n", CALLS.join(" | "), "|---".repeat(5));
    for server in SERVERS {
        write!(text, "| {} |", server.title)?;
        for [sent, received] in measure(server).await? {
            write!(text, " {sent} / {received} |")?;
        }
        text.push('\n');
    }
    writeln!(stdout(), "{text}")?;
    if std::env::args().any(|arg| arg == "--write") {
        page::write("wire", &format!("{}\n\n{text}", page::today_here()?))?;
    }
    Ok(())
}

async fn measure(server: Server) -> anyhow::Result<Run> {
    let address = server.address()?;
    let (counter, proxy) = Counter::start(host_and_port(&address)?.to_owned()).await?;
    let store = server.open(&address, proxy).await?;
    // The first use of a statement prepares it.
    let _ = run(&*store, &counter, "first").await?;
    let mut least = [[u64::MAX; 2]; CALLS.len()];
    for number in 0..RUNS {
        let seen = run(&*store, &counter, &number.to_string()).await?;
        for (least, seen) in least.iter_mut().zip(seen) {
            *least = [least[0].min(seen[0]), least[1].min(seen[1])];
        }
    }
    Ok(least)
}

/// Makes each call once, one after the other.
async fn run(store: &dyn Store, counter: &Counter, name: &str) -> anyhow::Result<Run> {
    let key = StoreKey::new("session:", &format!("{name:x>32}{:011}", std::process::id()));
    let lease = Lease { ttl: Duration::from_secs(600), owner: None };
    let [first, second] = PAYLOADS.each_ref().map(|payload| Bytes::from_static(payload));
    let load = async || store.load(&key).await?.context("load what was created: it is gone");

    let start = counter.until_now();
    let create = store.write(&key, first, &lease, Precondition::Absent).await?;
    let created = counter.until_now();
    let found = load().await?;
    let loaded = counter.until_now();
    let update = store.write(&key, second, &lease, Precondition::Unchanged(&found)).await?;
    let updated = counter.until_now();
    let found = load().await?;
    let reloaded = counter.until_now();
    let touch = store.touch(&key, &lease, &found).await?;
    let touched = counter.until_now();
    let is_deleted = store.delete(&key, None, None).await?;
    let deleted = counter.until_now();

    let written = [create, update, touch].map(Outcome::is_written);
    ensure!(written == [true; 3] && is_deleted, "a call was refused that nobody came before");
    let spans = [
        (start, created),
        (created, loaded),
        (loaded, updated),
        (reloaded, touched),
        (touched, deleted),
    ];
    Ok(spans.map(|(before, after)| [after[0] - before[0], after[1] - before[1]]))
}
