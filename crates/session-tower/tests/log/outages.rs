//! An outage is said once, not by every request that meets it.

use crate::support::Browser;
use crate::support::bench::Bench;
use crate::support::capture::Capture;
use session_core::{Config, ErrorKind};
use session_testkit::{Fault, Method};
use std::time::Duration;

const REQUESTS: usize = 100;

/// What fails, the fault that makes it fail, and how its line begins.
const TABLE: [(&str, Method, &str); 4] = [
    ("/get:a", Method::Load, "session load failed"),
    ("/set:a=2", Method::Write, "session commit failed"),
    ("/update:n", Method::Write, "session update failed"),
    ("/flush", Method::Delete, "session commit failed"),
];

#[tokio::test(start_paused = true)]
async fn outage_is_said_once_and_then_counted() {
    for (path, method, line) in TABLE {
        let log = Capture::start();
        let bench = Bench::new();
        let browser = bench.app.visit("/set:a=1").await;
        let meet = async |count: usize| {
            for _ in 0..count {
                bench.faulty.push(method, Fault::Fail(ErrorKind::Unavailable));
                let answer = bench.get(&mut browser.clone(), path).await;
                assert_eq!(answer.status, 503, "{path}");
            }
        };
        meet(REQUESTS).await;
        assert_eq!(log.text().matches(line).count(), 1, "{path}");
        tokio::time::advance(Duration::from_secs(60)).await;
        meet(2).await;
        assert_eq!(log.text().matches(line).count(), 2, "{path}");
        assert!(log.text().contains(&format!("unsaid={}", REQUESTS - 1)), "{}", log.text());
    }
}

#[tokio::test]
async fn failure_of_one_request_is_always_said() {
    let log = Capture::start();
    let bench = Bench::new();
    for _ in 0..3 {
        let answer = bench.get(&mut Browser::default(), "/big:a=2000000").await;
        assert_eq!(answer.status, 500);
        bench.faulty.push(Method::Write, Fault::Fail(ErrorKind::TooLarge));
        bench.get(&mut Browser::default(), "/update:n").await;
    }
    assert_eq!(log.text().matches("session update failed").count(), 3, "{}", log.text());
}

/// What the request itself stands in the way of is said as what the store does.
#[tokio::test]
async fn update_that_the_request_forbids_is_said_as_any_other() {
    let log = Capture::start();
    let bench = Bench::new();
    let browser = bench.app.visit("/set:a=1").await;
    for (path, status, kind) in [
        ("/flush/update:n", 409, "gone"),
        ("/update:_user_id", 500, "unsupported"),
        ("/update:_flashes", 500, "unsupported"),
    ] {
        assert_eq!(bench.get(&mut browser.clone(), path).await.status, status, "{path}");
        let said = log.text();
        let line = said.lines().rfind(|line| line.contains("session update failed"));
        assert!(line.is_some_and(|line| line.contains(kind)), "{path}: {said}");
    }
    let session = bench.app.manager.create();
    session.commit().await.unwrap();
    session.update("n", |n: Option<u8>| n.unwrap_or(0)).await.unwrap_err();
    assert_eq!(log.text().matches("session update failed").count(), 4, "{}", log.text());
}

/// The sign-ins succeed, so nobody else would say it.
#[tokio::test(start_paused = true)]
async fn limit_of_sessions_that_is_not_kept_is_said_once() {
    let log = Capture::start();
    let config = Config::builder().owner_index(true).max_per_owner(1).build().unwrap();
    let bench = Bench::with(config);
    for _ in 0..REQUESTS {
        bench.faulty.push(Method::ListByOwner, Fault::Fail(ErrorKind::Unavailable));
        bench.app.visit("/login:ann").await;
    }
    assert_eq!(bench.faulty.pending(), 0);
    let line = "ending the oldest sessions of an owner failed";
    assert_eq!(log.text().matches(line).count(), 1, "{}", log.text());
    assert!(log.text().contains("SESSION_MAX_PER_OWNER") && !log.text().contains("ann"));
}
