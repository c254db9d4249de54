//! Memory does not grow with the number of sessions.
//!
//! `SESSION_TEST_SCANNED` is that number, 200,000 if it is not set; `just scan` takes ten million.

#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "rates, for whoever asks with --nocapture")]

use super::read;
use crate::output::Output;
use crate::progress::Progress;
use crate::site::{Name, Site};
use crate::stop::Stop;
use std::fs;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use web_session::store::{Cursor, Page, Scan};
use web_session::{
    Bytes, Capabilities, Config, Lease, MemoryStore, Outcome, Precondition, Record, Result,
    SessionManager, Store, StoreKey, async_trait,
};

/// What allocators keep for themselves.
const NOISE_KB: u64 = 8 << 10;

/// Sessions that are made while they are listed, each of another owner.
#[derive(Debug)]
struct Simulated(u64);

#[async_trait]
impl Store for Simulated {
    fn capabilities(&self) -> Capabilities {
        Capabilities { scan: Scan::Once, ..MemoryStore::new().capabilities() }
    }

    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page> {
        let first: u64 = after.map_or(0, |cursor| cursor.as_str().parse().unwrap());
        let end = self.0.min(first + most.get() as u64);
        let records = (first..end).map(|number| {
            let payload = format!("{{\"_user_id\":\"user-{number}\",\"cart\":[{number},2,3]}}");
            let ttl = Duration::from_secs(number % 1_000_000);
            let record = Record { payload: payload.into(), cas: 0, ttl };
            (StoreKey::new(prefix, &number.to_string()), record)
        });
        let next = (end < self.0).then(|| Cursor::new(end.to_string()));
        Ok(Page { records: records.collect(), next, ..Page::default() })
    }

    async fn load(&self, _: &StoreKey) -> Result<Option<Record>> {
        Ok(None)
    }

    async fn write(
        &self,
        _: &StoreKey,
        _: Bytes,
        _: &Lease<'_>,
        _: Precondition<'_>,
    ) -> Result<Outcome> {
        Ok(Outcome::Refused)
    }

    async fn touch(&self, _: &StoreKey, _: &Lease<'_>, _: &Record) -> Result<Outcome> {
        Ok(Outcome::Refused)
    }

    async fn delete(&self, _: &StoreKey, _: Option<&str>, _: Option<&Record>) -> Result<bool> {
        Ok(false)
    }

    async fn list_by_owner(&self, _: &str) -> Result<Vec<StoreKey>> {
        Ok(Vec::new())
    }

    async fn delete_expired(&self) -> Result<u64> {
        Ok(0)
    }
}

/// The most memory that this process has had.
fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

async fn count(sessions: u64) -> u64 {
    let config = Config::builder().build().unwrap();
    let name = Name { store: "simulated".to_owned(), address: None, prefix: "p:".to_owned() };
    let manager = SessionManager::new(Arc::new(Simulated(sessions)), config, None).unwrap();
    let progress = Progress::new(&Output::new(true), "reading", None);
    let report = read(&Site { manager, name }, u64::MAX, &Stop::listen(), &progress).await.unwrap();
    assert_eq!(report.owned, report.live);
    report.live
}

#[tokio::test]
async fn memory_does_not_grow_with_the_number_of_sessions() {
    let sessions =
        std::env::var("SESSION_TEST_SCANNED").map_or(200_000, |count| count.parse().unwrap());
    // As many owners as are counted at once, and some more.
    assert_eq!(count(50_000).await, 50_000);
    let (before, began) = (peak_kb(), Instant::now());
    assert_eq!(count(sessions).await, sessions);
    let (after, took) = (peak_kb(), began.elapsed().as_secs_f64());
    println!(
        "{sessions} sessions in {took:.1} s, {:.0} a second; memory at most {after} kB, and \
         {before} kB with 50,000",
        sessions as f64 / took
    );
    assert!(after - before < NOISE_KB, "{before} kB became {after} kB");
}
