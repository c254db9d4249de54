//! Signed cookies, and the settings that ask for them.

use crate::support::Browser;
use crate::support::app::{App, counted};
use crate::support::ids::{alias, made_up};
use session_core::{Config, IdHash, IdSyntax, MemoryStore, SessionId, SessionManager, Signer};
use session_core::{Store, StoreKey};
use session_testkit::CountingStore;
use std::sync::Arc;

const NEW_KEY: &str = "the newest key, of more than 32 bytes";
const OLD_KEY: &str = "the key that was in use until today, as long";

fn signed(signer: Signer) -> (App, Arc<CountingStore>) {
    counted(Config::builder().use_signer(true).build().unwrap(), Some(signer))
}

#[tokio::test]
async fn id_that_we_did_not_sign_never_reaches_the_store() {
    let (app, store) = signed(Signer::new(NEW_KEY).unwrap());
    let live = app.visit("/set:a=1").await.id().to_owned();
    let (id, signature) = live.split_once('.').unwrap();
    let (foreign, _) = signed(Signer::new(OLD_KEY).unwrap());
    let elsewhere = foreign.visit("/set:a=1").await.id().to_owned();
    let other_name = Config::builder().use_signer(true).cookie_name("other").build().unwrap();
    let (other, _) = counted(other_name, Some(Signer::new(NEW_KEY).unwrap()));
    let moved = other.visit("/set:a=1").await.id().to_owned();
    store.take_calls();
    for value in [
        id.to_owned(),
        format!("{id}."),
        format!("{}.{signature}", made_up()),
        format!("{id}.{}", &signature[..42]),
        format!("{id}.{}", alias(signature)),
        format!("{id}.{signature}="),
        format!("{live}.{signature}"),
        format!("{}.{signature}", alias(id)),
        elsewhere,
        moved,
    ] {
        let cookie = format!("session={value}");
        let answer = app.request("/get:a", &[cookie.as_bytes()]).await;
        assert_eq!((answer.body.as_str(), store.take_calls().total()), ("none", 0), "{value}");
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
}

#[tokio::test]
async fn cookie_of_an_older_key_is_issued_again_once() {
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let config = || Config::builder().use_signer(true).build().unwrap();
    let before = App::with(memory.clone(), config(), Signer::new(OLD_KEY).unwrap());
    let mut browser = before.visit("/set:a=1").await;
    let old = browser.clone();
    let signer = Signer::new(NEW_KEY).unwrap().with_fallback(OLD_KEY).unwrap();
    let now = App::with(memory, config(), signer);
    for path in ["/get:a", "/set:a=2", "/update:n"] {
        let mut browser = old.clone();
        let answer = browser.get(&now.router, path).await;
        assert_eq!(answer.set_cookies().len(), 1, "{path}");
        let age = answer.max_age().unwrap();
        assert!((31 * 24 * 3600 - 60..=31 * 24 * 3600).contains(&age), "{age}");
        assert_eq!(browser.get(&now.router, "/get:a").await.set_cookies(), [""; 0]);
    }
    browser.ok(&now.router, "/get:a").await;
    assert_eq!(old.id().split('.').next(), browser.id().split('.').next(), "the id stays");
    assert_ne!(old.id(), browser.id());
    assert_eq!(browser.clone().ok(&before.router, "/get:a").await, "none");
    // One that opens nothing is answered with nothing.
    browser.ok(&now.router, "/flush").await;
    assert_eq!(old.clone().get(&now.router, "/get:a").await.set_cookies(), [""; 0]);
}

#[tokio::test]
async fn hardened_settings_hold_in_the_cookie_and_in_the_store() {
    let config = Config::hardened().build().unwrap();
    let store = Arc::new(MemoryStore::new());
    assert!(SessionManager::new(store.clone(), config.clone(), None).is_err());
    let app = App::with(store.clone(), config, Signer::new(NEW_KEY).unwrap());
    let mut browser = Browser::default();
    let answer = browser.get(&app.router, "/set:a=1").await;
    let cookie = answer.set_cookie();
    assert!(cookie.starts_with("__Host-session=") && !cookie.contains("Domain"), "{cookie}");
    assert!(cookie.ends_with("; Max-Age=2678400; Secure; HttpOnly; Path=/; SameSite=Lax"));
    let id = browser.id().split('.').next().unwrap().to_owned();
    assert!(store.load(&StoreKey::new("session:", &id)).await.unwrap().is_none());
    let parsed = SessionId::parse(id.as_bytes(), IdSyntax::Base64Url).unwrap();
    let key = parsed.to_key("session:", IdHash::Sha256);
    assert!(store.load(&key).await.unwrap().is_some());
    let shadow = browser.cookie.as_ref().unwrap().replacen("__Host", "__%48ost", 1);
    assert_eq!(app.request("/get:a", &[shadow.as_bytes()]).await.body, "none");
    assert_eq!(browser.ok(&app.router, "/get:a").await, "1");
}
