//! axum_session with its store for Redis. Its cache in the process is off: with it, each of several
//! processes has a session of its own.

use super::{LIFETIME, Site, axum};
use crate::visitor::VISITS;
use ::axum::routing::get;
use axum_session::{SessionConfig, SessionLayer, SessionStore};
use axum_session_redispool::{SessionRedisPool, SessionRedisSession as Session};
use redis_pool::RedisPool;
use std::time::Duration;
use tower_sessions::cookie::time;

pub(super) async fn serve(site: Site) -> anyhow::Result<()> {
    let pool = RedisPool::from(redis::Client::open(site.redis.as_str())?);
    let config = SessionConfig::default()
        .with_table_name(site.prefix.clone())
        .with_lifetime(time::Duration::try_from(LIFETIME)?)
        .with_memory_lifetime(time::Duration::try_from(Duration::ZERO)?);
    let store = SessionStore::<SessionRedisPool>::new(Some(pool.into()), config).await?;
    let new = move |session: Session| async move { fill(&session, &site) };
    axum::serve(axum::routes(get(read), get(increment), get(new)).layer(SessionLayer::new(store)))
        .await
}

async fn read(session: Session) -> String {
    visits(&session).to_string()
}

async fn increment(session: Session) -> String {
    let visits = visits(&session) + 1;
    session.set(VISITS, visits);
    visits.to_string()
}

fn fill(session: &Session, site: &Site) -> String {
    for (key, value) in site.entries {
        session.set(key, value);
    }
    1000.to_string()
}

fn visits(session: &Session) -> u64 {
    session.get(VISITS).unwrap_or_default()
}
