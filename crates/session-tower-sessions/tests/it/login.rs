//! axum-login 0.18 and axum-messages 0.8, unchanged, on stores of this library.

use crate::app::app;
use crate::browser::Browser;
use crate::stores::{Place, memory, redis};
use axum_login::tower_sessions::Expiry;
use session_core::Store;
use session_tower_sessions::TowerSessionsStore;
use std::sync::Arc;
use time::Duration;

const LOGIN: &str = "/login?name=ann&password=open%20sesame";
const TWO_WEEKS: Expiry = Expiry::OnInactivity(Duration::weeks(2));

fn on(store: Arc<dyn Store>, expiry: Expiry) -> Browser {
    let place = Place::new(store);
    Browser::new(&app(TowerSessionsStore::new(place.manager(|c| c)), expiry))
}

async fn login_lasts_until_logout(store: Arc<dyn Store>) {
    let mut browser = on(store, TWO_WEEKS);
    assert_eq!(browser.get("/").await, "nobody, visit 1 []");
    let before = browser.id().to_owned();
    assert_eq!(browser.get("/login?name=ann&password=x").await, "no");
    assert_eq!(browser.get(LOGIN).await, "yes");
    assert_ne!(browser.id(), before, "a new id at the login");
    let mut attacker = browser.clone();
    attacker.cookie = format!("id={before}");
    assert_eq!(attacker.get("/who").await, "nobody", "and none under the old one");

    assert_eq!(browser.get("/").await, "ann, visit 2 [Welcome, ann]");
    assert_eq!(browser.get("/").await, "ann, visit 3 []", "a message is shown once");
    assert_eq!(browser.get("/who").await, "ann");

    let mut copy = browser.clone();
    assert_eq!(browser.get("/logout").await, "bye");
    assert_eq!(browser.cookie, "");
    assert_eq!(copy.get("/").await, "nobody, visit 1 []", "the cookie from before opens nothing");
}

#[tokio::test]
async fn login_lasts_until_logout_in_memory() {
    login_lasts_until_logout(memory()).await;
}

#[tokio::test]
async fn login_lasts_until_logout_in_redis() {
    login_lasts_until_logout(redis().await).await;
}

async fn session_expires(store: Arc<dyn Store>) {
    let mut browser = on(store, Expiry::OnInactivity(Duration::seconds(1)));
    assert_eq!(browser.get(LOGIN).await, "yes");
    assert_eq!(browser.get("/who").await, "ann");
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(browser.get("/who").await, "nobody");
}

#[tokio::test]
async fn session_expires_in_memory() {
    session_expires(memory()).await;
}

#[tokio::test]
async fn session_expires_in_redis() {
    session_expires(redis().await).await;
}

#[tokio::test]
async fn two_processes_serve_one_login() {
    let (one, other) = (redis().await, redis().await);
    let place = Place::new(one);
    let first = app(TowerSessionsStore::new(place.manager(|c| c)), TWO_WEEKS);
    let second = app(TowerSessionsStore::new(place.beside(other).manager(|c| c)), TWO_WEEKS);
    let mut browser = Browser::new(&first);
    assert_eq!(browser.get(LOGIN).await, "yes");
    assert_eq!(browser.moved_to(&second).get("/").await, "ann, visit 1 [Welcome, ann]");
}
