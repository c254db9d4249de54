//! Messages on records of every format, and on newer ones.

use super::{FLASHES, Flash, FlashLog};
use crate::data::{Data, Limits};
use crate::error::ErrorKind;
use crate::store::Record;
use bytes::Bytes;
use session_codec::Format;
use std::time::Duration;

const LIMITS: Limits = Limits { format: Format::MessagePack, max_depth: 64, max_payload: 4096 };

fn record(payload: &'static [u8]) -> Record {
    Record { payload: Bytes::from_static(payload), cas: 0, ttl: Duration::from_secs(60) }
}

/// One message `old`, as Flask stores it.
fn old() -> Data {
    Data::parse(record(b"\x81\xa8_flashes\x91\x92\xa7message\xa3old"), LIMITS).unwrap()
}

fn flash(message: &str) -> Flash {
    Flash { category: "message".into(), message: message.into() }
}

fn messages(flashes: Vec<Flash>) -> Vec<String> {
    flashes.into_iter().map(|flash| flash.message).collect()
}

#[test]
fn messages_are_stored_in_the_shape_of_flask() {
    let mut data = Data::empty(LIMITS);
    FlashLog::default().append(&mut data, flash("hi")).unwrap();
    let payload = data.encode().unwrap();
    assert_eq!(payload, &b"\x81\xa8_flashes\x91\x92\xa7message\xa2hi"[..]);
}

#[test]
fn messages_come_out_once_and_oldest_first() {
    let (mut data, mut log) = (old(), FlashLog::default());
    log.append(&mut data, flash("a")).unwrap();
    log.append(&mut data, flash("b")).unwrap();
    assert_eq!(messages(log.take(&mut data)), ["old", "a", "b"]);
    assert_eq!(log.take(&mut data), []);
    assert!(data.peek(FLASHES).is_none());
    log.append(&mut data, flash("c")).unwrap();
    assert_eq!(messages(log.take(&mut data)), ["c"]);
}

#[test]
fn replay_removes_one_equal_message_for_each_that_was_shown() {
    let (mut data, mut log) = (old(), FlashLog::default());
    log.take(&mut data);
    log.append(&mut data, flash("new")).unwrap();
    let newer =
        b"\x81\xa8_flashes\x93\x92\xa7message\xa3old\x92\xa7message\xa1x\x92\xa7message\xa3old";
    let mut data = data.rebase(record(newer), |_| false).unwrap();
    log.replay(&mut data).unwrap();
    assert_eq!(messages(log.take(&mut data)), ["x", "old", "new"]);
}

#[test]
fn replay_after_a_clear_keeps_only_what_was_added() {
    let (mut data, mut log) = (old(), FlashLog::default());
    data.clear(|_| false);
    log.clear();
    log.append(&mut data, flash("new")).unwrap();
    let newer = b"\x81\xa8_flashes\x91\x92\xa7message\xa1x";
    let mut data = data.rebase(record(newer), |_| false).unwrap();
    log.replay(&mut data).unwrap();
    assert_eq!(messages(log.take(&mut data)), ["new"]);
}

#[test]
fn replay_of_nothing_changes_nothing() {
    let mut data = old();
    FlashLog::default().replay(&mut data).unwrap();
    assert!(!data.is_modified());
}

