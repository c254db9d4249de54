//! What is stored and what comes back: pure functions.

use crate::config::STORE;
use crate::error::Fault;
use crate::layout::{Layout, MissingExpiry};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use session_core::store::{Call, Failure, Limits};
use session_core::{ErrorKind, Lease, Record, Result, StoreKey};
use std::collections::HashMap;
use std::time::Duration;

/// The names and values of an item together, in bytes.
const MAX_ITEM: usize = 400 << 10;
/// The longest hash key of a table or an index, in bytes.
pub(crate) const MAX_KEY: usize = 2_048;
/// The largest that a number is.
const NUMBER: usize = 21;

/// Hash keys of an index are not empty.
pub(crate) const EMPTY_OWNER: Failure =
    Failure::Final(ErrorKind::Unsupported, "the index of owners takes no empty owner");

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The time as a number, to compare an expiry with.
pub(crate) fn moment(now: Duration) -> AttributeValue {
    AttributeValue::N(format!("{}.{:09}", now.as_secs(), now.subsec_nanos()))
}

/// The end of `lease` in whole seconds, rounded up, as the table's TTL wants it.
pub(crate) fn end(lease: &Lease<'_>, now: Duration) -> AttributeValue {
    let ttl = Duration::from_millis(lease.ttl_ms().unsigned_abs());
    AttributeValue::N((now + ttl).as_nanos().div_ceil(1_000_000_000).to_string())
}

/// A key or an owner.
pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// The payload as we write it.
pub(crate) fn binary(payload: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(payload))
}

/// What was loaded, as it is stored.
pub(crate) fn stored(loaded: &Record) -> AttributeValue {
    loaded.as_text().map_or_else(|| binary(&loaded.payload), text)
}

/// Reads a record out of `item`; an expired one is `None`.
pub(crate) fn record(
    mut item: Item,
    layout: &Layout,
    now: Duration,
) -> Result<Option<Record>, Fault> {
    let Some(ttl) = left(&item, layout, now)? else { return Ok(None) };
    Ok(Some(match item.remove(&layout.value) {
        Some(AttributeValue::B(bytes)) => {
            Record { payload: bytes.into_inner().into(), cas: 0, ttl }
        }
        Some(AttributeValue::S(text)) => Record::from_text(text, ttl),
        Some(_) => {
            let what = "the attribute of the payload is neither binary nor text";
            return Err(Fault::Malformed(what));
        }
        None => return Err(Fault::Malformed("the record lacks the attribute of the payload")),
    }))
}

/// What is left of the item's lifetime; `None` if it is expired.
pub(crate) fn left(item: &Item, layout: &Layout, now: Duration) -> Result<Option<Duration>, Fault> {
    match (item.get(&layout.expiry), layout.missing_expiry) {
        (Some(AttributeValue::N(number)), _) => {
            let end = seconds(number).ok_or(Fault::Malformed("the expiry is no time"))?;
            Ok(end.checked_sub(now).filter(|left| !left.is_zero()))
        }
        (Some(_), _) => Err(Fault::Malformed("the attribute of the expiry is no number")),
        (None, MissingExpiry::Expired) => Ok(None),
        (None, MissingExpiry::Live) => Ok(Some(Duration::MAX)),
    }
}

/// Reads a decimal number of seconds; Flask-Session writes fractions of up to 38 digits.
fn seconds(number: &str) -> Option<Duration> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 15 || !is_plain(whole) || !is_plain(fraction) {
        // Before 1970, beyond all lifetimes, or with an exponent.
        let number: f64 = number.parse().ok()?;
        return Some(Duration::try_from_secs_f64(number.max(0.0)).unwrap_or(Duration::MAX));
    }
    let nanos: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    Some(Duration::new(whole.parse().ok()?, nanos.parse().ok()?))
}

/// The largest payload is the one that fits beside the longest key and owner.
pub(crate) fn limits(layout: &Layout) -> Limits {
    let fixed = layout.key.len() + MAX_KEY + layout.value.len() + layout.expiry.len() + NUMBER;
    let owner = layout.owner().map_or(0, |attribute| attribute.len() + MAX_KEY);
    Limits {
        payload: Some(MAX_ITEM - fixed - owner),
        key: Some(MAX_KEY),
        owner: layout.has_owners.then_some(MAX_KEY),
    }
}

