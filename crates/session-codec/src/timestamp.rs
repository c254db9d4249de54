//! An instant, as session data holds one.

use crate::calendar::{date_of, days_of, is_date};
use crate::error::{Error, ErrorKind, Result};
use crate::value::OctetBuf;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The name of the newtype by which the codec tells a timestamp from other text.
pub(crate) const TIMESTAMP: &str = "session_codec::Timestamp";

/// The type of a timestamp among MessagePack's extensions.
pub(crate) const EXTENSION: i8 = -1;

const DAY: i64 = 86_400;
/// 0001-01-01T00:00:00Z.
const FIRST: i64 = -719_162 * DAY;
/// 9999-12-31T23:59:59Z.
const LAST: i64 = 2_932_897 * DAY - 1;

/// An instant of the years 1 to 9999, in nanoseconds.
///
/// Each format says it in its own way, the way Flask-Session does: MessagePack as the timestamp
/// extension -1, JSON as RFC 3339 text, a pickle as a `datetime` in UTC (in microseconds, rounded).
/// Read back, all of these are a `Timestamp`, whichever format the record is in; so is a `datetime`
/// of Python that has a time zone. To serializers elsewhere it is RFC 3339 text, and wherever a
/// stored instant is asked for as text (a `String`, or a date type of another crate that is read
/// from text), it is that text.
///
/// # Examples
///
/// ```
/// # use session_codec::Timestamp;
///
/// let then: Timestamp = "2024-01-02T03:04:05.5+01:00".parse()?;
/// assert_eq!((then.secs(), then.nanos()), (1_704_161_045, 500_000_000));
/// assert_eq!(then.to_string(), "2024-01-02T02:04:05.500000Z");
/// # Ok::<(), session_codec::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    secs: i64,
    nanos: u32,
}

impl Timestamp {
    /// The instant `nanos` nanoseconds after the second `secs`, which is counted from 1970 in UTC.
    ///
    /// `None` if it is not in the years 1 to 9999, or `nanos` make a second or more.
    pub const fn new(secs: i64, nanos: u32) -> Option<Self> {
        if secs < FIRST || secs > LAST || nanos >= 1_000_000_000 {
            return None;
        }
        Some(Self { secs, nanos })
    }

    /// Whole seconds since 1970 in UTC; negative before.
    pub const fn secs(self) -> i64 {
        self.secs
    }

    /// Nanoseconds since the last whole second.
    pub const fn nanos(self) -> u32 {
        self.nanos
    }

    /// Reads the content of an extension of type -1.
    pub(crate) fn from_extension(bytes: &[u8]) -> Option<Self> {
        match bytes.len() {
            4 => Self::new(u32::from_be_bytes(bytes.try_into().ok()?).into(), 0),
            8 => {
                let word = u64::from_be_bytes(bytes.try_into().ok()?);
                Self::new((word & ((1 << 34) - 1)) as i64, (word >> 34) as u32)
            }
            12 => {
                let (nanos, secs) = bytes.split_first_chunk::<4>()?;
                Self::new(i64::from_be_bytes(secs.try_into().ok()?), u32::from_be_bytes(*nanos))
            }
            _ => None,
        }
    }

