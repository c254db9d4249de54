//! From the environment to a manager over this store, or any other.

use crate::RedbStore;
use std::sync::Arc;
use web_session::config::{KeyInfo, Kind, Settings};
use web_session::{Config, Result, SessionManager};

const KEYS: &[KeyInfo] =
    &[KeyInfo::new("SESSION_REDB_FILE", Kind::Text, Some("sessions.redb"), "The file.")];

/// Makes the manager that the environment describes; `SESSION_TYPE` is `redb` by default.
///
/// # Errors
///
/// `Config` if the settings are wrong, else those of the store's opening.
pub async fn manager_from_env() -> Result<SessionManager> {
    let tables: Vec<_> = web_session::KEYS.iter().copied().chain([KEYS]).collect();
    let (settings, warnings) = Settings::from_env(&tables)?;
    match settings.text("SESSION_TYPE")? {
        None | Some("redb") => {}
        Some(_) => return web_session::manager_from_env().await,
    }
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    over_redb(&settings)
}

fn over_redb(settings: &Settings) -> Result<SessionManager> {
    let config = Config::from_settings(settings)?;
    let secrets = settings.secrets()?.filter(|_| config.use_signer().reads_new());
    let signer = secrets.map(|secrets| secrets.signer()).transpose()?;
    let file = settings.text("SESSION_REDB_FILE")?.unwrap_or("sessions.redb");
    SessionManager::new(Arc::new(RedbStore::open(file)?), config, signer)
}
