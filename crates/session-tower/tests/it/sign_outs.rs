//! Random orders of the store calls of requests that overlap with the end of all sessions of their
//! owner.
//!
//! A seed decides which requests overlap and whose call comes next; a failure names the seed.

use crate::support::app::App;
use crate::support::owners::{indexed, open};
use crate::support::schedule::{Applied, Dice, ScheduledStore};
use crate::support::{Answer, Browser};
use http::StatusCode;
use session_core::{ErrorKind, MemoryStore, Result, SessionManager};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinHandle;

const SEEDS: u64 = 1_500;

/// Requests of a session that ann signed in before.
const SIGNED_IN: [&str; 8] = [
    "/get:first",
    "/set:w=1",
    "/get:w/increment:i",
    "/update:u",
    "/regenerate",
    "/set:w=1/regenerate",
    "/flush",
    "/login:bob",
];
/// Requests that sign ann in, from nothing, from an anonymous session, or from another's.
const SIGN_INS: [&str; 3] = ["/login:ann", "/set:w=1/login:ann", "/update:u/login:ann"];

struct Story {
    requests: Vec<(String, StatusCode)>,
    ended: usize,
    /// For each session that is left: its data, and whether it was stored after the last listing.
    left: Vec<(String, bool)>,
}

async fn tell(seed: u64, with_others: bool) -> Story {
    let mut dice = Dice(seed);
    let memory = Arc::new(MemoryStore::new());
    let store = Arc::new(ScheduledStore::new(memory.clone()));
    let app = App::with(store.clone(), indexed(), None);
    let reader = App::with(memory, indexed(), None);
    let here = reader.visit("/set:here=yes/login:ann").await;
    let earlier = reader.visit("/set:first=yes/login:ann").await;
    let anonymous = reader.visit("/set:w=0").await;
    for browser in [&here, &earlier, &anonymous] {
        store.know(browser.id());
    }

    let mut requests: Vec<(String, JoinHandle<Answer>)> = Vec::new();
    for _ in 0..1 + dice.below(3) {
        let path = SIGNED_IN[dice.below(SIGNED_IN.len())];
        requests.push((path.to_owned(), app.start(&earlier, path)));
    }
    for _ in 0..1 + dice.below(3) {
        let path = SIGN_INS[dice.below(SIGN_INS.len())];
        let browser = if dice.below(2) == 0 { &Browser::default() } else { &anonymous };
        requests.push((path.to_owned(), app.start(browser, path)));
    }
    let end = end(app.manager.clone(), with_others.then(|| here.cookie.clone().unwrap()));
    let end = tokio::spawn(end);
    let is_done = || end.is_finished() && requests.iter().all(|(_, r)| r.is_finished());
    store.run(&mut dice, is_done).await;

    let ended = end.await.unwrap().unwrap();
    let applied = store.applied();
    let last_listing = applied.iter().rposition(|step| *step == Applied::Listed).unwrap();
    let mut left = Vec::new();
    for (key, _) in store.records().await {
        let id = key.as_str().strip_prefix("session:").unwrap();
        let browser = Browser { cookie: Some(format!("session={id}")) };
        let data = format!(" {} ", reader.dump(&browser).await);
        let is_late = applied[last_listing..].contains(&Applied::Created(key));
        left.push((data, is_late));
    }
    let mut statuses = Vec::new();
    for (path, request) in requests {
        statuses.push((path, request.await.unwrap().status));
    }
    Story { requests: statuses, ended, left }
}

/// Ends all of ann's sessions, or all but the one of `kept`.
async fn end(manager: SessionManager, kept: Option<String>) -> Result<usize> {
    let Some(cookie) = kept else { return manager.owners().end_all("ann").await };
    let (exchange, session) = open(&manager, &cookie).await;
    session.regenerate()?;
    let ended = manager.owners().end_others(&session).await?;
    exchange.commit().await?;
    Ok(ended)
}

fn check(story: &Story, with_others: bool) {
    let anns: Vec<_> =
        story.left.iter().filter(|(data, _)| data.contains(" _user_id=ann ")).collect();
    for (data, is_late) in &anns {
        assert!(!data.contains(" first=yes "), "a session that was ended came back");
        assert!(*is_late || data.contains(" here=yes "), "a session outlived a listing: {data}");
    }
    let here = anns.iter().filter(|(data, _)| data.contains(" here=yes ")).count();
    assert_eq!(here, usize::from(with_others), "the caller's session");
    for (path, status) in &story.requests {
        let is_known = matches!(*status, StatusCode::OK | StatusCode::CONFLICT);
        assert!(is_known, "{path} got {status}");
        let reads = path == "/get:first";
        assert!(!reads || *status == StatusCode::OK, "a reader was refused");
    }
}

#[tokio::test]
async fn no_order_of_calls_lets_a_session_outlive_its_end() {
    let mut seen = BTreeMap::<String, usize>::new();
    for seed in 0..SEEDS {
        let with_others = seed % 2 == 1;
        let story = tell(seed, with_others).await;
        for (path, status) in &story.requests {
            *seen.entry(format!("{path} {status}")).or_default() += 1;
        }
        *seen.entry(format!("ended {}", story.ended)).or_default() += 1;
        let late = story.left.iter().any(|(data, is_late)| *is_late && data.contains("=ann "));
        *seen.entry(format!("late {late}")).or_default() += 1;
        let checked = std::panic::catch_unwind(|| check(&story, with_others));
        assert!(checked.is_ok(), "seed {seed}: {:?} left {:?}", story.requests, story.left);
    }
    // The orders were hard enough: requests were overtaken, and sign-ins were ended and were not.
    let expected = ["/set:w=1 409 Conflict", "/regenerate 409 Conflict", "/update:u 409 Conflict"];
    for fact in expected.into_iter().chain(["/login:ann 200 OK", "ended 3", "late true"]) {
        assert!(seen.contains_key(fact), "no {fact} in {seen:?}");
    }
}

#[tokio::test]
async fn end_that_meets_another_end_says_what_it_did_itself() {
    for seed in 0..100 {
        let memory = Arc::new(MemoryStore::new());
        let store = Arc::new(ScheduledStore::new(memory.clone()));
        let app = App::with(store.clone(), indexed(), None);
        let reader = App::with(memory.clone(), indexed(), None);
        for _ in 0..5 {
            reader.visit("/login:ann").await;
        }
        let ends = [(); 2].map(|()| {
            let manager = app.manager.clone();
            tokio::spawn(async move { manager.owners().end_all("ann").await })
        });
        store.run(&mut Dice(seed), || ends.iter().all(JoinHandle::is_finished)).await;
        let mut ended = 0;
        for end in ends {
            ended += end.await.unwrap().unwrap();
        }
        assert_eq!(ended, 5, "seed {seed}");
        assert!(memory.is_empty());
    }
}

#[tokio::test]
async fn unknown_handle_ends_nothing() {
    let app = App::with(Arc::new(MemoryStore::new()), indexed(), None);
    let browser = app.visit("/login:ann").await;
    for text in ["", "0", "<script>", browser.id()] {
        let parsed = text.parse::<session_core::SessionHandle>();
        assert_eq!(parsed.unwrap_err().kind(), ErrorKind::Decode);
    }
    let made_up = "00112233445566778899aabbccddeeff".parse().unwrap();
    assert!(!app.manager.owners().end("ann", made_up).await.unwrap());
}
