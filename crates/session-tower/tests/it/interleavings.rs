//! Random orders of the store calls of overlapping requests, held against what was promised.
//!
//! A seed decides which requests overlap and whose call comes next; a failure names the seed.

use crate::support::app::App;
use crate::support::schedule::{Dice, ScheduledStore};
use crate::support::{Answer, Browser};
use http::StatusCode;
use session_core::MemoryStore;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinHandle;

pub(super) const SEEDS: u64 = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Read,
    Write,
    Increment,
    Update,
    Login,
    Regenerate,
    Logout,
    /// A logout with a message for the next page.
    Follow,
}

impl Kind {
    const ALL: [Self; 11] = [
        Self::Read,
        Self::Write,
        Self::Write,
        Self::Increment,
        Self::Increment,
        Self::Update,
        Self::Update,
        Self::Login,
        Self::Regenerate,
        Self::Logout,
        Self::Follow,
    ];

    /// What the `n`-th request does; all of them begin by telling which session they are in.
    fn path(self, n: usize) -> String {
        match self {
            Self::Read => "/get:origin".to_owned(),
            Self::Write => format!("/get:origin/set:w{n}=1"),
            Self::Increment => format!("/get:origin/set:w{n}=1/increment:i"),
            Self::Update => "/get:origin/update:u".to_owned(),
            Self::Login => format!("/get:origin/set:w{n}=1/login:user{n}"),
            Self::Regenerate => format!("/get:origin/set:w{n}=1/regenerate"),
            Self::Logout => "/get:origin/flush".to_owned(),
            Self::Follow => format!("/get:origin/flush/set:w{n}=1"),
        }
    }

    /// Whether an acknowledged request of this kind left its own mark.
    fn leaves_mark(self) -> bool {
        matches!(self, Self::Write | Self::Increment | Self::Login | Self::Regenerate)
    }

    pub(super) fn ends(self) -> bool {
        matches!(self, Self::Logout | Self::Follow)
    }
}

/// One request and what it got.
pub(super) struct Done {
    n: usize,
    pub(super) kind: Kind,
    /// Whose cookies it sent.
    sent: usize,
    pub(super) answer: Answer,
}

impl Done {
    pub(super) fn is_acknowledged(&self) -> bool {
        self.answer.status == StatusCode::OK
    }

    /// Whether it ran in the session that all of them presented, not in a new one.
    pub(super) fn is_in_origin(&self) -> bool {
        self.answer.body.starts_with("yes")
    }
}

/// Starts a few requests, each at one of `apps` and with the cookies of one of `browsers`.
pub(super) async fn overlap(
    dice: &mut Dice,
    apps: &[App],
    store: &ScheduledStore,
    browsers: &[Browser],
) -> Vec<Done> {
    let requests: Vec<(Kind, usize, JoinHandle<Answer>)> = (0..2 + dice.below(5))
        .map(|n| {
            let kind = Kind::ALL[dice.below(Kind::ALL.len())];
            let sent = dice.below(browsers.len());
            let app = &apps[if apps.len() > 1 { dice.below(apps.len()) } else { 0 }];
            (kind, sent, app.start(&browsers[sent], &kind.path(n)))
        })
        .collect();
    store.run(dice, || requests.iter().all(|(.., request)| request.is_finished())).await;
    let mut done = Vec::new();
    for (n, (kind, sent, request)) in requests.into_iter().enumerate() {
        done.push(Done { n, kind, sent, answer: request.await.unwrap() });
    }
    done
}

/// The sessions that are left, by id: what each holds.
async fn sessions(store: &ScheduledStore, reader: &App) -> BTreeMap<String, String> {
    let mut sessions = BTreeMap::new();
    for (key, _) in store.records().await {
        let key = std::str::from_utf8(key.as_bytes()).unwrap();
        let id = key.strip_prefix("session:").unwrap().to_owned();
        let browser = Browser { cookie: Some(format!("session={id}")) };
        sessions.insert(id, format!(" {} ", reader.dump(&browser).await));
    }
    sessions
}

pub(super) fn handed_out(done: &[Done]) -> Vec<&str> {
    let cookies = done.iter().flat_map(|done| done.answer.set_cookies());
    cookies.filter_map(|set| set.split(';').next()?.strip_prefix("session=")).collect()
}

pub(super) fn story(done: &[Done]) -> Vec<String> {
    let tell = |d: &Done| format!("{:?} {}: {} {}", d.kind, d.sent, d.answer.status, d.answer.body);
    done.iter().map(tell).collect()
}

