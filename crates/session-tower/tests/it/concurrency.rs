//! What requests that overlap do to each other's session.

use crate::support::app::App;
use crate::support::bench::Bench;
use crate::support::{Answer, Browser, is_trace};
use http::StatusCode;
use session_core::{Config, MemoryStore, OnConflict, Store, StoreKey};
use std::sync::Arc;

fn app() -> (App, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new());
    (App::new(store.clone()), store)
}

/// Runs `slow` in a session of `first`, with `fast` from beginning to end between its load and
/// its commit; returns the slow answer, the browser after `fast`, and the application.
async fn race(first: &str, slow: &str, fast: &str) -> (Answer, Browser, App) {
    let (app, _) = app();
    let mut browser = app.visit(first).await;
    let slow = app.pause(&browser, slow).await;
    assert_eq!(browser.get(&app.router, fast).await.status, StatusCode::OK);
    app.gate.open(1);
    (slow.await.unwrap(), browser, app)
}

fn assert_refused(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::CONFLICT, "{answer:?}");
    assert_eq!(answer.set_cookies(), [""; 0]);
    assert_eq!(answer.field("cache-control").as_deref(), Some("no-store"));
    assert_eq!(answer.field("vary").as_deref(), Some("Cookie"));
}

/// The slow request, the fast one, and what the session holds then.
#[tokio::test]
async fn both_survive_wherever_neither_contradicts_the_other() {
    let table = [
        ("different keys", "/pause/set:b=1", "/set:c=2", "a=0 c=2 b=1"),
        ("set without a read wins", "/pause/set:a=1", "/set:a=2", "a=1"),
        ("overwrite wins after a read", "/get:a/pause/overwrite:a=1", "/set:a=2", "a=1"),
        ("equal value after a read", "/get:a/pause/set:a=0/set:b=1", "/set:a=2", "a=2 b=1"),
        ("key read, another written", "/get:a/pause/set:b=1", "/set:a=2", "a=2 b=1"),
        ("removal without a conflict", "/pause/remove:a", "/set:b=1", "b=1"),
        ("clear over a set", "/pause/clear", "/set:b=1", ""),
        ("set over a clear", "/pause/set:b=1", "/clear", "b=1"),
        ("a read over a login", "/pause/status:200", "/login:ann", "a=0 _user_id=ann"),
        ("two updates", "/update:n/pause", "/update:n", "a=0 n=2"),
        ("update after an update", "/pause/update:n", "/update:n", "a=0 n=2"),
        ("update and set", "/pause/update:n/set:b=1", "/set:c=1", "a=0 c=1 n=1 b=1"),
        ("regenerate and set", "/pause/regenerate/set:b=1", "/set:c=1", "a=0 c=1 b=1"),
        ("login and set", "/pause/login:ann", "/set:c=1", "a=0 c=1 _user_id=ann"),
    ];
    for (case, slow, fast, expected) in table {
        let (answer, mut browser, app) = race("/set:a=0", slow, fast).await;
        assert_eq!(answer.status, StatusCode::OK, "{case}");
        if let [cookie] = answer.set_cookies()[..] {
            browser = Browser::holding(cookie);
        }
        assert_eq!(app.dump(&browser).await, expected, "{case}");
    }
}

#[tokio::test]
async fn decision_on_an_old_value_is_refused_whole() {
    let table = [
        ("read, then set", "/get:a/set:b=1/pause/set:a=1", "/set:a=2", "a=2"),
        ("absence read, then set", "/get:b/pause/set:b=1", "/set:b=2", "a=0 b=2"),
        ("two increments", "/increment:n/pause", "/increment:n", "a=0 n=1"),
        ("handed out once", "/pause/remove:a", "/remove:a", ""),
        ("read all, then set one", "/dump/pause/set:a=1", "/set:a=2", "a=2"),
        ("removed meanwhile", "/get:a/pause/set:a=1", "/remove:a", ""),
        ("seen by an update", "/get:a/pause/update:n/set:a=1", "/set:a=2", "a=2 n=1"),
        ("moved with a conflict", "/get:a/pause/set:a=1/regenerate", "/set:a=2", "a=2"),
        ("signed in with a conflict", "/get:a/pause/set:a=1/login:ann", "/set:a=2", "a=2"),
    ];
    for (case, slow, fast, expected) in table {
        let (answer, browser, app) = race("/set:a=0", slow, fast).await;
        assert_refused(&answer);
        assert_eq!(app.dump(&browser).await, expected, "{case}");
        assert!(browser.cookie.is_some(), "{case}");
    }
}

#[tokio::test]
async fn conflicts_are_overwritten_if_configured() {
    let config = Config::builder().on_conflict(OnConflict::Overwrite).build().unwrap();
    let app = App::with(Arc::new(MemoryStore::new()), config, None);
    let mut browser = app.visit("/set:a=0").await;
    let slow = app.pause(&browser, "/get:a/pause/set:a=1").await;
    browser.ok(&app.router, "/set:a=2").await;
    app.gate.open(1);
    assert_eq!(slow.await.unwrap().status, StatusCode::OK);
    assert_eq!(app.dump(&browser).await, "a=1");
}