#[test]
fn what_is_no_message_stays_and_the_others_are_shown() {
    /// A list, its messages, and what is stored once they were shown, and once one was added.
    type Case = (&'static [u8], &'static [&'static str], &'static [u8], &'static [u8]);
    let table: &[Case] = &[
        (b"\x07", &[], b"\x07", b"\x91\x92\xa7message\xa1a"),
        (b"\xa3old", &[], b"\xa3old", b"\x91\x92\xa7message\xa1a"),
        (b"\x91\x07", &[], b"\x91\x07", b"\x92\x07\x92\xa7message\xa1a"),
        (
            b"\x94\x07\x92\xa1m\xa3old\x93\xa1m\xa1x\xa1y\x92\xa1m\xa2\xff!",
            &["old", "\u{fffd}!"],
            b"\x92\x07\x93\xa1m\xa1x\xa1y",
            b"\x93\x07\x93\xa1m\xa1x\xa1y\x92\xa7message\xa1a",
        ),
    ];
    for (value, shown, left, grown) in table {
        let payload = |value: &[u8]| [b"\x81\xa8_flashes", value].concat();
        let open = || Data::parse(record(payload(value).leak()), LIMITS).unwrap();
        let (mut data, mut log) = (open(), FlashLog::default());
        assert_eq!(messages(log.take(&mut data)), *shown);
        assert_eq!(log.take(&mut data), []);
        assert_eq!(data.encode().unwrap(), payload(left));
        assert_eq!(data.is_modified(), !shown.is_empty());
        // Another request was faster, and has stored as much.
        let mut data = data.rebase(record(payload(value).leak()), |_| false).unwrap();
        log.replay(&mut data).unwrap();
        assert_eq!(data.encode().unwrap(), payload(left));
        log.append(&mut data, flash("a")).unwrap();
        assert_eq!(data.encode().unwrap(), payload(grown));
        assert_eq!(messages(log.take(&mut data)), ["a"]);
    }
}

#[test]
fn message_that_does_not_fit_is_forgotten() {
    let (mut data, mut log) = (old(), FlashLog::default());
    let error = log.append(&mut data, flash(&"x".repeat(5000))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    log.append(&mut data, flash("a")).unwrap();
    assert_eq!(messages(log.take(&mut data)), ["old", "a"]);
}

#[test]
fn own_messages_that_were_shown_take_none_of_others_away() {
    let (mut data, mut log) = (Data::parse(record(b"\x80"), LIMITS).unwrap(), FlashLog::default());
    log.append(&mut data, flash("own")).unwrap();
    assert_eq!(messages(log.take(&mut data)), ["own"]);
    let newer = record(b"\x81\xa8_flashes\x91\x92\xa7message\xa3old");
    let mut data = data.rebase(newer, |_| false).unwrap();
    log.replay(&mut data).unwrap();
    assert_eq!(messages(log.take(&mut data)), ["old"]);
}

#[cfg(feature = "json")]
#[test]
fn message_that_the_configured_format_cannot_say_stays_beside_others() {
    for odd in [r#"["m","\ud800"]"#, r#"["m",1180591620717411303424]"#] {
        let list = |rest: &str| &*format!(r#"{{"_flashes":[{odd}{rest}]}}"#).into_bytes().leak();
        let (mut data, mut log) =
            (Data::parse(record(list("")), LIMITS).unwrap(), FlashLog::default());
        log.append(&mut data, flash("a")).unwrap();
        log.append(&mut data, flash("b")).unwrap();
        let written = list(r#",["message","a"],["message","b"]"#);
        assert_eq!(data.encode().unwrap(), written);
        // Another request was faster.
        let mut data = data.rebase(record(list(r#",["message","x"]"#)), |_| false).unwrap();
        log.replay(&mut data).unwrap();
        let written = list(r#",["message","x"],["message","a"],["message","b"]"#);
        assert_eq!(data.encode().unwrap(), written);
        let mut shown = messages(log.take(&mut data));
        if shown.len() == 4 {
            assert!(shown.remove(0).contains('\u{fffd}'), "{shown:?}");
            assert_eq!(data.encode().unwrap(), b"\x80"[..]);
        } else {
            // No text, so none that could be shown: it stays.
            assert_eq!(data.encode().unwrap(), list(""));
        }
        assert_eq!(shown, ["x", "a", "b"]);
    }
}

#[cfg(feature = "json")]
#[test]
fn messages_of_another_format_are_shown_and_removed() {
    let payload = br#"{"_flashes": [["message", "old"]]}"#;
    let mut data = Data::parse(record(payload), LIMITS).unwrap();
    let mut log = FlashLog::default();
    log.append(&mut data, flash("a")).unwrap();
    assert_eq!(messages(log.take(&mut data)), ["old", "a"]);
    // Another request has rewritten the record in our format meanwhile.
    let newer = b"\x81\xa8_flashes\x92\x92\xa7message\xa3old\x92\xa7message\xa1b";
    let mut data = data.rebase(record(newer), |_| false).unwrap();
    log.replay(&mut data).unwrap();
    assert_eq!(messages(log.take(&mut data)), ["b"]);
    assert!(data.peek(FLASHES).is_none());
}
