//! Times as people say them.

use std::time::Duration;

const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];

/// Says a duration in its two largest units, cutting off the rest: `29 days and 23 hours`.
pub(crate) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let at = UNITS.iter().position(|(unit, _)| seconds >= *unit).unwrap_or(UNITS.len() - 1);
    let (large, name) = UNITS[at];
    let whole = counted(seconds / large, name);
    match UNITS.get(at + 1).map(|(small, name)| (seconds % large / small, name)) {
        None | Some((0, _)) => whole,
        Some((rest, name)) => format!("{whole} and {}", counted(rest, name)),
    }
}

/// Says how long ago something was: `2 minutes and 5 seconds ago`.
pub(crate) fn ago(age: Duration) -> String {
    match age.as_secs() {
        0..10 => "just now".to_owned(),
        _ => format!("{} ago", in_words(age)),
    }
}

fn counted(count: u64, name: &str) -> String {
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{ago, in_words};
    use std::time::Duration;

    #[test]
    fn durations_have_two_units_at_most() {
        let table = [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (3_599, "59 minutes and 59 seconds"),
            (3_600, "1 hour"),
            (43_199, "11 hours and 59 minutes"),
            (86_400 + 59, "1 day"),
            (30 * 86_400 - 1, "29 days and 23 hours"),
        ];
        for (seconds, expected) in table {
            assert_eq!(in_words(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn seconds_ago_are_not_counted_at_once() {
        assert_eq!(ago(Duration::from_secs(9)), "just now");
        assert_eq!(ago(Duration::from_secs(10)), "10 seconds ago");
    }
}
