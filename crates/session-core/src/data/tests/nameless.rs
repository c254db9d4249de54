//! Keys that are no text, which Flask writes for `session[1] = ..`: they have no name in Rust, stay
//! where they are, and spoil nothing beside them.

use super::{LIMITS, get, keys, overwrite, record};
use crate::data::{Data, Intent, Limits};
use session_codec::Format::{self, Json, MessagePack};

/// The configured format, a record, and what is stored once a request has set `zz` to 1.
///
/// Records are as `msgspec` and `pickle` write `{"a": 0, key: 1, "z": 2}`.
const RECORDS: &[(Format, &[u8], &[u8])] = &[
    (MessagePack, b"\x83\xa1a\0\x01\x01\xa1z\x02", b"\x84\xa1a\0\x01\x01\xa1z\x02\xa2zz\x01"),
    (MessagePack, b"\x82\xc0\xa1n\xc3\x91\x03", b"\x83\xc0\xa1n\xc3\x91\x03\xa2zz\x01"),
    (
        MessagePack,
        b"\x83\xa1a\0\xcb\x40\x04\0\0\0\0\0\0\x01\xa1z\x02",
        b"\x84\xa1a\0\xcb\x40\x04\0\0\0\0\0\0\x01\xa1z\x02\xa2zz\x01",
    ),
    (MessagePack, b"\x81\xc4\x01b\x81\x01\x02", b"\x82\xc4\x01b\x81\x01\x02\xa2zz\x01"),
    (MessagePack, b"\x81\x92\x01\xa1x\x01", b"\x82\x92\x01\xa1x\x01\xa2zz\x01"),
    (
        MessagePack,
        b"\x81\xd6\xff\x65\x93\x7d\x25\x01",
        b"\x82\xd6\xff\x65\x93\x7d\x25\x01\xa2zz\x01",
    ),
    // Text that is not UTF-8, which `msgspec` does not read.
    (MessagePack, b"\x82\xa1\xff\x01\xa1z\x02", b"\x83\xa1\xff\x01\xa1z\x02\xa2zz\x01"),
    (Json, b"\x82\xa1\xff\x01\xa1z\x02", b"\x83\xa1\xff\x01\xa1z\x02\xa2zz\x01"),
    // What `msgspec` makes of such a key in JSON, where it makes something of it.
    (Json, b"\x83\xa1a\0\x01\x01\xa1z\x02", br#"{"a":0,"1":1,"z":2,"zz":1}"#),
    (Json, b"\x82\xcb\x40\x04\0\0\0\0\0\0\x01\xa1z\x02", br#"{"2.5":1,"z":2,"zz":1}"#),
    (Json, b"\x81\xc4\x01b\xc4\x01b", br#"{"Yg==":"Yg==","zz":1}"#),
    (Json, b"\x82\xc0\x01\xa1z\x02", b"\x83\xc0\x01\xa1z\x02\xa2zz\x01"),
    // Two keys that would be one.
    (Json, b"\x82\x01\x01\xa11\x02", b"\x83\x01\x01\xa11\x02\xa2zz\x01"),
    (Json, b"\x82\xa11\x02\x01\x01", b"\x83\xa11\x02\x01\x01\xa2zz\x01"),
    (Json, b"\x82\x01\x02\xcc\x01\x01", b"\x83\x01\x02\xcc\x01\x01\xa2zz\x01"),
];

fn open(stored: &'static [u8], format: Format) -> Data {
    Data::parse(record(stored), Limits { format, ..LIMITS }).unwrap()
}

#[test]
fn key_that_is_no_text_stays_and_others_are_written() {
    super::assert_stay(RECORDS);
}

#[test]
fn key_that_is_no_text_goes_with_all_others() {
    super::assert_go(RECORDS);
}

#[test]
fn key_that_is_no_text_has_no_name() {
    let mut data = open(b"\x83\xa1a\0\x01\x01\xa1z\x02", MessagePack);
    assert_eq!(keys(&data), ["a", "z"]);
    for name in ["", "1", "\u{1}", "\u{1}\u{1}"] {
        assert_eq!(get::<u8>(&data, name), None);
        assert!(!data.remove(name, Intent::Guarded));
    }
    assert!(!data.is_accessed() && !data.is_modified());
    overwrite(&mut data, "", 3);
    overwrite(&mut data, "1", 4);
    let written = data.encode().unwrap();
    assert_eq!(written, &b"\x85\xa1a\0\x01\x01\xa1z\x02\xa0\x03\xa11\x04"[..]);
    let again = Data::parse(record(written), LIMITS).unwrap();
    assert_eq!((get(&again, ""), get(&again, "1")), (Some(3), Some(4)));
}

#[test]
fn key_that_is_no_text_is_the_newer_records_after_a_replay() {
    let newer = record(&b"\x83\x02\x07\xa1z\x03\xa1a\0"[..]);
    let mut data = open(b"\x83\xa1a\0\x01\x01\xa1z\x02", MessagePack);
    assert!(data.read("a").is_some());
    overwrite(&mut data, "zz", 1);
    let replayed = data.rebase(newer.clone(), |_| false).unwrap();
    assert_eq!(replayed.encode().unwrap(), &b"\x84\x02\x07\xa1z\x03\xa1a\0\xa2zz\x01"[..]);

    data.clear(|key| key == "z");
    assert!(data.is_modified());
    let replayed = data.rebase(newer, |key| key == "z").unwrap();
    assert_eq!(replayed.encode().unwrap(), &b"\x81\xa1z\x03"[..]);
}

#[test]
fn record_of_nothing_but_such_keys_can_be_cleared() {
    let mut data = open(b"\x82\x01\x01\xc0\x02", MessagePack);
    assert_eq!(keys(&data).len(), 0);
    data.clear(|_| false);
    assert!(data.is_modified());
    assert_eq!(data.encode().unwrap(), &b"\x80"[..]);
}

#[test]
fn every_key_is_found_beside_many_that_are_no_text() {
    let many = 1_000_u16;
    let mut payload = vec![0xde];
    payload.extend_from_slice(&(2 * many).to_be_bytes());
    for n in 0..many {
        let [high, low] = n.to_be_bytes();
        payload.extend_from_slice(&[
            0xcd,
            high,
            low,
            0x01,
            0xa3,
            b'k',
            high + b'0',
            low & 0x7f,
            0x02,
        ]);
    }
    let data = Data::parse(record(payload.clone()), LIMITS).unwrap();
    let names: std::collections::BTreeSet<_> = keys(&data).into_iter().collect();
    assert!(names.len() > 256 && names.iter().all(|name| get(&data, name) == Some(2)));
    assert_eq!(get::<u8>(&data, ""), None);
    let written = data.encode().unwrap();
    assert_eq!(Data::parse(record(written.clone()), LIMITS).unwrap().encode().unwrap(), written);
}

#[test]
fn malformed_record_is_refused_whatever_its_keys_are() {
    let table: &[&[u8]] = &[
        b"\x82\x01\x01",
        b"\x81\x01",
        b"\x81\xc1\x01",
        b"\x81\x01\xc1",
        b"\x81\x01\x01\x01",
        b"\x81\x91\xc1\x01",
        b"\xdf\xff\xff\xff\xff\x01\x01",
    ];
    for payload in table {
        for format in [MessagePack, Json] {
            let limits = Limits { format, ..LIMITS };
            let error = Data::parse(record(*payload), limits).unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Decode);
        }
    }
    let deep = [&b"\x81"[..], &[0x91; 64], b"\x01\x01"].concat();
    assert!(Data::parse(record(deep), LIMITS).is_err());
}

#[cfg(feature = "flask")]
mod pickles {
    use super::{Format, Json, MessagePack};
    use Format::Pickle;

    const RECORDS: &[(Format, &[u8], &[u8])] = &[
        (
            Pickle,
            b"\x80\x04\x95\x15\0\0\0\0\0\0\0}\x94(\x8c\x01a\x94K\0K\x01K\x01\x8c\x01z\x94K\x02u.",
            b"\x80\x04}(\x8c\x01aK\0K\x01K\x01\x8c\x01zK\x02\x8c\x02zzK\x01u.",
        ),
        // `None`, and a frozen set.
        (Pickle, b"\x80\x04}(NK\x01u.", b"\x80\x04}(NK\x01\x8c\x02zzK\x01u."),
        (Pickle, b"\x80\x04}((K\x07\x91\x94K\x01u.", b"\x80\x04}((K\x07\x91K\x01\x8c\x02zzK\x01u."),
        // A tuple whose text is the next key.
        (
            Pickle,
            b"\x80\x04}(K\x01\x8c\x01x\x94\x86K\x01h\0K\x02u.",
            b"\x80\x04}((K\x01\x8c\x01xtK\x01\x8c\x01xK\x02\x8c\x02zzK\x01u.",
        ),
        (MessagePack, b"\x80\x04}(K\x01K\x01u.", b"\x82\x01\x01\xa2zz\x01"),
        (MessagePack, b"\x80\x04}(NK\x01u.", b"\x82\xc0\x01\xa2zz\x01"),
        (MessagePack, b"\x80\x04}(K\x01K\x02\x86K\x01u.", b"\x82\x92\x01\x02\x01\xa2zz\x01"),
        (Json, b"\x80\x04}(K\x01C\x01bu.", br#"{"1":"Yg==","zz":1}"#),
        (Json, b"\x80\x04}(NK\x01u.", b"\x80\x04}(NK\x01\x8c\x02zzK\x01u."),
        (
            Json,
            b"\x80\x04}(K\x01K\x02\x8c\x011K\x03u.",
            b"\x80\x04}(K\x01K\x02\x8c\x011K\x03\x8c\x02zzK\x01u.",
        ),
        // A date is text where there are none.
        (
            MessagePack,
            b"\x80\x04}(\x8c\x08datetime\x8c\x04date\x93C\x04\x07\xe8\x01\x02\x85RK\x01u.",
            b"\x82\xaa2024-01-02\x01\xa2zz\x01",
        ),
        // An integer beyond 64 bits is one of a pickle alone.
        (
            MessagePack,
            b"\x80\x04}(\x8a\x09\0\0\0\0\0\0\0\0\x01K\x01u.",
            b"\x80\x04}(\x8a\x09\0\0\0\0\0\0\0\0\x01K\x01\x8c\x02zzK\x01u.",
        ),
        (Pickle, b"\x81\x92\x01\xa1x\x01", b"\x80\x04}((K\x01\x8c\x01xtK\x01\x8c\x02zzK\x01u."),
        (Pickle, b"\x82\x01\xa11\xa11\xc0", b"\x80\x04}(K\x01\x8c\x011\x8c\x011N\x8c\x02zzK\x01u."),
        // No dictionary of Python has a dictionary as a key.
        (Pickle, b"\x81\x80\x01", b"\x82\x80\x01\xa2zz\x01"),
    ];

    #[test]
    fn key_of_a_pickle_that_is_no_text_stays_and_goes_with_all_others() {
        super::super::assert_stay(RECORDS);
        super::super::assert_go(RECORDS);
    }
}
