//! What a browser sees of a store that fails, and what the store holds then.

use crate::support::bench::Bench;
use crate::support::{Answer, Browser};
use http::StatusCode;
use session_core::{Config, ErrorKind};
use session_testkit::{Fault, Method};
use std::time::Duration;
use tokio::time::Instant;

const FAULTS: [Fault; 5] = [
    Fault::Fail(ErrorKind::Unavailable),
    Fault::Fail(ErrorKind::Unknown),
    Fault::FailAfterApplying(ErrorKind::Unknown),
    Fault::Hang,
    Fault::HangAfterApplying,
];

fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    assert!(answer.field("retry-after").is_some());
    assert_eq!(answer.set_cookies(), [""; 0]);
    assert_eq!(answer.field("cache-control").as_deref(), Some("no-store"));
    assert_eq!(answer.field("vary").as_deref(), Some("Cookie"));
}

#[tokio::test(start_paused = true)]
async fn store_that_is_down_is_felt_only_where_a_session_is_asked_for() {
    let bench = Bench::new();
    let mut browser = bench.app.visit("/set:a=1").await;
    let faults =
        [Fault::Fail(ErrorKind::Unavailable), Fault::Fail(ErrorKind::Timeout), Fault::Hang];
    for fault in faults {
        for path in ["/get:a", "/optional", "/flush", "/set:a=2"] {
            bench.faulty.push(Method::Load, fault);
            let start = Instant::now();
            assert_eq!(bench.get(&mut browser, "/plain").await.status, StatusCode::OK);
            assert_unavailable(&bench.get(&mut browser, path).await);
            assert!(start.elapsed() < Duration::from_secs(3));
        }
        assert_eq!(bench.faulty.pending(), 0);
        // The same cookie works again.
        assert_eq!(browser.ok(&bench.app.router, "/get:a").await, "1");
    }
}

