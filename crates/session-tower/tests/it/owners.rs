//! What is listed and ended for an owner, and what is not.

use crate::support::index::IndexedStore;
use crate::support::owners::{handle_of, in_memory, indexed, is_live, key, manager, open, sign_in};
use session_core::{
    Bytes, Config, ErrorKind, Lease, MemoryStore, Precondition, SessionHandle, SessionInfo,
    SessionManager, Store, StoreKey,
};
use session_testkit::{Calls, CountingStore, Fault, FaultyStore, Method};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

/// Puts `payload` where the session of `cookie` is, as a program does that changes records in
/// place and leaves the index alone.
async fn overwrite(store: &MemoryStore, cookie: &str, owner: &str, payload: Bytes) {
    let key = key(cookie);
    let loaded = store.load(&key).await.unwrap().unwrap();
    let lease = Lease { ttl: Duration::from_secs(60), owner: Some(owner) };
    let outcome = store.write(&key, payload, &lease, Precondition::Unchanged(&loaded)).await;
    assert!(matches!(outcome, Ok(session_core::Outcome::Written { .. })));
}

async fn payload_of(store: &MemoryStore, cookie: &str) -> Bytes {
    store.load(&key(cookie)).await.unwrap().unwrap().payload
}

#[tokio::test]
async fn sessions_of_an_owner_are_listed_with_their_values() {
    let (manager, _) = in_memory();
    let here = sign_in(&manager, "ann", &[("device", "laptop")]).await;
    sign_in(&manager, "ann", &[("device", "phone")]).await;
    sign_in(&manager, "bob", &[("device", "tablet")]).await;
    let (_, session) = open(&manager, &here).await;

    let sessions = manager.owners().sessions("ann").await.unwrap();
    let device = |info: &SessionInfo| info.get::<String>("device").unwrap().unwrap();
    assert_eq!(sessions.iter().map(device).collect::<BTreeSet<_>>().len(), 2);
    for info in &sessions {
        assert_eq!(info.is_current(&session), device(info) == "laptop");
        assert!(!info.is_undecodable());
        assert_eq!(info.created(), None);
        assert!(info.ttl() > Duration::from_secs(30 * 86_400));
        assert_eq!(info.get::<u64>("absent").unwrap(), None);
        assert_eq!(info.get::<u64>("device").unwrap_err().kind(), ErrorKind::Decode);
    }
    assert_eq!(manager.owners().sessions("carol").await.unwrap().len(), 0);
}

#[tokio::test]
async fn owner_that_is_a_number_is_listed_as_text() {
    let (manager, _) = in_memory();
    let session = manager.create();
    session.insert("_user_id", 7).unwrap();
    session.commit().await.unwrap();
    assert_eq!(manager.owners().sessions("7").await.unwrap().len(), 1);
    assert_eq!(manager.owners().end_all("7").await.unwrap(), 1);
}

#[tokio::test]
async fn beginning_is_known_with_an_absolute_lifetime() {
    let day = Duration::from_secs(86_400);
    let config = Config::builder().owner_index(true).lifetime(day).absolute_lifetime(day);
    let config = config.build().unwrap();
    let manager = SessionManager::new(Arc::new(MemoryStore::new()), config, None).unwrap();
    sign_in(&manager, "ann", &[]).await;
    let created = manager.owners().sessions("ann").await.unwrap()[0].created().unwrap();
    assert!(SystemTime::now().duration_since(created).unwrap() < Duration::from_secs(60));
}

