//! `session copy`: every live session into another store, page by page.

mod counts;
mod one;
mod resume;

use crate::args::{Copy, Source};
use crate::failure::{Done, Failure};
use crate::output::{Output, note};
use crate::progress::Progress;
use crate::settings;
use crate::site::{Name, Site};
use crate::stop::Stop;
use counts::Counts;
use futures_util::stream::{self, StreamExt as _};
use one::Ways;
use resume::Resume;
use serde::Serialize;
use std::fmt::{self, Display};
use tokio::time::Instant;
use web_session::store::Page;

#[derive(Serialize)]
struct Report {
    from: Name,
    to: Name,
    /// Whether earlier runs are counted, too.
    is_resumed: bool,
    is_stopped: bool,
    #[serde(flatten)]
    counts: Counts,
}

pub(crate) async fn run(source: &Source, copy: &Copy, output: &Output) -> Result<Done, Failure> {
    if source.store.is_some() {
        return Err(Failure::Usage(
            "copy names its stores by --from and --to, not --store".to_owned(),
        ));
    }
    let prefix = source.prefix.as_deref();
    let to_prefix = copy.to_prefix.as_deref().or(prefix);
    let from = Site::open(&settings::read_end(source, &copy.from, prefix)?).await?;
    let to_settings = settings::read_end(source, &copy.to, to_prefix)?;
    // Its table is made if it is not there.
    drop(Box::pin(web_session::connect(&to_settings)).await?);
    let to = Site::open(&to_settings).await?;
    if from.name == to.name && !copy.hash_ids {
        return Err(Failure::Usage(format!("copy {} to itself: name another store", from.name)));
    }
    let ways = Ways { format: copy.format.map(Into::into), hashes_ids: copy.hash_ids };
    let stop = Stop::listen();
    let mut resume = Resume::open(copy.resume.as_deref(), &from.name, &to.name)?;
    let is_resumed = resume.place().is_some();
    if is_resumed {
        note(format_args!("going on after {} records", resume.counts().read()));
    }
    let total = total(&from, &stop, output).await?;
    let mut counts = resume.counts().clone();
    let progress = Progress::new(output, "copying", total);
    progress.add(counts.read());
    let width = usize::from(copy.width);
    let done = pages(
        Ends { from: &from, to: &to, ways, width },
        &mut resume,
        &mut counts,
        &stop,
        &progress,
    )
    .await;
    drop(progress);
    let is_stopped = !matches!(done, Ok(true));
    let report = Report { from: from.name, to: to.name, is_resumed, is_stopped, counts };
    output.print(&report)?;
    done?;
    if report.is_stopped && copy.resume.is_none() {
        note("without --resume the next copy begins anew; what is there already is left as it is");
    }
    Ok(match (report.is_stopped, report.counts.is_whole()) {
        (true, _) => Done::Stopped,
        (false, true) => Done::All,
        (false, false) => Done::Partly,
    })
}

/// What a page is copied between, and how.
struct Ends<'a> {
    from: &'a Site,
    to: &'a Site,
    ways: Ways,
    width: usize,
}

/// Copies what is left, and counts it, also where it breaks off; `false` if it was stopped.
async fn pages(
    ends: Ends<'_>,
    resume: &mut Resume,
    counts: &mut Counts,
    stop: &Stop,
    progress: &Progress,
) -> Result<bool, Failure> {
    let Ends { from, to, ways, width } = ends;
    let mut scanner = from.scanner();
    if let Some(place) = resume.place() {
        scanner = scanner.after(place);
    }
    while !stop.is_asked() {
        // Before the page: no life becomes longer by the time that it takes.
        let read_at = Instant::now();
        let Some(page) = scanner.next_page().await? else { break };
        let Page { records, unnamed, next } = page;
        let mut copies = stream::iter(records)
            .map(|(key, record)| one::copy(from, to, ways, key, record, read_at))
            .buffer_unordered(width);
        while let Some(fate) = copies.next().await {
            counts.add(fate?);
            progress.add(1);
        }
        counts.unnamed += unnamed;
        resume.keep(next.as_ref(), counts)?;
        if next.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many records there are, for somebody who watches the bar.
async fn total(from: &Site, stop: &Stop, output: &Output) -> Result<Option<u64>, Failure> {
    let progress = Progress::new(output, "counting", None);
    if !progress.is_seen() {
        return Ok(None);
    }
    let mut total = 0;
    let mut scanner = from.scanner();
    while !stop.is_asked()
        && let Some(page) = scanner.next_page().await?
    {
        total += page.records.len() as u64;
        progress.add(page.records.len() as u64);
    }
    Ok(Some(total))
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "from {}\nto   {}\n", self.from, self.to)?;
        if self.is_resumed {
            writeln!(f, "with what earlier runs did:")?;
        }
        write!(f, "{}", self.counts)?;
        if self.is_stopped {
            write!(f, "\nstopped before the end")?;
        }
        Ok(())
    }
}
