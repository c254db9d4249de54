//! The arithmetic of leases, as a table.

use super::State;
use super::lifetime::absolute_left;
use crate::config::{Config, ConfigBuilder, MAX_LIFETIME};
use crate::data::{Data, Intent, Limits};
use crate::id::{IdHash, SessionId};
use crate::key::{CREATED, LIFETIME, PERMANENT};
use crate::request::home::{Address, Home, Presented};
use crate::store::{Record, unix_time};
use bytes::Bytes;
use session_codec::Format;
use std::time::Duration;
use tokio::time::{Instant, advance};

const LIMITS: Limits = Limits { format: Format::MessagePack, max_depth: 64, max_payload: 4096 };

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn config(change: impl FnOnce(ConfigBuilder) -> ConfigBuilder) -> Config {
    change(Config::builder().lifetime(seconds(1000))).build().unwrap()
}

/// A stored session with `ttl` left and these reserved entries.
fn stored(ttl: Duration, reserved: &[(&str, u64)]) -> State {
    let mut data = Data::empty(LIMITS);
    for (key, value) in [("a", 1)].iter().chain(reserved) {
        data.put(key, value, Intent::Blind).unwrap();
    }
    let record = Record { payload: data.encode().unwrap(), cas: 0, ttl };
    let id = SessionId::generate(32).unwrap();
    let key = id.to_key("session:", IdHash::Plain);
    let data = Data::parse(record, LIMITS).unwrap();
    State::new(Home::Stored(Address { id, key }), data, Presented::Cookie, Instant::now())
}

fn fresh() -> State {
    State::new(Home::None, Data::empty(LIMITS), Presented::Nothing, Instant::now())
}

#[tokio::test(start_paused = true)]
async fn renewal_is_due_when_a_throttle_has_passed() {
    // lifetime, refresh_after, what is left when it becomes due
    let table = [
        (1000, 60, 940),
        (1000, 100, 900),
        (1000, 101, 900),
        (1000, 0, 1000),
        (60, 60, 54),
        (1, 60, 0),
    ];
    for (lifetime, refresh_after, due) in table {
        let config =
            config(|c| c.lifetime(seconds(lifetime)).refresh_after(seconds(refresh_after)));
        let is_due = |ttl| stored(ttl, &[]).term(&config, false).is_due;
        let throttle = seconds(refresh_after).min(seconds(lifetime) / 10);
        let last = seconds(lifetime) - throttle;
        assert_eq!(last.as_secs(), due);
        assert!(is_due(last), "{lifetime} {refresh_after}");
        assert!(!is_due(last + Duration::from_millis(1)), "{lifetime} {refresh_after}");
    }
}

