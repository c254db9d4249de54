//! What a pickle builds here: data, and nothing else.

use crate::fault::Fault;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The number of a node in its graph.
pub(super) type Id = u32;

/// The items of a collection. Most are short, and a record may be made of such: these allocate
/// nothing.
pub(super) type Ids = SmallVec<[Id; 4]>;
/// Keys and values.
pub(super) type Pairs = SmallVec<[(Id, Id); 2]>;

/// One value. Collections refer to others by number, so that shared values stay shared and memory
/// stays within a constant factor of the pickle's size.
#[derive(Debug)]
pub(super) enum Node<'p> {
    None,
    Bool(bool),
    Int(i64),
    /// An integer beyond 64 bits, or written with more bytes than it needs.
    Wide(Cow<'p, [u8]>),
    Float(f64),
    Text(Cow<'p, str>),
    /// Text with halves of surrogate pairs, which nothing but JSON has beside Python.
    Halves(Cow<'p, [u8]>),
    /// A `str` of Python 2 that is text; one that is not UTF-8 is bytes.
    Str(Cow<'p, str>),
    Bytes(Cow<'p, [u8]>),
    /// Text whose characters are bytes.
    Latin1(Id),
    Bytearray(Id),
    List(Ids),
    Tuple(Ids),
    Dict(Pairs),
    Set(Ids),
    Frozenset(Ids),
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

/// All values of one pickle.
#[derive(Debug)]
pub(super) struct Graph<'p> {
    nodes: Vec<Node<'p>>,
    pub(super) root: Id,
}

impl<'p> Graph<'p> {
    pub(super) fn new() -> Self {
        // The commonest values are one node each, however often they occur.
        Self { nodes: vec![Node::None, Node::Bool(false), Node::Bool(true)], root: 0 }
    }

    /// The same values; the one that the pickle stands for is `root`.
    pub(super) fn rooted(self, root: Id) -> Self {
        Self { root, ..self }
    }

    pub(super) const NONE: Id = 0;

    pub(super) fn bool(is_true: bool) -> Id {
        1 + Id::from(is_true)
    }

    pub(super) fn push(&mut self, node: Node<'p>) -> Id {
        self.nodes.push(node);
        (self.nodes.len() - 1) as Id
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn get(&self, id: Id) -> &Node<'p> {
        // Ids are made by `push` alone.
        self.nodes.get(id as usize).unwrap_or(&Node::None)
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Node<'p>> {
        self.nodes.get_mut(id as usize)
    }

    /// The text of a node, if it is text.
    pub(super) fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Node::Text(text) | Node::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a node, if it is text, maybe with halves of surrogate pairs.
    pub(super) fn any_text(&self, id: Id) -> Option<&[u8]> {
        match self.get(id) {
            Node::Halves(text) => Some(text),
            _ => self.text(id).map(str::as_bytes),
        }
    }

    /// The bytes of a node, if it is bytes.
    pub(super) fn bytes(&self, id: Id) -> Option<Cow<'_, [u8]>> {
        match self.get(id) {
            Node::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
            Node::Str(text) => Some(Cow::Borrowed(text.as_bytes())),
            Node::Latin1(text) => {
                let bytes = self.text(*text)?.chars().map(|char| u8::try_from(char).ok());
                bytes.collect::<Option<Vec<u8>>>().map(Cow::Owned)
            }
            _ => None,
        }
    }

    /// Exactly `N` bytes, found without copying more.
    pub(super) fn array<const N: usize>(&self, id: Id) -> Option<[u8; N]> {
        if let Node::Latin1(text) = self.get(id)
            && self.text(*text)?.len() > 2 * N
        {
            return None;
        }
        self.bytes(id)?.as_ref().try_into().ok()
    }

    /// The integer of a node, if it has at most 64 bits.
    pub(super) fn int(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Node::Int(number) => Some(*number),
            Node::Wide(bytes) => super::integer::narrow(bytes)?.try_into().ok(),
            _ => None,
        }
    }
}

/// What the pickle numbered, to refer to later.
#[derive(Debug, Default)]
pub(super) struct Memo {
    ids: BTreeMap<u32, Id>,
}

impl Memo {
    pub(super) fn put(&mut self, at: u32, id: Id) {
        self.ids.insert(at, id);
    }

    /// Numbers like protocol 4: with how many there are.
    pub(super) fn push(&mut self, id: Id) {
        self.ids.insert(self.ids.len() as u32, id);
    }

    pub(super) fn get(&self, at: u32) -> Result<Id, Fault> {
        self.ids.get(&at).copied().ok_or(Fault::Syntax)
    }
}
