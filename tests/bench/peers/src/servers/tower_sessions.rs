//! tower-sessions with its store for Redis, as that one's documentation sets it up. Its keys have
//! no prefix.

use super::{LIFETIME, Site, axum};
use crate::visitor::VISITS;
use ::axum::http::StatusCode;
use ::axum::routing::get;
use tower_sessions::cookie::time;
use tower_sessions::{Expiry, Session, SessionManagerLayer};
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike as _, Config, Pool};

type Result<T> = std::result::Result<T, StatusCode>;

pub(super) async fn serve(site: Site) -> anyhow::Result<()> {
    let pool = Pool::new(Config::from_url(&site.redis)?, None, None, None, 6)?;
    pool.init().await?;
    let expiry = Expiry::OnInactivity(time::Duration::try_from(LIFETIME)?);
    let layer = SessionManagerLayer::new(RedisStore::new(pool)).with_expiry(expiry);
    let new = move |session: Session| async move { fill(&session, &site).await };
    axum::serve(axum::routes(get(read), get(increment), get(new)).layer(layer)).await
}

async fn read(session: Session) -> Result<String> {
    Ok(visits(&session).await?.to_string())
}

async fn increment(session: Session) -> Result<String> {
    let visits = visits(&session).await? + 1;
    session.insert(VISITS, visits).await.map_err(failed)?;
    Ok(visits.to_string())
}

async fn fill(session: &Session, site: &Site) -> Result<String> {
    for (key, value) in site.entries {
        session.insert(key, value).await.map_err(failed)?;
    }
    Ok(1000.to_string())
}

async fn visits(session: &Session) -> Result<u64> {
    Ok(session.get(VISITS).await.map_err(failed)?.unwrap_or_default())
}

fn failed(_: tower_sessions::session::Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
