//! Arguments of opcodes that are written as text, as protocol 0 has them.

use super::integer;
use super::node::Node;
use super::thin::Thin;
use crate::fault::Fault;
use crate::wtf8;
use std::borrow::Cow;

/// An integer in decimals, without the suffix of a `long`.
pub(super) fn int<'p>(text: &[u8]) -> Result<Node<'p>, Fault> {
    match short_int(text) {
        Some(number) => Ok(Node::Int(number)),
        None => Ok(number(Cow::Owned(integer::parse(text).ok_or(Fault::Syntax)?))),
    }
}

/// An integer in decimals, if it has at most 64 bits.
pub(super) fn short_int(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        digits => (1, digits),
    };
    let number = digits.iter().try_fold(0, |number: i64, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(sign * i64::from(digit))
    });
    number.filter(|_| !digits.is_empty())
}

/// An integer in two's complement.
pub(super) fn number(bytes: Cow<'_, [u8]>) -> Node<'_> {
    match integer::narrow(&bytes).and_then(|number| i64::try_from(number).ok()) {
        Some(number) => Node::Int(number),
        None => Node::Wide(bytes.into()),
    }
}

/// Appends an integer in decimals as a value.
pub(super) fn write_int(text: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    match int(text)? {
        Node::Int(number) => super::write::int(number, out),
        Node::Wide(bytes) => super::write::wide(&bytes, out),
        _ => return Err(Fault::Syntax),
    }
    Ok(())
}

/// A float as `repr` gives it.
pub(super) fn float(text: &[u8]) -> Result<f64, Fault> {
    let text = std::str::from_utf8(text).map_err(|_| Fault::Syntax)?;
    // A number of more digits than a float has is none that Python wrote.
    if text.len() > 32 { Err(Fault::Syntax) } else { text.parse().map_err(|_| Fault::Syntax) }
}

/// Latin-1 with `\u` and `\U` for all other characters ("raw-unicode-escape").
pub(super) fn raw_unicode(bytes: &[u8]) -> Result<Node<'_>, Fault> {
    if bytes.is_ascii() && !bytes.contains(&b'\\') {
        return text(bytes);
    }
    let (mut text, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    let push = |char: char, text: &mut Vec<u8>| {
        text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    };
    while let Some((&byte, after)) = rest.split_first() {
        let digits = match (byte, after.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            (b'\\', Some(b'\\')) => {
                text.extend_from_slice(b"\\\\");
                rest = &after[1..];
                continue;
            }
            _ => {
                push(char::from(byte), &mut text);
                rest = after;
                continue;
            }
        };
        let (mut code, mut tail) = (hex(after.get(1..=digits))?, &after[1 + digits..]);
        // Python 2 may have written a character beyond 16 bits as two surrogates.
        if (0xd800..0xdc00).contains(&code)
            && let [b'\\', b'u', low @ ..] = tail
        {
            let low = hex(low.get(..4))?;
            if (0xdc00..0xe000).contains(&low) {
                code = 0x1_0000 + ((code - 0xd800) << 10 | (low - 0xdc00));
                tail = &tail[6..];
            }
        }
        match (char::from_u32(code), u16::try_from(code)) {
            (Some(char), _) => push(char, &mut text),
            (None, Ok(half)) => wtf8::push_half(half, &mut text),
            (None, Err(_)) => return Err(Fault::NotUtf8),
        }
        rest = tail;
    }
    owned_text(text)
}

/// Text, maybe with halves of surrogate pairs.
pub(super) fn text(bytes: &[u8]) -> Result<Node<'_>, Fault> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Node::Text(Thin::Borrowed(text))),
        Err(_) => halves(bytes.into()),
    }
}

fn owned_text<'p>(bytes: Vec<u8>) -> Result<Node<'p>, Fault> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Node::Text(Thin::Owned(text.into()))),
        Err(error) => halves(error.into_bytes().into()),
    }
}

#[cold]
fn halves(bytes: Cow<'_, [u8]>) -> Result<Node<'_>, Fault> {
    if wtf8::is_text(&bytes) { Ok(Node::Halves(bytes.into())) } else { Err(Fault::NotUtf8) }
}

/// A literal of Python 2, in quotes and with escapes.
pub(super) fn literal(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Fault> {
    let inner = match bytes {
        [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
        _ => return Err(Fault::Syntax),
    };
    if !inner.contains(&b'\\') {
        return Ok(inner.into());
    }
    let (mut text, mut rest) = (Vec::with_capacity(inner.len()), inner);
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            text.push(byte);
            continue;
        }
        let (&escape, after) = rest.split_first().ok_or(Fault::Syntax)?;
        rest = after;
        text.push(match escape {
            b'\\' | b'\'' | b'"' => escape,
            b'a' => 0x07,
            b'b' => 0x08,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 0x0b,
            b'f' => 0x0c,
            b'r' => b'\r',
            b'x' => {
                let code = hex(rest.get(..2))?;
                rest = &rest[2..];
                code as u8
            }
            _ => return Err(Fault::Syntax),
        });
    }
    Ok(text.into())
}

fn hex(digits: Option<&[u8]>) -> Result<u32, Fault> {
    digits.ok_or(Fault::Syntax)?.iter().try_fold(0, |code: u32, digit| {
        let digit = char::from(*digit).to_digit(16).ok_or(Fault::Syntax)?;
        code.checked_mul(16).ok_or(Fault::Syntax).map(|code| code | digit)
    })
}

/// A `str` of Python 2 is text or bytes; nothing but its content tells which.
pub(super) fn python2(bytes: Cow<'_, [u8]>) -> Node<'_> {
    match bytes {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Node::Str(Thin::Borrowed(text)),
            Err(_) => Node::Bytes(Thin::Borrowed(bytes)),
        },
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Node::Str(Thin::Owned(text.into())),
            Err(error) => Node::Bytes(Thin::Owned(error.into_bytes().into())),
        },
    }
}

/// Bytes as they stand.
pub(super) fn bytes(bytes: &[u8]) -> Node<'_> {
    Node::Bytes(Thin::Borrowed(bytes))
}
