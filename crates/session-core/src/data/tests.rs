//! Data against records written by hand, and against a plain ordered map.

use super::arena::ARENA_SLACK;
use super::{Data, Intent, Limits};
use crate::error::{ErrorKind, Result};
use crate::store::Record;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use session_codec::Value;
use session_codec::{self as codec, Format};
use std::time::Duration;

#[cfg(feature = "flask")]
mod beyond;
#[cfg(feature = "json")]
mod formats;
pub(super) mod growth;
#[cfg(feature = "json")]
mod nameless;
mod properties;
#[cfg(feature = "flask")]
mod python;
mod replay;

const LIMITS: Limits =
    Limits { format: Format::MessagePack, max_depth: 64, max_payload: 256 * 1024 };

/// A record of MessagePack bytes.
fn record(payload: impl Into<Bytes>) -> Record {
    Record { payload: payload.into(), cas: 0, ttl: Duration::from_secs(60) }
}

fn parse(payload: impl Into<Bytes>) -> Data {
    Data::parse(record(payload), LIMITS).unwrap()
}

/// `{"a": 1, "b": 2, "c": 3}`.
fn abc() -> Data {
    parse(&b"\x83\xa1a\x01\xa1b\x02\xa1c\x03"[..])
}

impl Data {
    /// Replays the request on a newer record.
    pub(crate) fn rebase(&self, newer: Record, keep: impl Fn(&str) -> bool) -> Result<Self> {
        self.rebase_on(Self::parse(newer, self.limits)?, keep)
    }
}

fn set_in<V: Serialize>(data: &mut Data, key: &str, value: V, intent: Intent) -> Result<bool> {
    data.put(key, &value, intent)
}

fn set(data: &mut Data, key: &str, value: impl Serialize) -> bool {
    set_in(data, key, value, Intent::Guarded).unwrap()
}

fn overwrite(data: &mut Data, key: &str, value: impl Serialize) -> bool {
    set_in(data, key, value, Intent::Blind).unwrap()
}

fn get<T: DeserializeOwned>(data: &Data, key: &str) -> Option<T> {
    data.get(key).unwrap()
}

fn keys(data: &Data) -> Vec<&str> {
    data.keys().collect()
}

fn is_clearable(key: &str) -> bool {
    key.starts_with('_')
}

/// What `data` leaves behind, read back.
fn stored(data: &Data) -> Data {
    parse(data.encode().unwrap())
}

/// A configured format, a record, and what is stored once a request has set `zz` to 1.
#[cfg(feature = "json")]
type Kept = (Format, &'static [u8], &'static [u8]);

/// Asserts that a write of `zz` leaves all else in the record, and may be followed by another.
#[cfg(feature = "json")]
fn assert_stay(records: &[Kept]) {
    for (format, stored, expected) in records {
        let limits = Limits { format: *format, ..LIMITS };
        let mut data = Data::parse(record(*stored), limits).unwrap();
        overwrite(&mut data, "zz", 1);
        let written = data.encode().unwrap();
        let name = format!("{} where {format} is configured", stored.escape_ascii());
        assert_eq!(
            written.escape_ascii().to_string(),
            expected.escape_ascii().to_string(),
            "{name}"
        );
        let again = Data::parse(record(written.clone()), limits).unwrap();
        assert_eq!(again.encode().unwrap(), written, "{name}");
    }
}

/// Asserts that each value can be read and removed, and that what has no name in Rust goes with all
/// the others, also from a newer record.
#[cfg(feature = "json")]
fn assert_go(records: &[Kept]) {
    for (format, stored, _) in records {
        let limits = Limits { format: *format, ..LIMITS };
        let mut data = Data::parse(record(*stored), limits).unwrap();
        let names: Vec<_> = keys(&data).into_iter().map(str::to_owned).collect();
        for name in names {
            assert!(get::<Value>(&data, &name).is_some(), "{name} of {}", stored.escape_ascii());
            assert!(data.remove(&name, Intent::Guarded));
        }
        data.clear(|_| false);
        overwrite(&mut data, "zz", 1);
        let replayed = data.rebase(record(*stored), |_| false).unwrap();
        for data in [data, replayed] {
            let mut fresh = Data::empty(limits);
            overwrite(&mut fresh, "zz", 1);
            assert_eq!(data.encode().unwrap(), fresh.encode().unwrap());
        }
    }
}

#[test]
fn entries_are_found_and_absent_keys_are_not() {
    let data = abc();
    assert_eq!(keys(&data), ["a", "b", "c"]);
    assert_eq!(get(&data, "b"), Some(2));
    assert_eq!(get::<u8>(&data, "d"), None);
    assert_eq!(get::<u8>(&data, "aa"), None);
    assert!(!data.is_modified() && !data.is_accessed());
}

#[test]
fn untouched_record_is_encoded_as_it_was() {
    // Lengths written longer than need be, an extension, a nested map.
    let payload =
        &b"\xde\x00\x03\xd9\x01a\xcd\x00\x01\xa1b\xc7\x02\xff\x01\x02\xa1c\x81\xa1x\xc0"[..];
    let data = parse(payload);
    let encoded = data.encode().unwrap();
    assert_eq!(&encoded[..1], b"\x83");
    assert_eq!(&encoded[1..], &payload[3..]);
}

