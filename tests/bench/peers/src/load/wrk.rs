//! Debian's wrk.

use super::{Load, Seen};
use anyhow::{Context as _, ensure};
use std::io::Write as _;
use std::process::Command;
use tempfile::NamedTempFile;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/load/visitors.lua");

/// Each connection sends the next request once it has the answer to the one before.
pub(super) fn send(load: Load, url: &str, visitors: &[String]) -> anyhow::Result<Seen> {
    let mut cookies = NamedTempFile::new()?;
    for visitor in visitors {
        writeln!(cookies, "{visitor}")?;
    }
    let output = Command::new("wrk")
        .args(["--threads", "1", "--latency", "--script", SCRIPT])
        .arg(format!("--connections={}", load.connections))
        .arg(format!("--duration={}s", load.seconds))
        .arg(url)
        .arg("--")
        .arg(cookies.path())
        .output()
        .context("run wrk: install Debian's package of that name")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = said.lines().last().map_or_else(Vec::new, |line| {
        line.split(' ').filter_map(|number| number.parse().ok()).collect()
    });
    let [requests, micros, failed, p50, p99] = numbers[..] else {
        anyhow::bail!("wrk: {said}{}", String::from_utf8_lossy(&output.stderr));
    };
    ensure!(failed == 0.0, "{failed} of {requests} requests of {url} failed");
    Ok(Seen { requests, seconds: micros / 1e6, p50_ms: p50 / 1e3, p99_ms: p99 / 1e3 })
}
