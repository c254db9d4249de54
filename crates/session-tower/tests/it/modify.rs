//! Values that are changed by a function: nothing is lost, nothing is refused.

use crate::support::Browser;
use crate::support::bench::Bench;
use http::StatusCode;
use session_core::{Config, ErrorKind, Key, Session};

/// A browser whose session holds this number under `n`, and some text under `t`.
async fn browser_with(bench: &Bench, n: u64) -> Browser {
    let fill = |session: &Session| {
        session.insert("n", n)?;
        session.insert("t", "text")
    };
    bench.stored(fill).await.0
}

/// What a request does before and after another one has written, and what is left of n, which
/// was 5, or that it is refused.
#[tokio::test]
async fn function_runs_on_the_newer_value() {
    let table = [
        ("both count", "/modify:n/pause", "/modify:n", Some("7")),
        ("three of one request", "/modify:n/modify:n/pause/modify:n", "/modify:n", Some("9")),
        ("after a set of another", "/modify:n/pause", "/put:n=100", Some("101")),
        ("after a removal", "/modify:n/pause", "/remove:n", Some("1")),
        ("after a clear", "/modify:n/pause", "/clear", Some("1")),
        ("after an update", "/modify:n/pause", "/update:n", Some("7")),
        ("though it was read", "/get:n/modify:n/pause/get:n", "/modify:n", Some("7")),
        ("moved meanwhile", "/modify:n/regenerate/pause", "/modify:n", Some("7")),
        ("overwritten after it", "/modify:n/overwrite:n=1/pause", "/modify:n", Some("1")),
        ("part of an overwrite", "/put:n=50/modify:n/pause", "/modify:n", Some("51")),
        ("part of a removal", "/overwrite:n=1/remove:n/modify:n/pause", "/set:x=1", Some("1")),
        ("part of a clear", "/clear/modify:n/pause", "/modify:n", Some("1")),
        ("cleared after it", "/modify:n/clear/pause", "/modify:n", Some("none")),
        ("read, then part of a set", "/get:n/put:n=1/modify:n/pause", "/modify:n", None),
        ("set after it", "/modify:n/put:n=1/pause", "/modify:n", Some("1")),
        ("read after it, then set", "/modify:n/get:n/put:n=1/pause", "/modify:n", None),
        ("removed after it", "/modify:n/remove:n/pause", "/modify:n", None),
        ("beside an update", "/modify:n/update:m/pause", "/modify:n", Some("7")),
        ("after an update of it", "/modify:n/update:n/pause", "/modify:n", Some("8")),
        (
            "after what an update replaced",
            "/modify:n/put:n=9/update:n/modify:n/pause",
            "/modify:n",
            Some("8"),
        ),
        (
            "set after an own update",
            "/get:n/modify:n/update:n/put:n=9/pause",
            "/set:x=1",
            Some("9"),
        ),
        ("set to what an update told", "/modify:n/update:n/put:n=9/pause", "/modify:n", None),
        (
            "seen anew, then set",
            "/get:n/modify:n/pause/update:m/get:n/put:n=9",
            "/modify:n",
            Some("9"),
        ),
        ("stale, then set", "/get:n/modify:n/pause/update:m/put:n=9", "/modify:n", None),
    ];
    for (case, slow, fast, left) in table {
        let bench = Bench::new();
        let mut browser = browser_with(&bench, 5).await;
        let request = bench.app.pause(&browser, slow).await;
        browser.ok(&bench.app.router, fast).await;
        bench.app.gate.open(1);
        let answer = request.await.unwrap();
        let Some(left) = left else {
            assert_eq!(answer.status, StatusCode::CONFLICT, "{case}");
            continue;
        };
        assert_eq!(answer.status, StatusCode::OK, "{case}");
        if let [cookie] = answer.set_cookies()[..] {
            browser = Browser::holding(cookie);
        }
        assert_eq!(browser.ok(&bench.app.router, "/get:n").await, left, "{case}");
    }
}

