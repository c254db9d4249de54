//! Several values changed as one, and functions that may refuse.

use crate::support::Browser;
use crate::support::bench::Bench;
use session_core::{Error, ErrorKind, Result, Session, Transaction};

/// A browser whose session holds these numbers.
async fn browser_with(bench: &Bench, values: &[(&str, u64)]) -> Browser {
    let fill =
        |session: &Session| values.iter().try_for_each(|(key, value)| session.insert(*key, *value));
    bench.stored(fill).await.0
}

async fn session_of(bench: &Bench, browser: &Browser) -> Session {
    bench.open(browser).await.1
}

/// Moves one from `a` to `b`, unless there is none.
fn move_one(values: &mut Transaction<'_>) -> Result<u64, Refusal> {
    let a: u64 = values.get("a")?.unwrap_or(0);
    let a = a.checked_sub(1).ok_or(Refusal::Empty)?;
    let b: u64 = values.get("b")?.unwrap_or(0);
    values.insert("a", a)?;
    values.insert("b", b + 1)?;
    Ok(b + 1)
}

#[derive(Debug)]
enum Refusal {
    Empty,
    Session(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Session(error)
    }
}

#[tokio::test]
async fn transaction_stores_all_its_changes_in_one_write() {
    let bench = Bench::new();
    let browser = browser_with(&bench, &[("a", 2), ("c", 7)]).await;
    let session = session_of(&bench, &browser).await;
    session.insert("a", 100).unwrap();
    session.insert("c", 8).unwrap();
    assert_eq!(session.transaction(move_one).await.unwrap(), 1);
    let calls = bench.counting.take_calls();
    assert_eq!((calls.load, calls.write, calls.total()), (1, 1, 2));
    // What it changed replaces what the request had set; the rest stays pending.
    assert_eq!(session.get::<u64>("a").unwrap(), Some(1));
    assert_eq!(session.get::<u64>("c").unwrap(), Some(8));
    assert_eq!(bench.app.dump(&browser).await, "a=1 c=7 b=1");
}

#[tokio::test]
async fn transaction_that_refuses_changes_nothing_and_was_decided_on_the_newest_record() {
    let bench = Bench::new();
    let mut browser = browser_with(&bench, &[("a", 0)]).await;
    let session = session_of(&bench, &browser).await;
    let half = |values: &mut Transaction<'_>| {
        values.insert("b", 9)?;
        move_one(values)
    };
    assert!(matches!(session.transaction(half).await, Err(Refusal::Empty)));
    assert_eq!(bench.counting.take_calls().write, 0);
    browser.ok(&bench.app.router, "/put:a=1").await;
    // This request still holds the record in which there is none.
    assert_eq!(session.transaction(move_one).await.unwrap(), 1);
    assert_eq!(bench.app.dump(&browser).await, "a=0 b=1");
}

/// A decision on one key and a write to another: between two plain requests that is write skew.
#[tokio::test]
async fn what_a_transaction_read_holds_for_what_it_writes() {
    let bench = Bench::new();
    let browser = browser_with(&bench, &[("a", 1), ("b", 0)]).await;
    let (one, other) = (session_of(&bench, &browser).await, session_of(&bench, &browser).await);
    one.transaction(move_one).await.unwrap();
    assert!(matches!(other.transaction(move_one).await, Err(Refusal::Empty)));
    assert_eq!(bench.app.dump(&browser).await, "a=0 b=1");
}

