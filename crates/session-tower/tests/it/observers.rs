//! What an observer is told of, and what becomes of events that it is too slow for.

mod queue;

use crate::support::owners::{key, open, sign_in};
use session_core::{
    Bytes, Config, ConfigBuilder, EndedBy, ErrorKind, EventKind, Lease, MemoryStore, Outcome,
    Precondition, Refusal, Rollout, SessionEvent, SessionHandle, SessionManager, Store,
};
use session_testkit::{Browser, CountingStore};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// A manager, and what its observer was told.
struct Watched {
    manager: SessionManager,
    told: Arc<Mutex<Vec<SessionEvent>>>,
}

impl Watched {
    fn with(store: Arc<dyn Store>, config: ConfigBuilder) -> Self {
        let manager = SessionManager::new(store, config.build().unwrap(), None).unwrap();
        let told = Arc::default();
        let watched = Self { manager, told: Arc::clone(&told) };
        let observe = move |event: &SessionEvent| told.lock().unwrap().push(event.clone());
        watched.manager.observe(observe).unwrap();
        watched
    }

    fn new(config: ConfigBuilder) -> Self {
        Self::with(Arc::new(MemoryStore::new()), config)
    }

    /// What was told since the last time.
    async fn events(&self) -> Vec<SessionEvent> {
        self.manager.drain_events().await;
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    /// The same, without times.
    async fn facts(&self) -> Vec<(EventKind, Option<SessionHandle>, Option<String>)> {
        let events = self.events().await;
        events.into_iter().map(|event| (event.kind, event.session, event.owner)).collect()
    }

    async fn handle(&self, cookie: &str) -> Option<SessionHandle> {
        open(&self.manager, cookie).await.1.handle()
    }
}

fn config() -> ConfigBuilder {
    Config::builder().lifetime(HOUR)
}

fn ann() -> Option<String> {
    Some("ann".to_owned())
}

const BY_REQUEST: EventKind = EventKind::Ended { by: EndedBy::Request };

#[tokio::test]
async fn session_is_told_of_from_its_first_record_to_its_end() {
    let watched = Watched::new(config());
    let mut browser = Browser::new(&watched.manager);
    browser.change(|session| session.insert("cart", 1)).await.unwrap();
    let stranger = watched.handle(browser.cookie()).await;
    assert!(stranger.is_some());
    assert_eq!(watched.facts().await, [(EventKind::Created, stranger, None)]);

    browser.change(|session| session.insert("cart", 2)).await.unwrap();
    browser.change(|session| session.get::<u32>("cart")).await.unwrap();
    assert_eq!(watched.facts().await, [], "values are nobody's business");

    browser.change(|session| session.set_owner("ann")).await.unwrap();
    let anns = watched.handle(browser.cookie()).await;
    let moved = EventKind::Moved { from: stranger.unwrap() };
    let expected = [(moved, anns, ann()), (EventKind::SignedIn, anns, ann())];
    assert_eq!(watched.facts().await, expected);

    browser.change(|session| session.regenerate()).await.unwrap();
    let now = watched.handle(browser.cookie()).await;
    let moved = EventKind::Moved { from: anns.unwrap() };
    assert_eq!(watched.facts().await, [(moved, now, ann())], "a new id is no sign-in");

    browser.change(|session| session.flush()).await.unwrap();
    assert_eq!(watched.facts().await, [(BY_REQUEST, now, ann())], "without an index, too");
}

#[tokio::test]
async fn sign_in_of_another_owner_ends_the_first_ones_session() {
    let watched = Watched::new(config());
    let mut browser = Browser::signed_in(&watched.manager, "ann").await.unwrap();
    let anns = watched.handle(browser.cookie()).await;
    let signed_in = [(EventKind::Created, anns, ann()), (EventKind::SignedIn, anns, ann())];
    assert_eq!(watched.facts().await, signed_in);
    browser.change(|session| session.set_owner("bob")).await.unwrap();
    let bobs = watched.handle(browser.cookie()).await;
    let bob = Some("bob".to_owned());
    let expected = [
        (BY_REQUEST, anns, ann()),
        (EventKind::Created, bobs, bob.clone()),
        (EventKind::SignedIn, bobs, bob),
    ];
    assert_eq!(watched.facts().await, expected);
}

#[tokio::test]
async fn sign_out_that_keeps_the_session_is_told_of_and_the_same_owner_is_no_sign_in() {
    let watched = Watched::new(config());
    let mut browser = Browser::new(&watched.manager);
    browser.change(|session| session.insert("_user_id", 7)).await.unwrap();
    let first = watched.handle(browser.cookie()).await;
    watched.events().await;
    browser.change(|session| session.set_owner("7")).await.unwrap();
    let second = watched.handle(browser.cookie()).await;
    let seven = Some("7".to_owned());
    let moved = EventKind::Moved { from: first.unwrap() };
    assert_eq!(watched.facts().await, [(moved, second, seven.clone())]);
    browser.change(|session| session.forget("_user_id")).await.unwrap();
    let third = watched.handle(browser.cookie()).await;
    let moved = EventKind::Moved { from: second.unwrap() };
    let signed_out = (EventKind::SignedOut, third, seven);
    assert_eq!(watched.facts().await, [(moved, third, None), signed_out]);
}

#[tokio::test]
async fn session_that_an_update_creates_is_told_of_once() {
    let watched = Watched::new(config());
    for is_committed in [false, true] {
        let exchange = watched.manager.open();
        let session = exchange.session([]).await.unwrap();
        session.set_owner("ann").unwrap();
        session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1).await.unwrap();
        let first = session.handle();
        let created = (EventKind::Created, first, None);
        if is_committed {
            exchange.commit().await.unwrap();
            let moved = (EventKind::Moved { from: first.unwrap() }, session.handle(), ann());
            let signed_in = (EventKind::SignedIn, session.handle(), ann());
            assert_eq!(watched.facts().await, [created, moved, signed_in]);
        } else {
            exchange.discard();
            assert_eq!(watched.facts().await, [created], "nobody has signed in");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn renewal_is_told_of_whoever_makes_it() {
    for (way, config) in [
        ("a read", config()),
        ("a write", config()),
        ("an update", config()),
        ("a read that moves the record", config().hash_ids(Rollout::Accept)),
    ] {
        let store = Arc::new(MemoryStore::new());
        let first = Watched::with(store.clone(), config);
        let mut browser = Browser::signed_in(&first.manager, "ann").await.unwrap();
        let hashed = Watched::with(store, self::config().hash_ids(Rollout::Migrate));
        let watched = if way.ends_with("record") { &hashed } else { &first };
        let (exchange, session) = open(&watched.manager, browser.cookie()).await;
        let handle = session.handle();
        exchange.commit().await.unwrap();
        first.events().await;
        assert_eq!(watched.facts().await, [], "{way}: not yet");
        tokio::time::advance(HOUR * 3 / 4).await;
        if way == "a write" {
            browser.change(|session| session.insert("a", 1)).await.unwrap();
        } else {
            let (exchange, session) = open(&watched.manager, browser.cookie()).await;
            if way == "an update" {
                session.update("n", |_: Option<u32>| 1).await.unwrap();
            }
            exchange.commit().await.unwrap();
        }
        assert_eq!(watched.facts().await, [(EventKind::Renewed, handle, ann())], "{way}");
    }
}

#[tokio::test]
async fn ends_by_others_say_by_whom() {
    let watched = Watched::new(config().owner_index(true).max_per_owner(2));
    let manager = &watched.manager;
    let mut handles = Vec::new();
    for _ in 0..3 {
        handles.push(watched.handle(&sign_in(manager, "ann", &[]).await).await);
    }
    let told = watched.facts().await;
    let limit = EventKind::Ended { by: EndedBy::Limit };
    assert_eq!(told.last(), Some(&(limit, handles[0], ann())), "after the sign-in");
    assert_eq!(told.len(), 7);
    let owner = EventKind::Ended { by: EndedBy::Owner };
    assert!(manager.owners().end("ann", handles[1].unwrap()).await.unwrap());
    assert_eq!(watched.facts().await, [(owner, handles[1], ann())]);
    manager.owners().end_all("ann").await.unwrap();
    assert_eq!(watched.facts().await, [(owner, handles[2], ann())]);
}

#[tokio::test]
async fn late_change_and_conflict_are_told_of() {
    let watched = Watched::new(config());
    let cookie = sign_in(&watched.manager, "ann", &[("a", "1")]).await;
    let handle = watched.handle(&cookie).await;
    watched.events().await;

    let (early, first) = open(&watched.manager, &cookie).await;
    let (late, second) = open(&watched.manager, &cookie).await;
    for (session, value) in [(&first, "2"), (&second, "3")] {
        session.get::<String>("a").unwrap();
        session.insert("a", value).unwrap();
    }
    early.commit().await.unwrap();
    assert_eq!(late.commit().await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(watched.facts().await, [(EventKind::Conflict, handle, None)]);

    let (late, session) = open(&watched.manager, &cookie).await;
    let (updating, updated) = open(&watched.manager, &cookie).await;
    let (exchange, ended) = open(&watched.manager, &cookie).await;
    ended.flush().unwrap();
    exchange.commit().await.unwrap();
    session.insert("b", 1).unwrap();
    assert_eq!(late.commit().await.unwrap_err().kind(), ErrorKind::Gone);
    updated.update("b", |_: Option<u32>| 1).await.unwrap_err();
    drop(updating);
    let gone = EventKind::Refused { why: Refusal::Gone };
    let expected = [(BY_REQUEST, handle, ann()), (gone, handle, None), (gone, handle, None)];
    assert_eq!(watched.facts().await, expected);
}

#[tokio::test]
async fn what_opens_no_session_is_told_of_with_its_reason() {
    let store = Arc::new(MemoryStore::new());
    let watched = Watched::with(store.clone(), config());
    let manager = &watched.manager;
    open(manager, "session=%%%; session=%%; session=%").await;
    let forged = EventKind::Refused { why: Refusal::Forged };
    assert_eq!(watched.facts().await, [(forged, None, None)]);

    let (one, other) = (sign_in(manager, "ann", &[]).await, sign_in(manager, "bob", &[]).await);
    watched.events().await;
    let (exchange, both) = open(manager, &format!("{one}; {other}")).await;
    let ambiguous = EventKind::Refused { why: Refusal::Ambiguous };
    assert_eq!(watched.facts().await, [(ambiguous, None, None)]);
    both.flush().unwrap();
    exchange.commit().await.unwrap();
    assert_eq!(watched.events().await.len(), 2, "a logout ends both");

    let cookie = sign_in(manager, "ann", &[]).await;
    let (key, handle) = (key(&cookie), watched.handle(&cookie).await);
    watched.events().await;
    // `_end` is one second after 1970.
    let over = Bytes::from_static(b"\x82\xa8_user_id\xa3ann\xa4_end\xd6\xff\0\0\0\x01");
    for (payload, kind, owner) in [
        (over, EventKind::Expired, ann()),
        (Bytes::from_static(b"\xc1"), EventKind::Refused { why: Refusal::Undecodable }, None),
    ] {
        let loaded = store.load(&key).await.unwrap().unwrap();
        let lease = Lease { ttl: HOUR, owner: None };
        let when = Precondition::Unchanged(&loaded);
        assert_ne!(store.write(&key, payload, &lease, when).await.unwrap(), Outcome::Refused);
        open(manager, &cookie).await;
        assert_eq!(watched.facts().await, [(kind, handle, owner)]);
    }
    let (exchange, undecodable) = open(manager, &cookie).await;
    undecodable.flush().unwrap();
    exchange.commit().await.unwrap();
    assert_eq!(watched.facts().await.last(), Some(&(BY_REQUEST, handle, None)));
}

#[tokio::test]
async fn watching_asks_the_store_nothing() {
    let mut counts = Vec::new();
    for is_watched in [false, true] {
        let store = Arc::new(CountingStore::new(Arc::new(MemoryStore::new())));
        let config = config().build().unwrap();
        let manager = SessionManager::new(store.clone(), config, None).unwrap();
        if is_watched {
            manager.observe(|_| ()).unwrap();
        }
        let mut browser = Browser::signed_in(&manager, "ann").await.unwrap();
        browser.change(|session| session.set_owner("bob")).await.unwrap();
        browser.change(|session| session.regenerate()).await.unwrap();
        browser.change(|session| session.flush()).await.unwrap();
        counts.push(store.take_calls());
    }
    assert_eq!(counts[0], counts[1]);
}

#[tokio::test]
async fn second_observer_is_refused() {
    let watched = Watched::new(config());
    let error = watched.manager.observe(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("has an observer"), "{error}");
}

#[tokio::test]
async fn debug_of_an_event_names_no_id_and_no_owner() {
    let watched = Watched::new(config().owner_index(true));
    let mut browser = Browser::signed_in(&watched.manager, "ann").await.unwrap();
    let mut ids = vec![browser.cookie().to_owned()];
    browser.change(|session| session.regenerate()).await.unwrap();
    ids.push(browser.cookie().to_owned());
    browser.change(|session| session.flush()).await.unwrap();
    let told = format!("{:?}", watched.events().await);
    assert!(told.contains("SignedIn") && told.contains("Ended"), "{told}");
    assert!(!told.contains("ann"), "{told}");
    for id in ids {
        assert!(!told.contains(id.strip_prefix("session=").unwrap()), "{told}");
    }
}
