//! Random orders of the store calls of sign-ins at once, where an owner may have so many sessions
//! and no more.
//!
//! A seed decides what overlaps and whose call comes next; a failure names the seed.

use crate::support::app::App;
use crate::support::schedule::{Dice, ScheduledStore};
use crate::support::{Answer, Browser};
use http::StatusCode;
use session_core::{Config, MemoryStore};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinHandle;

const SEEDS: u64 = 1_500;
/// What requests do with sessions that ann has already.
const SIGNED_IN: [&str; 5] = ["/set:w=1", "/update:u", "/regenerate", "/flush", "/login:bob"];
const SIGN_INS: [&str; 3] = ["/login:ann", "/set:w=1/login:ann", "/update:u/login:ann"];

struct Story {
    max: usize,
    /// Sessions that ann had, and sign-ins that were acknowledged.
    sessions: usize,
    /// Whether requests of the sessions that she had ran beside the sign-ins.
    is_stirred: bool,
    requests: Vec<(String, StatusCode)>,
    left: usize,
    /// Of the sign-ins, how many are left.
    new_left: usize,
}

async fn tell(seed: u64) -> Story {
    let mut dice = Dice(seed);
    let max = 1 + dice.below(3);
    let config = Config::builder().owner_index(true).max_per_owner(max).build().unwrap();
    let memory = Arc::new(MemoryStore::new());
    let store = Arc::new(ScheduledStore::new(memory.clone()));
    let app = App::with(store.clone(), config.clone(), None);
    let reader = App::with(memory, config, None);
    let mut earlier = Vec::new();
    for _ in 0..dice.below(max + 1) {
        let browser = reader.visit("/login:ann").await;
        store.know(browser.id());
        earlier.push(browser);
    }
    let anonymous = reader.visit("/set:w=0").await;

    let mut requests: Vec<(String, JoinHandle<Answer>)> = Vec::new();
    let sign_ins = 2 + dice.below(3);
    for n in 0..sign_ins {
        let path = format!("{}/set:new={n}", SIGN_INS[dice.below(SIGN_INS.len())]);
        let browser = if dice.below(3) == 0 { &anonymous } else { &Browser::default() };
        requests.push((path.clone(), app.start(browser, &path)));
    }
    let is_stirred = dice.below(2) == 0 && !earlier.is_empty();
    if is_stirred {
        for _ in 0..1 + dice.below(2) {
            let path = SIGNED_IN[dice.below(SIGNED_IN.len())];
            let browser = &earlier[dice.below(earlier.len())];
            requests.push((path.to_owned(), app.start(browser, path)));
        }
    }
    store.run(&mut dice, || requests.iter().all(|(_, request)| request.is_finished())).await;

    let mut statuses = Vec::new();
    for (path, request) in requests {
        statuses.push((path, request.await.unwrap().status));
    }
    let (mut left, mut new_left) = (0, 0);
    for (key, _) in store.records().await {
        let id = key.as_str().strip_prefix("session:").unwrap();
        let data = reader.dump(&Browser { cookie: Some(format!("session={id}")) }).await;
        if data.contains("_user_id=ann") {
            left += 1;
            new_left += usize::from(data.contains("new="));
        }
    }
    let acknowledged =
        statuses.iter().filter(|(path, status)| path.contains("new=") && status.is_success());
    let sessions = earlier.len() + acknowledged.count();
    Story { max, sessions, is_stirred, requests: statuses, left, new_left }
}

fn check(story: &Story) {
    assert!(story.left <= story.max, "more than may be");
    assert!(story.new_left >= 1, "sign-ins ended each other");
    // Of two sign-ins from one anonymous session one is refused, whose record others may have seen.
    let is_any_refused = story.requests.iter().any(|(_, status)| *status == StatusCode::CONFLICT);
    if !story.is_stirred && !is_any_refused {
        assert_eq!(story.left, story.max.min(story.sessions), "more ended than had to");
        assert!(story.requests.iter().all(|(_, status)| *status == StatusCode::OK), "failed");
    }
}

#[tokio::test]
async fn no_order_of_calls_leaves_more_than_the_limit_or_nobody() {
    let mut seen = BTreeMap::<String, usize>::new();
    for seed in 0..SEEDS {
        let story = tell(seed).await;
        *seen.entry(format!("left {} of {}", story.left, story.max)).or_default() += 1;
        let checked = std::panic::catch_unwind(|| check(&story));
        assert!(
            checked.is_ok(),
            "seed {seed}: {:?} left {} ({} new) of {}, stirred {}",
            story.requests,
            story.left,
            story.new_left,
            story.max,
            story.is_stirred
        );
    }
    println!("{seen:?}");
    for left in ["left 1 of 1", "left 2 of 2", "left 3 of 3"] {
        assert!(seen.contains_key(left), "{seen:?}");
    }
}
