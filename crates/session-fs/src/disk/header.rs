//! Headers as cachelib's `FileSystemCache` makes them.

use std::time::Duration;

/// Enough of a file to tell its header: the longest is 20 bytes, and the body's first two decide.
pub(crate) const PROBE: usize = 32;

/// What precedes the body of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The second since 1970 at which the record ends; 0 is never.
    pub(crate) expiry: u32,
    /// Where the body begins.
    pub(crate) body: usize,
    pub(crate) form: Form,
}

/// How a header is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Four bytes, little endian: cachelib from 0.7.0 on, and we.
    Plain,
    /// A pickled integer: cachelib before that, and werkzeug.
    Pickled,
}

impl Header {
    /// Reads the header of a file that begins with `start`; `None` if there is none: a power cut
    /// leaves files that are empty, or zeros to their end (ext4). An expiry of 0 is cachelib's alone,
    /// and a pickle follows.
    ///
    /// The pickled forms end where another pickle begins. A plain header could look like one by
    /// chance, so plain files with a pickle in them are recognised first, and [`expiry_for`] never
    /// makes others that do.
    pub(crate) fn parse(start: &[u8]) -> Option<Self> {
        let (plain, body) = start.split_first_chunk::<4>()?;
        let plain = Self { expiry: u32::from_le_bytes(*plain), body: 4, form: Form::Plain };
        if begins_pickle(body) {
            return Some(plain);
        }
        if plain.expiry == 0 && body.first().is_none_or(|byte| *byte == 0) {
            return None;
        }
        Some(pickled(start).unwrap_or(plain))
    }

    pub(crate) fn is_live(&self, now: Duration) -> bool {
        self.expiry == 0 || Duration::from_secs(self.expiry.into()) > now
    }

    /// What is left of the lifetime; `Duration::MAX` if it does not end.
    pub(crate) fn ttl(&self, now: Duration) -> Duration {
        match self.expiry {
            0 => Duration::MAX,
            expiry => Duration::from_secs(expiry.into()).saturating_sub(now),
        }
    }
}

/// The expiry to write before `body`: `ttl` from `now`, rounded up to seconds and capped in 2106,
/// where the header ends.
///
/// A second is added where header and body together would read as one of the old forms.
pub(crate) fn expiry_for(now: Duration, ttl: Duration, body: &[u8]) -> u32 {
    let ends = now.saturating_add(ttl);
    let seconds = ends.as_secs().saturating_add(u64::from(ends.subsec_nanos() > 0));
    let mut expiry = u32::try_from(seconds).unwrap_or(u32::MAX);
    let mut start = [0; PROBE];
    let taken = body.len().min(PROBE - 4);
    start[4..4 + taken].copy_from_slice(&body[..taken]);
    loop {
        start[..4].copy_from_slice(&expiry.to_le_bytes());
        match Header::parse(&start[..4 + taken]) {
            // 0xff, the last first byte, begins none of the old forms.
            Some(Header { form: Form::Pickled, .. }) => expiry = expiry.saturating_add(1),
            _ => return expiry,
        }
    }
}

/// `pickle(expiry)` in protocol 1 (cachelib to 0.4) or the highest one (0.5 and 0.6), followed by
/// another pickle.
fn pickled(start: &[u8]) -> Option<Header> {
    let integer = match start {
        [0x80, 2..=5, 0x95, frame @ ..] => frame.get(8..)?,
        [0x80, 2..=5, short @ ..] => short,
        bare => bare,
    };
    let (expiry, rest) = match integer {
        // BININT, BININT2, BININT1, then STOP. A negative expiry is long past.
        [b'J', a, b, c, d, b'.', rest @ ..] => {
            (u32::try_from(i32::from_le_bytes([*a, *b, *c, *d])).unwrap_or(1), rest)
        }
        [b'M', a, b, b'.', rest @ ..] => (u16::from_le_bytes([*a, *b]).into(), rest),
        [b'K', a, b'.', rest @ ..] => (u32::from(*a), rest),
        _ => return None,
    };
    let body = start.len() - rest.len();
    begins_pickle(rest).then_some(Header { expiry, body, form: Form::Pickled })
}

fn begins_pickle(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 2..=5, ..])
}

