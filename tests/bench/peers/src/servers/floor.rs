//! What nobody saves who keeps sessions in Redis: a handler that reads bytes with a GET, and writes
//! them with a SET. The first eight are the counter, and nothing is decoded.

use super::{LIFETIME, Site, axum};
use ::axum::extract::State;
use ::axum::http::{HeaderMap, StatusCode, header};
use ::axum::response::IntoResponse;
use ::axum::routing::get;
use redis::aio::MultiplexedConnection;
use std::sync::Arc;

type Result<T> = std::result::Result<T, StatusCode>;

#[derive(Clone)]
struct Floor {
    redis: MultiplexedConnection,
    site: Arc<Site>,
}

pub(super) async fn serve(site: Site) -> anyhow::Result<()> {
    let client = redis::Client::open(site.redis.as_str())?;
    let redis = client.get_multiplexed_async_connection().await?;
    let floor = Floor { redis, site: Arc::new(site) };
    let with = |handler: ::axum::routing::MethodRouter<Floor>| handler.with_state(floor.clone());
    axum::serve(axum::routes(with(get(read)), with(get(increment)), with(get(new)))).await
}

async fn read(State(mut floor): State<Floor>, fields: HeaderMap) -> Result<String> {
    let (visits, _) = floor.load(&fields).await?;
    Ok(visits.to_string())
}

async fn increment(State(mut floor): State<Floor>, fields: HeaderMap) -> Result<String> {
    let (visits, mut bytes) = floor.load(&fields).await?;
    let visits = visits + 1;
    let key = floor.key(id(&fields).unwrap_or_default());
    bytes.splice(..8, visits.to_be_bytes());
    floor.store(&key, &bytes).await?;
    Ok(visits.to_string())
}

async fn new(State(mut floor): State<Floor>) -> Result<impl IntoResponse> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let id = format!("{:032x}", u128::from_be_bytes(id));
    let mut bytes = vec![b'x'; floor.site.payload.size()];
    bytes.splice(..8, 1000_u64.to_be_bytes());
    let key = floor.key(&id);
    floor.store(&key, &bytes).await?;
    Ok(([(header::SET_COOKIE, format!("id={id}; HttpOnly; Path=/"))], 1000.to_string()))
}

impl Floor {
    fn key(&self, id: &str) -> String {
        format!("{}{id}", self.site.prefix)
    }

    /// The counter, 0 without a session, and the bytes.
    async fn load(&mut self, fields: &HeaderMap) -> Result<(u64, Vec<u8>)> {
        let Some(id) = id(fields) else { return Ok((0, Vec::new())) };
        let get = redis::cmd("GET").arg(self.key(id)).to_owned();
        let bytes: Vec<u8> = get.query_async(&mut self.redis).await.map_err(failed)?;
        let visits = bytes.first_chunk().ok_or(StatusCode::NOT_FOUND)?;
        Ok((u64::from_be_bytes(*visits), bytes))
    }

    async fn store(&mut self, key: &str, bytes: &[u8]) -> Result<()> {
        let mut set = redis::cmd("SET");
        set.arg(key).arg(bytes).arg("EX").arg(LIFETIME.as_secs());
        set.query_async(&mut self.redis).await.map_err(failed)
    }
}

fn id(fields: &HeaderMap) -> Option<&str> {
    let cookies = fields.get(header::COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|pair| pair.strip_prefix("id="))
}

fn failed(_: redis::RedisError) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
