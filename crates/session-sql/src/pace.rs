//! How much a sweep does at once.

use std::time::Duration;

/// How long others wait for a statement of a sweep, about.
const TARGET: Duration = Duration::from_millis(5);

/// How many rows it removes at least: of a table whose index is missing each reads all.
const FEWEST: u64 = 20;
const MOST: u64 = 500;

/// How many expired rows the next statement removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(all(feature = "sqlite", any(feature = "postgres", feature = "mysql"))),
    allow(dead_code, reason = "a build with one kind of database has one of them")
)]
pub(crate) enum Pace {
    /// As many each time: nobody else wants these rows.
    Steady,
    /// As many as take five milliseconds, and a pause as long as they took: all other writers wait
    /// meanwhile, and those of other processes need luck to come between.
    Yielding(u64),
}

impl Pace {
    pub(crate) fn rows(self) -> u64 {
        match self {
            Self::Steady => MOST,
            Self::Yielding(rows) => rows,
        }
    }

    /// What follows a statement that took so long: the next one, after a pause.
    pub(crate) fn after(self, took: Duration) -> (Self, Duration) {
        match self {
            Self::Steady => (self, Duration::ZERO),
            Self::Yielding(rows) => {
                let fitting = u128::from(rows) * TARGET.as_micros() / took.as_micros().max(1);
                let fitting = u64::try_from(fitting).unwrap_or(MOST);
                (Self::Yielding(fitting.min(rows * 2).clamp(FEWEST, MOST)), took)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use std::time::Duration;

    #[test]
    fn rows_are_those_that_take_five_milliseconds() {
        for (rows, took_us, next) in [
            (100, 5_000, 100),
            (100, 4_000, 125),
            (100, 0, 200),
            (400, 1, 500),
            (500, 25_000, 100),
            (100, 10_000_000, 20),
            (20, 10_000_000, 20),
        ] {
            let took = Duration::from_micros(took_us);
            assert_eq!(Pace::Yielding(rows).after(took), (Pace::Yielding(next), took), "{rows}");
        }
    }

    #[test]
    fn steady_pace_is_the_same_however_long_it_takes() {
        for took in [Duration::ZERO, Duration::from_secs(1)] {
            assert_eq!(Pace::Steady.after(took), (Pace::Steady, Duration::ZERO));
        }
        assert_eq!(Pace::Steady.rows(), 500);
    }
}
