//! Times as databases hold them.

use std::time::{Duration, SystemTime};

/// The time since 1970 by this machine's clock; zero on a clock before that.
///
/// For databases that cannot be asked for their own. An end is the sum of this and
/// [`Lease::ttl`](super::Lease::ttl), rounded up.
pub fn unix_time() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}

/// What is left of a record that a server found live, of the milliseconds that it tells.
///
/// The last part of a millisecond counts as a whole one, so it is never zero.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use std::time::Duration;
/// use web_session::store::left_ms;
///
/// assert_eq!(left_ms(1_500), Duration::from_millis(1_500));
/// assert_eq!(left_ms(0), Duration::from_millis(1));
/// ```
pub fn left_ms(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0).max(1))
}

#[cfg(test)]
mod tests {
    use super::{left_ms, unix_time};
    use std::time::Duration;

    #[test]
    fn live_record_has_a_millisecond_left() {
        for (ms, left) in [(i64::MIN, 1), (-1, 1), (0, 1), (1, 1), (2, 2), (60_000, 60_000)] {
            assert_eq!(left_ms(ms), Duration::from_millis(left), "{ms}");
        }
    }

    #[test]
    fn clock_is_after_2025_and_goes_on() {
        let before = unix_time();
        assert!(before > Duration::from_secs(1_735_689_600) && unix_time() >= before);
    }
}
