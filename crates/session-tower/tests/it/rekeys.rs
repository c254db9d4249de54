//! Records that move from the id to its hash while people are signed in, whoever comes in between.

use super::interleavings::{Done, Kind, SEEDS, check, handed_out, overlap, story};
use crate::support::app::App;
use crate::support::owners::sign_in;
use crate::support::schedule::{Dice, ScheduledStore};
use crate::support::{Browser, is_trace};
use http::StatusCode;
use session_core::{
    Config, IdHash, IdSyntax, Lease, MemoryStore, Rollout, SessionId, SessionManager, Store,
    StoreKey,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// An application that has come to this step of the change.
pub(super) fn at(step: Rollout, store: Arc<dyn Store>) -> App {
    App::with(store, Config::builder().hash_ids(step).build().unwrap(), None)
}

/// Where the record of `id` is under the two forms of its key.
pub(super) fn keys(id: &str) -> [StoreKey; 2] {
    let id = SessionId::parse(id.as_bytes(), IdSyntax::Base64Url).unwrap();
    [IdHash::Plain, IdHash::Sha256].map(|form| id.to_key("session:", form))
}

pub(super) async fn is_live(store: &dyn Store, key: &StoreKey) -> bool {
    store.load(key).await.unwrap().is_some_and(|record| !is_trace(&record.payload))
}

/// Makes the lease of a session old, so that whoever looks at it renews it.
pub(super) async fn age(store: &dyn Store, id: &str) {
    let [plain, _] = keys(id);
    let record = store.load(&plain).await.unwrap().unwrap();
    let lease = Lease { ttl: Duration::from_secs(3600), owner: None };
    assert!(store.touch(&plain, &lease, &record).await.unwrap().is_written());
}

/// The sessions that are left, by id: what each holds, and that none has two records or a claim that
/// nobody withdrew.
async fn sessions(memory: &MemoryStore, reader: &App, ids: &[&str]) -> BTreeMap<String, String> {
    let mut sessions = BTreeMap::new();
    for id in ids {
        let [plain, hashed] = keys(id);
        let live = [is_live(memory, &plain).await, is_live(memory, &hashed).await];
        assert_ne!(live, [true, true], "two live copies");
        let at_hash = memory.load(&hashed).await.unwrap();
        assert!(live[1] || at_hash.is_none_or(|record| record.payload.len() == 3), "a claim");
        if live != [false, false] {
            let browser = Browser { cookie: Some(format!("session={id}")) };
            let data = format!(" {} ", reader.dump(&browser).await);
            sessions.insert((*id).to_owned(), data);
        }
    }
    sessions
}

/// Where nobody ends the session or gives it another id, nobody notices that it moves.
fn assert_undisturbed(done: &[Done]) {
    let moves = [Kind::Login, Kind::Regenerate];
    if done.iter().any(|done| done.kind.ends() || moves.contains(&done.kind)) {
        return;
    }
    for done in done {
        let is_stored = done.is_acknowledged() && done.is_in_origin();
        // Of two that read a number and set the next one, one may have to come again.
        assert!(is_stored || done.kind == Kind::Increment, "{:?}", done.kind);
    }
}

/// Every promise of [`super::interleavings`], where the record moves under the requests, at
/// instances of both steps that meet in a deploy.
#[tokio::test]
async fn no_order_of_calls_breaks_a_promise_while_records_move() {
    let steps: [&[Rollout]; 2] = [&[Rollout::Migrate], &[Rollout::Accept, Rollout::Migrate]];
    for steps in steps {
        let mut seen = BTreeSet::new();
        for seed in 0..SEEDS {
            let memory = Arc::new(MemoryStore::new());
            let before = at(Rollout::Off, memory.clone());
            let browser = before.visit("/set:origin=yes").await;
            age(&*memory, browser.id()).await;
            let store = Arc::new(ScheduledStore::new(memory.clone()));
            let apps: Vec<App> = steps.iter().map(|step| at(*step, store.clone())).collect();
            let mut dice = Dice(seed);
            let done = overlap(&mut dice, &apps, &store, std::slice::from_ref(&browser)).await;
            let reader = at(Rollout::Accept, memory.clone());
            let mut ids = handed_out(&done);
            // A logout hands out no id.
            ids.retain(|id| !id.is_empty());
            ids.push(browser.id());
            ids.sort_unstable();
            ids.dedup();
            let sessions = sessions(&memory, &reader, &ids).await;
            let records = store.records().await.len();
            let is_moved = is_live(&*memory, &keys(browser.id())[1]).await;
            seen.extend(done.iter().map(|done| (done.kind, done.answer.status, is_moved)));
            let checked = std::panic::catch_unwind(|| {
                assert_undisturbed(&done);
                assert!(records <= sessions.len(), "nobody knows the id of a session");
                check(&done, &sessions, browser.id());
            });
            assert!(checked.is_ok(), "{steps:?} seed {seed}: {:?}", story(&done));
        }
        // The orders were hard enough.
        let saw = |kind, status, is_moved| seen.contains(&(kind, status, is_moved));
        for kind in [Kind::Read, Kind::Write, Kind::Increment, Kind::Update] {
            assert!(saw(kind, StatusCode::OK, true), "{kind:?} {steps:?}");
        }
        for kind in [Kind::Write, Kind::Increment, Kind::Update, Kind::Login, Kind::Logout] {
            assert!(saw(kind, StatusCode::CONFLICT, false), "{kind:?} {steps:?}");
        }
    }
}

/// Ending all sessions of an owner, while requests move the one there is.
#[tokio::test]
async fn no_order_of_calls_lets_a_moving_session_outlive_the_end_of_all() {
    for seed in 0..SEEDS {
        let memory = Arc::new(MemoryStore::new());
        let cookie = sign_in(&indexed(Rollout::Off, memory.clone()), "ann", &[("a", "1")]).await;
        let browser = Browser { cookie: Some(cookie) };
        let store = Arc::new(ScheduledStore::new(memory.clone()));
        let manager = indexed(Rollout::Migrate, store.clone());
        let mut dice = Dice(seed);
        let ending = tokio::spawn({
            let owners = manager.owners();
            async move { owners.end_all("ann").await }
        });
        let writing: Vec<_> = (0..1 + dice.below(3))
            .map(|n| {
                let (manager, cookie) = (manager.clone(), browser.cookie.clone().unwrap());
                tokio::spawn(async move {
                    let exchange = manager.open();
                    let session = exchange.session([cookie.as_bytes()]).await.unwrap();
                    if !session.is_new() {
                        session.insert(&format!("w{n}"), 1).unwrap();
                    }
                    exchange.commit().await.map(drop)
                })
            })
            .collect();
        let is_done = || ending.is_finished() && writing.iter().all(|task| task.is_finished());
        store.run(&mut dice, is_done).await;
        ending.await.unwrap().unwrap();
        for key in keys(browser.id()) {
            assert!(!is_live(&*memory, &key).await, "seed {seed}");
        }
    }
}

pub(super) fn indexed(step: Rollout, store: Arc<dyn Store>) -> SessionManager {
    let config = Config::builder().hash_ids(step).owner_index(true).build().unwrap();
    SessionManager::new(store, config, None).unwrap()
}
