//! `session sweep`: the end of expired records.

use crate::args::{Source, Sweep};
use crate::failure::{Done, Failure};
use crate::output::{Output, note};
use crate::progress::Progress;
use crate::settings;
use crate::show::{Span, sessions};
use crate::site::Site;
use crate::stop::Stop;
use serde::Serialize;
use std::fmt::{self, Display};
use std::time::{Duration, Instant};

#[derive(Serialize)]
struct Report {
    store: String,
    /// Whether the server removes expired records without being asked.
    expires_by_itself: bool,
    removed: u64,
    seconds: f64,
}

pub(crate) async fn run(source: &Source, sweep: &Sweep, output: &Output) -> Result<Done, Failure> {
    let site = Site::open(&settings::read(source)?).await?;
    let stop = Stop::listen();
    if !sweep.watch {
        return match once(&site, &stop, output).await? {
            Some(report) => output.print(&report).map(|()| Done::All),
            None => {
                note("stopped: what was removed stays removed, and another sweep does the rest");
                Ok(Done::Stopped)
            }
        };
    }
    loop {
        match once(&site, &stop, output).await {
            Ok(Some(report)) => output.print(&report)?,
            Ok(None) => return Ok(Done::Stopped),
            // The next sweep does what this one has left.
            Err(failure @ Failure::Store(_)) => failure.tell(),
            Err(failure) => return Err(failure),
        }
        tokio::select! {
            () = tokio::time::sleep(sweep.every) => {}
            () = stop.asked() => return Ok(Done::Stopped),
        }
    }
}

/// One sweep; `None` if it was stopped.
async fn once(site: &Site, stop: &Stop, output: &Output) -> Result<Option<Report>, Failure> {
    let progress = Progress::new(output, "sweeping", None);
    let started = Instant::now();
    let removed = tokio::select! {
        removed = site.store().delete_expired() => removed?,
        () = stop.asked() => return Ok(None),
    };
    drop(progress);
    Ok(Some(Report {
        store: site.name.store.clone(),
        expires_by_itself: !site.store().capabilities().needs_sweep,
        removed,
        seconds: started.elapsed().as_secs_f64(),
    }))
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.expires_by_itself {
            return write!(f, "{} removes expired sessions by itself", self.store);
        }
        write!(
            f,
            "removed {} in {}",
            sessions(self.removed),
            Span(Duration::from_secs_f64(self.seconds))
        )?;
        match self.removed as f64 / self.seconds {
            rate if self.removed > 0 && rate.is_finite() => write!(f, ", {rate:.0} per second"),
            _ => Ok(()),
        }
    }
}
