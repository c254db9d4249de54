//! Ends that are fixed, and leases that are renewed because a handler says so.

use crate::support::bench::Bench;
use crate::support::{Answer, Browser};
use session_core::{Config, ErrorKind, Timestamp};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const HOUR: Duration = Duration::from_secs(3600);

fn bench() -> Bench {
    Bench::with(Config::builder().lifetime(HOUR).build().unwrap())
}

fn in_seconds(seconds: i64) -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::new(now.as_secs() as i64 + seconds, now.subsec_nanos()).unwrap()
}

/// A session that is stored, with this end.
async fn stored(bench: &Bench, end: Option<Timestamp>) -> (Browser, String) {
    let stored = bench.stored(|session| {
        session.insert("a", 1)?;
        end.map_or(Ok(()), |end| session.set_end(end))
    });
    stored.await
}

fn seconds(left: Option<Duration>) -> u64 {
    left.unwrap().as_secs_f64().round() as u64
}

#[tokio::test]
async fn fixed_end_is_that_of_record_and_cookie_and_no_use_moves_it() {
    let bench = bench();
    for life in [600, 50_000] {
        let end = in_seconds(life);
        let (mut browser, cookie) = stored(&bench, Some(end)).await;
        let max_age = Answer::max_age_of(&cookie).unwrap();
        assert!((life as u64 - 1..=life as u64).contains(&max_age), "{cookie}");
        let (exchange, session) = bench.open(&browser).await;
        assert_eq!(session.end().unwrap(), Some(end));
        assert_eq!(seconds(session.ttl().unwrap()), life as u64);
        session.renew().unwrap();
        session.insert("b", 1).unwrap();
        assert_eq!(exchange.commit().await.unwrap().id_field(), None);
        let left: u64 = browser.ok(&bench.app.router, "/ttl").await.parse().unwrap();
        assert!((life as u64 - 2..=life as u64).contains(&left), "{left}");
    }
}

#[tokio::test]
async fn lifetime_and_fixed_end_take_each_others_place() {
    let bench = bench();
    let (browser, _) = stored(&bench, None).await;
    let (exchange, session) = bench.open(&browser).await;
    session.set_lifetime(HOUR * 3).unwrap();
    session.set_end(in_seconds(60)).unwrap();
    assert_eq!(seconds(session.ttl().unwrap()), 60);
    session.set_lifetime(HOUR * 2).unwrap();
    assert_eq!(session.end().unwrap(), None);
    assert_eq!(seconds(session.ttl().unwrap()), 7200);
    session.set_end(in_seconds(120)).unwrap();
    let cookie = exchange.commit().await.unwrap().id_field().unwrap().to_owned();
    assert!(Answer::max_age_of(&cookie).unwrap() <= 120);
}

#[tokio::test]
async fn end_that_has_passed_is_refused() {
    let bench = bench();
    let (browser, _) = stored(&bench, None).await;
    let (_, session) = bench.open(&browser).await;
    for end in [in_seconds(-1), Timestamp::new(-5, 0).unwrap()] {
        assert_eq!(session.set_end(end).unwrap_err().kind(), ErrorKind::Unsupported);
    }
    assert!(!session.is_modified());
}

/// Another program may write the record with a lease of its own.
#[tokio::test]
async fn session_whose_end_has_passed_is_anonymous_though_its_record_lives() {
    use session_core::{Bytes, Lease, Precondition, Store as _, StoreKey};
    let bench = bench();
    let (mut browser, _) = stored(&bench, None).await;
    let key = StoreKey::new("session:", browser.id());
    let loaded = bench.memory.load(&key).await.unwrap().unwrap();
    // {"_end": the first second of 1970, "a": 1}
    let payload = Bytes::from_static(b"\x82\xa4_end\xd6\xff\x00\x00\x00\x00\xa1a\x01");
    let lease = Lease { ttl: HOUR, owner: None };
    let when = Precondition::Unchanged(&loaded);
    let written = bench.memory.write(&key, payload, &lease, when).await.unwrap();
    assert!(written.is_written());
    assert_eq!(browser.ok(&bench.app.router, "/get:a").await, "none");
}

#[tokio::test(start_paused = true)]
async fn asked_renewal_costs_one_call_and_none_beside_a_change() {
    let bench = bench();
    let (browser, _) = stored(&bench, None).await;
    tokio::time::advance(Duration::from_secs(30)).await;
    let (exchange, session) = bench.open(&browser).await;
    assert_eq!(seconds(session.ttl().unwrap()), 3570);
    session.set_lifetime(HOUR).unwrap();
    session.renew().unwrap();
    assert_eq!(seconds(session.ttl().unwrap()), 3600);
    exchange.commit().await.unwrap();
    bench.counting.take_calls();

    tokio::time::advance(Duration::from_secs(30)).await;
    let (exchange, session) = bench.open(&browser).await;
    session.renew().unwrap();
    let cookie = exchange.commit().await.unwrap().id_field().unwrap().to_owned();
    assert_eq!(Answer::max_age_of(&cookie), Some(3600));
    let calls = bench.counting.take_calls();
    assert_eq!((calls.load, calls.touch, calls.total()), (1, 1, 2));
    tokio::time::advance(Duration::from_secs(30)).await;

    let (exchange, session) = bench.open(&browser).await;
    session.renew().unwrap();
    session.insert("b", 1).unwrap();
    let cookie = exchange.commit().await.unwrap().id_field().unwrap().to_owned();
    assert_eq!(Answer::max_age_of(&cookie), Some(3600));
    let calls = bench.counting.take_calls();
    assert_eq!((calls.load, calls.write, calls.total()), (1, 1, 2));
}

/// For a connection that outlives the cookie's own renewals.
#[tokio::test(start_paused = true)]
async fn long_connection_renews_its_record_when_it_says_so() {
    let bench = bench();
    let session = bench.app.manager.create();
    session.insert("a", 1).unwrap();
    session.commit().await.unwrap();
    for _ in 0..5 {
        tokio::time::advance(HOUR / 2).await;
        let reopened = session.reopen().await.unwrap();
        reopened.renew().unwrap();
        reopened.commit().await.unwrap();
    }
    let reopened = session.reopen().await.unwrap();
    assert_eq!(seconds(reopened.ttl().unwrap()), 3600);
}

#[tokio::test]
async fn ttl_of_a_session_that_is_not_stored_is_what_it_will_get() {
    let bench = bench();
    let session = bench.app.manager.create();
    assert_eq!(session.ttl().unwrap(), Some(HOUR));
    session.set_lifetime(HOUR * 2).unwrap();
    assert_eq!(session.ttl().unwrap(), Some(HOUR * 2));
}