#[tokio::test]
async fn handles_stay_and_come_back_from_a_form() {
    let manager = manager(Arc::new(IndexedStore::new(Arc::new(MemoryStore::new()))));
    for _ in 0..5 {
        sign_in(&manager, "ann", &[]).await;
    }
    let handles = async || {
        let sessions = manager.owners().sessions("ann").await.unwrap();
        sessions.iter().map(SessionInfo::handle).collect::<Vec<_>>()
    };
    let first = handles().await;
    assert_eq!(first, handles().await);
    let json = serde_json::to_string(&first).unwrap();
    assert_eq!(serde_json::from_str::<Vec<SessionHandle>>(&json).unwrap(), first);
    let sent: SessionHandle = first[2].to_string().parse().unwrap();
    assert!(manager.owners().end("ann", sent).await.unwrap());
    assert_eq!(handles().await, [&first[..2], &first[3..]].concat());
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let (manager, _) = in_memory();
    let cookie = sign_in(&manager, "ann", &[("card", "4111-1111")]).await;
    let info = &manager.owners().sessions("ann").await.unwrap()[0];
    let shown = format!("{info:?} {} {:?}", info.handle(), info.handle());
    for secret in [key(&cookie).as_str(), &cookie["session=".len()..], "4111", "card", "ann"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn record_that_says_it_is_anothers_is_left_alone() {
    let (manager, store) = in_memory();
    let kept = sign_in(&manager, "ann", &[]).await;
    let changed = sign_in(&manager, "ann", &[]).await;
    let handle = handle_of(&manager, "ann", &changed).await;
    let bobs = sign_in(&manager, "bob", &[]).await;
    let nobodys = sign_in(&manager, "ann", &[]).await;
    overwrite(&store, &changed, "ann", payload_of(&store, &bobs).await).await;
    overwrite(&store, &nobodys, "ann", Bytes::from_static(b"\x81\xa1x\x01")).await;

    assert_eq!(store.list_by_owner("ann").await.unwrap().len(), 3);
    assert_eq!(manager.owners().sessions("ann").await.unwrap().len(), 1);
    assert!(!manager.owners().end("ann", handle).await.unwrap());
    assert_eq!(manager.owners().end_all("ann").await.unwrap(), 1);
    assert!(!is_live(&manager, &kept).await);
    assert!(is_live(&manager, &changed).await && is_live(&manager, &nobodys).await);
}

#[tokio::test]
async fn entry_without_a_record_is_no_session() {
    let store = Arc::new(IndexedStore::new(Arc::new(MemoryStore::new())));
    let manager = manager(store.clone());
    let bobs = sign_in(&manager, "bob", &[]).await;
    sign_in(&manager, "ann", &[]).await;
    *store.stale.lock().unwrap() = vec![StoreKey::new("session:", "gone"), key(&bobs)];
    assert_eq!(manager.owners().sessions("ann").await.unwrap().len(), 1);
    assert_eq!(manager.owners().end_all("ann").await.unwrap(), 1);
    assert!(is_live(&manager, &bobs).await);
}

#[tokio::test]
async fn undecodable_record_is_listed_without_values_and_ended() {
    let (manager, store) = in_memory();
    let broken = sign_in(&manager, "ann", &[("device", "phone")]).await;
    overwrite(&store, &broken, "ann", Bytes::from_static(b"\xc1 broken")).await;
    let sessions = manager.owners().sessions("ann").await.unwrap();
    assert!(sessions[0].is_undecodable());
    assert_eq!(sessions[0].get::<String>("device").unwrap(), None);
    assert!(manager.owners().end("ann", sessions[0].handle()).await.unwrap());
    assert!(store.is_empty());

    let broken = sign_in(&manager, "ann", &[]).await;
    overwrite(&store, &broken, "ann", Bytes::from_static(b"\xc1 broken")).await;
    assert_eq!(manager.owners().end_all("ann").await.unwrap(), 1);
    assert!(store.is_empty());
}

#[tokio::test(start_paused = true)]
async fn listing_that_fails_is_no_empty_one() {
    for (method, fault, kind) in [
        (Method::ListByOwner, Fault::Fail(ErrorKind::Unavailable), ErrorKind::Unavailable),
        (Method::ListByOwner, Fault::Hang, ErrorKind::Timeout),
        (Method::Load, Fault::Fail(ErrorKind::Unavailable), ErrorKind::Unavailable),
        (Method::Load, Fault::Hang, ErrorKind::Timeout),
    ] {
        let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
        let manager = manager(store.clone());
        let cookie = sign_in(&manager, "ann", &[]).await;
        let handle = handle_of(&manager, "ann", &cookie).await;
        let push = || store.push(method, fault);
        push();
        assert_eq!(manager.owners().sessions("ann").await.unwrap_err().kind(), kind);
        push();
        assert_eq!(manager.owners().end("ann", handle).await.unwrap_err().kind(), kind);
        push();
        assert_eq!(manager.owners().end_all("ann").await.unwrap_err().kind(), kind);
        assert_eq!(store.pending(), 0);
    }
}

#[tokio::test]
async fn calls_are_as_many_as_documented_and_few_at_once() {
    const SESSIONS: u64 = 100;
    let indexed = Arc::new(IndexedStore::new(Arc::new(MemoryStore::new())));
    let store = Arc::new(CountingStore::new(indexed.clone()));
    let manager = manager(store.clone());
    for _ in 0..SESSIONS {
        sign_in(&manager, "ann", &[]).await;
    }
    store.take_calls();
    let sessions = manager.owners().sessions("ann").await.unwrap();
    let listing = Calls { list_by_owner: 1, load: SESSIONS, ..Calls::default() };
    assert_eq!(store.take_calls(), listing);
    let most = indexed.most_in_flight.load(Ordering::SeqCst);
    assert!((2..=16).contains(&most), "{most} at once");

    assert!(manager.owners().end("ann", sessions[0].handle()).await.unwrap());
    assert_eq!(store.take_calls().total(), 3);
    assert_eq!(manager.owners().end_all("ann").await.unwrap(), 99);
    let ends = Calls { list_by_owner: 2, load: 99, delete: 99, ..Calls::default() };
    assert_eq!(store.take_calls(), ends);

    assert_eq!(manager.owners().sessions("").await.unwrap().len(), 0);
    assert_eq!(manager.owners().end_all("").await.unwrap(), 0);
    assert_eq!(store.take_calls().total(), 0, "no session has an empty owner");
}

#[tokio::test]
async fn without_an_index_the_setting_is_named() {
    let manager =
        SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None).unwrap();
    let cookie = sign_in(&manager, "ann", &[]).await;
    let (_, session) = open(&manager, &cookie).await;
    let handle = "00112233445566778899aabbccddeeff".parse().unwrap();
    assert!(!session.owners().has_index());
    let errors = [
        manager.owners().sessions("ann").await.unwrap_err(),
        manager.owners().end("ann", handle).await.unwrap_err(),
        manager.owners().end_others(&session).await.unwrap_err(),
        manager.owners().end_all("ann").await.unwrap_err(),
        manager.owners().end_all("").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("SESSION_OWNER_INDEX=true"), "{error}");
    }
}

