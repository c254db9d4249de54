//! How long sessions live, and when their ends move.

use crate::support::Browser;
use crate::support::app::App;
use session_core::{
    Bytes, Config, ConfigBuilder, Lease, MemoryStore, Outcome, Precondition, Store, StoreKey,
};
use session_testkit::CountingStore;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const HOUR: u64 = 3600;

fn app(config: ConfigBuilder) -> (App, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new());
    (App::with(store.clone(), config.build().unwrap(), None), store)
}

fn an_hour() -> ConfigBuilder {
    Config::builder().lifetime(Duration::from_secs(HOUR))
}

async fn advance(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

/// What is left of the record's life, in seconds, rounded.
async fn ttl(store: &MemoryStore, browser: &Browser) -> u64 {
    let key = StoreKey::new("session:", browser.id());
    store.load(&key).await.unwrap().unwrap().ttl.as_secs_f64().round() as u64
}

#[tokio::test(start_paused = true)]
async fn permanent_session_has_a_max_age_and_a_browser_session_none() {
    for (config, is_permanent) in [(an_hour(), true), (an_hour().permanent(false), false)] {
        let (app, store) = app(config);
        let mut browser = Browser::default();
        let answer = browser.get(&app.router, "/set:a=1").await;
        assert_eq!(answer.max_age(), is_permanent.then_some(HOUR));
        assert_eq!(ttl(&store, &browser).await, HOUR);
        // The record is renewed either way; only a cookie with an end needs to follow.
        advance(HOUR / 2).await;
        let answer = browser.get(&app.router, "/get:a").await;
        assert_eq!(answer.set_cookies().len(), usize::from(is_permanent));
        assert_eq!(ttl(&store, &browser).await, HOUR);
    }
}

#[tokio::test(start_paused = true)]
async fn set_permanent_changes_the_cookie_at_once() {
    let (app, _) = app(an_hour());
    let mut browser = app.visit("/set:a=1").await;
    let table = [
        ("/permanent:no", Some(None)),
        ("/permanent:no", None),
        ("/permanent:yes", Some(Some(HOUR))),
    ];
    for (path, expected) in table {
        let answer = browser.get(&app.router, path).await;
        let got = (!answer.set_cookies().is_empty()).then(|| answer.max_age());
        assert_eq!(got, expected, "{path}");
    }
    let mut fresh = Browser::default();
    assert_eq!(fresh.get(&app.router, "/permanent:no/set:a=1").await.max_age(), None);
    assert_eq!(fresh.ok(&app.router, "/regenerate/get:a").await, "1");
}

#[tokio::test(start_paused = true)]
async fn own_lifetime_changes_the_lease_and_lasts() {
    let (app, store) = app(an_hour());
    let mut browser = app.visit("/set:a=1").await;
    let answer = browser.get(&app.router, "/lifetime:86400").await;
    assert_eq!((answer.max_age(), ttl(&store, &browser).await), (Some(86400), 86400));
    let answer = browser.get(&app.router, "/login:ann").await;
    assert_eq!((answer.max_age(), ttl(&store, &browser).await), (Some(86400), 86400));
    browser.ok(&app.router, "/clear").await;
    advance(HOUR).await;
    assert_eq!(browser.get(&app.router, "/set:a=1").await.max_age(), Some(86400));
    let answer = browser.get(&app.router, "/lifetime:1").await;
    assert_eq!((answer.max_age(), ttl(&store, &browser).await), (Some(1), 1));
    advance(1).await;
    assert_eq!(browser.ok(&app.router, "/get:a").await, "none");
}

#[tokio::test(start_paused = true)]
async fn longest_lifetime_is_capped_not_wrapped() {
    let (app, _) = app(an_hour());
    let session = app.manager.create();
    session.insert("a", 1).unwrap();
    session.set_lifetime(Duration::MAX).unwrap();
    let cookie = session.commit().await.unwrap().id_field().unwrap().to_owned();
    assert!(cookie.contains(&format!("Max-Age={}", 400 * 86400)), "{cookie}");
}

/// Renewal waits for the smaller of `refresh_after` and a tenth of the lifetime to pass.
#[tokio::test(start_paused = true)]
async fn renewal_is_throttled() {
    let minute = Duration::from_secs(60);
    for (lifetime, refresh_after, throttle) in
        [(HOUR, minute, 60), (100, minute, 10), (HOUR, Duration::MAX, 360), (HOUR, 5 * minute, 300)]
    {
        let lifetime = Duration::from_secs(lifetime);
        let (app, store) = app(Config::builder().lifetime(lifetime).refresh_after(refresh_after));
        let mut browser = app.visit("/set:a=1").await;
        advance(throttle - 1).await;
        assert_eq!(browser.get(&app.router, "/get:a").await.set_cookies(), [""; 0]);
        assert_eq!(ttl(&store, &browser).await, lifetime.as_secs() - throttle + 1);
        advance(1).await;
        assert_eq!(browser.get(&app.router, "/get:a").await.max_age(), Some(lifetime.as_secs()));
        assert_eq!(ttl(&store, &browser).await, lifetime.as_secs());
        assert_eq!(browser.get(&app.router, "/get:a").await.set_cookies(), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn cookie_of_an_active_user_never_ends_before_the_record() {
    for path in ["/set:a=1/increment:n", "/update:n", "/update:n/update:n/set:b=1", "/get:a"] {
        let (app, store) = app(an_hour());
        let mut browser = app.visit("/set:a=1").await;
        let mut cookie_left = HOUR;
        for _ in 0..600 {
            advance(20).await;
            cookie_left -= 20;
            let answer = browser.get(&app.router, path).await;
            if !answer.set_cookies().is_empty() {
                cookie_left = answer.max_age().unwrap();
            }
            let record_left = ttl(&store, &browser).await;
            assert!(record_left.abs_diff(cookie_left) <= 1, "{path} {record_left} {cookie_left}");
            assert!(cookie_left >= HOUR - 60, "{path}: never renewed");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn slow_handlers_do_not_stretch_the_record() {
    let (app, store) = app(an_hour());
    let mut browser = app.visit("/set:a=1").await;
    for path in ["/pause/set:a=2", "/update:n/pause/update:n/set:b=1"] {
        let before = ttl(&store, &browser).await;
        let slow = app.pause(&browser, path).await;
        advance(20).await;
        app.gate.open(1);
        assert_eq!(slow.await.unwrap().set_cookies(), [""; 0]);
        assert_eq!(ttl(&store, &browser).await, before - 20, "{path}");
    }
    browser.ok(&app.router, "/get:a").await;
}

#[tokio::test(start_paused = true)]
async fn reads_do_not_renew_if_so_configured() {
    let (app, store) = app(an_hour().refresh_each_request(false));
    let mut browser = app.visit("/set:a=1").await;
    advance(HOUR / 2).await;
    assert_eq!(browser.get(&app.router, "/get:a").await.set_cookies(), [""; 0]);
    assert_eq!(ttl(&store, &browser).await, HOUR / 2);
    assert_eq!(browser.get(&app.router, "/set:a=2").await.max_age(), Some(HOUR));
    assert_eq!(ttl(&store, &browser).await, HOUR);
    advance(HOUR).await;
    assert_eq!(browser.ok(&app.router, "/get:a").await, "none");
}

#[tokio::test(start_paused = true)]
async fn lease_of_a_newer_record_is_not_undone() {
    let (app, store) = app(an_hour());
    let mut browser = app.visit("/set:a=1").await;
    for slow in ["/pause/set:b=1", "/pause/update:n"] {
        let slow = app.pause(&browser, slow).await;
        browser.ok(&app.router, "/lifetime:864000").await;
        app.gate.open(1);
        assert_eq!(slow.await.unwrap().status, 200);
        assert_eq!(ttl(&store, &browser).await, 864_000);
        browser.ok(&app.router, &format!("/lifetime:{HOUR}")).await;
    }
}

/// A session of `age` seconds, written as another process would have.
async fn aged(store: &MemoryStore, age: Option<u64>) -> Browser {
    let id = session_core::SessionId::generate(32).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let mut payload = b"\x81\xa1a\xa11".to_vec();
    if let Some(age) = age {
        payload[0] = 0x82;
        payload.extend_from_slice(b"\xa8_created\xce");
        payload.extend_from_slice(&u32::try_from(now - age).unwrap().to_be_bytes());
    }
    let key = StoreKey::new("session:", id.as_str());
    let lease = Lease { ttl: Duration::from_secs(HOUR / 2), owner: None };
    let written = store.write(&key, Bytes::from(payload), &lease, Precondition::Absent).await;
    assert_eq!(written.unwrap(), Outcome::Written { cas: 0 });
    Browser { cookie: Some(format!("session={}", id.as_str())) }
}

fn a_day_at_most() -> ConfigBuilder {
    an_hour().absolute_lifetime(Duration::from_secs(24 * HOUR)).permanent(true)
}

#[tokio::test]
async fn absolute_lifetime_ends_the_busiest_session() {
    let (app, store) = app(a_day_at_most());
    for (age, expected) in [(0, "1"), (23 * HOUR, "1"), (24 * HOUR, "none"), (30 * HOUR, "none")] {
        let mut browser = aged(&store, Some(age)).await;
        assert_eq!(browser.ok(&app.router, "/get:a").await, expected, "{age}");
    }
    // Whoever comes back is somebody new.
    let mut browser = aged(&store, Some(24 * HOUR)).await;
    let old = browser.cookie.clone();
    assert_eq!(browser.ok(&app.router, "/get:a/set:b=1").await, "none");
    assert_ne!(browser.cookie, old);
}

#[tokio::test]
async fn renewal_goes_no_further_than_the_absolute_lifetime() {
    let (app, store) = app(a_day_at_most());
    let mut browser = aged(&store, Some(24 * HOUR - 2000)).await;
    browser.ok(&app.router, "/get:a").await;
    assert!((1990..=2000).contains(&ttl(&store, &browser).await), "a touch");
    for path in ["/set:b=1", "/update:n", "/regenerate"] {
        let mut browser = aged(&store, Some(24 * HOUR - 2000)).await;
        browser.ok(&app.router, path).await;
        let left = ttl(&store, &browser).await;
        assert!((1990..=2000).contains(&left) || left == HOUR / 2, "{path} {left}");
    }
    let mut browser = aged(&store, Some(24 * HOUR - 100)).await;
    browser.ok(&app.router, "/lifetime:86400").await;
    assert!((90..=100).contains(&ttl(&store, &browser).await));
}

#[tokio::test]
async fn age_counts_from_the_creation_and_begins_anew_with_an_owner() {
    let (app, store) = app(a_day_at_most());
    let has_stamp = async |browser: &Browser| {
        let key = StoreKey::new("session:", browser.id());
        let payload = store.load(&key).await.unwrap().unwrap().payload;
        payload.windows(8).any(|bytes| bytes == b"_created")
    };
    assert!(has_stamp(&app.visit("/set:a=1").await).await);
    assert!(has_stamp(&app.visit("/update:n").await).await);
    // A record from before the setting is stamped at its next request.
    let mut browser = aged(&store, None).await;
    browser.ok(&app.router, "/get:a").await;
    assert!(has_stamp(&browser).await);
    // A login is a new session under the law: its day begins now.
    let mut browser = aged(&store, Some(24 * HOUR - 100)).await;
    browser.ok(&app.router, "/login:ann").await;
    assert_eq!(ttl(&store, &browser).await, HOUR);
    let mut browser = aged(&store, Some(24 * HOUR - 100)).await;
    browser.ok(&app.router, "/regenerate/clear").await;
    assert!(ttl(&store, &browser).await <= 100);
}

#[tokio::test(start_paused = true)]
async fn sweeps_run_on_the_side_of_every_nth_request() {
    let memory = Arc::new(MemoryStore::new());
    let store = Arc::new(CountingStore::new(memory.clone()));
    let config = an_hour().cleanup_n_requests(NonZeroU32::new(5).unwrap()).build().unwrap();
    let app = App::with(store.clone(), config, None);
    app.visit("/set:a=1").await;
    advance(HOUR).await;
    assert_eq!(memory.len(), 1);
    for _ in 0..14 {
        app.request("/plain", &[]).await;
        // A sweep that still runs is not joined by another.
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(store.calls().delete_expired, 3);
    assert_eq!(memory.len(), 0);
}

/// The note of its beginning counts for a session's size before the one it follows is ended.
#[tokio::test]
async fn session_is_not_ended_for_one_that_does_not_fit() {
    let month = Duration::from_secs(30 * 24 * 3600);
    let config = Config::builder().lifetime(month).absolute_lifetime(month);
    let (app, _) = app(config.max_payload(1000));
    let mut browser = app.visit("/set:a=1").await;
    let answer = browser.get(&app.router, "/flush/big:b=980").await;
    assert_eq!(answer.status, 500);
    assert_eq!(browser.ok(&app.router, "/get:a").await, "1");
}
