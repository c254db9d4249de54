//! What surprises who meets it first: each is an entry of `docs/guide/surprises.md`.

use crate::support::Browser;
use crate::support::app::App;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use http::StatusCode;
use session_core::{Config, ConfigBuilder, Error, MemoryStore, Session, Store, StoreKey};
use session_tower::SessionLayer;
use std::sync::Arc;
use std::time::Duration;

const HALF_AN_HOUR: Duration = Duration::from_secs(1800);

fn app(config: ConfigBuilder) -> (App, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new());
    (App::with(store.clone(), config.build().unwrap(), None), store)
}

fn an_hour() -> ConfigBuilder {
    Config::builder().lifetime(HALF_AN_HOUR * 2)
}

#[tokio::test(start_paused = true)]
async fn page_that_does_not_ask_for_its_session_renews_nothing() {
    let (app, _) = app(an_hour());
    for (page, is_alive) in [("/plain", false), ("/extract", true), ("/optional", true)] {
        let mut browser = app.visit("/set:a=1").await;
        for _ in 0..4 {
            tokio::time::advance(HALF_AN_HOUR).await;
            browser.ok(&app.router, page).await;
        }
        let seen = browser.ok(&app.router, "/get:a").await;
        assert_eq!(seen, if is_alive { "1" } else { "none" }, "{page}");
    }
}

#[tokio::test(start_paused = true)]
async fn middleware_that_asks_for_sessions_renews_them() {
    let (app, _) = app(an_hour());
    let site = Router::new()
        .route("/lesson", get(|| async { "a lesson" }))
        .layer(from_fn(async |_: Result<Session, Error>, request: Request, next: Next| {
            next.run(request).await
        }))
        .layer(SessionLayer::new(app.manager.clone()));
    let mut browser = app.visit("/set:a=1").await;
    for _ in 0..4 {
        tokio::time::advance(HALF_AN_HOUR).await;
        assert_eq!(browser.ok(&site, "/lesson").await, "a lesson");
    }
    assert_eq!(browser.ok(&app.router, "/get:a").await, "1");
}

#[tokio::test(start_paused = true)]
async fn session_may_end_as_much_before_its_lifetime_as_renewals_are_apart() {
    let (app, _) = app(an_hour());
    let mut browser = app.visit("/set:a=1").await;
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(browser.get(&app.router, "/set:a=2").await.set_cookies(), [""; 0]);
    tokio::time::advance(HALF_AN_HOUR * 2 - Duration::from_secs(59)).await;
    assert_eq!(browser.ok(&app.router, "/get:a").await, "none");
}