#[tokio::test]
async fn store_without_an_index_is_refused_when_the_manager_is_built() {
    let mut store = IndexedStore::new(Arc::new(MemoryStore::new()));
    store.has_index = false;
    let error = SessionManager::new(Arc::new(store), indexed(), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let message = error.to_string();
    for name in ["SESSION_OWNER_INDEX", "redis", "filesystem", "mongodb", "sqlalchemy", "dynamodb"]
    {
        assert!(message.contains(name), "no {name} in {message}");
    }
}

#[tokio::test]
async fn sessions_under_another_prefix_are_another_applications() {
    let store = Arc::new(MemoryStore::new());
    let config = Config::builder().owner_index(true).key_prefix("admin:").build().unwrap();
    let admin = SessionManager::new(store.clone(), config, None).unwrap();
    let shop = manager(store);
    let kept = sign_in(&admin, "ann", &[]).await;
    let ended = sign_in(&shop, "ann", &[]).await;

    assert!(shop.owners().has_index());
    assert_eq!(shop.owners().sessions("ann").await.unwrap().len(), 1);
    assert_eq!(shop.owners().end_all("ann").await.unwrap(), 1);
    assert!(!is_live(&shop, &ended).await);
    assert!(is_live(&admin, &kept).await);
    assert_eq!(admin.owners().sessions("ann").await.unwrap().len(), 1);
}
