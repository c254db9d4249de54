//! One store: whether it can be reached, what it says of itself, what may be done there.

use super::report::Section;
use super::rights::Trial;
use crate::stop::Stop;
use std::time::Duration;
use web_session::Config;
use web_session::config::Settings;
use web_session::store::{Finding, Topic};

/// What an operation may take where the application does not say.
const OPERATION: Duration = Duration::from_millis(500);

/// Looks at the store of `settings`; `application` is how its sessions are read. No section for one
/// that keeps nothing outside a process.
pub(super) async fn look(
    settings: &Settings,
    application: &Settings,
    stop: &Stop,
) -> Option<Section> {
    let word = settings.text("SESSION_TYPE").ok().flatten()?.to_owned();
    if matches!(&*word, "null" | "memory") {
        return None;
    }
    let about = match web_session::address(settings) {
        Ok(Some(address)) => format!("{word} at {address}"),
        Ok(None) => word,
        // The settings name none, and what they say instead may be anything.
        Err(_) => "the store".to_owned(),
    };
    let mut findings = Vec::new();
    let problem = |topic, error: web_session::Error| Finding::problem(topic, format!("{error:#}"));
    let store = tokio::select! {
        connected = web_session::connect_as_it_is(settings) => connected,
        () = stop.asked() => return Some(Section::new(about, findings)),
    };
    let store = match store {
        Ok(store) => store,
        Err(error) => {
            findings.push(problem(Topic::Connection, error));
            return Some(Section::new(about, findings));
        }
    };
    findings.push(Finding::ok(Topic::Connection, "the store answers"));
    match store.examine().await {
        Ok(found) => findings.extend(found),
        Err(error) => findings.push(problem(Topic::Server, error)),
    }
    // Without them what is wrong with the settings is said already.
    if let Ok(config) = Config::builder().settings(application)
        && let Ok(config) = config.use_signer(false).build()
    {
        let limit = application.timeout("SESSION_OPERATION_TIMEOUT").ok().flatten();
        match Trial::new(&*store, config.key_prefix(), limit.unwrap_or(OPERATION)) {
            Ok(trial) => findings.extend(trial.run(stop).await),
            Err(error) => findings.push(problem(Topic::Rights, error)),
        }
    }
    Some(Section::new(about, findings))
}
