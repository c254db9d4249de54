//! What a metrics recorder counts.

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use session_testkit::{Fault, FaultyStore, Method};
use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use web_session::store::{MigratingStore, Migration};
use web_session::{Config, ErrorKind, MemoryStore, Rollout, Session, SessionManager, Signer};

/// The name of a value, as it may be: nobody counts by it.
const KEY: &str = "viewed:ann@example.org";

/// The session that a new request with this cookie opens.
async fn open(manager: &SessionManager, pair: &str) -> (web_session::Exchange, Session) {
    let exchange = manager.open();
    let session = exchange.session([pair.as_bytes()]).await.unwrap();
    (exchange, session)
}

async fn scenario() {
    let config = Config::builder().owner_index(true).build().unwrap();
    let manager = SessionManager::new(Arc::new(MemoryStore::new()), config, None).unwrap();
    let created = manager.create();
    created.insert(KEY, 1).unwrap();
    let cookie = created.commit().await.unwrap().id_field().unwrap().to_owned();
    let pair = cookie.split(';').next().unwrap();

    open(&manager, "session=forged").await;
    let unknown = format!("session={}", web_session::SessionId::generate(32).unwrap().as_str());
    open(&manager, &unknown).await;

    let (slow, late) = open(&manager, pair).await;
    let (stale, reader) = open(&manager, pair).await;
    assert_eq!(reader.get::<u32>(KEY).unwrap(), Some(1));
    let (fast, writer) = open(&manager, pair).await;
    writer.insert(KEY, 2).unwrap();
    fast.commit().await.unwrap();
    reader.insert(KEY, 3).unwrap();
    assert_eq!(stale.commit().await.unwrap_err().kind(), ErrorKind::Conflict);

    let (logout, ending) = open(&manager, pair).await;
    ending.flush().unwrap();
    logout.commit().await.unwrap();
    late.insert("m", 1).unwrap();
    assert_eq!(slow.commit().await.unwrap_err().kind(), ErrorKind::Gone);

    let mut pairs = Vec::new();
    for _ in 0..2 {
        let created = manager.create();
        created.insert("n", 1).unwrap();
        let cookie = created.commit().await.unwrap().id_field().unwrap().to_owned();
        pairs.extend(cookie.split(';').next().map(str::to_owned));
    }
    let (logout, ending) = open(&manager, &pairs.join("; ")).await;
    ending.flush().unwrap();
    logout.commit().await.unwrap();

    for _ in 0..2 {
        let login = manager.create();
        login.set_owner("ann").unwrap();
        login.commit().await.unwrap();
    }
    assert_eq!(manager.owners().end_all("ann").await.unwrap(), 2);

    let exchange = manager.open();
    let session = exchange.session([]).await.unwrap();
    let update = session.update("big", |_: Option<String>| "x".repeat(2_000_000)).await;
    assert!(update.is_err());
    session.flush().unwrap();
    let update = session.update("n", |n: Option<u8>| n.unwrap_or(0)).await;
    assert_eq!(update.unwrap_err().kind(), ErrorKind::Gone);
    let update = session.update("_user_id", |n: Option<u8>| n.unwrap_or(0)).await;
    assert_eq!(update.unwrap_err().kind(), ErrorKind::Unsupported);
    exchange.discard();
    let update = session.update("n", |n: Option<u8>| n.unwrap_or(0)).await;
    assert_eq!(update.unwrap_err().kind(), ErrorKind::Closed);
}

/// A session from before signing and hashing, opened by each step of the change.
async fn change() {
    let store = Arc::new(MemoryStore::new());
    let manager = |step: Rollout| {
        let config = Config::builder().use_signer(step).hash_ids(step).build().unwrap();
        let signer = step.reads_new().then(|| Signer::new("thirty-two bytes nobody can guess"));
        SessionManager::new(store.clone(), config, signer.transpose().unwrap()).unwrap()
    };
    let created = manager(Rollout::Off).create();
    created.insert("n", 1).unwrap();
    let unsigned = created.commit().await.unwrap().id_field().unwrap().to_owned();
    for step in [Rollout::Off, Rollout::Accept] {
        open(&manager(step), unsigned.split(';').next().unwrap()).await;
    }
    let (moving, session) =
        open(&manager(Rollout::Migrate), unsigned.split(';').next().unwrap()).await;
    session.insert("n", 2).unwrap();
    let signed = moving.commit().await.unwrap().id_field().unwrap().to_owned();
    for step in [Rollout::Migrate, Rollout::On, Rollout::Accept] {
        open(&manager(step), signed.split(';').next().unwrap()).await;
    }
}

/// What is recorded while `work` runs, by name and labels but for the backend: of a counter its
/// count, of a histogram how many values it has.
fn counted(work: impl Future<Output = ()>) -> BTreeMap<String, u64> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(work));

    let mut counts = BTreeMap::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let labels = key.key().labels().filter(|label| label.key() != "backend");
        let labels: Vec<&str> = labels.map(|label| label.value()).collect();
        let count = match value {
            DebugValue::Counter(count) => count,
            DebugValue::Histogram(values) => values.len() as u64,
            DebugValue::Gauge(_) => continue,
        };
        counts.insert(format!("{} {}", key.key().name(), labels.join(",")), count);
    }
    counts
}

#[test]
fn session_in_another_form_than_is_written_is_counted() {
    let mut counts = counted(change());
    assert_eq!(counts.get("session_commits_total rekey"), Some(&1));
    counts.retain(|name, _| name.starts_with("session_other_forms_total"));
    let counts: Vec<_> = counts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    let expected = ["hashed", "plain", "signed", "unsigned"]
        .map(|form| format!("session_other_forms_total {form}"));
    assert_eq!(counts, expected.each_ref().map(|name| (name.as_str(), 1)));
}

