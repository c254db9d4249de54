//! Sweeps by a timer, on a clock that moves when the test says so.

mod begins;

use crate::support::capture::{Capture, listen};
use crate::support::gate::GatedStore;
use session_core::{
    Config, ErrorKind, Lease, MemoryStore, Precondition, SessionManager, Store, StoreKey,
};
use session_testkit::{CountingStore, Fault, FaultyStore, Method};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::{Instant, advance, timeout};

const EVERY: Duration = Duration::from_secs(100);
const HOUR: Duration = Duration::from_secs(3600);

/// A store of many layers, each of which a test may use.
struct Stores {
    memory: Arc<MemoryStore>,
    faulty: Arc<FaultyStore>,
    gated: Arc<GatedStore>,
    counting: Arc<CountingStore>,
}

impl Stores {
    fn new() -> Self {
        listen();
        let memory = Arc::new(MemoryStore::new());
        let faulty = Arc::new(FaultyStore::new(memory.clone()));
        let gated = Arc::new(GatedStore::new(faulty.clone()));
        let counting = Arc::new(CountingStore::new(gated.clone()));
        Self { memory, faulty, gated, counting }
    }

    fn manager(&self) -> SessionManager {
        self.manager_with(Config::default())
    }

    fn manager_with(&self, config: Config) -> SessionManager {
        SessionManager::new(self.counting.clone(), config, None).unwrap()
    }

    fn sweeps(&self) -> u64 {
        self.counting.calls().delete_expired
    }
}

/// Lets `time` pass in small steps, so that every timer due meanwhile is served.
async fn pass(time: Duration) {
    // A timer counts from when its task has been polled once.
    settle().await;
    let end = Instant::now() + time;
    while Instant::now() < end {
        advance(Duration::from_secs(1)).await;
        settle().await;
    }
}

