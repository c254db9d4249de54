//! What a pickle builds here: data, and nothing else.

use super::thin::Thin;
use crate::fault::Fault;

/// The number of a node in its graph.
pub(super) type Id = u32;

/// Items of a collection: a range of the graph's. Those of a dictionary are keys and values in turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) len: u32,
    /// How many there is room for, where other items follow.
    pub(super) room: u32,
}

impl Run {
    pub(super) const EMPTY: Self = Self { start: 0, len: 0, room: 0 };

    pub(super) fn is_empty(self) -> bool {
        self.len == 0
    }

    pub(super) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

/// One value. Collections refer to others by number, so that shared values stay shared and memory
/// stays within a constant factor of the pickle's size.
#[derive(Debug)]
pub(super) enum Node<'p> {
    None,
    Bool(bool),
    Int(i64),
    /// An integer beyond 64 bits, or written with more bytes than it needs.
    Wide(Thin<'p, [u8]>),
    Float(f64),
    Text(Thin<'p, str>),
    /// Text with halves of surrogate pairs, which nothing but JSON has beside Python.
    Halves(Thin<'p, [u8]>),
    /// A `str` of Python 2 that is text; one that is not UTF-8 is bytes.
    Str(Thin<'p, str>),
    Bytes(Thin<'p, [u8]>),
    /// Text whose characters are bytes.
    Latin1(Id),
    Bytearray(Id),
    List(Run),
    Tuple(Run),
    Dict(Run),
    Set(Run),
    Frozenset(Run),
    /// A set (or a frozen one) of the items of a list.
    SetOf(Id, bool),
    /// As Python packs it: year (2), month, day, hour, minute, second, microsecond (3). The top
    /// bit of the month is `fold`.
    DateTime([u8; 10], Option<Id>),
    Date([u8; 4]),
    /// Hour, minute, second, microsecond (3). The top bit of the hour is `fold`.
    Time([u8; 6], Option<Id>),
    /// Days, seconds, microseconds.
    TimeDelta(Delta),
    TimeZone(Delta, Option<Id>),
    Decimal(Id),
    /// A number, little endian.
    Uuid([u8; 16]),
    /// A UUID that was made but not filled yet.
    Blank,
    Complex(f64, f64),
    Markup(Id),
    /// A class or function, as an argument.
    Class(Class),
}

// A record may be made of as many nodes as it has bytes.
const _: () = assert!(size_of::<Node<'_>>() == 24);

/// A normalised `timedelta`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delta {
    pub(super) days: i32,
    pub(super) seconds: u32,
    pub(super) micros: u32,
}

/// The classes and functions whose calls are read. Nothing is ever called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    DateTime,
    Date,
    Time,
    TimeDelta,
    TimeZone,
    Decimal,
    Uuid,
    Set,
    Frozenset,
    Bytes,
    Bytearray,
    Complex,
    Markup,
    /// `_codecs.encode`, which makes bytes where a protocol has none.
    Encode,
    /// `copyreg._reconstructor`, which makes objects in protocols 0 and 1.
    Reconstructor,
    /// What `_reconstructor` is told the base of a class is.
    Base,
}

impl Class {
    /// Looks a name up among those that are read, in either generation of Python.
    pub(super) fn find(module: &str, name: &str) -> Result<Self, Fault> {
        Ok(match (module, name) {
            ("datetime", "datetime") => Self::DateTime,
            ("datetime", "date") => Self::Date,
            ("datetime", "time") => Self::Time,
            ("datetime", "timedelta") => Self::TimeDelta,
            ("datetime", "timezone") => Self::TimeZone,
            ("decimal", "Decimal") => Self::Decimal,
            ("uuid", "UUID") => Self::Uuid,
            ("builtins" | "__builtin__", "set") => Self::Set,
            ("builtins" | "__builtin__", "frozenset") => Self::Frozenset,
            ("builtins" | "__builtin__", "bytes") => Self::Bytes,
            ("builtins" | "__builtin__", "bytearray") => Self::Bytearray,
            ("builtins" | "__builtin__", "complex") => Self::Complex,
            ("builtins" | "__builtin__", "object" | "str" | "unicode") => Self::Base,
            ("markupsafe", "Markup") => Self::Markup,
            ("_codecs", "encode") => Self::Encode,
            ("copyreg" | "copy_reg", "_reconstructor") => Self::Reconstructor,
            _ => return Err(Fault::Class),
        })
    }
}
