//! This library on axum.

use super::{LIFETIME, Site, axum};
use crate::visitor::VISITS;
use ::axum::routing::get;
use web_session::config::Settings;
use web_session::{Result, Session, SessionLayer, SessionManager};

pub(super) async fn serve(site: Site) -> anyhow::Result<()> {
    let manager = manager(&site).await?;
    let new = move |session: Session| async move { fill(&session, &site) };
    axum::serve(axum::routes(get(read), get(increment), get(new)).layer(SessionLayer::new(manager)))
        .await
}

pub(super) async fn manager(site: &Site) -> anyhow::Result<SessionManager> {
    let settings = Settings::from_iter([
        ("SESSION_TYPE", "redis"),
        ("SESSION_REDIS", &site.redis),
        ("SESSION_KEY_PREFIX", &site.prefix),
        ("PERMANENT_SESSION_LIFETIME", &LIFETIME.as_secs().to_string()),
    ]);
    Ok(web_session::manager(&settings).await?)
}

pub(super) async fn read(session: Session) -> Result<String> {
    Ok(session.get::<u64>(VISITS)?.unwrap_or_default().to_string())
}

pub(super) async fn increment(session: Session) -> Result<String> {
    let visits = session.get::<u64>(VISITS)?.unwrap_or_default() + 1;
    session.insert(VISITS, visits)?;
    Ok(visits.to_string())
}

pub(super) fn fill(session: &Session, site: &Site) -> Result<String> {
    for (key, value) in site.entries {
        session.insert(*key, value)?;
    }
    Ok(1000.to_string())
}
