//! Sessions that are ended for their owner, and what stays.

use crate::support::index::IndexedStore;
use crate::support::owners::{handle_of, in_memory, is_live, manager, open, sign_in};
use session_core::{Config, ErrorKind, MemoryStore, SessionManager};
use session_testkit::{Fault, FaultyStore, Method};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[tokio::test]
async fn session_over_its_absolute_lifetime_is_not_listed_but_ended() {
    let store = Arc::new(MemoryStore::new());
    let with = |lifetime: u64| {
        let lifetime = Duration::from_secs(lifetime);
        let config = Config::builder().owner_index(true).lifetime(lifetime);
        let config = config.absolute_lifetime(lifetime);
        SessionManager::new(store.clone(), config.build().unwrap(), None).unwrap()
    };
    let (patient, strict) = (with(86_400), with(1));
    let cookie = sign_in(&patient, "ann", &[]).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(strict.owners().sessions("ann").await.unwrap().len(), 0);
    assert_eq!(strict.owners().end_all("ann").await.unwrap(), 1);
    assert!(!is_live(&patient, &cookie).await);
}

#[tokio::test]
async fn one_session_is_ended_for_its_owner_only() {
    let (manager, _) = in_memory();
    let phone = sign_in(&manager, "ann", &[]).await;
    let laptop = sign_in(&manager, "ann", &[]).await;
    let handle = handle_of(&manager, "ann", &phone).await;
    assert!(!manager.owners().end("bob", handle).await.unwrap());
    assert!(is_live(&manager, &phone).await);
    assert!(manager.owners().end("ann", handle).await.unwrap());
    assert!(!manager.owners().end("ann", handle).await.unwrap());
    assert!(!is_live(&manager, &phone).await);
    assert!(is_live(&manager, &laptop).await);
}

#[tokio::test]
async fn end_of_the_others_keeps_the_callers() {
    let (manager, _) = in_memory();
    let here = sign_in(&manager, "ann", &[]).await;
    let there = sign_in(&manager, "ann", &[]).await;
    let bobs = sign_in(&manager, "bob", &[]).await;
    let (exchange, session) = open(&manager, &here).await;
    assert_eq!(session.owners().end_others(&session).await.unwrap(), 1);
    exchange.commit().await.unwrap();
    assert!(is_live(&manager, &here).await && is_live(&manager, &bobs).await);
    assert!(!is_live(&manager, &there).await);
}

#[tokio::test]
async fn callers_session_stays_though_its_request_moves_it() {
    let (manager, _) = in_memory();
    let here = sign_in(&manager, "ann", &[("cart", "tea")]).await;
    let there = sign_in(&manager, "ann", &[]).await;
    let (exchange, session) = open(&manager, &here).await;
    session.regenerate().unwrap();
    assert_eq!(manager.owners().end_others(&session).await.unwrap(), 1);
    assert!(manager.owners().sessions("ann").await.unwrap()[0].is_current(&session));
    let moved = exchange.commit().await.unwrap().id_field().unwrap().to_owned();
    let moved = moved.split(';').next().unwrap();
    assert!(!is_live(&manager, &there).await && !is_live(&manager, &here).await);
    let (_, session) = open(&manager, moved).await;
    assert_eq!(session.get::<String>("cart").unwrap().as_deref(), Some("tea"));
    assert!(manager.owners().sessions("ann").await.unwrap()[0].is_current(&session));
}

#[tokio::test]
async fn sign_in_can_end_the_earlier_ones() {
    let (manager, _) = in_memory();
    let earlier = sign_in(&manager, "ann", &[]).await;
    let bobs = sign_in(&manager, "bob", &[]).await;
    for cookie in [None, Some(&*bobs)] {
        let (exchange, session) = open(&manager, cookie.unwrap_or("")).await;
        session.set_owner("ann").unwrap();
        manager.owners().end_others(&session).await.unwrap();
        exchange.commit().await.unwrap();
        assert!(!is_live(&manager, &earlier).await);
        assert_eq!(manager.owners().sessions("ann").await.unwrap().len(), 1);
    }
    assert_eq!(manager.owners().sessions("bob").await.unwrap().len(), 0, "it was signed in as ann");
}

#[tokio::test]
async fn end_of_the_others_wants_an_owner_and_an_open_session() {
    let (manager, _) = in_memory();
    let here = sign_in(&manager, "ann", &[]).await;
    let there = sign_in(&manager, "ann", &[]).await;
    let (exchange, session) = open(&manager, &here).await;
    session.flush().unwrap();
    let flushed = manager.owners().end_others(&session).await.unwrap_err();
    assert_eq!(flushed.kind(), ErrorKind::Unsupported);
    exchange.commit().await.unwrap();
    assert_eq!(manager.owners().end_others(&session).await.unwrap_err().kind(), ErrorKind::Closed);
    assert!(is_live(&manager, &there).await);
}

