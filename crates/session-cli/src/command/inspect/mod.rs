//! `session inspect`: what one session holds.

mod value;

use super::list::renewed;
use crate::args::{Inspect, Source};
use crate::failure::{Done, Failure};
use crate::output::Output;
use crate::settings;
use crate::show::{Span, bytes, moment, printable};
use crate::site::Site;
use crate::stop::Stop;
use serde::Serialize;
use std::fmt::{self, Display};
use std::io;
use std::time::Duration;
use web_session::{IdSyntax, SessionHandle, SessionId, SessionInfo, Value};

#[derive(Serialize)]
struct Report {
    handle: String,
    owner: Option<String>,
    format: Option<&'static str>,
    bytes: usize,
    ttl_seconds: u64,
    created: Option<String>,
    renewed: Option<String>,
    is_over: bool,
    is_undecodable: bool,
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    key: String,
    /// `undecodable` if no type of ours has the value.
    r#type: &'static str,
    /// As it is stored.
    bytes: usize,
    /// With `--show-values` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<serde_json::Value>,
}

/// What names a session on the command line.
enum Named {
    Handle(SessionHandle),
    Id(SessionId),
}

pub(crate) async fn run(
    source: &Source,
    inspect: &Inspect,
    output: &Output,
) -> Result<Done, Failure> {
    let named = match &*inspect.session {
        "-" => {
            let mut line = String::new();
            let read = io::stdin().read_line(&mut line);
            read.map_err(|error| Failure::System("read a line of standard input", error))?;
            parse(line.trim())?
        }
        text => parse(text)?,
    };
    let settings = settings::read(source)?;
    let site = Site::open(&settings).await?;
    let stop = Stop::listen();
    let found = match named {
        Named::Id(id) => by_id(&site, &id).await?,
        Named::Handle(handle) => by_handle(&site, handle, inspect.owner.as_deref(), &stop).await?,
    };
    let Some(info) = found else {
        if stop.is_asked() {
            return Ok(Done::Stopped);
        }
        return Err(Failure::Wrong(format!("no live session of that name in {}", site.name)));
    };
    let lifetime = settings.seconds("PERMANENT_SESSION_LIFETIME")?;
    output.print(&Report::of(&info, lifetime, inspect.show_values))?;
    Ok(Done::All)
}

fn parse(text: &str) -> Result<Named, Failure> {
    if let Ok(handle) = text.parse() {
        return Ok(Named::Handle(handle));
    }
    // A cookie may have a signature behind the id, after a dot.
    let id = text.split('.').next().unwrap_or_default();
    SessionId::parse(id.as_bytes(), IdSyntax::Base64UrlOrUuid).map(Named::Id).ok_or_else(|| {
        Failure::Usage(
            "read the name of a session: expected a handle of 32 hex digits, as `session list` \
             prints it, or an id"
                .to_owned(),
        )
    })
}

async fn by_id(site: &Site, id: &SessionId) -> Result<Option<SessionInfo>, Failure> {
    for key in site.manager.keys_of(id) {
        let record = site.store().load(&key).await?;
        if let Some(info) = record.and_then(|record| site.manager.info(&key, record)) {
            return Ok(Some(info));
        }
    }
    Ok(None)
}

async fn by_handle(
    site: &Site,
    handle: SessionHandle,
    owner: Option<&str>,
    stop: &Stop,
) -> Result<Option<SessionInfo>, Failure> {
    if let Some(owner) = owner
        && site.has_owner_index()
    {
        let infos = site.manager.owners().sessions(owner).await?;
        return Ok(infos.into_iter().find(|info| info.handle() == handle));
    }
    let mut scanner = site.scanner();
    while !stop.is_asked()
        && let Some(page) = scanner.next_page().await?
    {
        let infos =
            page.records.into_iter().filter_map(|(key, record)| site.manager.info(&key, record));
        let is_it = |info: &SessionInfo| {
            info.handle() == handle && (owner.is_none() || info.owner() == owner)
        };
        if let Some(info) = infos.into_iter().find(is_it) {
            return Ok(Some(info));
        }
    }
    Ok(None)
}

impl Report {
    fn of(info: &SessionInfo, lifetime: Option<Duration>, shows_values: bool) -> Self {
        let entry = |(key, bytes): (&str, usize)| {
            let value = info.get::<Value>(key).ok().flatten();
            Entry {
                key: key.to_owned(),
                r#type: value.as_ref().map_or("undecodable", value::type_of),
                bytes,
                value: value.filter(|_| shows_values).map(value::to_json),
            }
        };
        Self {
            handle: info.handle().to_string(),
            owner: info.owner().map(str::to_owned),
            format: info.format().map(web_session::Format::as_str),
            bytes: info.size(),
            ttl_seconds: info.ttl().as_secs(),
            created: info.created().and_then(moment),
            renewed: renewed(info, lifetime).and_then(moment),
            is_over: info.is_over(),
            is_undecodable: info.is_undecodable(),
            entries: info.entries().map(entry).collect(),
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "handle   {}", self.handle)?;
        writeln!(f, "owner    {}", self.owner.as_deref().map_or("-".to_owned(), printable))?;
        writeln!(f, "format   {}", self.format.unwrap_or("undecodable"))?;
        writeln!(f, "size     {}", bytes(self.bytes as u64))?;
        writeln!(f, "left     {}", Span(Duration::from_secs(self.ttl_seconds)))?;
        writeln!(f, "created  {}", self.created.as_deref().unwrap_or("-"))?;
        write!(f, "renewed  {}", self.renewed.as_deref().unwrap_or("-"))?;
        if self.is_over {
            write!(f, "\nover     nobody can open it: its lifetime or fixed end has passed")?;
        }
        if !self.entries.is_empty() {
            write!(f, "\n\n{:<24}  {:<11}  {:>7}  VALUE", "KEY", "TYPE", "BYTES")?;
        }
        for Entry { key, r#type, bytes, value } in &self.entries {
            let value =
                value.as_ref().map_or("***".to_owned(), |value| printable(&value.to_string()));
            write!(f, "\n{:<24}  {type:<11}  {bytes:>7}  {value}", printable(key))?;
        }
        Ok(())
    }
}
