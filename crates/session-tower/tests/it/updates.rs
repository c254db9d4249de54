//! What an `update` and the rest of its request make of each other.

use crate::support::Browser;
use crate::support::bench::Bench;
use session_core::{Config, ErrorKind};
use session_testkit::{Fault, Method};
use std::time::Duration;

/// The last word on a key counts, whichever way it was said.
#[tokio::test]
async fn update_replaces_what_its_request_had_written() {
    // What the request does, and what it leaves of n, which was 5.
    let table = [
        ("/set:n=1/update:n", "6"),
        ("/overwrite:n=1/update:n", "6"),
        ("/get:n/set:n=1/update:n", "6"),
        ("/remove:n/update:n", "6"),
        ("/clear/update:n", "6"),
        ("/update:n/update:n", "7"),
        ("/update:n/set:n=1", "1"),
        ("/update:n/clear", "none"),
    ];
    for (path, left) in table {
        let bench = Bench::new();
        let session = bench.app.manager.create();
        session.insert("n", 5).unwrap();
        let cookie = session.commit().await.unwrap().id_field().unwrap().to_owned();
        let mut browser = Browser::holding(&cookie);
        browser.ok(&bench.app.router, path).await;
        assert_eq!(browser.ok(&bench.app.router, "/get:n").await, left, "{path}");
    }
}

/// Two records would be made, and one of the values lost with its own.
#[tokio::test]
async fn joined_updates_create_one_session() {
    let bench = Bench::new();
    let session = bench.app.manager.create();
    let add = |n: Option<u64>| n.unwrap_or(0) + 1;
    let (n, m, more) =
        tokio::join!(session.update("n", add), session.update("m", add), session.update("n", add));
    assert_eq!([n.unwrap(), m.unwrap(), more.unwrap()], [1, 1, 2]);
    let cookie = session.commit().await.unwrap().id_field().unwrap().to_owned();
    let browser = Browser::holding(&cookie);
    assert_eq!(bench.app.dump(&browser).await, "n=2 m=1");
    assert_eq!(bench.memory.len(), 1);
}

#[tokio::test]
async fn update_after_a_clear_outlasts_a_replay() {
    let bench = Bench::new();
    let browser = bench.app.visit("/set:a=1/update:n").await;
    let slow = bench.app.pause(&browser, "/clear/update:n/pause").await;
    browser.clone().ok(&bench.app.router, "/set:b=1").await;
    bench.app.gate.open(1);
    assert_eq!(slow.await.unwrap().body, "2");
    assert_eq!(bench.app.dump(&browser).await, "n=2");
}

#[tokio::test]
async fn update_after_a_clear_is_no_licence_to_undo_that_of_another() {
    let bench = Bench::new();
    let browser = bench.app.visit("/set:a=1/update:n").await;
    let slow = bench.app.pause(&browser, "/clear/update:n/pause").await;
    browser.clone().ok(&bench.app.router, "/update:n").await;
    bench.app.gate.open(1);
    assert_eq!(slow.await.unwrap().status, 409);
    assert_eq!(bench.app.dump(&browser).await, "n=3 a=1");
}

#[tokio::test(start_paused = true)]
async fn created_session_reaches_the_browser_though_its_renewal_fails() {
    let lifetime = Duration::from_secs(1000);
    let bench = Bench::with(Config::builder().lifetime(lifetime).build().unwrap());
    let request = bench.app.pause(&Browser::default(), "/update:n/pause").await;
    tokio::time::advance(Duration::from_secs(500)).await;
    bench.faulty.push(Method::Touch, Fault::Fail(ErrorKind::Unavailable));
    bench.app.gate.open(1);
    let answer = request.await.unwrap();
    assert_eq!((answer.status.as_u16(), bench.faulty.pending()), (200, 0));
    let mut browser = Browser::holding(answer.set_cookie());
    assert_eq!(browser.ok(&bench.app.router, "/get:n").await, "1");
}
