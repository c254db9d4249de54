//! What reading a whole store costs: the program's memory, and the time of other clients.
//!
//! `SESSION_TEST_SCANNED` is how many sessions there are, 5,000 if it is not set; `just scan` takes a
//! million and prints the times.

use crate::common::{Site, Stored, id, session};
use futures_util::{StreamExt as _, stream};
use session_testkit::RedisServer;
use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use web_session::{Store, StoreKey};

const MOST_KB: u64 = 96 << 10;
/// Between two requests of the other client.
const PAUSE: Duration = Duration::from_millis(1);
const ALONE: u32 = 1_000;

fn count() -> u32 {
    std::env::var("SESSION_TEST_SCANNED").map_or(5_000, |count| count.parse().unwrap())
}

async fn fill(site: &Site, count: u32) {
    let store = site.store().await;
    let puts = (0..count).map(|number| {
        let owner = format!("user-{number}");
        let session = Stored { owner: None, ..session(number, Some(&owner)) };
        let store = &store;
        async move { site.put(store.as_ref(), &session).await }
    });
    stream::iter(puts).buffer_unordered(32).collect::<()>().await;
}

/// Loads a session of many, and says how long that took.
async fn load(store: &dyn Store, prefix: &str, count: u32) -> Duration {
    let key = StoreKey::new(prefix, &id(rand::random_range(0..count)));
    let began = Instant::now();
    assert!(store.load(&key).await.unwrap().is_some());
    began.elapsed()
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() * 99 / 100).copied().unwrap_or_default()
}

/// The most memory that a process has had; `None` once it ended, or where the system does not tell.
fn peak_kb(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

async fn measure(site: &Site) {
    let count = count();
    fill(site, count).await;
    let store = site.store().await;
    let mut alone = Vec::new();
    for _ in 0..ALONE {
        alone.push(load(store.as_ref(), site.prefix(), count).await);
        tokio::time::sleep(PAUSE).await;
    }
    let began = Instant::now();
    let mut child = site.command(&["stats", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let (mut beside, mut peak) = (Vec::new(), 0);
    while child.try_wait().unwrap().is_none() {
        beside.push(load(store.as_ref(), site.prefix(), count).await);
        peak = peak_kb(&child).unwrap_or(peak);
        tokio::time::sleep(PAUSE).await;
    }
    let took = began.elapsed().as_secs_f64();
    let output = child.wait_with_output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["live"].as_u64() >= Some(u64::from(count)), "{report}");
    println!(
        "{}: {count} sessions in {took:.1} s, {:.0} a second, in {peak} kB; p99 of another \
         client's loads {:?} alone and {:?} beside it",
        site.vars["SESSION_TYPE"],
        f64::from(count) / took,
        p99(alone),
        p99(beside),
    );
    assert!(peak < MOST_KB, "{peak} kB");
}

#[tokio::test]
async fn redis_is_read_in_bounded_memory() {
    let server = RedisServer::start().await.unwrap();
    let mut site = Site::redis();
    site.set("SESSION_REDIS", &server.url());
    site.set("SESSION_OWNER_INDEX", "false");
    measure(&site).await;
}

#[tokio::test]
async fn sqlite_is_read_in_bounded_memory() {
    let mut site = Site::sqlite();
    site.set("SESSION_OWNER_INDEX", "false");
    measure(&site).await;
}
