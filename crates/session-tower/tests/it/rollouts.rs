//! Signatures that are turned on while people are signed in: `accept`, `migrate`, `true`.

use crate::support::Browser;
use crate::support::app::App;
use crate::support::ids::made_up;
use session_core::{
    Config, IdHash, IdSyntax, Lease, MemoryStore, Rollout, SessionId, SessionManager, Signer, Store,
};
use session_testkit::{Calls, CountingStore};
use std::sync::Arc;
use std::time::Duration;

const KEY: &str = "a key of thirty-two bytes or more";
const READ: Calls = Calls { load: 1, ..Calls::NONE };

fn signer() -> Signer {
    Signer::new(KEY).unwrap()
}

/// An application that has come to this step of the change.
fn at(step: Rollout, store: &Arc<CountingStore>) -> App {
    let config = Config::builder().use_signer(step).build().unwrap();
    App::with(store.clone(), config, step.reads_new().then(signer))
}

fn counting() -> Arc<CountingStore> {
    Arc::new(CountingStore::new(Arc::new(MemoryStore::new())))
}

fn cookie(value: &str) -> Browser {
    Browser { cookie: Some(format!("session={value}")) }
}

#[tokio::test]
async fn session_from_before_goes_on_and_gets_a_signed_cookie() {
    let store = counting();
    let old = at(Rollout::Off, &store).visit("/set:a=1").await;
    let now = at(Rollout::Migrate, &store);
    for path in ["/get:a", "/extract", "/set:b=1", "/update:n"] {
        let mut browser = old.clone();
        store.take_calls();
        let answer = browser.get(&now.router, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(store.take_calls().load, 1, "{path}: it costs nothing");
        assert!((31 * 24 * 3600 - 60..=31 * 24 * 3600).contains(&answer.max_age().unwrap()));
        let (id, _) = browser.id().split_once('.').unwrap();
        assert_eq!(id, old.id(), "the id stays");
        // That was it: the new cookie stays, and is what the last step reads.
        assert_eq!(browser.get(&now.router, "/get:a").await.set_cookies(), [""; 0]);
        assert_eq!(browser.ok(&at(Rollout::On, &store).router, "/get:a").await, "1");
    }
    assert_eq!(old.clone().ok(&at(Rollout::On, &store).router, "/get:a").await, "none");
    // A response that stores nothing replaces nothing, and a request that does not ask does not.
    for path in ["/status:500", "/plain"] {
        assert_eq!(old.clone().get(&now.router, path).await.set_cookies(), [""; 0], "{path}");
    }
    // One that opens nothing is answered with nothing, and is not adopted.
    let mut stranger = cookie(&made_up());
    assert_eq!(stranger.get(&now.router, "/get:a").await.set_cookies(), [""; 0]);
    let was = stranger.id().to_owned();
    stranger.ok(&now.router, "/set:a=1").await;
    assert!(!stranger.id().starts_with(&was));
}

#[tokio::test]
async fn signature_that_does_not_hold_opens_nothing_during_the_change() {
    let store = counting();
    let live = at(Rollout::On, &store).visit("/set:a=1").await.id().to_owned();
    let (id, signature) = live.split_once('.').unwrap();
    for step in [Rollout::Accept, Rollout::Migrate] {
        let app = at(step, &store);
        store.take_calls();
        for value in [
            format!("{id}."),
            format!("{}.{signature}", made_up()),
            format!("{id}.{}", &signature[..42]),
            format!("{id}.{}", "A".repeat(43)),
            format!("{id}{signature}"),
        ] {
            let body = cookie(&value).ok(&app.router, "/get:a").await;
            assert_eq!((body.as_str(), store.take_calls().total()), ("none", 0), "{value}");
        }
        // Whoever has the cookie may cut the signature off: that is what the change means.
        assert_eq!(cookie(id).ok(&app.router, "/get:a").await, "1");
        assert_eq!(store.take_calls(), READ);
    }
    assert_eq!(cookie(id).ok(&at(Rollout::On, &store).router, "/get:a").await, "none");
}

/// A length and no more tells an unsigned id from a text that another application's prefix begins.
#[tokio::test]
async fn unsigned_id_has_the_configured_length_during_the_change() {
    let store = counting();
    let id = SessionId::generate(16).unwrap();
    let key = id.to_key("session:", IdHash::Plain);
    let lease = Lease { ttl: Duration::from_secs(60), owner: None };
    let payload = session_core::Bytes::from_static(b"\x81\xa1a\xa11");
    let absent = session_core::Precondition::Absent;
    assert!(store.write(&key, payload, &lease, absent).await.unwrap().is_written());
    for step in [Rollout::Accept, Rollout::Migrate] {
        let app = at(step, &store);
        assert_eq!(cookie(id.as_str()).ok(&app.router, "/get:a").await, "none", "{step:?}");
    }
    assert!(SessionId::parse(id.as_str().as_bytes(), IdSyntax::Base64Url).is_some());
}

#[tokio::test]
async fn instances_of_neighbouring_steps_serve_one_session() {
    for [one, other] in [
        [Rollout::Off, Rollout::Accept],
        [Rollout::Accept, Rollout::Migrate],
        [Rollout::Migrate, Rollout::On],
    ] {
        let store = counting();
        let (one, other) = (at(one, &store), at(other, &store));
        let mut browser = Browser::default();
        browser.ok(&other.router, "/set:a=1/login:ann").await;
        for (app, path) in [
            (&one, "/get:a/set:b=1"),
            (&other, "/get:a/set:b=2"),
            (&one, "/get:a/regenerate"),
            (&other, "/get:a/regenerate"),
            (&one, "/get:a/update:n"),
            (&other, "/get:a/update:n"),
        ] {
            assert!(browser.ok(&app.router, path).await.starts_with('1'), "{path}");
        }
        browser.ok(&one.router, "/flush").await;
        assert_eq!(browser.cookie, None);
    }
}

#[test]
fn signature_that_can_be_cut_off_keeps_no_two_cookies_apart() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let manager = |name: &str, sign, hash: Rollout| {
        let config = Config::builder().cookie_name(name).use_signer(sign).hash_ids(hash);
        SessionManager::new(store.clone(), config.build().unwrap(), signer())
    };
    let _first = manager("session", Rollout::On, Rollout::On).unwrap();
    manager("admin", Rollout::On, Rollout::On).unwrap();
    for step in [Rollout::Accept, Rollout::Migrate] {
        manager("admin", step, Rollout::On).unwrap_err();
        // Neither may meet in the one form of keys that both read.
        manager("admin", step, step).unwrap_err();
        manager("admin", step, Rollout::Off).unwrap();
        assert!(SessionManager::new(store.clone(), at_config(step), None).is_err(), "no signer");
    }
}

fn at_config(step: Rollout) -> Config {
    Config::builder().use_signer(step).build().unwrap()
}