#[cfg(test)]
mod tests {
    use super::{Form, Header, PROBE, expiry_for};
    use crate::config::FileHash;
    use crate::disk::names::Names;
    use std::time::Duration;

    const VECTORS: &str = include_str!("../../tests/data/cachelib.txt");
    const KEY: &[u8] = b"session:Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk";
    const SECOND: Duration = Duration::from_secs(1);
    const DAY: Duration = Duration::from_secs(86_400);

    fn unhex(digits: &str) -> Vec<u8> {
        let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    #[test]
    fn files_of_every_cachelib_are_told_apart() {
        let mut rows = 0;
        for row in VECTORS.lines().filter(|row| !row.starts_with('#')) {
            let columns: Vec<&str> = row.split(' ').collect();
            let [release, name, expiry, header, body] = columns[..] else { panic!("{row}") };
            let (header, body) = (unhex(header), unhex(body));
            let file = [header.clone(), body].concat();
            let form = if header.len() == 4 { Form::Plain } else { Form::Pickled };
            let expected = Header { expiry: expiry.parse().unwrap(), body: header.len(), form };
            assert_eq!(Header::parse(&file), Some(expected), "{release}");
            let names = Names::new(KEY, FileHash::Sha256);
            let is_known = names.both().iter().any(|known| known.as_str() == name);
            assert_eq!(is_known, expected.expiry != 0, "{release}");
            rows += 1;
        }
        assert_eq!(rows, 8);
    }

    #[test]
    fn no_body_makes_a_header_look_pickled() {
        let bodies: [&[u8]; 7] = [
            b"",
            b"\x80",
            b"\x80\x05K\x00.",
            b"\xff.\x80\x05",
            b".\x80\x05",
            b"\x06\0\0\0\0\0\0\0J\x80\xcf\x7ce.\x80\x05",
            b"\x00.\x80\x04",
        ];
        for body in bodies {
            // Every first byte, and the other bytes of the old forms: "M..", "K.", 0x80 0x05 0x95.
            for base in [0u32, 0x2e2e_2e00, 0x2e00_2e00, 0x9505_0500, 0x4b05_0500, 0x6500_0000] {
                for low in 1..=255 {
                    let now = Duration::from_secs(u64::from(base + low));
                    let expiry = expiry_for(now - SECOND, SECOND, body);
                    let file = [&expiry.to_le_bytes(), body].concat();
                    let expected = Header { expiry, body: 4, form: Form::Plain };
                    assert_eq!(Header::parse(&file), Some(expected), "{expiry:x} {body:x?}");
                    assert!(expiry - (base + low) <= 2, "{expiry:x} {body:x?}");
                }
            }
        }
    }

    #[test]
    fn plain_file_with_a_pickle_in_it_is_never_taken_for_an_old_one() {
        let file = b"\x80\x05\x95\x70\x80\x02.....J\x01\0\0\0.\x80\x02";
        let expected = Header { expiry: 0x7095_0580, body: 4, form: Form::Plain };
        assert_eq!(Header::parse(file), Some(expected));
    }

    #[test]
    fn lease_is_rounded_up_and_capped() {
        let now = Duration::from_millis(1_700_000_000_250);
        for (ttl, expiry) in [
            (Duration::from_millis(1), 1_700_000_001),
            (Duration::from_millis(750), 1_700_000_001),
            (Duration::from_millis(751), 1_700_000_002),
            (DAY, 1_700_086_401),
            (Duration::MAX, u32::MAX),
        ] {
            assert_eq!(expiry_for(now, ttl, b"body"), expiry);
        }
    }

    #[test]
    fn record_lives_until_its_second_begins() {
        let header = |expiry| Header { expiry, body: 4, form: Form::Plain };
        let at = Duration::from_millis;
        assert!(header(10).is_live(at(9_999)));
        assert!(!header(10).is_live(at(10_000)));
        assert_eq!(header(10).ttl(at(9_250)), at(750));
        assert!(header(0).is_live(at(u64::MAX)));
        assert_eq!(header(0).ttl(at(1)), Duration::MAX);
    }

    #[test]
    fn what_a_power_cut_leaves_has_no_header() {
        for start in [&b""[..], b"\x80", b"\x80\x05K", &[0; 4], &[0; 5], &[0; PROBE]] {
            assert_eq!(Header::parse(start), None);
        }
    }
}
