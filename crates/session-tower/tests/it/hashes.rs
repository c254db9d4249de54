//! Hashed ids that are turned on while people are signed in: what a request costs, what a browser,
//! an owner and an audit notice.

use super::rekeys::{age, at, indexed, is_live, keys};
use crate::support::Browser;
use crate::support::ids::made_up;
use crate::support::owners::{key, open, sign_in};
use session_core::{ErrorKind, MemoryStore, Rollout};
use session_testkit::{Calls, CountingStore, Fault, FaultyStore, Method};
use std::sync::Arc;

const NONE: Calls = Calls::NONE;
/// The look under the hash, and the one under the id.
const READ: Calls = Calls { load: 2, ..NONE };
const READ_MOVED: Calls = Calls { load: 1, ..NONE };
/// The claim, the mark, and the record.
const MOVE: Calls = Calls { write: 3, ..READ };

fn counting() -> (Arc<CountingStore>, Arc<MemoryStore>) {
    let memory = Arc::new(MemoryStore::new());
    (Arc::new(CountingStore::new(memory.clone())), memory)
}

#[tokio::test]
async fn session_from_before_goes_on_and_moves_with_its_next_write() {
    for path in ["/set:b=1", "/modify:n", "/update:n"] {
        let (store, memory) = counting();
        let browser = at(Rollout::Off, store.clone()).visit("/set:a=1").await;
        age(&*memory, browser.id()).await;
        let app = at(Rollout::Migrate, store.clone());
        let [plain, hashed] = keys(browser.id());
        store.take_calls();
        let mut after = browser.clone();
        let answer = after.get(&app.router, path).await;
        let extra = u64::from(path.starts_with("/update"));
        assert_eq!(store.take_calls(), Calls { write: 3 + extra, ..READ }, "{path}");
        assert_eq!(answer.max_age(), Some(31 * 24 * 3600), "renewed, as any write would");
        assert_eq!(after.id(), browser.id(), "the id stays");
        assert!(!is_live(&*memory, &plain).await && is_live(&*memory, &hashed).await);
        assert_eq!(after.ok(&app.router, "/get:a").await, "1");
        assert_eq!(store.take_calls(), READ_MOVED, "{path}");
        let on = at(Rollout::On, store.clone());
        assert_eq!(after.ok(&on.router, "/get:a").await, "1", "the last step reads it");
    }
}

#[tokio::test]
async fn reading_moves_a_session_once_it_is_renewed() {
    let (store, memory) = counting();
    let mut browser = at(Rollout::Off, store.clone()).visit("/set:a=1").await;
    let app = at(Rollout::Migrate, store.clone());
    store.take_calls();
    assert_eq!(browser.ok(&app.router, "/get:a").await, "1");
    assert_eq!(store.take_calls(), READ, "no renewal is due");
    age(&*memory, browser.id()).await;
    let answer = browser.get(&app.router, "/get:a").await;
    assert_eq!((store.take_calls(), answer.max_age()), (MOVE, Some(31 * 24 * 3600)));
    browser.ok(&app.router, "/set:b=1").await;
    assert_eq!(store.take_calls(), Calls { write: 1, ..READ_MOVED });
    // New sessions and new ids are hashed from the start; an unknown id costs two looks.
    let new = app.visit("/set:a=1").await;
    assert!(is_live(&*memory, &keys(new.id())[1]).await);
    store.take_calls();
    Browser { cookie: Some(format!("session={}", made_up())) }.ok(&app.router, "/get:a").await;
    assert_eq!(store.take_calls(), READ);
}

#[tokio::test]
async fn first_step_writes_what_the_instances_before_it_read() {
    let (store, memory) = counting();
    let (off, accept) = (at(Rollout::Off, store.clone()), at(Rollout::Accept, store.clone()));
    let mut browser = accept.visit("/set:a=1").await;
    assert_eq!(browser.ok(&off.router, "/get:a/set:b=1").await, "1");
    store.take_calls();
    assert_eq!(browser.ok(&accept.router, "/get:b/set:a=2").await, "1");
    assert_eq!(store.take_calls(), Calls { write: 1, ..READ_MOVED });
    // What the step after it has written stays where it is.
    let mut moved = at(Rollout::Migrate, store.clone()).visit("/set:a=1").await;
    store.take_calls();
    assert_eq!(moved.ok(&accept.router, "/get:a/set:b=1").await, "1");
    assert_eq!(store.take_calls(), Calls { write: 1, ..READ });
    let [plain, hashed] = keys(moved.id());
    assert!(!is_live(&*memory, &plain).await && is_live(&*memory, &hashed).await);
}

#[tokio::test]
async fn logout_before_the_move_ends_the_session_for_good() {
    for path in ["/pause/set:b=1", "/pause/update:n", "/pause/regenerate", "/pause/flush"] {
        let (store, memory) = counting();
        let mut browser = at(Rollout::Off, store.clone()).visit("/set:a=1").await;
        let app = at(Rollout::Migrate, store.clone());
        let late = app.pause(&browser, path).await;
        let was = browser.clone();
        browser.ok(&app.router, "/flush").await;
        app.gate.open(1);
        assert_eq!(late.await.unwrap().status, 409, "{path}");
        for key in keys(was.id()) {
            assert!(!is_live(&*memory, &key).await, "{path}");
        }
        assert_eq!(was.clone().ok(&app.router, "/get:a").await, "none");
    }
}