#[tokio::test]
async fn ended_session_does_not_come_back() {
    let (manager, store) = in_memory();
    let here = sign_in(&manager, "ann", &[("n", "1")]).await;
    let writes: [fn(&session_core::Session); 3] = [
        |session| session.insert("n", "2").unwrap(),
        |session| session.regenerate().unwrap(),
        |session| session.set_owner("bob").unwrap(),
    ];
    let mut requests = Vec::new();
    for write in writes {
        let (exchange, session) = open(&manager, &here).await;
        write(&session);
        requests.push(exchange);
    }
    let (_, late) = open(&manager, &here).await;
    assert_eq!(manager.owners().end_all("ann").await.unwrap(), 1);
    for request in requests {
        assert_eq!(request.commit().await.unwrap_err().kind(), ErrorKind::Gone);
    }
    let update = late.update("n", |_: Option<String>| "3".to_owned()).await;
    assert_eq!(update.unwrap_err().kind(), ErrorKind::Gone);
    assert!(store.is_empty());
}

#[tokio::test]
async fn sign_in_that_is_stored_meanwhile_is_ended_too() {
    let memory = Arc::new(MemoryStore::new());
    let store = Arc::new(IndexedStore::new(memory.clone()));
    let manager = manager(store.clone());
    sign_in(&manager, "ann", &[]).await;
    store.sign_ins.store(3, Ordering::SeqCst);
    assert_eq!(manager.owners().end_all("ann").await.unwrap(), 4);
    assert!(memory.is_empty());
}

#[tokio::test]
async fn session_that_one_listing_missed_is_ended() {
    let memory = Arc::new(MemoryStore::new());
    let store = Arc::new(IndexedStore::new(memory.clone()));
    let manager = manager(store.clone());
    sign_in(&manager, "ann", &[]).await;
    store.blind_listings.store(1, Ordering::SeqCst);
    assert_eq!(manager.owners().end_all("ann").await.unwrap(), 1);
    assert!(memory.is_empty());
}

#[tokio::test]
async fn session_is_followed_from_id_to_id() {
    let memory = Arc::new(MemoryStore::new());
    let store = Arc::new(IndexedStore::new(memory.clone()));
    let manager = manager(store.clone());
    sign_in(&manager, "ann", &[]).await;
    store.moves.store(5, Ordering::SeqCst);
    assert_eq!(manager.owners().end_all("ann").await.unwrap(), 1);
    assert!(memory.is_empty());
}

/// Also on a store that never waits, where no timer is ever looked at.
#[tokio::test]
async fn endless_sign_ins_end_at_the_deadline() {
    let mut store = IndexedStore::new(Arc::new(MemoryStore::new()));
    store.never_waits = true;
    let store = Arc::new(store);
    let config = Config::builder().owner_index(true).timeout(Duration::from_millis(50));
    let manager = SessionManager::new(store.clone(), config.build().unwrap(), None).unwrap();
    sign_in(&manager, "ann", &[]).await;
    store.sign_ins.store(usize::MAX, Ordering::SeqCst);
    let owners = manager.owners();
    let end = owners.end_all("ann");
    let end = tokio::time::timeout(Duration::from_secs(20), end).await;
    let error = end.expect("it has a deadline").unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true));
}

#[tokio::test(start_paused = true)]
async fn session_that_cannot_be_ended_keeps_no_other() {
    // The fault, the error's kind, and how many are left.
    let table = [
        (Fault::Fail(ErrorKind::Unavailable), ErrorKind::Unavailable, 1),
        (Fault::FailAfterApplying(ErrorKind::Unknown), ErrorKind::Unknown, 0),
        (Fault::Hang, ErrorKind::Unknown, 1),
        (Fault::HangAfterApplying, ErrorKind::Unknown, 0),
    ];
    for (fault, kind, left) in table {
        let memory = Arc::new(MemoryStore::new());
        let store = Arc::new(FaultyStore::new(memory.clone()));
        let manager = manager(store.clone());
        for _ in 0..40 {
            sign_in(&manager, "ann", &[]).await;
        }
        store.push(Method::Delete, Fault::Pass);
        store.push(Method::Delete, fault);
        let error = manager.owners().end_all("ann").await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (kind, true), "{fault:?}");
        assert_eq!(memory.len(), left, "{fault:?}");
        assert_eq!(manager.owners().end_all("ann").await.unwrap(), left);
    }
}

/// `Timeout` would say that the session is still there.
#[tokio::test(start_paused = true)]
async fn end_without_an_answer_is_unknown_and_worth_repeating() {
    for fault in [Fault::Hang, Fault::HangAfterApplying] {
        let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
        let manager = manager(store.clone());
        let cookie = sign_in(&manager, "ann", &[]).await;
        let handle = handle_of(&manager, "ann", &cookie).await;
        store.push(Method::Delete, fault);
        let error = manager.owners().end("ann", handle).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unknown, true), "{fault:?}");
        let is_still_there = manager.owners().end("ann", handle).await.unwrap();
        assert_eq!(is_still_there, matches!(fault, Fault::Hang));
    }
}
