//! How many sessions have how much time.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use std::fmt::{self, Display};
use std::time::Duration;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// Names for people and programs, and what each is below, in seconds.
const BOUNDS: [(&str, &str, u64); 6] = [
    ("under 1 hour", "under_1h", HOUR),
    ("under 1 day", "under_1d", DAY),
    ("under 7 days", "under_7d", 7 * DAY),
    ("under 30 days", "under_30d", 30 * DAY),
    ("under 90 days", "under_90d", 90 * DAY),
    ("longer", "longer", u64::MAX),
];

/// Counts, each of those that are in none before it.
#[derive(Default)]
pub(super) struct Buckets([u64; BOUNDS.len()]);

impl Buckets {
    pub(super) fn add(&mut self, time: Duration) {
        let found = BOUNDS.iter().position(|(.., below)| time < Duration::from_secs(*below));
        self.0[found.unwrap_or(BOUNDS.len() - 1)] += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }
}

impl Display for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((name, ..), count) in BOUNDS.iter().zip(self.0) {
            writeln!(f, "{count:>9}  {name}")?;
        }
        Ok(())
    }
}

impl Serialize for Buckets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(BOUNDS.len()))?;
        for ((_, name, _), count) in BOUNDS.iter().zip(self.0) {
            map.serialize_entry(name, &count)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::Buckets;
    use std::time::Duration;

    #[test]
    fn bounds_are_the_first_of_the_next() {
        let mut buckets = Buckets::default();
        for seconds in [0, 3_599, 3_600, 86_399, 86_400, 7 * 86_400, u64::MAX] {
            buckets.add(Duration::from_secs(seconds));
        }
        buckets.add(Duration::MAX);
        assert_eq!(buckets.0, [2, 2, 1, 1, 0, 2]);
    }
}
