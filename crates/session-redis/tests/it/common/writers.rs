//! Writers that go on through a failover, and know what they may see after it.

use super::{MINUTE, key};
use redis::aio::MultiplexedConnection;
use session_core::{ErrorKind, Outcome, Precondition, Store, StoreKey};
use session_redis::RedisStore;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// What is known of a value that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Acknowledged,
    Unknown,
    /// Refused, or failed with an error that promises that nothing was written.
    NotWritten,
}

/// How far the writer of one key is.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The last acknowledged value.
    acknowledged: AtomicU64,
    /// The last one of which the replica is known to have it.
    replicated: AtomicU64,
    /// Calls that failed.
    pub(crate) errors: AtomicU64,
    is_over: AtomicBool,
}

pub(crate) struct Writers {
    pub(crate) progress: Vec<Arc<Progress>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Writers {
    /// Starts a writer for each key, all on one store.
    pub(crate) async fn start(store: RedisStore, names: &[String]) -> Self {
        let store = Arc::new(store);
        let mut it = Self { progress: Vec::new(), tasks: Vec::new() };
        for name in names {
            let key = key(name);
            super::create(&*store, &key, "0").await;
            let progress = Arc::<Progress>::default();
            it.progress.push(Arc::clone(&progress));
            it.tasks.push(tokio::spawn(write(Arc::clone(&store), key, progress)));
        }
        it
    }

    /// Waits until each has had `count` more values acknowledged.
    pub(crate) async fn go_on(&self, count: u64) {
        let goals: Vec<_> = self.progress.iter().map(|it| it.acknowledged() + count).collect();
        let started = Instant::now();
        while self.progress.iter().zip(&goals).any(|(it, goal)| it.acknowledged() < *goal) {
            assert!(started.elapsed() < MINUTE.ttl, "{:?}", self.progress);
            // One that ended early has failed.
            assert!(self.tasks.iter().all(|task| !task.is_finished()), "a writer has failed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Finds out, until the master is gone, what its replica has. The marker is a key of its own.
    pub(crate) fn watch_replication(
        &self,
        mut master: MultiplexedConnection,
        marker: String,
    ) -> JoinHandle<()> {
        let progress = self.progress.clone();
        tokio::spawn(async move {
            loop {
                let seen: Vec<_> = progress.iter().map(|it| it.acknowledged()).collect();
                // WAIT is about what its own connection wrote, and so about all before that.
                let mut wait = redis::pipe();
                wait.cmd("SET").arg(&marker).arg(1).ignore().cmd("WAIT").arg(1).arg(100);
                let Ok([replicas]) = wait.query_async::<[u64; 1]>(&mut master).await else {
                    return;
                };
                if replicas >= 1 {
                    for (it, value) in progress.iter().zip(seen) {
                        it.replicated.store(value, Ordering::SeqCst);
                    }
                }
            }
        })
    }

    /// Waits until a value of each is known to be on the replica.
    pub(crate) async fn be_replicated(&self) {
        super::eventually("the replica has a value of each", async || {
            self.progress.iter().all(|it| it.replicated() > 0)
        })
        .await;
    }

    /// Stops all, and returns the last acknowledged value of each.
    pub(crate) async fn stop(self) -> Vec<u64> {
        for it in &self.progress {
            it.is_over.store(true, Ordering::SeqCst);
        }
        for task in self.tasks {
            task.await.unwrap();
        }
        self.progress.iter().map(|it| it.acknowledged()).collect()
    }
}

impl Progress {
    fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    fn replicated(&self) -> u64 {
        self.replicated.load(Ordering::SeqCst)
    }
}

/// Writes a new value with each call, 1 and up, over the one it loaded.
///
/// Replication is asynchronous, so a failover may take values back, once, and none that the
/// replica had. What was read must have been acknowledged, or its answer lost.
async fn write(store: Arc<RedisStore>, key: StoreKey, progress: Arc<Progress>) {
    let mut fates = HashMap::from([(0, Fate::Acknowledged)]);
    let (mut last, mut newest, mut steps_back) = (0, 0, 0);
    while !progress.is_over.load(Ordering::SeqCst) {
        let floor = progress.replicated();
        let loaded = match store.load(&key).await {
            Ok(loaded) => loaded.expect("a record that the replica has is not lost"),
            Err(error) => {
                let is_right = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout);
                assert!(is_right && error.is_retryable(), "{error:?}");
                progress.errors.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(2)).await;
                continue;
            }
        };
        let value: u64 = std::str::from_utf8(&loaded.payload).unwrap().parse().unwrap();
        let fate = fates[&value];
        assert_ne!(fate, Fate::NotWritten, "{value} was not written, and is there");
        assert!(value >= floor, "{floor} was acknowledged and replicated; {value} is there");
        steps_back += u64::from(value < last);
        assert!(steps_back <= 1, "values go backwards");

        newest += 1;
        let same = Precondition::Unchanged(&loaded);
        let fate = match store.write(&key, newest.to_string().into(), &MINUTE, same).await {
            Ok(Outcome::Written { .. }) => Fate::Acknowledged,
            Ok(Outcome::Refused) => Fate::NotWritten,
            Err(error) => {
                progress.errors.fetch_add(1, Ordering::SeqCst);
                if error.kind() == ErrorKind::Unknown {
                    Fate::Unknown
                } else {
                    assert!(
                        error.kind() == ErrorKind::Unavailable && error.is_retryable(),
                        "{error:?}"
                    );
                    Fate::NotWritten
                }
            }
        };
        fates.insert(newest, fate);
        last = value;
        if fate == Fate::Acknowledged {
            last = newest;
            progress.acknowledged.store(newest, Ordering::SeqCst);
        }
    }
    let loaded = store.load(&key).await.unwrap().unwrap();
    assert_ne!(
        fates[&std::str::from_utf8(&loaded.payload).unwrap().parse().unwrap()],
        Fate::NotWritten
    );
}
