//! `session revoke`: the end of sessions, whoever holds their ids.

mod end;

use crate::args::{Revoke, Source};
use crate::failure::{Done, Failure};
use crate::output::Output;
use crate::progress::Progress;
use crate::settings;
use crate::show::{printable, sessions};
use crate::site::Site;
use crate::stop::Stop;
use end::{End, end};
use futures_util::stream::{self, StreamExt as _};
use serde::Serialize;
use std::fmt::{self, Display};
use std::io::{self, IsTerminal as _, Write as _};
use web_session::{SessionHandle, SessionInfo};

/// Sessions that are ended at once.
const WIDTH: usize = 16;

#[derive(Default, Serialize)]
struct Report {
    ended: u64,
    /// Sessions that moved to another id, or ended otherwise, while this ran.
    moved: u64,
    /// Live records whose key the store does not know.
    unnamed: u64,
    is_stopped: bool,
}

/// Which sessions are to end.
struct Which {
    owner: Option<String>,
    handle: Option<SessionHandle>,
}

pub(crate) async fn run(
    source: &Source,
    revoke: &Revoke,
    output: &Output,
) -> Result<Done, Failure> {
    let handle = revoke.handle.as_deref().map(|handle| {
        handle.parse().map_err(|_| {
            Failure::Usage(
                "read a session handle: expected 32 lower-case hex digits, as `session list` \
                 prints them"
                    .to_owned(),
            )
        })
    });
    let which = Which { owner: revoke.owner.clone(), handle: handle.transpose()? };
    if !revoke.yes && !io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "end sessions without a terminal to ask on: say --yes".to_owned(),
        ));
    }
    let site = Site::open(&settings::read(source)?).await?;
    if !revoke.yes && !is_agreed(&which, &site)? {
        return Err(Failure::Wrong("nothing was ended".to_owned()));
    }
    let stop = Stop::listen();
    let report = match (&which.owner, which.handle) {
        (Some(owner), handle) if site.has_owner_index() => {
            by_index(&site, owner, handle, &stop).await?
        }
        _ => by_scan(&site, &which, &stop, output).await?,
    };
    output.print(&report)?;
    Ok(match &report {
        Report { is_stopped: true, .. } => Done::Stopped,
        Report { moved: 0, unnamed: 0, ended, .. } if *ended > 0 || which.handle.is_none() => {
            Done::All
        }
        _ => Done::Partly,
    })
}

fn is_agreed(which: &Which, site: &Site) -> Result<bool, Failure> {
    let ask = |error| Failure::System("ask on the terminal", error);
    eprint!("End {which} in {}? [y/N] ", site.name);
    io::stderr().flush().map_err(ask)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(ask)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

async fn by_index(
    site: &Site,
    owner: &str,
    handle: Option<SessionHandle>,
    stop: &Stop,
) -> Result<Report, Failure> {
    let owners = site.manager.owners();
    let ending = async {
        match handle {
            Some(handle) => owners.end(owner, handle).await.map(u64::from),
            None => owners.end_all(owner).await.map(|ended| ended as u64),
        }
    };
    tokio::select! {
        ended = ending => Ok(Report { ended: ended?, ..Report::default() }),
        () = stop.asked() => Ok(Report { is_stopped: true, ..Report::default() }),
    }
}

async fn by_scan(
    site: &Site,
    which: &Which,
    stop: &Stop,
    output: &Output,
) -> Result<Report, Failure> {
    let progress = Progress::new(output, "reading", None);
    let mut report = Report::default();
    let mut scanner = site.scanner();
    while let Some(page) = scanner.next_page().await? {
        report.unnamed += page.unnamed;
        progress.add(page.records.len() as u64);
        let meant = page.records.into_iter().filter(|(key, record)| {
            site.manager.info(key, record.clone()).is_some_and(|info| which.is_meant(&info))
        });
        let is_meant = |info: &SessionInfo| which.is_meant(info);
        let mut ends = stream::iter(meant)
            .map(|(key, record)| end(site, key, record, is_meant))
            .buffer_unordered(WIDTH);
        while let Some(ended) = ends.next().await {
            match ended? {
                End::Ended => report.ended += 1,
                End::Moved => report.moved += 1,
            }
        }
        if which.handle.is_some() && report.ended > 0 {
            // The records without a name are not meant.
            report.unnamed = 0;
            break;
        }
        if stop.is_asked() {
            report.is_stopped = true;
            break;
        }
    }
    Ok(report)
}

impl Which {
    fn is_meant(&self, info: &SessionInfo) -> bool {
        self.handle.is_none_or(|handle| info.handle() == handle)
            && self.owner.as_deref().is_none_or(|owner| info.owner() == Some(owner))
    }
}

impl Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.owner, self.handle) {
            (None, None) => f.write_str("ALL sessions"),
            (Some(owner), None) => write!(f, "all sessions of {}", printable(owner)),
            (None, Some(handle)) => write!(f, "the session {handle}"),
            (Some(owner), Some(handle)) => {
                write!(f, "the session {handle} of {}", printable(owner))
            }
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ended {}", sessions(self.ended))?;
        if self.moved > 0 {
            write!(f, "; {} moved or ended meanwhile: run this again", self.moved)?;
        }
        if self.unnamed > 0 {
            write!(f, "; {} more have no known key and are still there", self.unnamed)?;
        }
        if self.is_stopped {
            f.write_str("; stopped before all were looked at")?;
        }
        Ok(())
    }
}
