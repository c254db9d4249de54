//! Text that may have halves of surrogate pairs, as that of Python may: UTF-8 but for these, each
//! of which is three bytes (Python's `surrogatepass`, [WTF-8](https://wtf-8.codeberg.page)).

/// A part of text.
pub(crate) enum Piece<'t> {
    Text(&'t str),
    /// Half of a pair, alone.
    Half(u16),
    /// What is no text.
    Other,
}

/// The parts of `text`, up to the first that is none.
pub(crate) fn pieces(text: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let len = match std::str::from_utf8(rest) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let (piece, after) = match *rest {
            [0xed, high @ 0xa0..=0xbf, low @ 0x80..=0xbf, ref after @ ..] if len == 0 => {
                let half = 0xd000 | u16::from(high & 0x3f) << 6 | u16::from(low & 0x3f);
                (Piece::Half(half), after)
            }
            _ if len == 0 => (Piece::Other, &[][..]),
            _ => (Piece::Text(std::str::from_utf8(&rest[..len]).unwrap_or_default()), &rest[len..]),
        };
        rest = after;
        Some(piece)
    })
}

/// Whether `text` is text, maybe with halves of pairs.
#[cfg(feature = "flask")]
pub(crate) fn is_text(text: &[u8]) -> bool {
    pieces(text).all(|piece| !matches!(piece, Piece::Other))
}

/// Appends half of a pair.
#[cfg(feature = "flask")]
pub(crate) fn push_half(half: u16, text: &mut Vec<u8>) {
    let [low, high] = [half & 0x3f, half >> 6 & 0x3f].map(|bits| 0x80 | bits as u8);
    text.extend_from_slice(&[0xed, high, low]);
}
