//! Texts, extensions and times of the system.

use super::{FIRST, LAST, Timestamp};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[test]
fn text_and_extension_say_the_same() {
    for (secs, nanos, text, bytes) in [
        (0, 0, "1970-01-01T00:00:00Z", 4),
        (u32::MAX.into(), 0, "2106-02-07T06:28:15Z", 4),
        (1_704_164_645, 678_901_000, "2024-01-02T03:04:05.678901Z", 8),
        (1_704_164_645, 1, "2024-01-02T03:04:05.000000001Z", 8),
        ((1 << 34) - 1, 999_999_999, "2514-05-30T01:53:03.999999999Z", 8),
        (1 << 34, 0, "2514-05-30T01:53:04Z", 12),
        (-1, 0, "1969-12-31T23:59:59Z", 12),
        (FIRST, 0, "0001-01-01T00:00:00Z", 12),
        (LAST, 999_999_999, "9999-12-31T23:59:59.999999999Z", 12),
    ] {
        let timestamp = Timestamp::new(secs, nanos).unwrap();
        assert_eq!(timestamp.to_string(), text);
        assert_eq!(text.parse::<Timestamp>().unwrap(), timestamp);
        let extension = timestamp.to_extension();
        assert_eq!(extension.len(), bytes, "{text}");
        assert_eq!(Timestamp::from_extension(&extension), Some(timestamp));
    }
}

#[test]
fn offset_is_taken_off() {
    for text in ["2024-01-02T03:04:05+05:30", "2024-01-01 21:34:05z", "2024-01-01T14:34:05-07:00"] {
        assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), "2024-01-01T21:34:05Z");
    }
}

#[test]
fn what_is_no_instant_is_refused() {
    for text in [
        "",
        "2024-01-02",
        "2024-01-02T03:04:05",
        "2024-01-02T03:04Z",
        "2024-02-30T03:04:05Z",
        "2024-01-02T24:00:00Z",
        "2024-01-02T03:04:60Z",
        "2024-01-02T03:04:05.Z",
        "2024-01-02T03:04:05+24:00",
        "2024-01-02T03:04:05+0530",
        "0001-01-01T00:00:00+00:01",
        "+024-01-02T03:04:05Z",
        "2024-01-0\u{e9}T03:04:05Z",
    ] {
        assert!(text.parse::<Timestamp>().is_err(), "{text}");
    }
    for bytes in [&[0; 3][..], &[0xff; 8], &[0xff; 12], &[0; 5]] {
        assert_eq!(Timestamp::from_extension(bytes), None);
    }
    assert_eq!(Timestamp::new(0, 1_000_000_000), None);
    assert_eq!(Timestamp::new(LAST + 1, 0), None);
}

#[test]
fn system_time_is_converted_both_ways() {
    for time in [
        UNIX_EPOCH,
        UNIX_EPOCH + Duration::new(5, 7),
        UNIX_EPOCH - Duration::new(5, 7),
        UNIX_EPOCH - Duration::new(5, 0),
    ] {
        let timestamp = Timestamp::try_from(time).unwrap();
        assert_eq!(SystemTime::try_from(timestamp).unwrap(), time);
    }
    let before = Timestamp::try_from(UNIX_EPOCH - Duration::from_nanos(1)).unwrap();
    assert_eq!((before.secs(), before.nanos()), (-1, 999_999_999));
}
