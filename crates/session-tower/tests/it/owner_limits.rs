//! How many sessions an owner may have, and which of them end.

mod others;

use crate::support::index::IndexedStore;
use crate::support::owners::{is_live, key, open, sign_in};
use session_core::{
    Bytes, Config, ErrorKind, Lease, MemoryStore, Outcome, Precondition, SessionManager, Store,
};
use session_testkit::{Calls, CountingStore, Fault, FaultyStore, Method};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn limited(store: Arc<dyn Store>, max: usize) -> SessionManager {
    let config = Config::builder().owner_index(true).max_per_owner(max);
    SessionManager::new(store, config.build().unwrap(), None).unwrap()
}

fn unlimited(store: Arc<dyn Store>) -> SessionManager {
    let config = Config::builder().owner_index(true);
    SessionManager::new(store, config.build().unwrap(), None).unwrap()
}

async fn live(manager: &SessionManager, cookies: &[String]) -> Vec<bool> {
    let mut live = Vec::new();
    for cookie in cookies {
        live.push(is_live(manager, cookie).await);
    }
    live
}

/// Signs ann in `count` times, one after the other.
async fn signed_in(manager: &SessionManager, count: usize) -> Vec<String> {
    let mut cookies = Vec::new();
    for _ in 0..count {
        cookies.push(sign_in(manager, "ann", &[]).await);
    }
    cookies
}

/// A record of ann's as another program writes it, in MessagePack, which `began` says when it began.
async fn record(store: &dyn Store, id: &str, began: Option<Duration>, ttl: u64) -> String {
    let mut payload = b"\x81\xa8_user_id\xa3ann".to_vec();
    if let Some(began) = began {
        payload[0] = 0x82;
        payload.extend(b"\xa8_created\xcb");
        payload.extend(began.as_secs_f64().to_be_bytes());
    }
    let cookie = format!("session={id:A<43}");
    let lease = Lease { ttl: Duration::from_secs(ttl), owner: Some("ann") };
    let when = Precondition::Absent;
    let outcome = store.write(&key(&cookie), Bytes::from(payload), &lease, when).await.unwrap();
    assert_ne!(outcome, Outcome::Refused);
    cookie
}

#[tokio::test]
async fn oldest_ends_with_each_sign_in_beyond_the_limit() {
    let manager = limited(Arc::new(MemoryStore::new()), 3);
    let bobs = sign_in(&manager, "bob", &[]).await;
    let cookies = signed_in(&manager, 5).await;
    assert_eq!(live(&manager, &cookies).await, [false, false, true, true, true]);
    assert!(is_live(&manager, &bobs).await);
    let (_, session) = open(&manager, &cookies[2]).await;
    assert_eq!(session.owners().end_others(&session).await.unwrap(), 2);
    let more = signed_in(&manager, 2).await;
    assert!(is_live(&manager, &cookies[2]).await, "who signs out makes room");
    assert_eq!(live(&manager, &more).await, [true, true]);
}

#[tokio::test]
async fn limit_of_one_is_one_device() {
    let manager = limited(Arc::new(MemoryStore::new()), 1);
    let cookies = signed_in(&manager, 3).await;
    assert_eq!(live(&manager, &cookies).await, [false, false, true]);
}

#[tokio::test]
async fn every_way_to_sign_in_counts_and_nothing_else() {
    let store = Arc::new(CountingStore::new(Arc::new(MemoryStore::new())));
    let manager = limited(store.clone(), 1);
    let mut pair = String::new();
    let ways = [
        ("writes as a stranger", false),
        ("signs in from a session", true),
        ("is the same again", false),
        ("writes", false),
        ("gets a new id", false),
        ("signs in anew after a flush", true),
        ("hands over", true),
        ("signs out", false),
        ("signs in without a session", true),
    ];
    for (way, is_sign_in) in ways {
        let (exchange, session) = open(&manager, &pair).await;
        match way {
            "signs in from a session" | "signs in without a session" | "is the same again" => {
                session.set_owner("ann").unwrap();
            }
            "gets a new id" => session.regenerate().unwrap(),
            "signs in anew after a flush" => {
                session.flush().unwrap();
                session.set_owner("ann").unwrap();
            }
            "hands over" => session.set_owner("bob").unwrap(),
            "signs out" => session.clear().unwrap(),
            _ => session.insert("n", way).unwrap(),
        }
        store.take_calls();
        let commit = exchange.commit().await.unwrap();
        if let Some(set) = commit.id_field() {
            pair = set.split(';').next().unwrap().to_owned();
        }
        let calls = store.take_calls();
        assert_eq!(calls.list_by_owner > 0, is_sign_in, "{way}");
        assert_eq!(calls.delete, 0, "{way}");
    }
}

