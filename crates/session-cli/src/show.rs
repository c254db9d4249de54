//! How numbers, times and names of others look to people.

use indicatif::HumanBytes;
use std::fmt::{self, Display};
use std::time::{Duration, SystemTime};
use web_session::Timestamp;

const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
/// Longer than a store counts: it never ends.
const ENDLESS: Duration = Duration::from_secs(200 * 365 * 86_400);

/// A span by its two largest units: `29d 23h`, `4m 10s`, `0s`.
pub(crate) struct Span(pub(crate) Duration);

impl Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > ENDLESS {
            return f.pad("endless");
        }
        let mut left = self.0.as_secs();
        let mut parts = Vec::new();
        for (unit, seconds) in UNITS {
            let count = left / seconds;
            left %= seconds;
            if parts.len() == 2 || (count == 0 && parts.is_empty()) {
                continue;
            }
            parts.push((count, unit));
        }
        parts.retain(|(count, _)| *count > 0);
        let text: Vec<String> =
            parts.iter().map(|(count, unit)| format!("{count}{unit}")).collect();
        f.pad(if text.is_empty() { "0s".to_owned() } else { text.join(" ") }.as_str())
    }
}

/// Bytes as `512 B`, `1.50 KiB`.
pub(crate) fn bytes(count: u64) -> String {
    HumanBytes(count).to_string()
}

/// Text of an application or its users, which must not steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
        shown
    })
}

/// A time in UTC to the second.
pub(crate) fn moment(time: SystemTime) -> Option<String> {
    let time = Timestamp::try_from(time).ok()?;
    Some(Timestamp::new(time.secs(), 0)?.to_string())
}

/// `1 session`, `2 sessions`.
pub(crate) fn sessions(count: u64) -> String {
    if count == 1 { "1 session".to_owned() } else { format!("{count} sessions") }
}

/// Reads `90s`, `10m`, `2h` or `1d`; at least a second.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let read = || {
        let unit = text.chars().last()?;
        let (_, seconds) = UNITS.iter().find(|(name, _)| name.starts_with(unit))?;
        let count: u64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(Duration::from_secs(count.checked_mul(*seconds)?)).filter(|time| !time.is_zero())
    };
    read().ok_or_else(|| "expected a number and a unit, such as 30s, 10m, 2h or 1d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Span, parse_duration, printable};
    use std::time::Duration;

    #[test]
    fn spans_have_two_units() {
        for (seconds, shown) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (250, "4m 10s"),
            (3_601, "1h"),
            (86_400 * 30 - 1, "29d 23h"),
            (u64::MAX, "endless"),
        ] {
            assert_eq!(Span(Duration::from_secs(seconds)).to_string(), shown);
        }
    }

    #[test]
    fn durations_need_a_unit_and_more_than_nothing() {
        for (text, seconds) in [("30s", 30), ("10m", 600), ("2h", 7_200), ("1d", 86_400)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "10", "m", "-1m", "1.5h", "0s", "1w", "99999999999999999999d"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_do_not_steer_the_terminal() {
        assert_eq!(printable("zoë\u{1b}[2J\n"), "zoë\\u{1b}[2J\\n");
    }
}
