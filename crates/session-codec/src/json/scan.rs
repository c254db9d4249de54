//! The grammar of JSON (RFC 8259) and the three numbers that Python writes beyond it: `NaN`,
//! `Infinity` and `-Infinity`. Nothing is decoded.

use crate::fault::Fault;

/// How a string is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// As it is.
    Plain,
    /// With at least one escape.
    Escaped,
}

/// Returns where the value at `at` ends; `depth` more containers may be open at once.
pub(crate) fn skip(bytes: &[u8], at: usize, depth: usize) -> Result<usize, Fault> {
    match bytes.get(at).ok_or(Fault::Truncated)? {
        b'"' => Ok(string(bytes, at)?.0),
        b'-' | b'0'..=b'9' => number(bytes, at),
        b'{' => container(bytes, at, b'}', depth),
        b'[' => container(bytes, at, b']', depth),
        b't' => literal(bytes, at, b"true"),
        b'f' => literal(bytes, at, b"false"),
        b'n' => literal(bytes, at, b"null"),
        b'N' => literal(bytes, at, b"NaN"),
        b'I' => literal(bytes, at, b"Infinity"),
        _ => Err(Fault::Syntax),
    }
}

/// Returns where the string ends whose opening quote is at `at`.
#[inline]
pub(crate) fn string(bytes: &[u8], at: usize) -> Result<(usize, Text), Fault> {
    let (mut at, mut text) = (at + 1, Text::Plain);
    loop {
        at = special(bytes, at).ok_or(Fault::Truncated)?;
        match bytes[at] {
            b'"' => return Ok((at + 1, text)),
            b'\\' => {
                text = Text::Escaped;
                at = escape(bytes, at + 1)?;
            }
            _ => return Err(Fault::Syntax),
        }
    }
}

/// Returns where the next byte is that JSON does not take literally within a string: a quote, a
/// backslash or a control character. It looks at eight bytes at a time.
#[inline]
pub(crate) fn special(bytes: &[u8], at: usize) -> Option<usize> {
    let found = find_special(bytes, at);
    #[cfg(all(test, feature = "flask"))]
    crate::tests::tagged::count_scanned(found.unwrap_or(bytes.len()).saturating_sub(at));
    found
}

#[inline]
fn find_special(bytes: &[u8], mut at: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH_BITS: u64 = 0x80 * ONES;
    const QUOTES: u64 = b'"' as u64 * ONES;
    const BACKSLASHES: u64 = b'\\' as u64 * ONES;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*word);
        // A borrow can only mark bytes above one that is marked rightly: the lowest is exact.
        let below_space = word.wrapping_sub(0x20 * ONES) & !word;
        let is_quote = (word ^ QUOTES).wrapping_sub(ONES) & !(word ^ QUOTES);
        let is_backslash = (word ^ BACKSLASHES).wrapping_sub(ONES) & !(word ^ BACKSLASHES);
        let marks = (below_space | is_quote | is_backslash) & HIGH_BITS;
        if marks != 0 {
            return Some(at + marks.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let is_special = |byte: &u8| matches!(byte, 0..0x20 | b'"' | b'\\');
    bytes.get(at..)?.iter().position(is_special).map(|offset| at + offset)
}

/// Returns the first position from `at` on that is no white space.
#[inline]
pub(crate) fn blank(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// Returns the position behind `byte`, which must be at `at`.
#[inline]
pub(crate) fn expect(bytes: &[u8], at: usize, byte: u8) -> Result<usize, Fault> {
    match bytes.get(at) {
        Some(found) if *found == byte => Ok(at + 1),
        Some(_) => Err(Fault::Syntax),
        None => Err(Fault::Truncated),
    }
}

fn container(bytes: &[u8], at: usize, close: u8, depth: usize) -> Result<usize, Fault> {
    let depth = depth.checked_sub(1).ok_or(Fault::TooDeep)?;
    let mut at = blank(bytes, at + 1);
    if bytes.get(at) == Some(&close) {
        return Ok(at + 1);
    }
    loop {
        if close == b'}' {
            if bytes.get(at).is_some_and(|byte| *byte != b'"') {
                return Err(Fault::Syntax);
            }
            let (end, _) = string(bytes, at)?;
            at = blank(bytes, expect(bytes, blank(bytes, end), b':')?);
        }
        at = blank(bytes, skip(bytes, at, depth)?);
        match bytes.get(at) {
            Some(b',') => at = blank(bytes, at + 1),
            _ => return expect(bytes, at, close),
        }
    }
}

/// Returns the position behind the escape whose backslash is before `at`.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at).ok_or(Fault::Truncated)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 1),
        b'u' => match bytes.get(at + 1..at + 5) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(at + 5),
            Some(_) => Err(Fault::Syntax),
            None => Err(Fault::Truncated),
        },
        _ => Err(Fault::Syntax),
    }
}

fn number(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let mut at = at + usize::from(bytes[at] == b'-');
    at = match bytes.get(at) {
        Some(b'0') => at + 1,
        Some(b'I') => return literal(bytes, at, b"Infinity"),
        _ => digits(bytes, at)?,
    };
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        at = digits(bytes, at)?;
    }
    Ok(at)
}

fn digits(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let rest = bytes.get(at..).ok_or(Fault::Truncated)?;
    match rest.iter().take_while(|byte| byte.is_ascii_digit()).count() {
        0 if rest.is_empty() => Err(Fault::Truncated),
        0 => Err(Fault::Syntax),
        count => Ok(at + count),
    }
}

fn literal(bytes: &[u8], at: usize, literal: &[u8]) -> Result<usize, Fault> {
    let rest = &bytes[at..];
    if rest.starts_with(literal) {
        Ok(at + literal.len())
    } else if literal.starts_with(rest) {
        Err(Fault::Truncated)
    } else {
        Err(Fault::Syntax)
    }
}