#[tokio::test]
async fn sign_in_costs_what_the_docs_say() {
    let store = Arc::new(CountingStore::new(Arc::new(MemoryStore::new())));
    let manager = limited(store.clone(), 3);
    let below = Calls { write: 1, list_by_owner: 1, ..Calls::default() };
    let full = Calls { load: 3, delete: 1, ..below };
    for expected in [below, below, below, full, full] {
        sign_in(&manager, "ann", &[]).await;
        assert_eq!(store.take_calls(), expected);
    }
    let unlimited = unlimited(store.clone());
    sign_in(&unlimited, "ann", &[]).await;
    assert_eq!(store.take_calls(), Calls { write: 1, ..Calls::default() });
}

#[tokio::test]
async fn session_that_moves_meanwhile_is_found_under_its_new_id() {
    let memory = Arc::new(MemoryStore::new());
    let store = Arc::new(IndexedStore::new(memory.clone()));
    let manager = limited(store.clone(), 2);
    signed_in(&manager, 2).await;
    store.moves.store(1, Ordering::SeqCst);
    let latest = sign_in(&manager, "ann", &[]).await;
    assert_eq!(manager.owners().sessions("ann").await.unwrap().len(), 2);
    assert!(is_live(&manager, &latest).await);
}

#[tokio::test(start_paused = true)]
async fn sign_in_stands_whatever_fails_and_the_next_one_mends_it() {
    let faults = [
        (Method::ListByOwner, Fault::Fail(ErrorKind::Unavailable)),
        (Method::ListByOwner, Fault::Hang),
        (Method::Load, Fault::Fail(ErrorKind::Timeout)),
        (Method::Load, Fault::Hang),
        (Method::Delete, Fault::Fail(ErrorKind::Unavailable)),
        (Method::Delete, Fault::Hang),
        (Method::Delete, Fault::HangAfterApplying),
        (Method::Delete, Fault::FailAfterApplying(ErrorKind::Unknown)),
    ];
    for (method, fault) in faults {
        let memory = Arc::new(MemoryStore::new());
        let store = Arc::new(FaultyStore::new(memory.clone()));
        let manager = limited(store.clone(), 2);
        let earlier = signed_in(&manager, 2).await;
        store.push(method, fault);
        let during = sign_in(&manager, "ann", &[]).await;
        assert_eq!(store.pending(), 0);
        assert!(is_live(&manager, &during).await, "{method:?} {fault:?}");
        let after = sign_in(&manager, "ann", &[]).await;
        assert_eq!(memory.len(), 2, "{method:?} {fault:?}");
        assert_eq!(live(&manager, &earlier).await, [false, false], "{method:?} {fault:?}");
        assert!(is_live(&manager, &during).await && is_live(&manager, &after).await);
    }
}

/// One that hangs keeps none of the others that were looked at before, so that a large number ends
/// in the end.
#[tokio::test(start_paused = true)]
async fn what_is_too_many_ends_in_part_where_time_is_short() {
    let memory = Arc::new(MemoryStore::new());
    let store = Arc::new(FaultyStore::new(memory.clone()));
    signed_in(&unlimited(store.clone()), 200).await;
    for _ in 0..100 {
        store.push(Method::Load, Fault::Pass);
    }
    store.push(Method::Load, Fault::Hang);
    let manager = limited(store.clone(), 5);
    sign_in(&manager, "ann", &[]).await;
    let left = memory.len();
    assert!((6..120).contains(&left), "{left}");
    sign_in(&manager, "ann", &[]).await;
    assert_eq!(memory.len(), 5);
}

/// The client does not wait for the answer, and the session is one of its owner's all the same.
#[tokio::test]
async fn client_that_hangs_up_cuts_nothing_short() {
    let memory = Arc::new(MemoryStore::new());
    let manager = limited(Arc::new(IndexedStore::new(memory.clone())), 1);
    let first = sign_in(&manager, "ann", &[]).await;
    let session = manager.create();
    session.set_owner("ann").unwrap();
    let mut commit = session.commit();
    tokio::select! {
        biased;
        _ = &mut commit => panic!("it waits for the store"),
        () = std::future::ready(()) => drop(commit),
    }
    assert_eq!(memory.len(), 2, "it is stored, and the first has not ended");
    while memory.len() > 1 {
        tokio::task::yield_now().await;
    }
    assert!(!is_live(&manager, &first).await);
}

#[test]
fn limit_needs_an_index_that_the_store_has() {
    let memory = || Arc::new(MemoryStore::new());
    let error = Config::builder().max_per_owner(3).build().unwrap_err();
    assert!(error.to_string().contains("SESSION_OWNER_INDEX=true"), "{error}");
    let mut store = IndexedStore::new(memory());
    store.has_index = false;
    let config = Config::builder().owner_index(true).max_per_owner(3).build().unwrap();
    let error = SessionManager::new(Arc::new(store), config, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}