#[tokio::test]
async fn handler_that_shrugs_at_an_outage_still_varies_by_cookie() {
    let bench = Bench::new();
    let mut browser = bench.app.visit("/set:a=1").await;
    bench.faulty.push(Method::Load, Fault::Fail(ErrorKind::Unavailable));
    let answer = bench.get(&mut browser, "/shrug").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "down"));
    assert_eq!(answer.field("vary").as_deref(), Some("Cookie"));
    assert_eq!(answer.set_cookies(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn write_that_fails_is_not_repeated_and_not_claimed() {
    for fault in FAULTS {
        for path in ["/set:a=2", "/update:n", "/set:a=2/update:n"] {
            let bench = Bench::new();
            let mut browser = bench.app.visit("/set:a=1").await;
            bench.counting.take_calls();
            bench.faulty.push(Method::Write, fault);
            assert_unavailable(&bench.get(&mut browser, path).await);
            assert_eq!(bench.counting.take_calls().total(), 2, "{path} {fault:?}");
            assert_eq!(bench.memory.len(), 1);
            let is_applied =
                matches!(fault, Fault::FailAfterApplying(_) | Fault::HangAfterApplying);
            let changed = if path == "/set:a=2" { "a=2" } else { "a=1 n=1" };
            let expected = if is_applied { changed } else { "a=1" };
            assert_eq!(bench.app.dump(&browser).await, expected, "{path} {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn counter_grows_by_exactly_what_was_applied() {
    let bench = Bench::new();
    let mut browser = bench.app.visit("/set:a=1").await;
    let mut applied = 0;
    for (at, fault) in FAULTS.into_iter().cycle().take(25).enumerate() {
        if at % 2 == 0 {
            bench.faulty.push(Method::Write, fault);
        }
        let answer = bench.get(&mut browser, "/update:n").await;
        let is_lost = matches!(fault, Fault::FailAfterApplying(_) | Fault::HangAfterApplying);
        applied += u32::from(answer.status == StatusCode::OK || is_lost);
    }
    assert_eq!(browser.ok(&bench.app.router, "/get:n").await, applied.to_string());
}

#[tokio::test(start_paused = true)]
async fn first_write_that_fails_leaves_no_record_behind() {
    for fault in FAULTS {
        for path in ["/set:a=1", "/update:n", "/login:ann"] {
            let bench = Bench::new();
            bench.faulty.push(Method::Write, fault);
            let mut browser = Browser::default();
            assert_unavailable(&bench.get(&mut browser, path).await);
            settle().await;
            assert_eq!(bench.memory.len(), 0, "{path} {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn move_that_fails_anywhere_leaves_the_session_whole_or_ended() {
    // Which call of a move fails: it writes the new record, then the trace, and both again, after
    // a load, when another request wrote meanwhile.
    let steps = [
        (Method::Write, 0, "/login:ann"),
        (Method::Write, 1, "/login:ann"),
        (Method::Write, 0, "/pause/regenerate"),
        (Method::Write, 1, "/pause/regenerate"),
        (Method::Load, 0, "/pause/regenerate"),
        (Method::Write, 2, "/pause/regenerate"),
        (Method::Write, 3, "/pause/regenerate"),
        (Method::Write, 2, "/pause/login:ann"),
        (Method::Write, 3, "/pause/login:ann"),
    ];
    for fault in FAULTS {
        for (method, at, path) in steps {
            let case = format!("{path}: {fault:?} of {method:?} {at}");
            let bench = Bench::new();
            let mut browser = bench.app.visit("/set:a=1").await;
            let is_raced = path.starts_with("/pause");
            let moving = bench.app.start(&browser, path);
            if is_raced {
                bench.app.gate.arrived(1).await;
                browser.ok(&bench.app.router, "/set:b=1").await;
            }
            (0..at).for_each(|_| bench.faulty.push(method, Fault::Pass));
            bench.faulty.push(method, fault);
            bench.app.gate.open(usize::from(is_raced));
            let answer = moving.await.unwrap();
            assert_eq!(bench.faulty.pending(), 0, "{case}");
            assert_unavailable(&answer);
            settle().await;
            let is_applied =
                matches!(fault, Fault::FailAfterApplying(_) | Fault::HangAfterApplying);
            // Only a trace whose answer was lost, and which was not refused, ended the session.
            let is_ended =
                method == Method::Write && is_applied && (at == 3 || at == 1 && !is_raced);
            assert_eq!(bench.memory.len(), 1, "{case}");
            let expected = match (is_ended, is_raced) {
                (true, _) => "",
                (false, true) => "a=1 b=1",
                (false, false) => "a=1",
            };
            assert_eq!(bench.app.dump(&browser).await, expected, "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn renewal_that_fails_costs_no_response() {
    for fault in FAULTS {
        let config = Config::builder().lifetime(Duration::from_secs(1000)).build().unwrap();
        let bench = Bench::with(config);
        let mut browser = bench.app.visit("/set:a=1").await;
        tokio::time::advance(Duration::from_secs(500)).await;
        bench.faulty.push(Method::Touch, fault);
        let answer = bench.get(&mut browser, "/get:a").await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "1"), "{fault:?}");
        assert_eq!(answer.set_cookies(), [""; 0]);
        assert_eq!(bench.faulty.pending(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn logout_that_fails_is_not_claimed() {
    // A session that is followed by another ends once that one is stored; a sign-in leaves a trace.
    let table = [
        ("/flush", Method::Delete, 0),
        ("/flush/set:b=1", Method::Delete, 0),
        ("/flush/login:ann", Method::Write, 1),
    ];
    for fault in FAULTS {
        for (path, method, at) in table {
            let bench = Bench::new();
            let mut browser = bench.app.visit("/set:a=1").await;
            (0..at).for_each(|_| bench.faulty.push(method, Fault::Pass));
            bench.faulty.push(method, fault);
            assert_unavailable(&bench.get(&mut browser, path).await);
            assert!(browser.cookie.is_some());
            settle().await;
            let is_applied =
                matches!(fault, Fault::FailAfterApplying(_) | Fault::HangAfterApplying);
            let left = if is_applied { "" } else { "a=1" };
            assert_eq!(bench.app.dump(&browser).await, left, "{path} {fault:?}");
            let records = usize::from(method == Method::Write || !is_applied);
            assert_eq!(bench.memory.len(), records, "{path} {fault:?}");
        }
    }
}

#[tokio::test]
async fn session_that_update_created_reaches_the_browser_though_the_commit_fails() {
    let bench = Bench::new();
    bench.faulty.push(Method::Write, Fault::Pass);
    bench.faulty.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
    let mut browser = Browser::default();
    let answer = bench.get(&mut browser, "/update:n/set:a=1").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.field("cache-control").as_deref(), Some("no-store"));
    assert_eq!(bench.app.dump(&browser).await, "n=1");
}

/// Lets what a request left behind in tasks of their own come to its end.
async fn settle() {
    tokio::time::sleep(Duration::from_secs(5)).await;
}
