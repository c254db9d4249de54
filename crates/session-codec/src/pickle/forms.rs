//! Text forms of what other formats have no type for, as `msgspec` writes them.

use super::graph::Graph;
use super::node::{Delta, Id, Node};
use crate::calendar::days_of;
use crate::timestamp::Timestamp;
use std::fmt::Write as _;

/// The text of a date, a time, a duration, an offset, a UUID or a decimal number.
pub(super) fn text(graph: &Graph<'_>, id: Id) -> Option<String> {
    let mut text = String::new();
    match graph.get(id) {
        Node::DateTime(fields, zone) => datetime(graph, fields, *zone, &mut text)?,
        Node::Date(fields) => date(fields, &mut text),
        Node::Time([hour, rest @ ..], zone) => {
            let [minute, second, micros @ ..] = rest;
            clock(*hour & 0x7f, *minute, *second, micros, &mut text);
            if let Some(zone) = zone {
                offset(delta(graph, *zone)?, &mut text);
            }
        }
        Node::TimeDelta(delta) => duration(*delta, &mut text),
        Node::TimeZone(zone, _) => offset(*zone, &mut text),
        Node::Decimal(number) => text.push_str(graph.text(*number)?),
        Node::Uuid(number) => uuid(number, &mut text),
        _ => return None,
    }
    Some(text)
}

/// The instant of a date and time that has a zone.
pub(super) fn instant(graph: &Graph<'_>, fields: &[u8; 10], zone: Id) -> Option<Timestamp> {
    let [high, low, month, day, hour, minute, second, a, b, c] = *fields;
    let days = days_of(u16::from_be_bytes([high, low]).into(), month & 0x7f, day);
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let offset = micros(delta(graph, zone)?);
    let local = (days * 86_400 + seconds) * 1_000_000 + i64::from(u32::from_be_bytes([0, a, b, c]));
    let utc = local - offset;
    Timestamp::new(utc.div_euclid(1_000_000), utc.rem_euclid(1_000_000) as u32 * 1000)
}

/// The fields of a `datetime` in UTC, rounded to microseconds; `None` where Python has no such year.
pub(super) fn fields(timestamp: Timestamp) -> Option<[u8; 10]> {
    let micros = (timestamp.nanos() + 500) / 1000;
    let secs = timestamp.secs() + i64::from(micros / 1_000_000);
    let rounded = Timestamp::new(secs, 0)?;
    let (year, month, day) = crate::calendar::date_of(rounded.secs().div_euclid(86_400));
    let [high, low] = u16::try_from(year).ok()?.to_be_bytes();
    let second = secs.rem_euclid(86_400);
    let [_, a, b, c] = (micros % 1_000_000).to_be_bytes();
    let [hour, minute, second] = [second / 3600, second / 60 % 60, second % 60].map(|n| n as u8);
    Some([high, low, month, day, hour, minute, second, a, b, c])
}

fn datetime(
    graph: &Graph<'_>,
    fields: &[u8; 10],
    zone: Option<Id>,
    text: &mut String,
) -> Option<()> {
    let [high, low, month, day, hour, minute, second, micros @ ..] = fields;
    let zone = match zone {
        None => None,
        Some(id) => Some((id, delta(graph, id)?)),
    };
    match zone {
        // RFC 3339 has no offsets but whole minutes; the instant counts for more than the offset.
        Some((id, offset))
            if micros_of_minute(offset) != 0
                && let Some(instant) = instant(graph, fields, id) =>
        {
            text.push_str(&instant.to_string());
        }
        _ => {
            date(&[*high, *low, *month & 0x7f, *day], text);
            text.push('T');
            clock(*hour, *minute, *second, micros, text);
            if let Some((_, zone)) = zone {
                offset(zone, text);
            }
        }
    }
    Some(())
}

fn date([high, low, month, day]: &[u8; 4], text: &mut String) {
    let year = u16::from_be_bytes([*high, *low]);
    append(text, format_args!("{year:04}-{month:02}-{day:02}"));
}

fn clock(hour: u8, minute: u8, second: u8, [a, b, c]: &[u8; 3], text: &mut String) {
    append(text, format_args!("{hour:02}:{minute:02}:{second:02}"));
    let micros = u32::from_be_bytes([0, *a, *b, *c]);
    if micros != 0 {
        append(text, format_args!(".{micros:06}"));
    }
}

/// Rounded to whole minutes: RFC 3339 has no others, and of a time alone no instant is to be kept.
fn offset(offset: Delta, text: &mut String) {
    let micros = micros(offset);
    let sign = if micros < 0 { '-' } else { '+' };
    // Half a minute is none, and a whole day no offset.
    let minutes = (micros.abs() + 29_999_999) / 60_000_000 % 1_440;
    match minutes {
        0 => text.push('Z'),
        _ => append(text, format_args!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)),
    }
}

/// Days and seconds of ISO 8601, as `msgspec` has them: `P1DT2.000003S`.
fn duration(delta: Delta, text: &mut String) {
    let (sign, micros) = (if delta.days < 0 { "-" } else { "" }, wide_micros(delta).abs());
    let (days, micros) = (micros / 86_400_000_000, micros % 86_400_000_000);
    append(text, format_args!("{sign}P"));
    if days != 0 || micros == 0 {
        append(text, format_args!("{days}D"));
    }
    if micros != 0 {
        append(text, format_args!("T{}", micros / 1_000_000));
        let fraction = format!("{:06}", micros % 1_000_000);
        match fraction.trim_end_matches('0') {
            "" => {}
            fraction => append(text, format_args!(".{fraction}")),
        }
        text.push('S');
    }
}

fn uuid(number: &[u8; 16], text: &mut String) {
    for (at, byte) in number.iter().rev().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        append(text, format_args!("{byte:02x}"));
    }
}

fn delta(graph: &Graph<'_>, zone: Id) -> Option<Delta> {
    match graph.get(zone) {
        Node::TimeZone(delta, _) => Some(*delta),
        _ => None,
    }
}

/// Of an offset, which is less than a day.
fn micros(offset: Delta) -> i64 {
    (i64::from(offset.days) * 86_400 + i64::from(offset.seconds)) * 1_000_000
        + i64::from(offset.micros)
}

fn micros_of_minute(offset: Delta) -> i64 {
    micros(offset).rem_euclid(60_000_000)
}

fn wide_micros(delta: Delta) -> i128 {
    (i128::from(delta.days) * 86_400 + i128::from(delta.seconds)) * 1_000_000
        + i128::from(delta.micros)
}

fn append(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = text.write_fmt(arguments);
}
