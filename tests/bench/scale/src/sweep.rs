//! A sweep, and what a request notices of it.

use crate::calls::{Call, create};
use crate::sessions::mixed;
use anyhow::ensure;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;
use web_session::Store;

/// How many expired sessions there are, beside all others.
pub(crate) const EXPIRED: u64 = 20_000;

/// Shorter than it takes to create them, so that few wait.
const SHORTEST: Duration = Duration::from_secs(1);

/// What came out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Swept {
    /// With nothing beside it.
    pub(crate) rows_per_second: f64,
    /// Of a write, one after the other, while nothing is swept.
    pub(crate) p99_ms: f64,
    /// Of a write, one after the other, during a sweep.
    pub(crate) p99_ms_beside: f64,
}

/// Sweeps twice; `None` where the server expires sessions by itself.
pub(crate) async fn sweep(
    store: &Arc<dyn Store>,
    population: u64,
) -> anyhow::Result<Option<Swept>> {
    if !store.capabilities().needs_sweep {
        return Ok(None);
    }
    expire(store, population).await?;
    let began = Instant::now();
    let removed = store.delete_expired().await?;
    let alone = began.elapsed();
    ensure!(removed == EXPIRED, "{removed} of {EXPIRED} expired sessions were swept");
    let nothing = async move {
        sleep(2 * alone).await;
        Ok(0)
    };
    let quiet = write_beside(store, population, nothing).await?;
    expire(store, population).await?;
    let swept = Arc::clone(store);
    let busy = write_beside(store, population, async move { swept.delete_expired().await }).await?;
    Ok(Some(Swept {
        rows_per_second: EXPIRED as f64 / alone.as_secs_f64(),
        p99_ms: p99_ms(quiet),
        p99_ms_beside: p99_ms(busy),
    }))
}

/// Creates sessions above all others, and lets them expire.
async fn expire(store: &Arc<dyn Store>, population: u64) -> anyhow::Result<()> {
    create(store, population, population + EXPIRED, SHORTEST).await?;
    // Files count whole seconds.
    sleep(SHORTEST + Duration::from_secs(1)).await;
    Ok(())
}

/// How long each of the writes took that followed each other until `other` was done.
async fn write_beside(
    store: &Arc<dyn Store>,
    population: u64,
    other: impl Future<Output = web_session::Result<u64>> + Send + 'static,
) -> anyhow::Result<Vec<Duration>> {
    let other = tokio::spawn(other);
    let mut took = Vec::new();
    while !other.is_finished() {
        let began = Instant::now();
        Call::Write.once(&**store, mixed(took.len() as u64) % population).await?;
        took.push(began.elapsed());
    }
    other.await??;
    Ok(took)
}

fn p99_ms(mut took: Vec<Duration>) -> f64 {
    took.sort_unstable();
    took.get(took.len() * 99 / 100).map_or(0.0, |took| took.as_secs_f64() * 1e3)
}
