//! `session init`: the tables and indexes of a store.

use crate::args::{Init, Source};
use crate::failure::{Done, Failure};
use crate::output::Output;
use crate::settings;
use serde::Serialize;
use std::fmt::{self, Display};

#[derive(Serialize)]
struct Report {
    store: Option<String>,
    address: Option<String>,
    is_dry_run: bool,
    /// Statements, commands or requests.
    steps: Vec<String>,
}

pub(crate) async fn run(source: &Source, init: &Init, output: &Output) -> Result<Done, Failure> {
    let settings = settings::read(source)?;
    let steps = Box::pin(web_session::missing(&settings)).await?;
    if !init.dry_run {
        drop(Box::pin(web_session::connect(&settings)).await?);
    }
    let store = settings.text("SESSION_TYPE")?.map(str::to_owned);
    let address = web_session::address(&settings)?;
    output.print(&Report { store, address, is_dry_run: init.dry_run, steps })?;
    Ok(Done::All)
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step};")?;
        }
        f.write_str(match (self.steps.is_empty(), self.is_dry_run) {
            (true, _) => "-- nothing is missing",
            (false, true) => "-- not done: this was --dry-run",
            (false, false) => "-- done",
        })
    }
}
