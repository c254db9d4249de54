//! `session stats`: what there is, in one pass and a bounded amount of memory.

mod buckets;
mod owners;
#[cfg(test)]
mod tests;

use crate::args::{Source, Stats};
use crate::failure::{Done, Failure};
use crate::output::Output;
use crate::progress::Progress;
use crate::settings;
use crate::show::{bytes, printable};
use crate::site::{Name, Site};
use crate::stop::Stop;
use buckets::Buckets;
use owners::Owners;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::time::{Duration, SystemTime};
use web_session::SessionInfo;

/// How many owners are shown.
const TOP: usize = 10;

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    name: Name,
    /// Whether it ended before the last session.
    is_sample: bool,
    /// Whether the store may have listed a session twice.
    may_repeat: bool,
    live: u64,
    bytes: u64,
    largest: u64,
    /// How many sessions have an owner.
    owned: u64,
    /// Sessions whose absolute lifetime or fixed end is over.
    over: u64,
    undecodable: u64,
    /// What stands for half a minute under ids that sessions had before.
    traces: u64,
    /// Live records whose key the store does not know.
    unnamed: u64,
    formats: BTreeMap<&'static str, u64>,
    remaining: Buckets,
    /// Of the sessions that say when they began.
    ages: Buckets,
    owners: Vec<Owner>,
    /// By how much the number of an owner's sessions may be too low.
    owners_off_by: u64,
}

#[derive(Serialize)]
struct Owner {
    owner: String,
    sessions: u64,
}

pub(crate) async fn run(source: &Source, stats: &Stats, output: &Output) -> Result<Done, Failure> {
    let site = Site::open(&settings::read(source)?).await?;
    let stop = Stop::listen();
    let progress = Progress::new(output, "reading", None);
    let report = read(&site, stats.sample.unwrap_or(u64::MAX), &stop, &progress).await?;
    drop(progress);
    output.print(&report)?;
    Ok(if stop.is_asked() { Done::Stopped } else { Done::All })
}

/// Reads `most` sessions, or what there is.
async fn read(site: &Site, most: u64, stop: &Stop, progress: &Progress) -> Result<Report, Failure> {
    let mut report = Report::of(site);
    let mut owners = Owners::default();
    let mut scanner = site.scanner();
    'pages: while let Some(page) = scanner.next_page().await? {
        report.unnamed += page.unnamed;
        progress.add(page.records.len() as u64);
        for (key, record) in page.records {
            if report.live == most {
                report.is_sample = true;
                break 'pages;
            }
            match site.manager.info(&key, record) {
                Some(info) => report.add(&info, &mut owners),
                None => report.traces += 1,
            }
        }
        if stop.is_asked() {
            report.is_sample = true;
            break;
        }
    }
    report.owners_off_by = owners.off_by();
    let top = owners.top(TOP).into_iter();
    report.owners = top.map(|(owner, sessions)| Owner { owner, sessions }).collect();
    Ok(report)
}

impl Report {
    fn of(site: &Site) -> Self {
        Self {
            name: site.name.clone(),
            is_sample: false,
            may_repeat: site.may_repeat(),
            live: 0,
            bytes: 0,
            largest: 0,
            owned: 0,
            over: 0,
            undecodable: 0,
            traces: 0,
            unnamed: 0,
            formats: BTreeMap::new(),
            remaining: Buckets::default(),
            ages: Buckets::default(),
            owners: Vec::new(),
            owners_off_by: 0,
        }
    }

    fn add(&mut self, info: &SessionInfo, owners: &mut Owners) {
        let size = info.size() as u64;
        self.live += 1;
        self.bytes += size;
        self.largest = self.largest.max(size);
        self.over += u64::from(info.is_over());
        self.undecodable += u64::from(info.is_undecodable());
        self.remaining.add(info.ttl());
        if let Some(format) = info.format() {
            *self.formats.entry(format.as_str()).or_default() += 1;
        }
        if let Some(created) = info.created() {
            let age = SystemTime::now().duration_since(created);
            self.ages.add(age.unwrap_or(Duration::ZERO));
        }
        if let Some(owner) = info.owner() {
            self.owned += 1;
            owners.add(owner);
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        if self.is_sample {
            writeln!(f, "a sample: the first sessions that the store lists, not all")?;
        }
        let average = self.bytes.checked_div(self.live).unwrap_or_default();
        writeln!(f, "\nlive          {}", self.live)?;
        writeln!(
            f,
            "bytes         {}, on average {}, at most {}",
            bytes(self.bytes),
            bytes(average),
            bytes(self.largest)
        )?;
        writeln!(f, "with an owner {}", self.owned)?;
        let formats = self.formats.iter().map(|(format, count)| format!("{format} {count}"));
        let formats: Vec<String> = formats.collect();
        writeln!(
            f,
            "formats       {}",
            if formats.is_empty() { "-" } else { "" }.to_owned() + &formats.join(", ")
        )?;
        for (count, what) in [
            (self.undecodable, "undecodable   "),
            (self.unnamed, "unnamed       "),
            (self.over, "over          "),
            (self.traces, "traces        "),
        ] {
            if count > 0 {
                writeln!(f, "{what}{count}")?;
            }
        }
        write!(f, "\nleft to live\n{}", self.remaining)?;
        if !self.ages.is_empty() {
            write!(f, "\nage\n{}", self.ages)?;
        }
        if !self.owners.is_empty() {
            writeln!(f, "\nmost sessions")?;
            for Owner { owner, sessions } in &self.owners {
                writeln!(f, "{sessions:>9}  {}", printable(owner))?;
            }
        }
        if self.owners_off_by > 0 {
            writeln!(f, "{:>9}  more each, at most: there are many owners", self.owners_off_by)?;
        }
        if self.may_repeat {
            writeln!(f, "\nthis store may list a session twice while it moves its data")?;
        }
        Ok(())
    }
}