#[tokio::test]
async fn cookie_of_an_ended_session_stays_until_a_handler_writes_or_flushes() {
    let (app, store) = app(an_hour());
    let browser = app.visit("/set:a=1").await;
    let key = StoreKey::new("session:", browser.id());
    assert!(store.delete(&key, None, None).await.unwrap());
    for (path, is_replaced, is_removed) in
        [("/get:a", false, false), ("/set:b=1", true, false), ("/flush", false, true)]
    {
        let answer = browser.clone().get(&app.router, path).await;
        let removals = answer.set_cookies().iter().filter(|set| set.contains("Max-Age=0")).count();
        let seen = (answer.set_cookies().len() - removals, removals);
        assert_eq!(seen, (usize::from(is_replaced), usize::from(is_removed)), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn lifetime_of_a_browser_session_moves_the_records_end_alone() {
    let (app, store) = app(an_hour().permanent(false));
    let mut browser = app.visit("/set:a=1").await;
    let answer = browser.get(&app.router, "/lifetime:86400").await;
    assert_eq!(answer.max_age(), None);
    let key = StoreKey::new("session:", browser.id());
    assert_eq!(store.load(&key).await.unwrap().unwrap().ttl.as_secs(), 86400);
    let answer = browser.get(&app.router, "/permanent:yes").await;
    assert_eq!(answer.max_age(), Some(86400));
}

#[tokio::test(start_paused = true)]
async fn session_that_expires_while_its_request_runs_takes_no_write() {
    for (end, status) in [("set:a=2", StatusCode::CONFLICT), ("get:a", StatusCode::OK)] {
        let (app, _) = app(an_hour());
        let browser = app.visit("/set:a=1").await;
        let slow = app.pause(&browser, &format!("/get:a/pause/{end}")).await;
        tokio::time::advance(HALF_AN_HOUR * 2).await;
        app.gate.open(1);
        let answer = slow.await.unwrap();
        assert_eq!((answer.status, answer.set_cookies().len()), (status, 0), "{end}");
    }
}

#[tokio::test]
async fn new_id_of_nothing_is_no_session() {
    let (app, _) = app(an_hour());
    for path in ["/regenerate", "/get:a", "/permanent:yes", "/lifetime:60", "/clear", "/take"] {
        let answer = Browser::default().get(&app.router, path).await;
        assert_eq!(answer.set_cookies(), [""; 0], "{path}");
    }
}

#[tokio::test]
async fn cookie_is_secure_over_plain_http_too() {
    let (app, _) = app(an_hour().cookie_secure(true));
    let answer = app.request("/set:a=1", &[]).await;
    assert!(answer.set_cookie().contains("; Secure"));
}

#[tokio::test]
async fn keys_are_in_the_order_of_their_first_writing() {
    let (app, _) = app(an_hour());
    let mut browser = app.visit("/set:b=1/set:a=1/set:c=1").await;
    browser.ok(&app.router, "/set:b=2").await;
    assert_eq!(app.dump(&browser).await, "b=2 a=1 c=1");
    browser.ok(&app.router, "/remove:b").await;
    browser.ok(&app.router, "/set:b=3").await;
    assert_eq!(app.dump(&browser).await, "a=1 c=1 b=3");
}

#[tokio::test]
async fn sign_in_under_a_key_of_the_applications_own_keeps_the_id_unless_it_is_the_owner_key() {
    for (config, is_kept) in [(an_hour(), true), (an_hour().owner_key("user_id"), false)] {
        let (app, _) = app(config);
        let mut browser = app.visit("/set:a=1").await;
        let before = browser.id().to_owned();
        browser.ok(&app.router, "/set:user_id=7").await;
        assert_eq!(browser.id() == before, is_kept);
    }
}

#[tokio::test]
async fn clear_is_no_logout() {
    let (app, store) = app(an_hour());
    let mut browser = app.visit("/set:a=1").await;
    let key = StoreKey::new("session:", browser.id());
    assert_eq!(browser.get(&app.router, "/clear").await.set_cookies(), [""; 0]);
    assert!(store.load(&key).await.unwrap().is_some());
    let removal = browser.get(&app.router, "/flush").await;
    assert!(removal.set_cookie().contains("Max-Age=0"));
    assert!(store.load(&key).await.unwrap().is_none());
}

#[tokio::test]
async fn what_was_written_before_a_404_is_stored_and_before_a_500_is_not() {
    for (status, seen) in [(404, "2"), (422, "2"), (408, "1"), (500, "1")] {
        let (app, _) = app(an_hour());
        let mut browser = app.visit("/set:a=1").await;
        browser.get(&app.router, &format!("/set:a=2/status:{status}")).await;
        assert_eq!(browser.ok(&app.router, "/get:a").await, seen, "{status}");
    }
}

#[tokio::test]
async fn page_that_reads_its_session_says_no_more_to_caches_than_to_vary() {
    let (app, _) = app(an_hour());
    let mut browser = Browser::default();
    let set = browser.get(&app.router, "/set:a=1").await;
    assert_eq!(set.field("cache-control").as_deref(), Some("no-store"));
    let read = browser.get(&app.router, "/get:a").await;
    assert_eq!(read.field("vary").as_deref(), Some("Cookie"));
    assert_eq!(read.field("cache-control"), None);
}

#[tokio::test]
async fn message_after_a_logout_begins_a_session_of_its_own() {
    let (app, _) = app(an_hour());
    let mut browser = app.visit("/login:ann").await;
    let before = browser.id().to_owned();
    browser.ok(&app.router, "/flush/flash:bye").await;
    assert_ne!(browser.id(), before);
    assert_eq!(browser.ok(&app.router, "/take").await, "bye");
}
