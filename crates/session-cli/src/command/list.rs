//! `session list`: a line for each session.

use crate::args::{List, Source};
use crate::failure::{Done, Failure};
use crate::output::{Output, note};
use crate::settings;
use crate::show::{Span, bytes, moment, printable, sessions};
use crate::site::Site;
use crate::stop::Stop;
use serde::Serialize;
use std::fmt::{self, Display};
use std::time::{Duration, SystemTime};
use web_session::SessionInfo;

/// One session. Its id and its key are in nobody's output.
#[derive(Serialize)]
struct Line {
    handle: String,
    owner: Option<String>,
    /// When it began or its owner signed in, if it says so.
    created: Option<String>,
    /// When its lease was last renewed, if its lifetime is known.
    renewed: Option<String>,
    ttl_seconds: u64,
    bytes: usize,
    is_undecodable: bool,
}

pub(crate) async fn run(source: &Source, list: &List, output: &Output) -> Result<Done, Failure> {
    let settings = settings::read(source)?;
    let lifetime = settings.seconds("PERMANENT_SESSION_LIFETIME")?;
    let site = Site::open(&settings).await?;
    let stop = Stop::listen();
    let mut lines = Lines { output, lifetime, limit: list.limit.unwrap_or(usize::MAX), printed: 0 };
    output.decorate(&columns("HANDLE", "LEFT", "SIZE", "CREATED", "RENEWED", "OWNER"))?;
    let unnamed = match list.owner.as_deref() {
        Some(owner) if site.has_owner_index() => {
            for info in site.manager.owners().sessions(owner).await? {
                lines.print(&info)?;
            }
            0
        }
        owner => {
            if owner.is_some() {
                note("there is no index of owners (SESSION_OWNER_INDEX), so all sessions are read");
            }
            scan(&site, owner, &mut lines, &stop).await?
        }
    };
    if unnamed > 0 {
        note(format_args!("{unnamed} more cannot be listed: the store does not know their keys"));
    }
    note(sessions(lines.printed as u64));
    Ok(if stop.is_asked() { Done::Stopped } else { Done::All })
}

/// Prints those of `owner`, or all; returns how many live records have no name.
async fn scan(
    site: &Site,
    owner: Option<&str>,
    lines: &mut Lines<'_>,
    stop: &Stop,
) -> Result<u64, Failure> {
    let mut unnamed = 0;
    let mut scanner = site.scanner();
    while !stop.is_asked()
        && !lines.is_full()
        && let Some(page) = scanner.next_page().await?
    {
        unnamed += page.unnamed;
        let infos =
            page.records.into_iter().filter_map(|(key, record)| site.manager.info(&key, record));
        for info in infos.filter(|info| owner.is_none() || info.owner() == owner) {
            lines.print(&info)?;
        }
    }
    Ok(unnamed)
}

struct Lines<'a> {
    output: &'a Output,
    lifetime: Option<Duration>,
    limit: usize,
    printed: usize,
}

impl Lines<'_> {
    fn is_full(&self) -> bool {
        self.printed >= self.limit
    }

    fn print(&mut self, info: &SessionInfo) -> Result<(), Failure> {
        if self.is_full() || info.is_over() {
            return Ok(());
        }
        self.printed += 1;
        self.output.print(&Line {
            handle: info.handle().to_string(),
            owner: info.owner().map(str::to_owned),
            created: info.created().and_then(moment),
            renewed: renewed(info, self.lifetime).and_then(moment),
            ttl_seconds: info.ttl().as_secs(),
            bytes: info.size(),
            is_undecodable: info.is_undecodable(),
        })
    }
}

/// When the lease was last renewed: what is left of its lifetime tells, the session's own or the
/// one that the settings name.
pub(super) fn renewed(info: &SessionInfo, lifetime: Option<Duration>) -> Option<SystemTime> {
    let own = info.get::<u64>("_lifetime").ok().flatten().map(Duration::from_secs);
    let gone = own.or(lifetime)?.checked_sub(info.ttl())?;
    SystemTime::now().checked_sub(gone)
}

impl Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = match (&self.owner, self.is_undecodable) {
            (Some(owner), _) => printable(owner),
            (None, true) => "(undecodable)".to_owned(),
            (None, false) => "-".to_owned(),
        };
        f.write_str(&columns(
            &self.handle,
            &Span(Duration::from_secs(self.ttl_seconds)).to_string(),
            &bytes(self.bytes as u64),
            self.created.as_deref().unwrap_or("-"),
            self.renewed.as_deref().unwrap_or("-"),
            &owner,
        ))
    }
}

fn columns(
    handle: &str,
    left: &str,
    size: &str,
    created: &str,
    renewed: &str,
    owner: &str,
) -> String {
    format!("{handle:<32}  {left:<8}  {size:<10}  {created:<20}  {renewed:<20}  {owner}")
}