#[test]
fn every_outcome_is_counted_once() {
    let counts = counted(scenario());
    let expected = [
        ("session_ids_rejected_total forged", 1),
        ("session_ids_rejected_total ambiguous", 1),
        ("session_loads_total miss", 1),
        ("session_loads_total hit", 6),
        ("session_load_seconds ", 6),
        ("session_commits_total create", 5),
        ("session_commits_total update", 3),
        ("session_commits_total delete", 2),
        ("session_commit_seconds create", 5),
        ("session_commit_seconds update", 1),
        ("session_commit_seconds delete", 2),
        ("session_commit_errors_total conflict", 1),
        ("session_commit_errors_total gone", 1),
        ("session_update_errors_total too_large", 1),
        ("session_update_errors_total gone", 1),
        ("session_update_errors_total unsupported", 1),
        ("session_update_errors_total closed", 1),
        ("session_replays_total ", 1),
        ("session_refused_resurrections_total ", 1),
        ("session_owner_ends_total ", 2),
    ];
    for (name, count) in expected {
        assert_eq!(counts.get(name), Some(&count), "{name} in {counts:?}");
    }
    assert!(!format!("{counts:?}").contains("ann"), "{counts:?}");
    assert!(counts["session_written_bytes_total "] > 0);
    assert!(counts["session_read_bytes_total "] > 0);
}

async fn more_sign_ins_than_may_be() {
    let config = Config::builder().owner_index(true).max_per_owner(2).build().unwrap();
    let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
    let manager = SessionManager::new(store.clone(), config, None).unwrap();
    for fault in [Fault::Pass, Fault::Pass, Fault::Fail(ErrorKind::Timeout), Fault::Pass] {
        store.push(Method::ListByOwner, fault);
        let login = manager.create();
        login.set_owner("ann").unwrap();
        login.commit().await.unwrap();
    }
}

#[test]
fn sessions_beyond_the_limit_are_counted_and_so_is_a_limit_that_is_not_kept() {
    let counts = counted(more_sign_ins_than_may_be());
    assert_eq!(counts.get("session_owner_ends_total "), Some(&2), "{counts:?}");
    assert_eq!(counts.get("session_limit_errors_total timeout"), Some(&1), "{counts:?}");
    assert_eq!(counts.get("session_commits_total create"), Some(&4), "{counts:?}");
}

async fn more_events_than_may_wait() {
    let store = Arc::new(MemoryStore::new());
    let manager = SessionManager::new(store, Config::default(), None).unwrap();
    let (go_on, wait) = mpsc::channel::<()>();
    manager
        .observe(move |_| {
            let _ = wait.recv();
        })
        .unwrap();
    for _ in 0..5000 {
        manager.open().session([&b"session=%%%"[..]]).await.unwrap();
    }
    drop(go_on);
}

#[test]
fn events_that_an_observer_misses_are_counted() {
    let counts = counted(more_events_than_may_wait());
    // The observer may have taken the first one out before the line was full.
    let lost = counts.get("session_events_lost_total ");
    assert!(matches!(lost, Some(903 | 904)), "{counts:?}");
}

/// Reads a session, and one that there is not; neither calls the store at its end.
async fn readers() {
    let store = Arc::new(MemoryStore::new());
    let manager = SessionManager::new(store, Config::default(), None).unwrap();
    let created = manager.create();
    created.insert("n", 1).unwrap();
    let cookie = created.commit().await.unwrap().id_field().unwrap().to_owned();
    for pair in ["", cookie.split(';').next().unwrap()] {
        let (exchange, session) = open(&manager, pair).await;
        session.get::<u8>("n").unwrap();
        exchange.commit().await.unwrap();
    }
}

#[test]
fn only_commits_that_call_the_store_are_timed() {
    let mut counts = counted(readers());
    assert_eq!(counts.get("session_commits_total nothing"), Some(&2), "{counts:?}");
    counts.retain(|name, _| name.starts_with("session_commit_seconds"));
    assert_eq!(counts, [("session_commit_seconds create".to_owned(), 1)].into());
}

/// A session of the old store is read by an instance of each step, then moves, and is read again.
async fn move_between_stores() {
    let (old, new) = (Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new()));
    let manager = |migration| {
        let both = MigratingStore::new(old.clone(), new.clone(), migration);
        SessionManager::new(Arc::new(both), Config::default(), None).unwrap()
    };
    let created = SessionManager::new(old.clone(), Config::default(), None).unwrap().create();
    created.insert("n", 1).unwrap();
    let cookie = created.commit().await.unwrap().id_field().unwrap().to_owned();
    let pair = cookie.split(';').next().unwrap();
    open(&manager(Migration::Accept), pair).await;
    let (moving, session) = open(&manager(Migration::Migrate), pair).await;
    session.insert("n", 2).unwrap();
    moving.commit().await.unwrap();
    for migration in [Migration::Accept, Migration::Migrate, Migration::Migrate] {
        open(&manager(migration), pair).await;
    }
    let unknown = format!("session={}", web_session::SessionId::generate(32).unwrap().as_str());
    open(&manager(Migration::Migrate), &unknown).await;
}

#[test]
fn loads_of_a_move_are_counted_by_the_store_that_had_the_session() {
    let mut counts = counted(move_between_stores());
    counts.retain(|name, _| name.starts_with("session_migration_loads_total"));
    let counts: Vec<_> = counts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    let name = |store| format!("session_migration_loads_total {store}");
    assert_eq!(counts, [(&*name("new"), 3), (&*name("old"), 2)]);
}