/// An instance from before the first step, which should have been gone by then.
#[tokio::test]
async fn instance_that_knows_nothing_of_hashes_takes_a_moved_session_for_none() {
    let (store, _) = counting();
    let off = at(Rollout::Off, store.clone());
    let mut browser = off.visit("/set:a=1").await;
    browser.ok(&at(Rollout::Migrate, store.clone()).router, "/set:b=1").await;
    let answer = browser.clone().get(&off.router, "/get:a/set:a=2").await;
    assert_eq!((answer.status.as_u16(), answer.set_cookies()), (409, Vec::new()));
    assert_eq!(browser.clone().ok(&off.router, "/get:a").await, "none");
}

/// The store goes away, or the process does, before or after each write of a move.
#[tokio::test]
async fn move_that_is_cut_off_loses_nothing() {
    let faults = [
        Fault::Fail(ErrorKind::Unavailable),
        Fault::Fail(ErrorKind::Unknown),
        Fault::FailAfterApplying(ErrorKind::Unknown),
    ];
    for (fault, applied) in faults.into_iter().flat_map(|fault| [0, 1, 2].map(|n| (fault, n))) {
        for path in ["/get:a", "/set:b=1"] {
            let was = format!("{path} {applied} {fault:?}");
            let memory = Arc::new(MemoryStore::new());
            let browser = at(Rollout::Off, memory.clone()).visit("/set:a=1").await;
            age(&*memory, browser.id()).await;
            let faulty = Arc::new(FaultyStore::new(memory.clone()));
            let app = at(Rollout::Migrate, faulty.clone());
            (0..applied).for_each(|_| faulty.push(Method::Write, Fault::Pass));
            faulty.push(Method::Write, fault);
            let answer = browser.clone().get(&app.router, path).await;
            // A renewal is best effort, as ever.
            let expected = if path == "/get:a" { 200 } else { 503 };
            assert_eq!(answer.status, expected, "{was}: {answer:?}");
            let dump = app.dump(&browser).await;
            assert!(["a=1", "a=1 b=1"].contains(&dump.as_str()), "{was}: {dump}");
            let [plain, hashed] = keys(browser.id());
            let live = [is_live(&*memory, &plain).await, is_live(&*memory, &hashed).await];
            assert_ne!(live[0], live[1], "{was}: two live copies, or none");
            browser.clone().ok(&app.router, "/set:c=1").await;
            assert!(app.dump(&browser).await.ends_with("c=1"), "{was}");
        }
    }
}

#[tokio::test]
async fn owner_has_each_session_once_and_its_name_outlasts_the_move() {
    let store = Arc::new(MemoryStore::new());
    let off = indexed(Rollout::Off, store.clone());
    let manager = indexed(Rollout::Migrate, store.clone());
    let unmoved = sign_in(&off, "ann", &[("a", "1")]).await;
    let moving = sign_in(&off, "ann", &[("a", "2")]).await;
    let _new = sign_in(&manager, "ann", &[("a", "3")]).await;
    let owners = manager.owners();
    let before: Vec<_> =
        owners.sessions("ann").await.unwrap().iter().map(|info| info.handle()).collect();
    assert_eq!(before.len(), 3);
    let (exchange, session) = open(&manager, &moving).await;
    let handle = session.handle().unwrap();
    session.insert("b", 1).unwrap();
    exchange.commit().await.unwrap();
    assert_eq!(session.handle(), Some(handle), "by the closed session");
    assert!(!is_live(&*store, &key(&moving)).await);
    let sessions = owners.sessions("ann").await.unwrap();
    assert_eq!(sessions.iter().map(|info| info.handle()).collect::<Vec<_>>(), before);
    let (_, session) = open(&manager, &moving).await;
    assert_eq!(sessions.iter().filter(|info| info.is_current(&session)).count(), 1);

    // Its handle stays good for a long connection, and so does the name.
    let reopened = session.reopen().await.unwrap();
    assert_eq!(reopened.handle(), Some(handle));
    // The caller's own stays, whichever key the listing names; one name ends one session.
    assert_eq!(owners.end_others(&session).await.unwrap(), 2);
    assert!(!is_live(&*store, &key(&unmoved)).await);
    assert!(owners.end("ann", handle).await.unwrap());
    assert!(open(&manager, &moving).await.1.is_new());
}

/// The page of devices was made before the move, and the button is pressed after it.
#[tokio::test]
async fn name_from_before_the_move_ends_the_session_after_it() {
    let store = Arc::new(MemoryStore::new());
    let cookie = sign_in(&indexed(Rollout::Off, store.clone()), "ann", &[]).await;
    let manager = indexed(Rollout::Migrate, store.clone());
    let handle = manager.owners().sessions("ann").await.unwrap()[0].handle();
    let (exchange, session) = open(&manager, &cookie).await;
    session.insert("b", 1).unwrap();
    exchange.commit().await.unwrap();
    assert!(manager.owners().end("ann", handle).await.unwrap());
    assert!(!manager.owners().end("ann", handle).await.unwrap());
    assert!(open(&manager, &cookie).await.1.is_new());
}
