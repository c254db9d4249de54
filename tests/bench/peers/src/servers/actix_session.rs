//! actix-session, as it comes: its cookies are encrypted.

use super::{LIFETIME, Site, actix};
use crate::visitor::VISITS;
use actix_session::config::BrowserSession;
use actix_session::storage::RedisSessionStore;
use actix_session::{Session, SessionMiddleware};
use actix_web::Result;
use actix_web::cookie::{Key, time};
use actix_web::web::get;

pub(super) async fn serve(site: Site) -> anyhow::Result<()> {
    let prefix = site.prefix.clone();
    let store = RedisSessionStore::builder(site.redis.as_str());
    let store = store.cache_keygen(move |key| format!("{prefix}{key}")).build().await?;
    let lifecycle = BrowserSession::default().state_ttl(time::Duration::try_from(LIFETIME)?);
    actix::serve(move |app| {
        let sessions = SessionMiddleware::builder(store.clone(), Key::from(&[7; 64]))
            .session_lifecycle(lifecycle.clone())
            .build();
        let site = site.clone();
        let new = move |session: Session| {
            let filled = fill(&session, &site);
            async move { filled }
        };
        let routes = actix::routes(get().to(read), get().to(increment), get().to(new));
        app.service(routes.wrap(sessions));
    })
    .await
}

async fn read(session: Session) -> Result<String> {
    Ok(session.get::<u64>(VISITS)?.unwrap_or_default().to_string())
}

async fn increment(session: Session) -> Result<String> {
    let visits = session.get::<u64>(VISITS)?.unwrap_or_default() + 1;
    session.insert(VISITS, visits)?;
    Ok(visits.to_string())
}

fn fill(session: &Session, site: &Site) -> Result<String> {
    for (key, value) in site.entries {
        session.insert(*key, value)?;
    }
    Ok(1000.to_string())
}
