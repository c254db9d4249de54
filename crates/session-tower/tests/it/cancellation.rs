//! A client that goes away, at every point at which a request can be dropped.

use crate::support::Browser;
use crate::support::app::App;
use crate::support::yielding::YieldingStore;
use axum::body::Body;
use http::Request;
use http::header::COOKIE;
use session_core::MemoryStore;
use std::sync::Arc;
use std::task::Poll;
use tower::ServiceExt as _;

/// Drops a request of `browser` after `polls` polls; whether it had answered by then.
async fn cancel(app: &App, browser: &Browser, path: &str, polls: usize) -> bool {
    let mut request = Request::get(path);
    if let Some(cookie) = &browser.cookie {
        request = request.header(COOKIE, cookie);
    }
    let response = app.router.clone().oneshot(request.body(Body::empty()).unwrap());
    let mut response = std::pin::pin!(response);
    for _ in 0..polls {
        let poll = std::future::poll_fn(|cx| Poll::Ready(response.as_mut().poll(cx))).await;
        if poll.is_ready() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

/// Lets tasks that the request left behind come to their end.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Cancels `path` at every poll in turn; calls `check` with the application, the browser and the
/// number of records after each.
async fn cancel_everywhere(first: &str, path: &str, check: impl AsyncFn(App, Browser, usize)) {
    let mut polls = 0;
    loop {
        let memory = Arc::new(MemoryStore::new());
        let app = App::new(Arc::new(YieldingStore(memory.clone())));
        let browser = if first.is_empty() { Browser::default() } else { app.visit(first).await };
        let has_answered = cancel(&app, &browser, path, polls).await;
        settle().await;
        check(app, browser, memory.len()).await;
        if has_answered {
            break;
        }
        polls += 1;
    }
    assert!(polls >= 4, "the request was never pending: {polls}");
}

#[tokio::test]
async fn cancelled_write_leaves_the_old_or_the_new_record() {
    for path in ["/set:a=2/set:b=2", "/update:b"] {
        cancel_everywhere("/set:a=1", path, async |app, browser, records| {
            assert_eq!(records, 1);
            let dump = app.dump(&browser).await;
            assert!(["a=1", "a=2 b=2", "a=1 b=1"].contains(&dump.as_str()), "{dump}");
            // No turn and no lock is left taken.
            browser.clone().ok(&app.router, "/update:c").await;
        })
        .await;
    }
}

#[tokio::test]
async fn cancelled_move_leaves_one_session() {
    for path in ["/login:ann", "/regenerate/set:a=1", "/set:a=1/regenerate"] {
        cancel_everywhere("/set:a=1", path, async |app, browser, records| {
            let dump = app.dump(&browser).await;
            // Moved, its new id was in the answer that nobody waited for, and it has left a trace;
            // else it is whole.
            assert!(["a=1", ""].contains(&dump.as_str()), "{dump}");
            assert_eq!(records, 1 + usize::from(dump.is_empty()), "doubled or lost");
        })
        .await;
    }
}

#[tokio::test]
async fn cancelled_end_with_a_successor_leaves_one_session() {
    for (first, path, traces) in [
        ("/set:a=1", "/flush/set:b=1", 0),
        ("/set:a=1/login:ann", "/login:bob", 1),
        ("/set:a=1", "/flush/login:bob", 1),
    ] {
        cancel_everywhere(first, path, async |app, browser, records| {
            let is_ended = app.dump(&browser).await.is_empty();
            // Ended, it has left a trace where a sign-in follows, beside the one that follows.
            let expected = if is_ended { 1 + traces } else { 1 };
            assert_eq!(records, expected, "{path}: doubled or lost");
        })
        .await;
    }
}

#[tokio::test]
async fn cancelled_logout_ends_the_session_or_leaves_it() {
    cancel_everywhere("/set:a=1", "/flush", async |app, browser, records| {
        assert_eq!(app.dump(&browser).await, if records == 1 { "a=1" } else { "" });
    })
    .await;
}

#[tokio::test]
async fn regenerate_is_nothing_until_the_handler_is_done() {
    let memory = Arc::new(MemoryStore::new());
    let app = App::new(memory.clone());
    let browser = app.visit("/set:a=1").await;
    for path in ["/regenerate/set:a=2/pause", "/login:ann/pause", "/flush/pause", "/clear/pause"] {
        let request = app.pause(&browser, path).await;
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
        assert_eq!(app.dump(&browser).await, "a=1", "{path}");
    }
    assert_eq!(memory.len(), 1);
}

#[tokio::test]
async fn cancelled_writer_leaves_its_turn_to_others() {
    let app = App::new(Arc::new(MemoryStore::new()));
    let browser = app.visit("/set:a=1").await;
    let writers: Vec<_> = (0..10).map(|_| app.start(&browser, "/pause/update:n")).collect();
    app.gate.arrived(10).await;
    app.gate.open(10);
    writers.iter().step_by(2).for_each(tokio::task::JoinHandle::abort);
    let mut counted = 0;
    for writer in writers {
        counted += writer.await.map_or(0, |answer| u64::from(answer.status == 200));
    }
    let stored: u64 = browser.clone().ok(&app.router, "/get:n").await.parse().unwrap();
    assert!(counted >= 5 && (counted..=10).contains(&stored), "{counted} {stored}");
}