/// The last word on a key counts, whichever way it was said.
#[tokio::test]
async fn functions_compose_with_the_writes_of_their_request() {
    // What the request does and answers, and what it leaves of n, which was 5.
    let table = [
        ("/modify:n", "6", "6"),
        ("/modify:n/modify:n", "67", "7"),
        ("/put:n=1/modify:n", "2", "2"),
        ("/modify:n/put:n=1", "6", "1"),
        ("/modify:n/put:n=1/modify:n", "62", "2"),
        ("/remove:n/modify:n", "51", "1"),
        ("/clear/modify:n", "1", "1"),
        ("/flush/modify:n", "1", "1"),
        ("/modify:n/update:n", "66", "7"),
        ("/update:n/modify:n", "67", "7"),
        ("/modify:n/update:n/modify:n", "668", "8"),
        ("/modify:n/status:500", "6", "5"),
    ];
    for (path, said, left) in table {
        let bench = Bench::new();
        let mut browser = browser_with(&bench, 5).await;
        assert_eq!(bench.get(&mut browser, path).await.body, said, "{path}");
        assert_eq!(browser.ok(&bench.app.router, "/get:n").await, left, "{path}");
    }
}

#[tokio::test]
async fn modify_costs_the_calls_of_an_insert() {
    let bench = Bench::new();
    let mut browser = browser_with(&bench, 5).await;
    bench.counting.take_calls();
    for path in ["/modify:n", "/put:n=1"] {
        browser.ok(&bench.app.router, path).await;
        let calls = bench.counting.take_calls();
        assert_eq!((calls.load, calls.write, calls.total()), (1, 1, 2), "{path}");
    }
}

/// The function decides on the record that is written, also where that changes nothing.
#[tokio::test]
async fn function_that_changes_nothing_runs_on_the_newer_value_too() {
    let bench = Bench::new();
    let browser = browser_with(&bench, 5).await;
    let (exchange, session) = bench.open(&browser).await;
    assert_eq!(session.modify("n", |n: Option<u64>| n.unwrap_or(0).max(4)).unwrap(), 5);
    assert!(!session.is_modified());
    session.insert("other", true).unwrap();
    browser.clone().ok(&bench.app.router, "/put:n=3").await;
    exchange.commit().await.unwrap();
    assert_eq!(browser.clone().ok(&bench.app.router, "/get:n").await, "4");
}

#[tokio::test]
async fn function_creates_a_session_and_its_record_holds_nothing_else() {
    let bench = Bench::new();
    let mut browser = Browser::default();
    assert_eq!(browser.ok(&bench.app.router, "/modify:n").await, "1");
    assert_eq!(bench.app.dump(&browser).await, "n=1");
    assert_eq!(bench.memory.len(), 1);
}

#[tokio::test]
async fn value_that_became_another_type_refuses_the_commit_and_stays() {
    let bench = Bench::new();
    let browser = browser_with(&bench, 5).await;
    let request = bench.app.pause(&browser, "/modify:n/pause").await;
    browser.clone().ok(&bench.app.router, "/set:n=many").await;
    bench.app.gate.open(1);
    assert_eq!(request.await.unwrap().status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(bench.app.dump(&browser).await, "n=many t=text");
}

#[tokio::test]
async fn what_cannot_be_changed_by_a_function_is_refused_and_left_as_it_is() {
    let bench = Bench::new();
    let browser = browser_with(&bench, 5).await;
    let (exchange, session) = bench.open(&browser).await;
    let error_of = |key: &str| session.modify(key, |_: Option<u64>| 1).unwrap_err().kind();
    assert_eq!(error_of("t"), ErrorKind::Decode);
    assert_eq!(error_of("_flashes"), ErrorKind::Unsupported);
    assert_eq!(error_of("_permanent"), ErrorKind::Unsupported);
    assert_eq!(error_of(Config::default().owner_key()), ErrorKind::Unsupported);
    let long = session.modify("n", |_: Option<Value>| Value("x".repeat(2_000_000)));
    assert_eq!(long.unwrap_err().kind(), ErrorKind::TooLarge);
    assert!(!session.is_modified());
    exchange.commit().await.unwrap();
    const N: Key<u64> = Key::new("n");
    assert_eq!(session.modify(N, |_| 1).unwrap_err().kind(), ErrorKind::Closed);
}

/// Reads a number, writes a text.
#[derive(Debug)]
struct Value(String);

impl<'de> serde::Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        u64::deserialize(from).map(|number| Self(number.to_string()))
    }
}

impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}