#[tokio::test]
async fn flashes_that_were_shown_are_removed_and_no_others() {
    let table = [
        ("one added while others are taken", "/pause/take", "/flash:new", "old", "new"),
        ("one added to what others took", "/pause/flash:new", "/take", "", "new"),
        ("both added", "/pause/flash:b", "/flash:a", "", "old,a,b"),
        ("taken, then added", "/take/flash:b/pause", "/flash:a", "old", "a,b"),
        ("added, then taken with its own", "/flash:b/take/pause", "/flash:a", "old,b", "a"),
        ("the same text again", "/take/pause", "/flash:old", "old", "old"),
        ("cleared, then added", "/clear/flash:b/pause", "/flash:a", "", "b"),
    ];
    for (case, slow, fast, shown, left) in table {
        let (answer, mut browser, app) = race("/flash:old", slow, fast).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, shown), "{case}");
        assert_eq!(browser.ok(&app.router, "/take").await, left, "{case}");
    }
}

#[tokio::test]
async fn nothing_outlives_a_logout() {
    for slow in [
        "/pause/set:b=1",
        "/pause/update:n",
        "/update:n/pause/set:b=1",
        "/pause/login:ann",
        "/pause/regenerate",
        "/pause/flush",
        "/pause/clear",
        "/pause/flash:late",
        "/pause/flush/set:b=1",
    ] {
        let (app, store) = app();
        let mut browser = app.visit("/set:a=0/login:eve").await;
        let old = browser.clone();
        let slow_request = app.pause(&browser, slow).await;
        browser.ok(&app.router, "/flush").await;
        assert_eq!(browser.cookie, None);
        app.gate.open(1);
        assert_refused(&slow_request.await.unwrap());
        assert_eq!(store.len(), 0, "{slow}");
        assert_eq!(old.clone().ok(&app.router, "/get:a").await, "none");
    }
}

#[tokio::test]
async fn second_of_two_logins_is_refused() {
    let (answer, browser, app) = race("/set:a=0", "/pause/login:bob", "/login:ann").await;
    assert_refused(&answer);
    assert_eq!(app.dump(&browser).await, "a=0 _user_id=ann");
}

#[tokio::test]
async fn logout_after_a_move_does_not_claim_to_have_ended_it() {
    let (answer, browser, app) = race("/set:a=0", "/pause/flush", "/login:ann").await;
    assert_refused(&answer);
    assert_eq!(app.dump(&browser).await, "a=0 _user_id=ann");
}

#[tokio::test]
async fn old_id_is_dead_after_a_login_and_a_late_request_gets_no_cookie() {
    let (app, store) = app();
    let mut browser = app.visit("/set:a=0").await;
    let late = browser.clone();
    browser.ok(&app.router, "/login:ann").await;
    assert_ne!(late.cookie, browser.cookie);
    assert_eq!(late.clone().ok(&app.router, "/new").await, "true");
    assert_eq!(late.clone().ok(&app.router, "/get:a").await, "none");
    for path in ["/set:b=1", "/flash:hello", "/update:n", "/flush", "/flush/set:b=1"] {
        assert_refused(&late.clone().get(&app.router, path).await);
    }
    assert_eq!(store.len(), 2);
    let left = store.load(&StoreKey::new("session:", late.id())).await.unwrap().unwrap();
    assert!(is_trace(&left.payload));
    assert!((1..=30).contains(&left.ttl.as_secs()), "{:?}", left.ttl);
    assert_eq!(app.dump(&browser).await, "a=0 _user_id=ann");
    // A sign-in is a new one: the form was sent twice, or the answer to the first was lost.
    for (path, left) in [
        ("/login:ann", "_user_id=ann"),
        ("/flush/login:ann", "_user_id=ann"),
        ("/login:ann/login:bob", "_user_id=bob"),
        ("/login:ann/update:n", "n=1 _user_id=ann"),
    ] {
        let mut again = late.clone();
        again.ok(&app.router, path).await;
        assert_eq!(app.dump(&again).await, left, "{path}");
    }
}

#[tokio::test]
async fn update_stands_on_a_failure_and_leaves_intents_pending() {
    let (app, _) = app();
    let mut browser = app.visit("/set:a=0").await;
    let answer = browser.get(&app.router, "/set:b=1/update:n/set:c=1/status:500").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (500, "1"));
    assert_eq!(app.dump(&browser).await, "a=0 n=1");
    assert_eq!(browser.ok(&app.router, "/set:b=1/update:n/get:b").await, "21");
    assert_eq!(app.dump(&browser).await, "a=0 n=2 b=1");
    assert_refused(
        &race("/set:a=0", "/set:a=1/get:a/update:n/pause/increment:n", "/update:n").await.0,
    );
}

