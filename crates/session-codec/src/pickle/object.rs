//! Calls that make objects: which are read, and of what arguments.

use super::argument;
use super::graph::Graph;
use super::integer::narrow;
use super::node::{Class, Delta, Id, Node};
use crate::calendar::is_date;
use crate::fault::Fault;

/// `REDUCE`: a class or function and a tuple of arguments.
pub(super) fn reduce(graph: &mut Graph<'_>, class: Id, args: Id) -> Result<Id, Fault> {
    let (class, args) = call(graph, class, args)?;
    let node = match (class, &*args) {
        (Class::DateTime, [fields, zone @ ..]) => {
            let fields = graph.array(*fields).filter(is_datetime).ok_or(Fault::Object)?;
            Node::DateTime(fields, zone_of(graph, zone)?)
        }
        (Class::Date, [fields]) => {
            Node::Date(graph.array(*fields).filter(is_day).ok_or(Fault::Object)?)
        }
        (Class::Time, [fields, zone @ ..]) => {
            let fields = graph.array(*fields).filter(is_time).ok_or(Fault::Object)?;
            Node::Time(fields, zone_of(graph, zone)?)
        }
        (Class::TimeDelta, [days, seconds, micros]) => Node::TimeDelta(
            delta([*days, *seconds, *micros].map(|part| graph.int(part))).ok_or(Fault::Object)?,
        ),
        (Class::TimeZone, [offset]) => Node::TimeZone(offset_of(graph, *offset)?, None),
        (Class::TimeZone, [offset, name]) => {
            let offset = offset_of(graph, *offset)?;
            Node::TimeZone(offset, Some(text_of(graph, *name)?))
        }
        (Class::Decimal, [text]) => {
            let is_number = graph.text(*text).is_some_and(is_decimal);
            if is_number { Node::Decimal(*text) } else { return Err(Fault::Object) }
        }
        (Class::Set | Class::Frozenset, [items]) => match graph.get(*items) {
            Node::List(_) | Node::Tuple(_) => Node::SetOf(*items, class == Class::Frozenset),
            _ => return Err(Fault::Object),
        },
        (Class::Bytes, []) => argument::bytes(&[]),
        (Class::Bytearray, []) => {
            let none = graph.push(argument::bytes(&[]));
            Node::Bytearray(none)
        }
        (Class::Bytearray, [bytes]) => match graph.get(*bytes) {
            Node::Bytes(_) | Node::Latin1(_) | Node::Str(_) => Node::Bytearray(*bytes),
            _ => return Err(Fault::Object),
        },
        (Class::Bytearray, [text, codec]) => {
            let bytes = latin1(graph, *text, *codec)?;
            Node::Bytearray(graph.push(bytes))
        }
        (Class::Encode, [text, codec]) => latin1(graph, *text, *codec)?,
        (Class::Complex, [re, im]) => match (graph.get(*re), graph.get(*im)) {
            (Node::Float(re), Node::Float(im)) => Node::Complex(*re, *im),
            _ => return Err(Fault::Object),
        },
        (Class::Reconstructor, [class, base, state]) => {
            match (graph.get(*class), graph.get(*base), graph.get(*state)) {
                (Node::Class(Class::Uuid), Node::Class(Class::Base), Node::None) => Node::Blank,
                (Node::Class(Class::Markup), Node::Class(Class::Base), _) => {
                    Node::Markup(text_of(graph, *state)?)
                }
                _ => return Err(Fault::Object),
            }
        }
        _ => return Err(Fault::Object),
    };
    Ok(graph.push(node))
}

/// `NEWOBJ`: a class and the arguments of its `__new__`.
pub(super) fn new(graph: &mut Graph<'_>, class: Id, args: Id) -> Result<Id, Fault> {
    let (class, args) = call(graph, class, args)?;
    let node = match (class, &*args) {
        (Class::Uuid, []) => Node::Blank,
        (Class::Markup, [text]) => Node::Markup(text_of(graph, *text)?),
        _ => return Err(Fault::Object),
    };
    Ok(graph.push(node))
}

/// `BUILD`: the attributes of an object; only a UUID is filled in this way.
pub(super) fn build(graph: &mut Graph<'_>, object: Id, state: Id) -> Result<(), Fault> {
    let (Node::Blank, Node::Dict(entries)) = (graph.get(object), graph.get(state)) else {
        return Err(Fault::Object);
    };
    let entries = graph.pairs(*entries);
    if entries.len() > 2 {
        return Err(Fault::Object);
    }
    let mut number = None;
    for [key, value] in entries {
        match graph.text(*key) {
            Some("int") => number = uuid_of(graph.get(*value)),
            Some("is_safe") => {}
            _ => return Err(Fault::Object),
        }
    }
    let number = number.ok_or(Fault::Object)?;
    if let Some(node) = graph.get_mut(object) {
        *node = Node::Uuid(number);
    }
    Ok(())
}