/// Lets tasks that can go on do so.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn expired_records_go_and_living_ones_stay() {
    let stores = Stores::new();
    for (name, ttl) in [("short", EVERY / 2), ("long", HOUR)] {
        let key = StoreKey::new("session:", name);
        let lease = Lease { ttl, owner: None };
        let outcome = stores.memory.write(&key, "x".into(), &lease, Precondition::Absent).await;
        let _ = outcome.unwrap();
    }
    let manager = stores.manager();
    let _sweeper = manager.spawn_sweeper(EVERY);
    pass(EVERY * 2).await;
    assert_eq!(stores.memory.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn sweeps_come_about_once_in_an_interval() {
    let stores = Stores::new();
    let manager = stores.manager();
    let _sweeper = manager.spawn_sweeper(EVERY);
    pass(EVERY * 20).await;
    // At the slowest the first comes after 100 s and then one each 111; at the fastest 0 and 90.
    let sweeps = stores.sweeps();
    assert!((18..=23).contains(&sweeps), "{sweeps}");
}

#[tokio::test(start_paused = true)]
async fn processes_that_start_together_do_not_sweep_together() {
    let mut firsts = Vec::new();
    for _ in 0..20 {
        let stores = Stores::new();
        let manager = stores.manager();
        let _sweeper = manager.spawn_sweeper(EVERY);
        let started = Instant::now();
        while stores.sweeps() == 0 {
            pass(Duration::from_secs(1)).await;
        }
        firsts.push(started.elapsed().as_secs());
    }
    assert!(firsts.iter().all(|first| *first <= 101), "{firsts:?}");
    firsts.sort_unstable();
    firsts.dedup();
    assert!(firsts.len() > 5, "{firsts:?}");
}

#[tokio::test(start_paused = true)]
async fn failing_store_is_asked_less_often_and_not_given_up() {
    let stores = Stores::new();
    let log = Capture::start();
    for _ in 0..4 {
        stores.faulty.push(Method::DeleteExpired, Fault::Fail(ErrorKind::Unavailable));
    }
    let manager = stores.manager();
    let _sweeper = manager.spawn_sweeper(EVERY);
    // The first within 100 s, then pauses of 200, 400 and 800, give or take a tenth.
    pass(EVERY).await;
    assert_eq!(stores.sweeps(), 1);
    pass(EVERY * 15).await;
    assert!((3..=4).contains(&stores.sweeps()), "{}", stores.sweeps());
    pass(EVERY * 20).await;
    assert_eq!(stores.faulty.pending(), 0);
    let recovered = stores.sweeps();
    pass(EVERY * 10).await;
    assert!((8..=12).contains(&(stores.sweeps() - recovered)), "{}", stores.sweeps());
    assert_eq!(log.text().matches("session sweep failed").count(), 4);
}

#[tokio::test(start_paused = true)]
async fn stopping_waits_for_the_sweep_that_runs() {
    let stores = Stores::new();
    stores.gated.hold_writes();
    let manager = stores.manager();
    let sweeper = manager.spawn_sweeper(EVERY);
    stores.gated.gate.arrived(1).await;
    let stopping = tokio::spawn(sweeper.stop());
    settle().await;
    assert!(!stopping.is_finished());
    stores.gated.let_go();
    stopping.await.unwrap();
    pass(HOUR).await;
    assert_eq!(stores.sweeps(), 1);
}

#[tokio::test(start_paused = true)]
async fn stopping_between_sweeps_is_immediate() {
    let stores = Stores::new();
    let manager = stores.manager();
    let sweeper = manager.spawn_sweeper(HOUR);
    let began = Instant::now();
    sweeper.stop().await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    pass(HOUR * 2).await;
    assert_eq!(stores.sweeps(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropped_handle_gives_the_sweep_up_and_the_next_one_runs() {
    let stores = Stores::new();
    stores.gated.hold_writes();
    let manager = stores.manager();
    let sweeper = manager.spawn_sweeper(EVERY);
    stores.gated.gate.arrived(1).await;
    // A shutdown that cannot wait drops the handle as well.
    assert!(timeout(Duration::from_secs(5), sweeper.stop()).await.is_err());
    pass(HOUR).await;
    assert_eq!(stores.sweeps(), 1);
    // Two sweeps of one manager never run together, so the first is over.
    let _sweeper = manager.spawn_sweeper(EVERY);
    timeout(EVERY * 2, stores.gated.gate.arrived(1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn sweeps_of_one_manager_never_run_together() {
    let stores = Stores::new();
    stores.gated.hold_writes();
    let manager = stores.manager();
    let _sweepers = [manager.spawn_sweeper(EVERY), manager.spawn_sweeper(EVERY)];
    stores.gated.gate.arrived(1).await;
    pass(EVERY * 5).await;
    assert_eq!(stores.sweeps(), 1);
    stores.gated.let_go();
    pass(EVERY * 2).await;
    assert!(stores.sweeps() > 1);
}

#[tokio::test(start_paused = true)]
async fn sweep_that_panics_does_not_end_the_sweeping() {
    let stores = Stores::new();
    stores.gated.hold_writes();
    stores.gated.gate.break_down();
    let manager = stores.manager();
    let _sweeper = manager.spawn_sweeper(EVERY);
    pass(EVERY * 10).await;
    assert!(stores.sweeps() > 1);
}

#[tokio::test(start_paused = true)]
async fn sweeper_does_not_keep_the_manager_alive() {
    let stores = Stores::new();
    let store: Weak<dyn Store> = Arc::downgrade(&(stores.memory.clone() as Arc<dyn Store>));
    let manager = stores.manager();
    let sweeper = manager.spawn_sweeper(EVERY);
    pass(EVERY * 2).await;
    drop((manager, stores));
    // Time stands still, so that no sweep begins; one that runs may come to its end.
    for _ in 0..100 {
        settle().await;
    }
    assert!(store.upgrade().is_none());
    advance(EVERY * 2).await;
    settle().await;
    assert_eq!(format!("{sweeper:?}"), "Sweeper { is_running: false }");
}

#[tokio::test(start_paused = true)]
async fn sweep_by_hand_waits_for_the_one_that_runs() {
    let stores = Stores::new();
    stores.gated.hold_writes();
    let manager = stores.manager();
    let _sweeper = manager.spawn_sweeper(EVERY);
    stores.gated.gate.arrived(1).await;
    let by_hand = tokio::spawn({
        let manager = manager.clone();
        async move { manager.sweep().await }
    });
    settle().await;
    assert_eq!(stores.sweeps(), 1);
    stores.gated.let_go();
    by_hand.await.unwrap().unwrap();
    assert_eq!(stores.sweeps(), 2);
}

/// A pause may be hours, and a sweep as long.
#[tokio::test(start_paused = true)]
async fn tasks_end_with_their_manager_wherever_they_are() {
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    for is_sweeping in [false, true] {
        let stores = Stores::new();
        stores.gated.hold_writes();
        let config = Config::builder().cleanup_interval(EVERY);
        let config = config.cleanup_n_requests(std::num::NonZeroU32::new(2).unwrap());
        let manager = stores.manager_with(config.build().unwrap());
        let _sweeper = manager.spawn_sweeper(HOUR);
        drop(manager.open());
        if is_sweeping {
            drop(manager.open());
            stores.gated.gate.arrived(1).await;
        }
        settle().await;
        assert!(alive() >= 2);
        drop(manager);
        settle().await;
        assert_eq!(alive(), 0, "{is_sweeping}");
    }
}
