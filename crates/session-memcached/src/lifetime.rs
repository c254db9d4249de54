//! Lifetimes as memcached writes them: whole seconds, relative up to 30 days, absolute above.

use session_core::Lease;
use session_core::store::unix_time;
use std::time::Duration;

/// memcached reads a greater exptime as seconds since 1970 (protocol.txt, "Expiration times").
const LONGEST_RELATIVE: u64 = 30 * 24 * 3_600;

/// What is asked for beyond the lease. The server's clock is a count that a timer brings up to date
/// each second or so; when the timer drifts over the turn of a second the count stands still for
/// almost two and then takes both at once, and a record written meanwhile loses them.
const SLACK: u64 = 2;

/// The server parses exptimes as `int32_t`, so they end in January 2038.
const LAST: u64 = i32::MAX as u64;

/// The exptime of a record that is written now, to live for `lease`.
///
/// It has some slack against the server's clock. A lifetime beyond what the server can hold ends
/// as late as it can.
pub(crate) fn exptime(lease: &Lease<'_>) -> u32 {
    exptime_at(lease, unix_time().as_secs())
}

fn exptime_at(lease: &Lease<'_>, now: u64) -> u32 {
    let seconds = lease.ttl_secs().unsigned_abs().saturating_add(SLACK);
    let end = now.saturating_add(seconds);
    let exptime = if seconds <= LONGEST_RELATIVE {
        seconds
    } else if end <= LAST {
        end
    } else if LAST.saturating_sub(now) > LONGEST_RELATIVE {
        LAST
    } else {
        LONGEST_RELATIVE
    };
    u32::try_from(exptime).unwrap_or(i32::MAX as u32)
}

/// What is left of a record whose remaining seconds the server reports as `t`.
///
/// The slack is taken off again, but a live record has a second left.
pub(crate) fn left(t: i64) -> Duration {
    match u64::try_from(t) {
        Ok(seconds) => Duration::from_secs(seconds.saturating_sub(SLACK).max(1)),
        // -1: it does not expire, as someone else wrote it.
        Err(_) => Duration::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::{LAST, LONGEST_RELATIVE, left};
    use session_core::Lease;
    use std::time::Duration;

    const NOW: u64 = 1_800_000_000;
    const DAY: Duration = Duration::from_secs(86_400);
    const SECOND: Duration = Duration::from_secs(1);

    fn exptime_at(ttl: Duration, now: u64) -> u32 {
        super::exptime_at(&Lease { ttl, owner: None }, now)
    }

    #[test]
    fn lifetimes_are_rounded_up_and_never_zero() {
        for (ttl, expected) in [
            (Duration::from_nanos(1), 3),
            (Duration::from_millis(999), 3),
            (SECOND, 3),
            (Duration::from_millis(1_001), 4),
            (DAY, 86_402),
        ] {
            assert_eq!(exptime_at(ttl, NOW), expected, "{ttl:?}");
        }
    }

    #[test]
    fn more_than_thirty_days_is_a_point_in_time() {
        let base = NOW as u32;
        for (ttl, expected) in [
            (DAY * 30 - SECOND * 2, 2_592_000),
            (DAY * 30 - SECOND, base + 2_592_001),
            (DAY * 30, base + 2_592_002),
            (DAY * 31, base + 2_678_402),
        ] {
            assert_eq!(exptime_at(ttl, NOW), expected, "{ttl:?}");
        }
    }

    #[test]
    fn longest_lifetime_is_what_the_server_can_hold() {
        for (now, expected) in [
            (NOW, LAST),
            (LAST - LONGEST_RELATIVE - 1, LAST),
            (LAST - LONGEST_RELATIVE, LONGEST_RELATIVE),
            (LAST + 1, LONGEST_RELATIVE),
            (u64::MAX, LONGEST_RELATIVE),
        ] {
            assert_eq!(u64::from(exptime_at(Duration::MAX, now)), expected, "{now}");
        }
    }

    #[test]
    fn slack_is_not_reported() {
        for (t, expected) in [(0, 1), (1, 1), (3, 1), (4, 2), (3_602, 3_600)] {
            assert_eq!(left(t), Duration::from_secs(expected), "{t}");
        }
        assert_eq!(left(-1), Duration::MAX);
    }
}
