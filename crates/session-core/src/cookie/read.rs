//! A reader of Cookie fields that compares names byte for byte.
//!
//! General parsers percent-decode and trim names, which lets `__%48ost-session` pass for
//! `__Host-session`: a cookie that any subdomain may set, for one that only this host may.

/// Yields the values of every pair named `name` in one Cookie field, in order.
///
/// Pairs end at `;` (RFC 6265, section 4.2.1), with spaces and tabs around them ignored. A value is
/// all that follows the first `=`: double quotes belong to it (section 5.4 sends them back as they
/// came), so a quoted id is no id. Other pairs may hold anything. Nothing is allocated.
pub(crate) fn values<'h>(header: &'h [u8], name: &[u8]) -> impl Iterator<Item = &'h [u8]> {
    let mut rest = Some(header);
    std::iter::from_fn(move || {
        while let Some(header) = rest {
            let pair = match find_semicolon(header) {
                Some(end) => {
                    rest = Some(&header[end + 1..]);
                    &header[..end]
                }
                None => {
                    rest = None;
                    header
                }
            };
            if let Some(value) = value_of(pair, name) {
                return Some(value);
            }
        }
        None
    })
}

#[inline]
fn value_of<'h>(pair: &'h [u8], name: &[u8]) -> Option<&'h [u8]> {
    let start = pair.iter().position(|byte| !is_blank(byte))?;
    let value = pair[start..].strip_prefix(name)?.strip_prefix(b"=")?;
    let end = value.iter().rposition(|byte| !is_blank(byte)).map_or(0, |last| last + 1);
    Some(&value[..end])
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Looks at eight bytes at a time: other cookies are most of a header.
fn find_semicolon(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH_BITS: u64 = u64::from_le_bytes([0x80; 8]);
    let (words, tail) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        // A semicolon becomes a zero byte. The lowest high bit marks the first zero byte: a borrow
        // can only mark bytes above one.
        let word = u64::from_le_bytes(*word) ^ u64::from_le_bytes([b';'; 8]);
        let zeros = word.wrapping_sub(ONES) & !word & HIGH_BITS;
        if zeros != 0 {
            return Some(at * 8 + (zeros.trailing_zeros() / 8) as usize);
        }
    }
    tail.iter().position(|byte| *byte == b';').map(|at| words.len() * 8 + at)
}

#[cfg(test)]
mod tests {
    use super::find_semicolon;
    use crate::cookie::values;
    use proptest::prelude::{any, prop, prop_assert_eq, prop_oneof, proptest};
    use proptest::strategy::{Just, Strategy};

    fn read<'h>(header: &'h [u8], name: &[u8]) -> Vec<&'h [u8]> {
        values(header, name).collect()
    }

    #[test]
    fn values_are_read_byte_for_byte() {
        let table: &[(&[u8], &[&[u8]])] = &[
            (b"session=a", &[b"a"]),
            (b"session=a; session=b;session=c", &[b"a", b"b", b"c"]),
            (b"theme=dark; session=a; lang=de", &[b"a"]),
            (b" \tsession=a\t ;", &[b"a"]),
            (b";;; ;session=a;;", &[b"a"]),
            (b"session=a=b==", &[b"a=b=="]),
            (b"session=\"a\"", &[b"\"a\""]),
            (b"session=\"a;b\"", &[b"\"a"]),
            (b"session=", &[b""]),
            (b"session= \t", &[b""]),
            (b"session= a", &[b" a"]),
            (b"session=%61", &[b"%61"]),
            (b"session=a, session=b", &[b"a, session=b"]),
            (b"session=\xff\0", &[b"\xff\0"]),
            (b"\xff\xfe=\x80; session=a; \xc3(", &[b"a"]),
            (b"junk; session=a; more junk", &[b"a"]),
            (b"session", &[]),
            (b"session =a", &[]),
            (b"Session=a; SESSION=b", &[]),
            (b"xsession=a; sessionx=b; session2=c", &[]),
            (b"s%65ssion=a; +session=b", &[]),
            (b"\"session\"=a", &[]),
            (b"x=session=a", &[]),
            (b"=session=a", &[]),
            (b"\x0bsession=a; \nsession=b; \xc2\xa0session=c", &[]),
            (b"$Version=1; $Path=/", &[]),
            (b"", &[]),
            (b";", &[]),
        ];
        for (header, expected) in table {
            assert_eq!(read(header, b"session"), *expected, "{}", header.escape_ascii());
        }
    }

    #[test]
    fn encoded_prefix_is_another_name() {
        let header = b"__%48ost-session=a; __host-session=b; __Host-session =c; __Host-session=d";
        assert_eq!(read(header, b"__Host-session"), [b"d"]);
    }

    /// The same rules, told the slow way.
    fn reference<'h>(header: &'h [u8], name: &[u8]) -> Vec<&'h [u8]> {
        let trim = |mut pair: &'h [u8]| {
            while let [b' ' | b'\t', inner @ ..] | [inner @ .., b' ' | b'\t'] = pair {
                pair = inner;
            }
            pair
        };
        let mut found = Vec::new();
        for pair in header.split(|byte| *byte == b';').map(trim) {
            if let Some(equals) = pair.iter().position(|byte| *byte == b'=')
                && &pair[..equals] == name
            {
                found.push(&pair[equals + 1..]);
            }
        }
        found
    }

    fn headers() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"id".to_vec()),
            Just(b"id=".to_vec()),
            Just(b"; ".to_vec()),
            prop::sample::select(b" \t;=\"%:<\xbb\x3a\x3c".to_vec()).prop_map(|byte| vec![byte]),
            any::<Vec<u8>>().prop_map(|mut bytes| {
                bytes.truncate(12);
                bytes
            }),
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn reader_agrees_with_the_reference(header in headers()) {
            prop_assert_eq!(read(&header, b"id"), reference(&header, b"id"));
        }

        #[test]
        fn first_semicolon_is_found(bytes in headers()) {
            prop_assert_eq!(find_semicolon(&bytes), bytes.iter().position(|byte| *byte == b';'));
        }
    }
}
