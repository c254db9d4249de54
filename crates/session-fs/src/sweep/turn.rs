//! What the processes of a directory tell each other about its files, so that one of them counts and
//! sweeps for all: a file that this one holds locked meanwhile, and leaves its findings in.
//!
//! It has 24 bytes, three little-endian numbers: how many records there are, when they were counted
//! and for how long nobody needs to sweep after that, both in milliseconds, the first since 1970.

use crate::disk::dir::Dir;
use std::fs::{File, TryLockError};
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

/// For how long a count is as good as a new one.
const CURRENT: Duration = Duration::from_secs(3600);
/// Nothing keeps sweeps away for longer, a damaged file included.
const LONGEST_REST: Duration = Duration::from_secs(24 * 3600);

/// How many records there were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) files: u64,
    /// When, since 1970.
    pub(super) at: Duration,
    /// For how long nobody sweeps after that.
    pub(super) rest: Duration,
}

impl Count {
    /// Whether it may stand for what is there `now`; none from the future may.
    pub(super) fn is_current(&self, now: Duration) -> bool {
        now.checked_sub(self.at).is_some_and(|age| age < CURRENT.max(self.rest))
    }

    /// What is left of the rest.
    pub(super) fn rest_left(&self, now: Duration) -> Duration {
        (self.at + self.rest).saturating_sub(now)
    }

    fn to_bytes(self) -> [u8; 24] {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let mut bytes = [0; 24];
        for (place, number) in bytes.chunks_mut(8).zip([self.files, ms(self.at), ms(self.rest)]) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: [u8; 24]) -> Self {
        let number = |at: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(number)
        };
        let (at, rest) = (Duration::from_millis(number(8)), Duration::from_millis(number(16)));
        Self { files: number(0), at, rest: rest.min(LONGEST_REST) }
    }
}

/// The turn to count or sweep, until this is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Turn {
    /// None where it cannot be opened: a disk too full for it wants a sweep most.
    file: Option<File>,
}

impl Turn {
    /// Takes the turn; `None` while another process has it.
    pub(super) fn take(dir: &Dir) -> Option<Self> {
        let Ok(file) = dir.modes.open(&dir.sweep) else { return Some(Self { file: None }) };
        match file.try_lock() {
            Ok(()) => Some(Self { file: Some(file) }),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(_)) => Some(Self { file: None }),
        }
    }

    /// What the last one found, if anybody was here.
    pub(super) fn told(&self) -> Option<Count> {
        let mut bytes = [0; 24];
        self.file.as_ref()?.read_exact_at(&mut bytes, 0).ok()?;
        Some(Count::from_bytes(bytes))
    }

    /// Leaves a count for those who come next; without it they count themselves.
    pub(super) fn tell(&self, count: Count) {
        if let Some(file) = &self.file {
            let _ = file.write_all_at(&count.to_bytes(), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, LONGEST_REST};
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn count_is_current_for_an_hour_or_its_rest_and_never_early() {
        let count = |rest| Count { files: 1, at: SECOND * 10_000, rest };
        for (rest, age, is_current) in
            [(0, 0, true), (0, 3_599, true), (0, 3_600, false), (7_200, 7_199, true)]
        {
            let count = count(SECOND * rest);
            assert_eq!(count.is_current(SECOND * (10_000 + age)), is_current, "{rest} {age}");
        }
        assert!(!count(SECOND).is_current(SECOND * 9_999), "a clock was set back");
        assert_eq!(count(SECOND * 60).rest_left(SECOND * 10_020), SECOND * 40);
        assert_eq!(count(SECOND * 60).rest_left(SECOND * 10_060), Duration::ZERO);
    }

    #[test]
    fn bytes_are_three_numbers_and_any_others_keep_no_sweep_away_for_ever() {
        let count = Count { files: 7, at: SECOND, rest: SECOND * 60 };
        assert_eq!(count.to_bytes()[..10], [7, 0, 0, 0, 0, 0, 0, 0, 0xe8, 3]);
        assert_eq!(Count::from_bytes(count.to_bytes()), count);
        assert_eq!(Count::from_bytes([0xff; 24]).rest, LONGEST_REST);
        assert!(!Count::from_bytes([0xff; 24]).is_current(SECOND * 2_000_000_000));
    }
}
