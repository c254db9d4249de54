//! <https://github.com/tsenart/vegeta>, which keeps to a rate.

use super::{Load, Seen};
use anyhow::{Context as _, ensure};
use serde::Deserialize;
use std::io::Write as _;
use std::process::{Command, Stdio};
use tempfile::NamedTempFile;

/// Of `vegeta report -type=json`: times are nanoseconds.
#[derive(Deserialize)]
struct Report {
    requests: f64,
    duration: f64,
    success: f64,
    latencies: Latencies,
}

#[derive(Deserialize)]
struct Latencies {
    #[serde(rename = "50th")]
    p50: f64,
    #[serde(rename = "99th")]
    p99: f64,
}

/// A request is sent when it is due, whatever became of those before.
pub(super) fn send(load: Load, rate: u32, url: &str, visitors: &[String]) -> anyhow::Result<Seen> {
    let mut targets = NamedTempFile::new()?;
    for visitor in visitors {
        writeln!(targets, "GET {url}\nCookie: {visitor}\n")?;
    }
    let mut attack = Command::new("vegeta")
        .args(["attack", "-redirects=-1", "-targets"])
        .arg(targets.path())
        .arg(format!("-rate={rate}/s"))
        .arg(format!("-duration={}s", load.seconds))
        .args(
            ["-connections", "-max-connections", "-workers"]
                .map(|option| format!("{option}={}", load.connections)),
        )
        .stdout(Stdio::piped())
        .spawn()
        .context("run vegeta: go install github.com/tsenart/vegeta/v12@latest")?;
    let answers = attack.stdout.take().context("no output")?;
    let report = Command::new("vegeta").args(["report", "-type=json"]).stdin(answers).output()?;
    ensure!(attack.wait()?.success(), "vegeta failed");
    let seen: Report = serde_json::from_slice(&report.stdout)?;
    ensure!(seen.success == 1.0, "some of {} requests of {url} failed", seen.requests);
    Ok(Seen {
        requests: seen.requests,
        seconds: seen.duration / 1e9,
        p50_ms: seen.latencies.p50 / 1e6,
        p99_ms: seen.latencies.p99 / 1e6,
    })
}
