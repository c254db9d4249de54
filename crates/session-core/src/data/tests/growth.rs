//! The work that a session's data costs grows as its size does, and no faster.

use super::{Data, Intent, LIMITS, Limits, codec, record, set, set_in};
use crate::data::{Flash, FlashLog};
use std::cell::Cell;

thread_local! {
    static COMPARISONS: Cell<usize> = const { Cell::new(0) };
}

pub(in crate::data) fn count_comparison() {
    COMPARISONS.set(COMPARISONS.get() + 1);
}

/// How often keys were compared in `work`.
fn comparisons(work: impl FnOnce()) -> usize {
    COMPARISONS.set(0);
    work();
    COMPARISONS.get()
}

const MANY: usize = 20_000;

fn keys() -> impl Iterator<Item = String> {
    (0..MANY).map(|n| format!("viewed:{n}"))
}

fn of_many_keys() -> Data {
    let limits = Limits { max_payload: 1 << 20, ..LIMITS };
    let mut data = Data::empty(limits);
    for key in keys() {
        set_in(&mut data, &key, true, Intent::Guarded).unwrap();
    }
    data
}

#[test]
fn keys_are_compared_about_once_each_time_they_are_looked_for() {
    let mut payload = None;
    let writing = comparisons(|| payload = Some(of_many_keys().encode().unwrap()));
    assert!(writing < MANY / 10, "{writing} comparisons to write {MANY} keys");

    let limits = Limits { max_payload: 1 << 20, ..LIMITS };
    let payload = payload.unwrap();
    let opening = comparisons(|| drop(Data::parse(record(payload.clone()), limits).unwrap()));
    assert!(opening < MANY / 10, "{opening} comparisons to open {MANY} keys");

    let mut data = Data::parse(record(payload.clone()), limits).unwrap();
    let reading = comparisons(|| assert!(keys().all(|key| data.read(&key).is_some())));
    assert!((MANY..MANY + MANY / 10).contains(&reading), "{reading} to read {MANY} keys");

    let replaying = comparisons(|| drop(data.rebase(record(payload), |_| false).unwrap()));
    assert!(replaying < 2 * MANY, "{replaying} comparisons to replay {MANY} keys");
}

#[test]
fn keys_with_other_ends_are_not_compared() {
    let mut data = Data::empty(LIMITS);
    let keys = || (10..70).map(|n| format!("setting-{n}"));
    let writing = comparisons(|| {
        assert!(keys().all(|key| set(&mut data, &key, true)));
    });
    let payload = data.encode().unwrap();
    let opening = comparisons(|| drop(Data::parse(record(payload.clone()), LIMITS).unwrap()));
    assert_eq!((writing, opening), (0, 0));
    let mut data = Data::parse(record(payload), LIMITS).unwrap();
    let reading = comparisons(|| assert!(keys().all(|key| data.read(&key).is_some())));
    assert_eq!(reading, 60);
}

#[test]
fn message_for_the_next_page_copies_none_before_it() {
    let limits = Limits { max_payload: 1 << 20, ..LIMITS };
    for stored in [&b"\x80"[..], b"\x81\xa8_flashes\x91\x92\xa1c\xa1m"] {
        let mut data = Data::parse(record(stored), limits).unwrap();
        let mut log = FlashLog::default();
        let used = allocation_counter::measure(|| {
            for n in 0..MANY {
                let flash = Flash { category: "c".into(), message: "m".into() };
                log.append(&mut data, flash).unwrap();
                set_in(&mut data, "n", n, Intent::Blind).unwrap();
            }
        });
        let bytes = used.bytes_total / MANY as u64;
        assert!(bytes < 512, "{bytes} bytes for each of {MANY} messages");
        assert_eq!(data.encode().unwrap().len() / MANY, 5);
        assert!(log.take(&mut data).len() >= MANY);
    }
}

#[test]
fn every_one_of_many_keys_is_found_and_no_other() {
    let data = of_many_keys();
    let payload = data.encode().unwrap();
    let opened = Data::parse(record(payload), data.limits()).unwrap();
    for data in [data, opened] {
        for key in keys() {
            let (value, format) = data.peek(&key).unwrap();
            assert!(codec::decode::<bool>(value, format).unwrap(), "{key}");
        }
        assert!(["viewed", "viewed:", "viewed:20000"].iter().all(|key| data.peek(key).is_none()));
    }
}

#[test]
fn last_of_many_equal_keys_is_the_value() {
    let mut payload = vec![0xde, 0x02, 0x00];
    for n in 0..512_u32 {
        payload.extend_from_slice(&[0xa2, b'a' + (n % 16) as u8, b'a' + (n / 16 % 16) as u8]);
        payload.push((n / 256) as u8);
    }
    let data = super::parse(payload);
    assert_eq!(data.keys().count(), 256);
    assert!(data.keys().all(|key| data.peek(key).unwrap().0 == [1]));
}