/// Refuses what an item or an index does not take.
pub(crate) fn check(
    call: Call,
    layout: &Layout,
    key: &StoreKey,
    payload: &[u8],
    owner: Option<&str>,
) -> Result<()> {
    limits(layout).check(call, STORE, key, payload, owner)?;
    match owner {
        Some("") if layout.has_owners => Err(call.failed(STORE, EMPTY_OWNER)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Item, binary, check, end, limits, moment, record, seconds, stored};
    use crate::layout::{Layout, MissingExpiry};
    use aws_sdk_dynamodb::types::AttributeValue;
    use session_core::store::Call;
    use session_core::{ErrorKind, Lease, StoreKey};
    use std::time::Duration;

    const NOW: Duration = Duration::from_millis(1_700_000_000_250);

    fn item(value: AttributeValue, expiry: Option<AttributeValue>) -> Item {
        let expiry = expiry.map(|expiry| ("expiration".to_owned(), expiry));
        std::iter::once(("val".to_owned(), value)).chain(expiry).collect()
    }

    fn number(text: &str) -> Option<AttributeValue> {
        Some(AttributeValue::N(text.to_owned()))
    }

    #[test]
    fn times_are_read_whole_fractional_and_odd() {
        for (text, expected) in [
            ("1702678400", Duration::from_secs(1_702_678_400)),
            ("1702678400.12345600128173828125", Duration::new(1_702_678_400, 123_456_001)),
            ("1702678400.5", Duration::from_millis(1_702_678_400_500)),
            ("0", Duration::ZERO),
            ("-1702678400", Duration::ZERO),
            ("0.000000000000000000001", Duration::ZERO),
            ("99999999999999999999999999999999999999", Duration::MAX),
            ("1E+30", Duration::MAX),
            ("1.7E+9", Duration::from_secs(1_700_000_000)),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        assert_eq!(seconds("tomorrow"), None);
    }

    #[test]
    fn ends_are_whole_seconds_rounded_up_and_capped() {
        for (ttl, expected) in [
            (Duration::from_nanos(1), 1_700_000_001),
            (Duration::from_millis(750), 1_700_000_001),
            (Duration::from_millis(751), 1_700_000_002),
            (Duration::from_secs(60), 1_700_000_061),
            (Duration::MAX, 1_700_000_001 + 100 * 365 * 86_400_u64),
        ] {
            let written = end(&Lease { ttl, owner: None }, NOW);
            assert_eq!(written, AttributeValue::N(expected.to_string()), "{ttl:?}");
        }
        assert_eq!(moment(NOW), AttributeValue::N("1700000000.250000000".to_owned()));
    }

    #[test]
    fn record_lives_until_its_expiry() {
        for (expiry, left) in [
            (number("1700000001"), Some(Duration::from_millis(750))),
            (number("1700000000.2500000001"), None),
            (number("1700000000.250000001"), Some(Duration::from_nanos(1))),
            (number("1700000000.25"), None),
            (number("1700000000"), None),
            (number("0"), None),
            (None, None),
        ] {
            let found =
                record(item(binary(b"x"), expiry.clone()), &Layout::default(), NOW).unwrap();
            assert_eq!(found.map(|record| record.ttl), left, "{expiry:?}");
        }
        let told = Layout { missing_expiry: MissingExpiry::Live, ..Layout::default() };
        let found = record(item(binary(b"x"), None), &told, NOW).unwrap().unwrap();
        assert_eq!(found.ttl, Duration::MAX);
    }

    #[test]
    fn record_is_compared_as_it_is_stored() {
        let text = AttributeValue::S("{\"ä\":1}".to_owned());
        for value in [text.clone(), binary(b"\xff\0"), binary(b"{}"), binary(b"")] {
            let found = record(item(value.clone(), number("1700000009")), &Layout::default(), NOW);
            assert_eq!(stored(&found.unwrap().unwrap()), value);
        }
        let found =
            record(item(text, number("1700000009")), &Layout::default(), NOW).unwrap().unwrap();
        assert_eq!(found.as_text(), Some("{\"ä\":1}"));
    }

    #[test]
    fn other_types_are_undecodable() {
        let odd = AttributeValue::Bool(true);
        for item in [
            item(odd.clone(), number("1700000009")),
            item(binary(b"x"), Some(odd.clone())),
            item(binary(b"x"), Some(AttributeValue::S("1700000009".to_owned()))),
            [("expiration".to_owned(), AttributeValue::N("1700000009".to_owned()))].into(),
        ] {
            let error = record(item, &Layout::default(), NOW).unwrap_err().into_error(Call::Load);
            assert_eq!(error.kind(), ErrorKind::Decode);
        }
    }

    #[test]
    fn limits_are_checked_one_by_one() {
        let without = Layout::default();
        let with_owner = Layout { has_owners: true, ..Layout::default() };
        let most = |layout| limits(layout).payload.unwrap();
        assert_eq!(most(&without), 409_600 - 2 - 2_048 - 3 - 10 - 21);
        assert_eq!(most(&without) - most(&with_owner), 5 + 2_048);
        let (most, long) = (vec![0; most(&with_owner)], "k".repeat(2_048));
        let check = |layout, key: &str, payload: &[u8], owner| {
            let checked = check(Call::Create, layout, &StoreKey::new("", key), payload, owner);
            checked.map_err(|error| error.kind())
        };
        assert_eq!(check(&with_owner, &long, &most, Some(&long)), Ok(()));
        let more = [&most[..], b"x"].concat();
        assert_eq!(check(&with_owner, &long, &more, None), Err(ErrorKind::TooLarge));
        let longer = format!("{long}x");
        assert_eq!(check(&with_owner, &longer, b"", None), Err(ErrorKind::TooLarge));
        assert_eq!(check(&with_owner, "k", b"", Some(&longer)), Err(ErrorKind::TooLarge));
        assert_eq!(check(&with_owner, "k", b"", Some("")), Err(ErrorKind::Unsupported));
        for owner in [&longer, ""] {
            let checked = check(&without, "k", b"", Some(owner));
            assert_eq!(checked, Ok(()), "an owner who is not written");
        }
    }
}