    /// The content of an extension of type -1, in its smallest form.
    pub(crate) fn to_extension(self) -> Vec<u8> {
        match (u32::try_from(self.secs), u64::try_from(self.secs)) {
            (Ok(secs), _) if self.nanos == 0 => secs.to_be_bytes().into(),
            (_, Ok(secs)) if secs < 1 << 34 => {
                (u64::from(self.nanos) << 34 | secs).to_be_bytes().into()
            }
            _ => {
                let mut bytes = self.nanos.to_be_bytes().to_vec();
                bytes.extend_from_slice(&self.secs.to_be_bytes());
                bytes
            }
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let date = date.as_bytes();
        let (year, month, day) = match (date.get(4), date.get(7)) {
            (Some(b'-'), Some(b'-')) => {
                (digits(&date[..4])?, digits(&date[5..7])? as u8, digits(&date[8..])? as u8)
            }
            _ => return None,
        };
        let rest = rest.strip_prefix(['T', 't', ' '])?.as_bytes();
        let (hour, minute, second) = clock(rest.get(..8)?)?;
        let mut rest = rest.get(8..)?;
        let mut nanos = 0;
        if let Some(fraction) = rest.strip_prefix(b".") {
            let len = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let taken = len.min(9);
            nanos = (digits(fraction.get(..taken)?)? * 10_i64.pow(9 - taken as u32)) as u32;
            rest = &fraction[len..];
        }
        let offset = match rest {
            [b'Z' | b'z'] => 0,
            [sign @ (b'+' | b'-'), a, b, b':', c, d] => {
                let (hours, minutes) = (digits(&[*a, *b])?, digits(&[*c, *d])?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                (hours * 3600 + minutes * 60) * if *sign == b'-' { -1 } else { 1 }
            }
            _ => return None,
        };
        if !is_date(year, month, day) {
            return None;
        }
        let secs = days_of(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
        Self::new(secs, nanos)
    }
}

/// Reads `HH:MM:SS`.
pub(crate) fn clock(text: &[u8]) -> Option<(i64, i64, i64)> {
    let [a, b, b':', c, d, b':', e, f] = *text else { return None };
    let (hour, minute, second) = (digits(&[a, b])?, digits(&[c, d])?, digits(&[e, f])?);
    (hour < 24 && minute < 60 && second < 60).then_some((hour, minute, second))
}

/// Reads decimal digits and nothing else.
pub(crate) fn digits(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 9 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
}

/// As RFC 3339 in UTC, with no fraction, six digits or nine, as many as it needs.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.secs.div_euclid(DAY));
        let second = self.secs.rem_euclid(DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match (self.nanos, self.nanos % 1000) {
            (0, _) => f.write_str("Z"),
            (nanos, 0) => write!(f, ".{:06}Z", nanos / 1000),
            (nanos, _) => write!(f, ".{nanos:09}Z"),
        }
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// Parses RFC 3339; digits beyond nanoseconds are dropped.
    ///
    /// # Errors
    ///
    /// `Decode` if it is none, has no offset from UTC, or is a leap second.
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
            .ok_or_else(|| Error::new(ErrorKind::Decode, "read a timestamp: expected RFC 3339"))
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = Error;

    /// Converts what the system's clock said.
    ///
    /// # Errors
    ///
    /// `Encode` outside the years 1 to 9999.
    fn try_from(time: SystemTime) -> Result<Self> {
        let found = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => {
                i64::try_from(since.as_secs()).ok().map(|secs| (secs, since.subsec_nanos()))
            }
            Err(before) => {
                let before = before.duration();
                let secs = i64::try_from(before.as_secs()).ok().map(|secs| -secs);
                match before.subsec_nanos() {
                    0 => secs.map(|secs| (secs, 0)),
                    nanos => secs.map(|secs| (secs - 1, 1_000_000_000 - nanos)),
                }
            }
        };
        found.and_then(|(secs, nanos)| Self::new(secs, nanos)).ok_or_else(|| {
            Error::new(ErrorKind::Encode, "make a timestamp: it is not in the years 1 to 9999")
        })
    }
}

impl TryFrom<Timestamp> for SystemTime {
    type Error = Error;

    /// Converts to what the system's clock would say.
    ///
    /// # Errors
    ///
    /// `Decode` if the system's clock does not reach that far.
    fn try_from(timestamp: Timestamp) -> Result<Self> {
        let secs = Duration::from_secs(timestamp.secs.unsigned_abs());
        let whole = match timestamp.secs {
            0.. => UNIX_EPOCH.checked_add(secs),
            _ => UNIX_EPOCH.checked_sub(secs),
        };
        whole
            .and_then(|whole| whole.checked_add(Duration::from_nanos(timestamp.nanos.into())))
            .ok_or_else(|| {
                Error::new(ErrorKind::Decode, "convert a timestamp: the system has no such time")
            })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(TIMESTAMP, &Text(self))
    }
}

struct Text<'a>(&'a Timestamp);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimestampVisitor)
    }
}

struct TimestampVisitor;

impl<'de> Visitor<'de> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a timestamp")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        Timestamp::parse(text).ok_or_else(|| E::custom("not RFC 3339"))
    }

    /// rmp-serde hands an extension over as a newtype around its type and its bytes.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Timestamp, D::Error> {
        let (kind, OctetBuf(bytes)): (i8, _) = Deserialize::deserialize(inner)?;
        let timestamp = (kind == EXTENSION).then(|| Timestamp::from_extension(&bytes)).flatten();
        timestamp.ok_or_else(|| de::Error::custom("not a timestamp"))
    }
}

#[cfg(test)]
mod tests;