#[tokio::test]
async fn update_creates_the_session_whatever_the_response() {
    for (path, status) in [("/update:n", 200), ("/update:n/status:503", 503)] {
        let (app, store) = app();
        let mut browser = Browser::default();
        let answer = browser.get(&app.router, path).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.field("cache-control").as_deref(), Some("no-store"));
        assert_eq!((store.len(), app.dump(&browser).await.as_str()), (1, "n=1"));
    }
}

#[tokio::test]
async fn update_that_changes_nothing_answers_for_the_newest_record() {
    let (app, _) = app();
    let created = app.manager.create();
    created.insert("n", 5).unwrap();
    let cookie = created.commit().await.unwrap().id_field().unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap().as_bytes().to_vec();
    let (slow, fast) = (app.manager.open(), app.manager.open());
    let slow_session = slow.session([&cookie[..]]).await.unwrap();
    fast.session([&cookie[..]]).await.unwrap().insert("n", 3).unwrap();
    fast.commit().await.unwrap();
    let at_least_4 = |n: Option<u64>| n.unwrap_or(0).max(4);
    assert_eq!(slow_session.update("n", at_least_4).await.unwrap(), 4);
}

#[tokio::test]
async fn moved_session_has_the_lifetime_that_another_request_gave_it() {
    let (app, _) = app();
    let browser = app.visit("/set:a=1").await;
    let slow = app.pause(&browser, "/pause/regenerate").await;
    browser.clone().ok(&app.router, "/lifetime:60").await;
    app.gate.open(1);
    let answer = slow.await.unwrap();
    assert_eq!(answer.max_age(), Some(60));
    let mut moved = Browser::holding(answer.set_cookie());
    let left: u64 = moved.ok(&app.router, "/ttl").await.parse().unwrap();
    assert!((50..=60).contains(&left), "{left}");
}

#[tokio::test]
async fn session_that_follows_a_flush_inherits_nothing_from_an_update_under_way() {
    let store = Arc::new(crate::support::gate::GatedStore::new(Arc::new(MemoryStore::new())));
    let manager =
        session_core::SessionManager::new(store.clone(), Config::default(), None).unwrap();
    let created = manager.create();
    created.insert("secret", "of ann").unwrap();
    let cookie = created.commit().await.unwrap().id_field().unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap().as_bytes().to_vec();
    let exchange = manager.open();
    let session = exchange.session([&cookie[..]]).await.unwrap();
    store.hold_writes();
    let updated = session.clone();
    let update = tokio::spawn(async move { updated.update("n", |_: Option<u8>| 1).await });
    store.gate.arrived(1).await;
    session.flush().unwrap();
    session.insert("notice", "signed out").unwrap();
    store.let_go();
    update.await.unwrap().unwrap();
    let cookie = exchange.commit().await.unwrap().id_field().unwrap().to_owned();
    let next = manager.open();
    let next = next.session([cookie.split(';').next().unwrap().as_bytes()]).await.unwrap();
    assert_eq!(next.keys().unwrap(), ["notice"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_writers_of_fifty_keys_are_all_kept() {
    let (app, _) = app();
    let browser = app.visit("/set:a=0").await;
    let writers: Vec<_> =
        (0..50).map(|n| app.start(&browser, &format!("/pause/set:k{n}={n}"))).collect();
    app.gate.arrived(50).await;
    app.gate.open(50);
    for writer in writers {
        assert_eq!(writer.await.unwrap().status, StatusCode::OK);
    }
    for n in 0..50 {
        assert_eq!(browser.clone().ok(&app.router, &format!("/get:k{n}")).await, n.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_increments_are_all_counted() {
    for step in ["update", "increment"] {
        let (app, _) = app();
        let browser = app.visit("/set:a=0").await;
        let writers: Vec<_> =
            (0..50).map(|_| app.start(&browser, &format!("/pause/{step}:n"))).collect();
        app.gate.arrived(50).await;
        app.gate.open(50);
        let mut acknowledged = 0;
        for writer in writers {
            let answer = writer.await.unwrap();
            acknowledged += u32::from(answer.status == StatusCode::OK);
        }
        assert_eq!(browser.clone().ok(&app.router, "/get:n").await, acknowledged.to_string());
        assert!(acknowledged == 50 || step == "increment");
    }
}

/// Without turns each of them meets each other one: 136 writes in place of 31.
#[tokio::test]
async fn writers_of_one_session_take_turns_at_the_commit() {
    const WRITERS: u32 = 16;
    for path in ["/pause/flash:a", "/pause/update:n"] {
        let bench = Bench::new();
        let browser = bench.app.visit("/set:a=0").await;
        let mut requests = Vec::new();
        for _ in 0..WRITERS {
            requests.push(bench.app.start(&browser, path));
        }
        bench.app.gate.arrived(WRITERS).await;
        bench.counting.take_calls();
        bench.app.gate.open(WRITERS as usize);
        for request in requests {
            assert_eq!(request.await.unwrap().status, StatusCode::OK);
        }
        // Each but the first is refused once.
        let writes = bench.counting.calls().write;
        assert!(writes <= 2 * u64::from(WRITERS), "{path}: {writes}");
    }
}
