//! Texts in the tags of Flask.

use crate::calendar::{days_of, is_date};
use crate::timestamp::{Timestamp, clock, digits};

/// Reads 32 hex digits as a little-endian number.
pub(super) fn uuid(text: &str) -> Option<[u8; 16]> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(text, 16).ok().filter(|_| is_hex).map(u128::to_le_bytes)
}

/// Reads the one form of dates that Werkzeug writes: `Tue, 02 Jan 2024 03:04:05 GMT`.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let text = text.as_bytes();
    let (weekday, rest) = text.split_at_checked(5)?;
    let [_, _, _, b',', b' '] = weekday else { return None };
    let [d, d2, b' ', name @ .., b' ', b'G', b'M', b'T'] = rest else { return None };
    let (month, rest) = name.split_at_checked(3)?;
    let [b' ', year @ .., b' ', a, b, b':', c, e, b':', f, g] = rest else { return None };
    let month = MONTHS.chunks(3).position(|known| known == month)? as u8 + 1;
    let (year, day) = (digits(year).filter(|_| year.len() == 4)?, digits(&[*d, *d2])? as u8);
    let (hour, minute, second) = clock(&[*a, *b, b':', *c, *e, b':', *f, *g])?;
    let days = is_date(year, month, day).then(|| days_of(year, month, day))?;
    Timestamp::new(days * 86_400 + hour * 3600 + minute * 60 + second, 0)
}