/// The arguments of a call, of which none takes more.
struct Args {
    ids: [Id; 3],
    len: usize,
}

impl std::ops::Deref for Args {
    type Target = [Id];

    fn deref(&self) -> &[Id] {
        &self.ids[..self.len]
    }
}

fn call(graph: &Graph<'_>, class: Id, args: Id) -> Result<(Class, Args), Fault> {
    let (Node::Class(class), Node::Tuple(args)) = (graph.get(class), graph.get(args)) else {
        return Err(Fault::Object);
    };
    let args = graph.items(*args);
    let mut ids = [Graph::NONE; 3];
    ids.get_mut(..args.len()).ok_or(Fault::Object)?.copy_from_slice(args);
    Ok((*class, Args { ids, len: args.len() }))
}

fn text_of(graph: &Graph<'_>, id: Id) -> Result<Id, Fault> {
    graph.any_text(id).map(|_| id).ok_or(Fault::Object)
}

fn latin1<'p>(graph: &Graph<'p>, text: Id, codec: Id) -> Result<Node<'p>, Fault> {
    let is_text = matches!(graph.get(text), Node::Text(_));
    match graph.text(codec) {
        Some("latin1" | "latin-1") if is_text => Ok(Node::Latin1(text)),
        _ => Err(Fault::Object),
    }
}

fn zone_of(graph: &Graph<'_>, args: &[Id]) -> Result<Option<Id>, Fault> {
    match args {
        [] => Ok(None),
        [zone] if matches!(graph.get(*zone), Node::TimeZone(..)) => Ok(Some(*zone)),
        _ => Err(Fault::Object),
    }
}

fn offset_of(graph: &Graph<'_>, id: Id) -> Result<Delta, Fault> {
    match graph.get(id) {
        // Less than a day either way; a negative offset counts from the day before.
        Node::TimeDelta(delta) if delta.days == 0 => Ok(*delta),
        Node::TimeDelta(delta) if delta.days == -1 && (delta.seconds, delta.micros) != (0, 0) => {
            Ok(*delta)
        }
        _ => Err(Fault::Object),
    }
}

fn delta(parts: [Option<i64>; 3]) -> Option<Delta> {
    let [Some(days), Some(seconds), Some(micros)] = parts else { return None };
    let is_normal = days.abs() <= 999_999_999
        && (0..86_400).contains(&seconds)
        && (0..1_000_000).contains(&micros);
    is_normal.then_some(Delta { days: days as i32, seconds: seconds as u32, micros: micros as u32 })
}

fn uuid_of(node: &Node<'_>) -> Option<[u8; 16]> {
    match node {
        Node::Int(number) => u128::try_from(*number).ok().map(u128::to_le_bytes),
        Node::Wide(bytes) => match (narrow(bytes), bytes.split_last()) {
            (Some(number), _) => u128::try_from(number).ok().map(u128::to_le_bytes),
            (None, Some((0, number))) => number.try_into().ok(),
            _ => None,
        },
        _ => None,
    }
}

fn is_day([high, low, month, day]: &[u8; 4]) -> bool {
    is_date(i64::from(u16::from_be_bytes([*high, *low])), *month, *day)
}

/// The top bit of the first field tells which of two equal readings of a clock is meant.
fn is_time([hour, minute, second, micros @ ..]: &[u8; 6]) -> bool {
    let [a, b, c] = *micros;
    let micros = u32::from_be_bytes([0, a, b, c]);
    hour & 0x7f < 24 && *minute < 60 && *second < 60 && micros < 1_000_000
}

fn is_datetime(fields: &[u8; 10]) -> bool {
    let [high, low, month, day, time @ ..] = *fields;
    is_day(&[high, low, month & 0x7f, day]) && time[0] < 24 && is_time(&time)
}

/// Whether `text` is what `str(Decimal)` gives, of not too many digits.
fn is_decimal(text: &str) -> bool {
    if text.len() > 1024 {
        return false;
    }
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    if let Some(payload) = text.strip_prefix("NaN").or_else(|| text.strip_prefix("sNaN")) {
        return is_digits(payload);
    }
    let (number, exponent) = match text.split_once('E') {
        Some((number, exponent)) => (number, exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        None => (text, "0"),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |part: &str| !part.is_empty() && is_digits(part);
    text == "Infinity" || [whole, fraction, exponent].into_iter().all(is_number)
}