#[tokio::test(start_paused = true)]
async fn time_since_the_load_counts() {
    let config = config(|c| c);
    let state = stored(seconds(1000), &[]);
    advance(seconds(59)).await;
    assert!(!state.term(&config, false).is_due);
    assert_eq!(state.remaining(), seconds(941));
    advance(seconds(1)).await;
    assert!(state.term(&config, false).is_due);
    advance(seconds(5000)).await;
    assert_eq!(state.remaining(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn who_may_renew() {
    let never = config(|c| c.refresh_each_request(false));
    let always = config(|c| c);
    let old = |reserved| stored(seconds(10), reserved);
    assert!(old(&[]).term(&always, false).is_due);
    assert!(!old(&[]).term(&never, false).is_due);
    assert!(old(&[]).term(&never, true).is_due);
    // After an `update` that renewed, the commit has nothing left to renew.
    let mut state = old(&[]);
    assert!(state.facts(&always).is_renewal_due);
    state.is_renewed = true;
    assert!(!state.facts(&always).is_renewal_due);
    // No response, no cookie: only a session whose cookie has no end may be renewed.
    let mut detached = old(&[]);
    detached.is_detached = true;
    assert!(detached.term(&always, true).is_due);
    detached.set_reserved(PERMANENT, &true).unwrap();
    assert!(!detached.term(&always, true).is_due);
}

#[tokio::test(start_paused = true)]
async fn own_lifetime_comes_before_the_configured_one() {
    let config = config(|c| c);
    assert_eq!(stored(seconds(5), &[(LIFETIME, 77)]).lifetime(&config), seconds(77));
    assert_eq!(stored(seconds(5), &[(LIFETIME, 0)]).lifetime(&config), seconds(1000));
    assert_eq!(stored(seconds(5), &[]).lifetime(&config), seconds(1000));
    let longest = |ttl| stored(ttl, &[(LIFETIME, u64::MAX)]);
    assert_eq!(longest(seconds(5)).full_lease(&config), Some(MAX_LIFETIME));
    assert!(longest(seconds(5)).term(&config, false).is_due);
    // Were it longer than a store can hold, every request would renew it.
    assert!(!longest(MAX_LIFETIME).term(&config, false).is_due);
}

#[tokio::test(start_paused = true)]
async fn absolute_lifetime_caps_the_lease_and_ends_it() {
    let config = config(|c| c.absolute_lifetime(seconds(5000)));
    let now = unix_time().as_secs();
    let lease = |created| stored(seconds(5), &[(CREATED, created)]).full_lease(&config);
    assert_eq!(lease(now), Some(seconds(1000)));
    assert_eq!(lease(now - 3000), Some(seconds(1000)));
    let capped = lease(now - 4900).unwrap();
    assert!((seconds(95)..=seconds(100)).contains(&capped), "{capped:?}");
    assert_eq!(lease(now - 5000), None);
    assert_eq!(lease(0), None);
    assert_eq!(lease(now + 3600), Some(seconds(1000)), "another machine's clock is ahead");
    assert_eq!(stored(seconds(5), &[]).full_lease(&config), Some(seconds(1000)));
}

#[tokio::test(start_paused = true)]
async fn absolute_lifetime_never_ends_early() {
    let ms = Duration::from_millis;
    // The part of a second in which it is made, how much later it is, and what is left of two.
    for (part, later, left) in
        [(950, 0, 2000), (950, 100, 1900), (950, 1999, 1), (0, 1999, 1), (1, 0, 2000)]
    {
        let made = seconds(1_700_000_000) + ms(part);
        assert_eq!(absolute_left(seconds(2), made, made + ms(later)), Some(ms(left)), "{part}");
        assert_eq!(absolute_left(seconds(2), made, made + seconds(2)), None);
    }
    // The stamp keeps the part of a second, too.
    let config = config(|c| c.lifetime(seconds(2)).absolute_lifetime(seconds(2)));
    let mut state = fresh();
    let before = unix_time();
    state.stamp_at(unix_time()).unwrap();
    let stamp = state.created().unwrap();
    assert!(stamp + Duration::from_micros(1) >= before && stamp <= unix_time(), "{stamp:?}");
    assert!(state.full_lease(&config).unwrap() > ms(1_000));
}

#[tokio::test(start_paused = true)]
async fn permanence_is_the_configured_one_until_something_is_stored() {
    for permanent in [true, false] {
        let config = config(|c| c.permanent(permanent));
        assert_eq!(fresh().is_permanent(&config), permanent);
        let mut written = fresh();
        written.set("a", &1, Intent::Guarded, &config).unwrap();
        assert_eq!(written.is_permanent(&config), permanent);
        assert_eq!(written.data.keys().any(|key| key == PERMANENT), permanent);
        // A record without the entry is a browser session, as in Flask.
        assert!(!stored(seconds(5), &[]).is_permanent(&config));
    }
}

#[tokio::test(start_paused = true)]
async fn reserved_entries_alone_are_no_content() {
    let config = config(|c| c);
    let mut state = fresh();
    state.seed(&config).unwrap();
    state.set_reserved(LIFETIME, &60).unwrap();
    assert!(state.data.is_modified() && !state.has_content());
    assert!(!state.facts(&config).has_content);
    state.set("a", &1, Intent::Guarded, &config).unwrap();
    assert!(state.facts(&config).has_content);
}

#[tokio::test(start_paused = true)]
async fn owner_is_text_or_a_number_and_never_empty() {
    let config = config(|c| c);
    let owner = |value: &'static [u8]| {
        let payload = [b"\x81\xa8_user_id", value].concat();
        let record = Record { payload: Bytes::from(payload), cas: 0, ttl: seconds(5) };
        let data = Data::parse(record, LIMITS).unwrap();
        let state = State::new(Home::None, data, Presented::Cookie, Instant::now());
        state.owner(&config).map(|owner| owner.into_owned())
    };
    assert_eq!(owner(b"\xa3ann").as_deref(), Some("ann"));
    assert_eq!(owner(b"\x07").as_deref(), Some("7"));
    assert_eq!(owner(b"\xa0"), None);
    assert_eq!(owner(b"\xc0"), None);
}