#[tokio::test]
async fn transaction_creates_a_session_only_for_a_value() {
    let bench = Bench::new();
    let session = bench.app.manager.create();
    session.transaction(|values| values.remove("a").map(drop)).await.unwrap();
    session.transaction(|values| values.get::<u64>("a").map(drop)).await.unwrap();
    let both = |values: &mut Transaction<'_>| {
        values.insert("a", 1)?;
        values.remove("a").map(drop)
    };
    session.transaction(both).await.unwrap();
    let refused = session.try_update("a", |_: Option<u64>| Err(Refusal::Empty)).await;
    assert!(matches!(refused, Err(Refusal::Empty)));
    assert_eq!(bench.memory.len(), 0);
    session.transaction(|values| values.insert("a", 1)).await.unwrap();
    assert_eq!(bench.memory.len(), 1);
    let cookie = session.commit().await.unwrap().id_field().unwrap().to_owned();
    let browser = Browser::holding(&cookie);
    assert_eq!(bench.app.dump(&browser).await, "a=1");
}

#[tokio::test]
async fn transaction_changes_no_owner_and_no_reserved_key() {
    let bench = Bench::new();
    let browser = browser_with(&bench, &[("a", 1)]).await;
    let session = session_of(&bench, &browser).await;
    for key in ["_user_id", "_flashes", "_permanent"] {
        let insert = session.transaction(|values| values.insert(key, "x")).await;
        let remove = session.transaction(|values| values.remove(key)).await;
        assert_eq!(insert.unwrap_err().kind(), ErrorKind::Unsupported, "{key}");
        assert_eq!(remove.unwrap_err().kind(), ErrorKind::Unsupported, "{key}");
    }
    assert_eq!(bench.app.dump(&browser).await, "a=1");
}

#[tokio::test]
async fn try_update_sets_removes_or_refuses() {
    let bench = Bench::new();
    let browser = browser_with(&bench, &[("left", 2), ("a", 1)]).await;
    let session = session_of(&bench, &browser).await;
    let take = |left: Option<u64>| match left {
        None => Err(Refusal::Empty),
        Some(1) => Ok(None),
        Some(left) => Ok(Some(left - 1)),
    };
    session.insert("left", 50).unwrap();
    assert_eq!(session.try_update("left", take).await.unwrap(), Some(1));
    assert_eq!(session.get::<u64>("left").unwrap(), Some(1));
    assert_eq!(session.try_update("left", take).await.unwrap(), None);
    assert_eq!(bench.app.dump(&browser).await, "a=1");
    let last = session.try_update("left", take).await.unwrap_err();
    assert!(matches!(last, Refusal::Empty), "{last:?}");
    let wrong = session.try_update("a", |_: Option<String>| Ok(Some(String::new()))).await;
    let wrong: Refusal = wrong.unwrap_err();
    assert!(matches!(wrong, Refusal::Session(error) if error.kind() == ErrorKind::Decode));
}

#[tokio::test]
async fn forget_removes_what_is_of_any_type_without_a_conflict() {
    let bench = Bench::new();
    let browser = browser_with(&bench, &[("a", 1), ("b", 2)]).await;
    let (exchange, session) = bench.open(&browser).await;
    assert!(session.forget("a").unwrap());
    assert!(!session.forget("a").unwrap());
    assert!(!session.forget("c").unwrap());
    assert_eq!(session.forget("_permanent").unwrap_err().kind(), ErrorKind::Unsupported);
    browser.clone().ok(&bench.app.router, "/put:a=3").await;
    exchange.commit().await.unwrap();
    assert_eq!(bench.app.dump(&browser).await, "b=2");
}

#[tokio::test]
async fn handle_names_the_stored_session_and_changes_with_its_id() {
    let bench = Bench::new();
    let session = bench.app.manager.create();
    assert_eq!(session.handle(), None);
    session.insert("a", 1).unwrap();
    assert_eq!(session.handle(), None);
    let cookie = session.commit().await.unwrap().id_field().unwrap().to_owned();
    let first = session.handle().unwrap();
    let browser = Browser::holding(&cookie);
    let (one, other) = (session_of(&bench, &browser).await, session_of(&bench, &browser).await);
    assert_eq!((one.handle(), other.handle()), (Some(first), Some(first)));
    browser.clone().ok(&bench.app.router, "/regenerate").await;
    assert_eq!(one.handle(), Some(first), "of the record that it was loaded from");
}
