//! Where values and texts of MessagePack end. Nothing is decoded.

use crate::fault::Fault;

/// The whole size of values that their first byte tells it of, 0 for the others.
const SIZES: [u8; 256] = {
    let mut sizes = [0; 256];
    let mut marker = 0;
    while marker < 256 {
        sizes[marker] = match marker {
            0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => 1,
            0xa0..=0xbf => 1 + (marker as u8 & 0x1f),
            0xcc | 0xd0 => 2,
            0xcd | 0xd1 => 3,
            0xca | 0xce | 0xd2 => 5,
            0xcb | 0xcf | 0xd3 => 9,
            0xd4..=0xd8 => 2 + (1 << (marker - 0xd4)),
            _ => 0,
        };
        marker += 1;
    }
    sizes
};

/// Returns what follows the value that `bytes` begin with; `depth` more containers may be open at
/// once.
#[inline(always)]
pub(super) fn skip(bytes: &[u8], depth: usize) -> Result<&[u8], Fault> {
    let (&marker, content) = bytes.split_first().ok_or(Fault::Truncated)?;
    match SIZES[usize::from(marker)] {
        0 => skip_sized(marker, content, depth),
        size => bytes.get(usize::from(size)..).ok_or(Fault::Truncated),
    }
}

/// Continues [`skip`] behind a marker that a length or items follow.
fn skip_sized(marker: u8, bytes: &[u8], depth: usize) -> Result<&[u8], Fault> {
    match marker {
        0x80..=0x8f => items((u32::from(marker & 0x0f), bytes), 2, depth),
        0x90..=0x9f => items((u32::from(marker & 0x0f), bytes), 1, depth),
        0xc4 | 0xd9 => content(number::<1>(bytes)?, 0),
        0xc5 | 0xda => content(number::<2>(bytes)?, 0),
        0xc6 | 0xdb => content(number::<4>(bytes)?, 0),
        // The type of an extension stands before its content.
        0xc7 => content(number::<1>(bytes)?, 1),
        0xc8 => content(number::<2>(bytes)?, 1),
        0xc9 => content(number::<4>(bytes)?, 1),
        0xdc => items(number::<2>(bytes)?, 1, depth),
        0xdd => items(number::<4>(bytes)?, 1, depth),
        0xde => items(number::<2>(bytes)?, 2, depth),
        0xdf => items(number::<4>(bytes)?, 2, depth),
        _ => Err(Fault::Syntax),
    }
}

/// Skips `len` bytes and `more`.
#[inline(always)]
fn content((len, bytes): (u32, &[u8]), more: usize) -> Result<&[u8], Fault> {
    bytes.get((len as usize).saturating_add(more)..).ok_or(Fault::Truncated)
}

/// Skips `len` items of `each` values.
#[inline(always)]
fn items((len, mut bytes): (u32, &[u8]), each: u64, depth: usize) -> Result<&[u8], Fault> {
    let depth = depth.checked_sub(1).ok_or(Fault::TooDeep)?;
    for _ in 0..each * u64::from(len) {
        bytes = skip(bytes, depth)?;
    }
    Ok(bytes)
}

/// The text that `bytes` begin with, and what follows it.
#[inline]
pub(super) fn text(bytes: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let (len, content) = text_header(bytes)?;
    content.split_at_checked(len).ok_or(Fault::Truncated)
}

/// The length of the text whose header `bytes` begin with, and what follows that.
#[inline(always)]
pub(super) fn text_header(bytes: &[u8]) -> Result<(usize, &[u8]), Fault> {
    match bytes.split_first() {
        Some((marker @ 0xa0..=0xbf, content)) => Ok((usize::from(marker & 0x1f), content)),
        _ => wide_text_header(bytes),
    }
}

#[inline(never)]
fn wide_text_header(bytes: &[u8]) -> Result<(usize, &[u8]), Fault> {
    let (&marker, bytes) = bytes.split_first().ok_or(Fault::Truncated)?;
    let (len, content) = match marker {
        0xd9 => number::<1>(bytes)?,
        0xda => number::<2>(bytes)?,
        0xdb => number::<4>(bytes)?,
        _ => return Err(Fault::NotTextKey),
    };
    Ok((len as usize, content))
}

/// Splits the big-endian number of `N` (at most 4) bytes that `bytes` begin with from what follows.
#[inline]
pub(super) fn number<const N: usize>(bytes: &[u8]) -> Result<(u32, &[u8]), Fault> {
    let (digits, rest) = bytes.split_first_chunk::<N>().ok_or(Fault::Truncated)?;
    Ok((digits.iter().fold(0, |number, &digit| number << 8 | u32::from(digit)), rest))
}

const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// Whether `text` is ASCII; `window` begins with it and goes on to the end of the payload.
///
/// A short text is read together with the bytes behind it, which are then masked out; a longer one
/// in two words that may overlap.
#[inline]
pub(super) fn is_ascii(text: &[u8], window: &[u8]) -> bool {
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    match (text.len(), window.first_chunk(), text.last_chunk()) {
        (len @ 0..8, Some(first), _) => word(first) & HIGH_BITS & ((1 << (8 * len)) - 1) == 0,
        (8..=16, Some(first), Some(last)) => (word(first) | word(last)) & HIGH_BITS == 0,
        _ => text.is_ascii(),
    }
}