#[test]
fn last_of_a_repeated_key_counts_and_the_payload_stays_whole() {
    let mut data = parse(&b"\x84\xa1a\x01\xa1b\x02\xa1a\x03\xa1c\x04"[..]);
    assert_eq!(get(&data, "a"), Some(3));
    assert_eq!(keys(&stored(&data)), ["a", "b", "c"]);
    set(&mut data, "b", 5);
    let stored = stored(&data);
    assert_eq!(
        (get(&stored, "a"), get(&stored, "b"), get(&stored, "c")),
        (Some(3), Some(5), Some(4))
    );
}

#[test]
fn changed_entries_keep_their_place_between_untouched_runs() {
    let mut data = abc();
    assert!(set(&mut data, "b", "two"));
    assert!(set(&mut data, "d", 4));
    assert_eq!(data.encode().unwrap(), &b"\x84\xa1a\x01\xa1b\xa3two\xa1c\x03\xa1d\x04"[..]);
    assert!(data.remove("a", Intent::Guarded));
    assert!(data.remove("c", Intent::Guarded));
    assert_eq!(data.encode().unwrap(), &b"\x82\xa1b\xa3two\xa1d\x04"[..]);
}

#[test]
fn setting_the_value_it_has_is_no_change() {
    let mut data = abc();
    assert!(!set(&mut data, "a", 1));
    assert!(!data.is_modified() && !data.is_changed("a"));
    assert!(set(&mut data, "a", 2) && data.is_changed("a"));
    assert!(set(&mut data, "a", 1));
    assert!(!data.is_modified() && !data.is_changed("a"));
}

#[test]
fn removing_what_is_absent_is_no_change() {
    let mut data = abc();
    assert!(!data.remove("d", Intent::Guarded));
    assert!(data.remove("a", Intent::Guarded));
    assert!(!data.remove("a", Intent::Guarded));
    assert!(set(&mut data, "d", 1) && data.remove("d", Intent::Guarded));
    assert!(!data.is_changed("d") && data.is_changed("a"));
}

#[test]
fn clear_spares_what_it_is_told_to() {
    let mut data = parse(&b"\x82\xa2_p\xc3\xa1a\x01"[..]);
    data.clear(is_clearable);
    set(&mut data, "b", 2);
    assert_eq!(keys(&stored(&data)), ["_p", "b"]);
}

#[test]
fn failed_set_leaves_the_data_as_it_was() {
    let mut data = abc();
    let big = "x".repeat(LIMITS.max_payload + 1);
    assert_eq!(
        set_in(&mut data, "a", big, Intent::Guarded).unwrap_err().kind(),
        ErrorKind::TooLarge
    );
    let mut deep = Value::Null;
    for _ in 0..LIMITS.max_depth {
        deep = Value::Array(vec![deep]);
    }
    assert_eq!(
        set_in(&mut data, "a", deep, Intent::Guarded).unwrap_err().kind(),
        ErrorKind::TooLarge
    );
    assert_eq!(get(&data, "a"), Some(1));
    assert!(!data.is_modified());
}

#[test]
fn payload_over_the_limit_is_refused() {
    let mut data = abc();
    let half = "x".repeat(LIMITS.max_payload / 2);
    set(&mut data, "a", &half);
    assert!(data.encode().is_ok());
    set(&mut data, "b", &half);
    assert_eq!(data.encode().unwrap_err().kind(), ErrorKind::TooLarge);
    data.remove("a", Intent::Guarded);
    assert!(data.encode().is_ok());
}

#[test]
fn loop_of_inserts_keeps_to_a_bounded_arena() {
    let mut data = abc();
    let room = ARENA_SLACK.max(LIMITS.max_payload);
    for round in 0..2_000_u32 {
        set(&mut data, "log", (round, "x".repeat(1_000)));
        assert!(data.arena.len() <= room + 2_000, "{}", data.arena.len());
    }
    set(&mut data, "late", true);
    let stored = stored(&data);
    assert_eq!(get::<(u32, String)>(&stored, "log").unwrap().0, 1_999);
    assert_eq!((get(&stored, "a"), get(&stored, "late")), (Some(1), Some(true)));
}

#[test]
fn entries_outlast_the_compaction_of_the_arena() {
    let mut data = parse(&b"\x80"[..]);
    let long = "k".repeat(40);
    for (key, value) in [("a", 1), (&long, 2), ("c", 3)] {
        set(&mut data, key, value);
    }
    let before = data.encode().unwrap();
    for round in 0..400_u32 {
        set(&mut data, "log", (round, "x".repeat(1_000)));
    }
    assert!(data.arena.len() < 400_000);
    data.remove("log", Intent::Guarded);
    assert_eq!(data.encode().unwrap(), before);
}

#[test]
fn more_than_any_payload_holds_is_refused_early() {
    let mut data = abc();
    let value = "x".repeat(LIMITS.max_payload / 2);
    let refused = (0..8).map(|n| set_in(&mut data, &format!("k{n}"), &value, Intent::Guarded));
    let kinds: Vec<_> = refused.filter_map(|set| set.err().map(|error| error.kind())).collect();
    assert!(!kinds.is_empty() && kinds.iter().all(|kind| *kind == ErrorKind::TooLarge));
}