pub(super) fn check(done: &[Done], sessions: &BTreeMap<String, String>, first_id: &str) {
    let origins: Vec<_> =
        sessions.iter().filter(|(_, data)| data.contains(" origin=yes ")).collect();
    let acknowledged = || done.iter().filter(|done| done.is_acknowledged());
    let ended = acknowledged().any(|done| done.kind.ends() && done.is_in_origin());
    assert_eq!(origins.len(), usize::from(!ended), "resurrected, doubled or lost: {sessions:?}");

    let ids = handed_out(done);
    for id in sessions.keys() {
        assert!(id == first_id || ids.contains(&id.as_str()), "nobody knows the id of a session");
    }
    for done in done {
        let is_known = matches!(done.answer.status, StatusCode::OK | StatusCode::CONFLICT);
        assert!(is_known, "request {} got {}", done.n, done.answer.status);
        assert!(done.is_acknowledged() || done.answer.set_cookies().is_empty());
        assert!(done.kind != Kind::Read || done.is_acknowledged(), "a reader was refused");
    }
    let Some((_, data)) = origins.first() else { return };
    for done in done.iter().filter(|done| done.is_in_origin() || !done.is_acknowledged()) {
        let is_there = data.contains(&format!(" w{}=1 ", done.n));
        assert_eq!(is_there, done.is_acknowledged() && done.kind.leaves_mark(), "{:?}", done.kind);
    }
    for (kind, key) in [(Kind::Increment, "i"), (Kind::Update, "u")] {
        let count = acknowledged().filter(|done| done.kind == kind && done.is_in_origin()).count();
        let is_counted = data.contains(&format!(" {key}={count} "));
        assert!(is_counted || count == 0 && !data.contains(&format!(" {key}=")), "{key} {count}");
    }
}

#[tokio::test]
async fn no_order_of_calls_breaks_a_promise() {
    let mut seen = BTreeMap::<String, usize>::new();
    for seed in 0..SEEDS {
        let memory = Arc::new(MemoryStore::new());
        let store = Arc::new(ScheduledStore::new(memory.clone()));
        let (app, reader) = (App::new(store.clone()), App::new(memory));
        let browser = reader.visit("/set:origin=yes").await;
        store.know(browser.id());
        let mut dice = Dice(seed);
        let done = overlap(&mut dice, &[app], &store, std::slice::from_ref(&browser)).await;
        let sessions = sessions(&store, &reader).await;
        for done in &done {
            *seen.entry(format!("{:?} {}", done.kind, done.answer.status)).or_default() += 1;
        }
        let checked = std::panic::catch_unwind(|| check(&done, &sessions, browser.id()));
        assert!(checked.is_ok(), "seed {seed}: {:?}", story(&done));
    }
    // The orders were hard enough: every kind was refused at least once, but for reads.
    for kind in ["Write", "Increment", "Update", "Login", "Regenerate", "Logout", "Follow"] {
        assert!(seen.contains_key(&format!("{kind} 409 Conflict")), "{seen:?}");
    }
}

/// Two sessions of one browser, and requests that send the one, the other or both.
const ORIGINS: [&str; 2] = ["x", "y"];

fn check_both(done: &[Done], sessions: &BTreeMap<String, String>) {
    for (at, origin) in ORIGINS.into_iter().enumerate() {
        let live = sessions.values().filter(|data| data.contains(&format!(" origin={origin} ")));
        let live = live.count();
        let mut ends = done.iter().filter(|done| done.kind.ends() && [at, 2].contains(&done.sent));
        // One that sends both may have ended one of them before it was refused for the other.
        let may_end = ends.clone().any(|done| done.is_acknowledged() || done.sent == 2);
        assert!(live == 1 || live == 0 && may_end, "{origin}, doubled or lost: {sessions:?}");
        // Of two cookies one alone may have been live, or known under its id: then it is that one.
        let other = ORIGINS[1 - at];
        let is_ended =
            ends.any(|done| done.is_acknowledged() && !done.answer.body.starts_with(other));
        assert!(live == 0 || !is_ended, "{origin} outlives its end: {sessions:?}");
    }
    for done in done {
        let is_known = matches!(done.answer.status, StatusCode::OK | StatusCode::CONFLICT);
        assert!(is_known, "request {} got {}", done.n, done.answer.status);
        assert!(done.is_acknowledged() || done.answer.set_cookies().is_empty());
        let data = sessions.values().find(|data| data.contains(&format!(" w{}=1 ", done.n)));
        assert!(done.is_acknowledged() || data.is_none(), "{:?} was refused and stored", done.kind);
        let is_in = ORIGINS.into_iter().find(|origin| done.answer.body.starts_with(origin));
        let Some((data, origin)) = data.zip(is_in).filter(|_| !done.kind.ends()) else { continue };
        assert!(data.contains(&format!(" origin={origin} ")), "{:?} crossed over", done.kind);
    }
}

#[tokio::test]
async fn no_order_of_calls_crosses_two_sessions_of_one_browser() {
    for seed in 0..SEEDS {
        let memory = Arc::new(MemoryStore::new());
        let store = Arc::new(ScheduledStore::new(memory.clone()));
        let (app, reader) = (App::new(store.clone()), App::new(memory));
        let mut browsers = Vec::new();
        for origin in ORIGINS {
            let browser = reader.visit(&format!("/set:origin={origin}")).await;
            store.know(browser.id());
            browsers.push(browser);
        }
        let both = browsers.iter().filter_map(|browser| browser.cookie.clone());
        browsers.push(Browser { cookie: Some(both.collect::<Vec<_>>().join("; ")) });
        let mut dice = Dice(seed);
        let done = overlap(&mut dice, &[app], &store, &browsers).await;
        let sessions = sessions(&store, &reader).await;
        let checked = std::panic::catch_unwind(|| check_both(&done, &sessions));
        assert!(checked.is_ok(), "seed {seed}: {:?}", story(&done));
    }
}
