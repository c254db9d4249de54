//! How many sessions an owner may have, and which of them end.

use crate::support::index::IndexedStore;
use crate::support::owners::{is_live, key, open, sign_in};
use session_core::store::unix_time;
use session_core::{
    Bytes, Config, ErrorKind, Lease, MemoryStore, Outcome, Precondition, SessionManager, Store,
    StoreKey,
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
        if let Some(set) = commit.set_cookie {
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
async fn sessions_of_unknown_age_count_and_are_the_oldest() {
    let store = Arc::new(MemoryStore::new());
    let manager = limited(store.clone(), 3);
    // A Flask app's, and one from before the setting.
    let flasks = record(&*store, "flask", None, 3600).await;
    let before = sign_in(&unlimited(store.clone()), "ann", &[]).await;
    let first = sign_in(&manager, "ann", &[]).await;
    let mut cookies = vec![flasks, before, first];
    assert_eq!(live(&manager, &cookies).await, [true; 3]);
    // The Flask app's was not used for longer.
    for expected in [[false, true, true], [false, false, true], [false, false, false]] {
        cookies.push(sign_in(&manager, "ann", &[]).await);
        assert_eq!(live(&manager, &cookies[..3]).await, expected);
    }
    assert_eq!(live(&manager, &cookies[3..]).await, [true; 3]);
}

#[tokio::test]
async fn many_from_before_the_limit_end_with_the_first_sign_in() {
    let store = Arc::new(MemoryStore::new());
    signed_in(&unlimited(store.clone()), 100).await;
    let manager = limited(store.clone(), 2);
    let latest = sign_in(&manager, "ann", &[]).await;
    assert!(is_live(&manager, &latest).await);
    assert_eq!(store.len(), 2);
}

/// Another machine's clock is ahead of this one's.
#[tokio::test]
async fn one_that_signs_in_stays_though_its_clock_is_behind() {
    let store = Arc::new(MemoryStore::new());
    let manager = limited(store.clone(), 2);
    let ahead = |seconds| Some(unix_time() + Duration::from_secs(seconds));
    let mut cookies = vec![
        record(&*store, "first", ahead(20), 3600).await,
        record(&*store, "second", ahead(30), 3600).await,
    ];
    for expected in [[false, true], [false, false]] {
        cookies.push(sign_in(&manager, "ann", &[]).await);
        assert_eq!(live(&manager, &cookies[..2]).await, expected);
        assert!(live(&manager, &cookies[2..]).await.iter().all(|&is_live| is_live));
    }
    let created = manager.owners().sessions("ann").await.unwrap();
    let mut created: Vec<_> = created.iter().map(|info| info.created().unwrap()).collect();
    created.sort_unstable();
    assert!(created[0] < created[1], "the order is that of the sign-ins");
}

/// Nothing stays the newest for ever because a clock was wrong once.
#[tokio::test]
async fn beginning_in_the_far_future_is_not_believed() {
    let store = Arc::new(MemoryStore::new());
    let manager = limited(store.clone(), 1);
    let year = Some(unix_time() + Duration::from_secs(365 * 86_400));
    let future = record(&*store, "future", year, 3600).await;
    let cookie = sign_in(&manager, "ann", &[]).await;
    assert!(!is_live(&manager, &future).await && is_live(&manager, &cookie).await);
    let created = manager.owners().sessions("ann").await.unwrap()[0].created().unwrap();
    assert!(created.elapsed().is_ok(), "it did not begin in the future itself");
}

#[tokio::test]
async fn what_is_not_the_owners_is_neither_counted_nor_ended() {
    let store = Arc::new(MemoryStore::new());
    let manager = limited(store.clone(), 2);
    let first = sign_in(&manager, "ann", &[]).await;
    // Flask signs another user in without a new id: the entry knows nothing of it.
    let changed = record(&*store, "changed", None, 3600).await;
    let loaded = store.load(&key(&changed)).await.unwrap().unwrap();
    let lease = Lease { ttl: Duration::from_secs(60), owner: Some("ann") };
    let bobs = Bytes::from_static(b"\x81\xa8_user_id\xa3bob");
    let when = Precondition::Unchanged(&loaded);
    assert_ne!(store.write(&key(&changed), bobs, &lease, when).await.unwrap(), Outcome::Refused);
    // An application beside this one has users of the same names.
    let other = StoreKey::new("other:", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let payload = Bytes::from_static(b"\x81\xa8_user_id\xa3ann");
    let when = Precondition::Absent;
    assert_ne!(store.write(&other, payload, &lease, when).await.unwrap(), Outcome::Refused);

    let second = sign_in(&manager, "ann", &[]).await;
    assert!(is_live(&manager, &first).await && is_live(&manager, &second).await);
    let third = sign_in(&manager, "ann", &[]).await;
    assert_eq!(live(&manager, &[first, second, third]).await, [false, true, true]);
    assert!(is_live(&manager, &changed).await);
    assert!(store.load(&other).await.unwrap().is_some());
}

/// Another program may read it.
#[tokio::test]
async fn undecodable_record_counts_and_is_the_oldest() {
    let store = Arc::new(MemoryStore::new());
    let manager = limited(store.clone(), 2);
    let broken = format!("session={:A<43}", "broken");
    let lease = Lease { ttl: Duration::from_secs(3600), owner: Some("ann") };
    let payload = Bytes::from_static(b"\xc1 no session");
    let when = Precondition::Absent;
    assert_ne!(store.write(&key(&broken), payload, &lease, when).await.unwrap(), Outcome::Refused);
    let cookies = signed_in(&manager, 2).await;
    assert!(store.load(&key(&broken)).await.unwrap().is_none());
    assert_eq!(live(&manager, &cookies).await, [true, true]);
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
    let exchange = manager.create();
    exchange.opened().unwrap().set_owner("ann").unwrap();
    let mut commit = exchange.commit();
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
