//! Calls of many requests at once, and how many of them a second has.

use crate::sessions::{LIFETIME, key, lease, loaded, mixed, payload};
use anyhow::ensure;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use web_session::{Precondition, Store};

/// As many requests as the other benchmarks have under way.
pub(crate) const TASKS: u64 = 32;

/// A call of a store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Load,
    Write,
    Touch,
}

impl Call {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Load, Self::Write, Self::Touch];

    /// Makes it once on a session that is there.
    pub(crate) async fn once(self, store: &dyn Store, number: u64) -> anyhow::Result<()> {
        let (key, lease, loaded) = (key(number), lease(LIFETIME), loaded());
        let is_done = match self {
            Self::Load => store.load(&key).await?.is_some(),
            Self::Write => {
                let when = Precondition::Unchanged(&loaded);
                store.write(&key, payload(), &lease, when).await?.is_written()
            }
            Self::Touch => store.touch(&key, &lease, &loaded).await?.is_written(),
        };
        ensure!(is_done, "{self:?}: the session is gone");
        Ok(())
    }
}

/// How many calls a second has, on sessions below `population` that look random.
pub(crate) async fn rate(
    store: &Arc<dyn Store>,
    call: Call,
    population: u64,
    time: Duration,
) -> anyhow::Result<f64> {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            let mut count = 0;
            while began.elapsed() < time {
                call.once(&*store, mixed(count * TASKS + task) % population).await?;
                count += 1;
            }
            anyhow::Ok(count)
        });
    }
    let mut count = 0;
    while let Some(made) = tasks.join_next().await {
        count += made??;
    }
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

/// Creates the sessions from `first` to before `end`, each for `ttl`.
pub(crate) async fn create(
    store: &Arc<dyn Store>,
    first: u64,
    end: u64,
    ttl: Duration,
) -> anyhow::Result<()> {
    let next = Arc::new(AtomicU64::new(first));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (store, next) = (Arc::clone(store), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return anyhow::Ok(());
                }
                let write =
                    store.write(&key(number), payload(), &lease(ttl), Precondition::Absent).await?;
                ensure!(write.is_written(), "create a session: one is there");
            }
        });
    }
    while let Some(created) = tasks.join_next().await {
        created??;
    }
    Ok(())
}
