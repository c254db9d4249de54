//! The proleptic Gregorian calendar, as far as stored values need it: the years 1 to 9999.

/// Days from 1970-01-01 to a date that exists.
///
/// Years are counted from March, so that the leap day comes last: days before a month are then
/// `(153 * month + 2) / 5`.
pub(crate) fn days_of(year: i64, month: u8, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (i64::from(month) + 9) % 12;
    let of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The year, month and day that are `days` from 1970-01-01.
pub(crate) fn date_of(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = (of_year - (153 * shifted + 2) / 5 + 1) as u8;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 } as u8;
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Whether there is such a date in the years 1 to 9999.
pub(crate) fn is_date(year: i64, month: u8, day: u8) -> bool {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + u8::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=9999).contains(&year) && (1..=last).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::{date_of, days_of, is_date};

    #[test]
    fn days_and_dates_are_each_others_inverse() {
        for days in -719_162..=2_932_896 {
            let (year, month, day) = date_of(days);
            assert!(is_date(year, month, day), "{year}-{month}-{day}");
            assert_eq!(days_of(year, month, day), days);
        }
        assert_eq!(date_of(-719_162), (1, 1, 1));
        assert_eq!(date_of(2_932_896), (9999, 12, 31));
        assert_eq!(date_of(0), (1970, 1, 1));
        assert_eq!(date_of(11_016), (2000, 2, 29));
    }

    #[test]
    fn day_that_is_not_in_the_calendar_is_no_date() {
        for (year, month, day) in [
            (0, 1, 1),
            (10_000, 1, 1),
            (2023, 2, 29),
            (1900, 2, 29),
            (2024, 4, 31),
            (2024, 13, 1),
            (2024, 0, 1),
            (2024, 1, 0),
        ] {
            assert!(!is_date(year, month, day), "{year}-{month}-{day}");
        }
        assert!(is_date(2000, 2, 29));
    }
}
