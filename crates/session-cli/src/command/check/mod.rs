//! `session check`: whether an application's store is set up right.

mod contact;
mod report;
mod rights;
mod written;

use crate::args::{Check, Source};
use crate::failure::{Done, Failure};
use crate::output::Output;
use crate::settings;
use crate::stop::Stop;
use report::{Report, Section};
use web_session::store::Level;

pub(crate) async fn run(source: &Source, check: &Check, output: &Output) -> Result<Done, Failure> {
    let stop = Stop::listen();
    let written = settings::written(source)?;
    let (read, mut findings) = written::read(&written);
    findings.sort_by_key(|finding| finding.level);
    let mut sections = vec![Section::new("settings", findings)];
    // What keeps the stores from being told apart is a finding already.
    for settings in web_session::each_store(&read).unwrap_or_default() {
        let settings = settings::patient(settings);
        if stop.is_asked() {
            break;
        }
        sections.extend(Box::pin(contact::look(&settings, &read, &stop)).await);
    }
    for section in &mut sections {
        section.findings.sort_by_key(|finding| finding.topic);
    }
    let report = Report::new(sections);
    output.print(&report)?;
    Ok(match report.level {
        _ if stop.is_asked() => Done::Stopped,
        Level::Problem => Done::Partly,
        Level::Warning if check.strict => Done::Partly,
        _ => Done::All,
    })
}
