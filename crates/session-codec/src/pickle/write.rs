//! The one form in which each value is written: protocol 4 without frames and without a memo, so
//! that equal values are equal bytes and the bytes of a value stand for themselves.

use super::integer::trim;
use super::op;

/// What begins a payload: the protocol and the dictionary.
pub(super) const START: [u8; 3] = [op::PROTO, 4, op::EMPTY_DICT];

/// Appends an integer.
pub(super) fn int(number: i64, out: &mut Vec<u8>) {
    if let Ok(number) = u8::try_from(number) {
        out.extend_from_slice(&[op::BININT1, number]);
    } else if let Ok(number) = u16::try_from(number) {
        let [a, b] = number.to_le_bytes();
        out.extend_from_slice(&[op::BININT2, a, b]);
    } else if let Ok(number) = i32::try_from(number) {
        out.push(op::BININT);
        out.extend_from_slice(&number.to_le_bytes());
    } else {
        wide(&number.to_le_bytes(), out);
    }
}

/// Appends an integer that needs more than 32 bits.
pub(super) fn wide(number: &[u8], out: &mut Vec<u8>) {
    let number = trim(number);
    match u8::try_from(number.len()) {
        Ok(len) => out.extend_from_slice(&[op::LONG1, len]),
        Err(_) => {
            out.push(op::LONG4);
            out.extend_from_slice(&(number.len() as u32).to_le_bytes());
        }
    }
    out.extend_from_slice(number);
}

/// Appends an integer of at most 128 bits.
pub(super) fn any_int(number: i128, out: &mut Vec<u8>) {
    match i64::try_from(number) {
        Ok(number) => int(number, out),
        Err(_) => wide(&number.to_le_bytes(), out),
    }
}

/// Appends a float.
pub(super) fn float(number: f64, out: &mut Vec<u8>) {
    out.push(op::BINFLOAT);
    out.extend_from_slice(&number.to_be_bytes());
}

/// Appends a boolean.
pub(super) fn bool(is_true: bool, out: &mut Vec<u8>) {
    out.push(if is_true { op::NEWTRUE } else { op::NEWFALSE });
}

/// Appends what precedes text of `len` bytes.
pub(crate) fn text_header(len: usize, out: &mut Vec<u8>) {
    sized([op::SHORT_BINUNICODE, op::BINUNICODE], len, out);
}

/// The size of [`text_header`].
pub(crate) fn text_header_size(len: usize) -> usize {
    if len < 0x100 { 2 } else { 5 }
}

/// Appends text.
pub(super) fn text(text: impl AsRef<[u8]>, out: &mut Vec<u8>) {
    let text = text.as_ref();
    text_header(text.len(), out);
    out.extend_from_slice(text);
}

/// Appends bytes.
pub(super) fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    sized([op::SHORT_BINBYTES, op::BINBYTES], bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// Appends a class, for [`op::REDUCE`] or [`op::NEWOBJ`] to call.
pub(super) fn class(module: &str, name: &str, out: &mut Vec<u8>) {
    text(module, out);
    text(name, out);
    out.push(op::STACK_GLOBAL);
}

/// Appends a `datetime` in UTC.
pub(super) fn datetime_utc(fields: [u8; 10], out: &mut Vec<u8>) {
    class("datetime", "datetime", out);
    bytes(&fields, out);
    zone([0, 0, 0], None, out);
    out.extend_from_slice(&[op::TUPLE2, op::REDUCE]);
}

/// Appends a `timezone` of an offset in days, seconds and microseconds, and maybe a name.
pub(super) fn zone(offset: [i64; 3], name: Option<&str>, out: &mut Vec<u8>) {
    class("datetime", "timezone", out);
    timedelta(offset, out);
    if let Some(name) = name {
        text(name, out);
    }
    out.push(if name.is_some() { op::TUPLE2 } else { op::TUPLE1 });
    out.push(op::REDUCE);
}

/// Appends a `timedelta`.
pub(super) fn timedelta(parts: [i64; 3], out: &mut Vec<u8>) {
    class("datetime", "timedelta", out);
    parts.iter().for_each(|part| int(*part, out));
    out.extend_from_slice(&[op::TUPLE3, op::REDUCE]);
}

/// Appends a `UUID` of a little-endian number, as its `__reduce__` has it.
pub(super) fn uuid(number: [u8; 16], out: &mut Vec<u8>) {
    class("uuid", "UUID", out);
    out.extend_from_slice(&[op::EMPTY_TUPLE, op::NEWOBJ, op::EMPTY_DICT]);
    text("int", out);
    match i128::from_le_bytes(number) {
        positive @ 0.. => any_int(positive, out),
        _ => {
            let mut wider = [0; 17];
            wider[..16].copy_from_slice(&number);
            wide(&wider, out);
        }
    }
    out.extend_from_slice(&[op::SETITEM, op::BUILD]);
}

/// Appends `markupsafe.Markup`.
pub(super) fn markup(html: &[u8], out: &mut Vec<u8>) {
    class("markupsafe", "Markup", out);
    text(html, out);
    out.extend_from_slice(&[op::TUPLE1, op::NEWOBJ]);
}

/// The collections of Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    List,
    Tuple,
    Dict,
    Set,
    Frozenset,
}

impl Shape {
    /// Appends what precedes the items; a dictionary's are keys and values in turn.
    #[inline]
    pub(super) fn begin(self, out: &mut Vec<u8>) {
        match self {
            Self::List => out.extend_from_slice(&[op::EMPTY_LIST, op::MARK]),
            Self::Dict => out.extend_from_slice(&[op::EMPTY_DICT, op::MARK]),
            Self::Set => out.extend_from_slice(&[op::EMPTY_SET, op::MARK]),
            Self::Tuple | Self::Frozenset => out.push(op::MARK),
        }
    }

    /// What follows the items.
    #[inline]
    pub(super) fn end(self) -> u8 {
        match self {
            Self::List => op::APPENDS,
            Self::Tuple => op::TUPLE,
            Self::Dict => op::SETITEMS,
            Self::Set => op::ADDITEMS,
            Self::Frozenset => op::FROZENSET,
        }
    }

    /// Appends a collection without items.
    #[inline]
    pub(super) fn empty(self, out: &mut Vec<u8>) {
        match self {
            Self::List => out.push(op::EMPTY_LIST),
            Self::Tuple => out.push(op::EMPTY_TUPLE),
            Self::Dict => out.push(op::EMPTY_DICT),
            Self::Set => out.push(op::EMPTY_SET),
            Self::Frozenset => out.extend_from_slice(&[op::MARK, op::FROZENSET]),
        }
    }
}

/// A collection whose items are not counted yet, between its mark and its end.
pub(super) struct Items {
    before: usize,
    start: usize,
    shape: Shape,
}

impl Items {
    /// Opens a collection.
    #[inline]
    pub(super) fn begin(shape: Shape, out: &mut Vec<u8>) -> Self {
        let before = out.len();
        shape.begin(out);
        Self { before, start: out.len(), shape }
    }

    /// Closes the collection.
    #[inline]
    pub(super) fn end(self, out: &mut Vec<u8>) {
        if out.len() == self.start {
            out.truncate(self.before);
            self.shape.empty(out);
        } else {
            out.push(self.shape.end());
        }
    }
}

#[inline]
fn sized(ops: [u8; 2], len: usize, out: &mut Vec<u8>) {
    match u8::try_from(len) {
        Ok(len) => out.extend_from_slice(&[ops[0], len]),
        Err(_) => {
            let [a, b, c, d] = (len as u32).to_le_bytes();
            out.extend_from_slice(&[ops[1], a, b, c, d]);
        }
    }
}
