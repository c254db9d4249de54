//! What follows the payload in a file of ours: the key, which the name does not tell.
//!
//! `key bytes | their number, u16 little endian | 00 6b 65 79`. cachelib reads a pickle to its end and
//! nothing after it. The end of a payload that looks like this is none: a tail counts only under the
//! name of its key, and what this store writes has one of its own behind it.

use super::names::FileName;
use crate::config::FileHash;
use session_core::StoreKey;

/// Neither a pickle nor JSON ends like this, so no file of cachelib does.
const MAGIC: [u8; 4] = *b"\0key";

/// The tail of a record under `key`; nothing for one that is longer than its length can say.
pub(crate) fn tail(key: &[u8]) -> Vec<u8> {
    match u16::try_from(key.len()) {
        Ok(len) => [key, &len.to_le_bytes(), &MAGIC].concat(),
        Err(_) => Vec::new(),
    }
}

/// The payload in `body`, which lies under a name of `key`.
pub(crate) fn without<'a>(body: &'a [u8], key: &[u8]) -> &'a [u8] {
    match split(body) {
        Some((payload, found)) if found == key => payload,
        _ => body,
    }
}

/// The payload and the key in `body`, which lies under `name`; `None` if it has no tail.
pub(crate) fn read<'a>(body: &'a [u8], name: &FileName) -> Option<(&'a [u8], StoreKey)> {
    let (payload, key) = split(body)?;
    let is_named = |hash| FileName::of_key(key, hash) == *name;
    if !FileHash::Sha256.and_other().into_iter().any(is_named) {
        return None;
    }
    let text = std::str::from_utf8(key).ok()?;
    Some((payload, StoreKey::new("", text)))
}

fn split(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, len) = body.strip_suffix(&MAGIC)?.split_last_chunk::<2>()?;
    rest.split_at_checked(rest.len().checked_sub(u16::from_le_bytes(*len).into())?)
}

#[cfg(test)]
mod tests {
    use super::{read, tail, without};
    use crate::config::FileHash::{Md5, Sha256};
    use crate::disk::names::FileName;
    use session_core::StoreKey;

    const KEY: &[u8] = b"session:abc";

    fn name(key: &[u8]) -> FileName {
        FileName::of_key(key, Sha256)
    }

    #[test]
    fn tail_is_key_length_and_magic() {
        assert_eq!(tail(KEY), b"session:abc\x0b\0\0key");
        assert_eq!(tail(b""), b"\0\0\0key");
        assert_eq!(tail(&[b'k'; 65_535]).len(), 65_541);
        assert_eq!(tail(&[b'k'; 65_536]), b"");
    }

    #[test]
    fn payload_and_key_are_read_back_under_either_name() {
        for payload in [&b""[..], b"x", b"\0\0\0key", b"session:abc\x0b\0\0key"] {
            let body = [payload, &tail(KEY)].concat();
            assert_eq!(without(&body, KEY), payload);
            for hash in [Sha256, Md5] {
                let found = read(&body, &FileName::of_key(KEY, hash));
                assert_eq!(found, Some((payload, StoreKey::new("session:", "abc"))));
            }
        }
    }

    #[test]
    fn end_that_is_no_tail_of_the_key_is_payload() {
        let body = [b"x", &*tail(b"session:other")].concat();
        assert_eq!(without(&body, KEY), body);
        assert!(read(&body, &name(KEY)).is_none());
        for body in [&b""[..], b"x", b"\0key", b"x\0\0key", b"x\xff\xff\0key", b"\x80\x05}."] {
            assert_eq!(without(body, KEY), body);
            assert!(read(body, &name(KEY)).is_none());
        }
        // A length that reaches in front of the body, and what no tail of ours ends in.
        for end in [&b"\xff\xff\0key"[..], b"\x0b\0\0kez"] {
            let body = [KEY, end].concat();
            assert_eq!(without(&body, KEY), body);
            assert!(read(&body, &name(KEY)).is_none());
        }
        let no_text = b"\xff\xfe";
        assert!(read(&tail(no_text), &name(no_text)).is_none());
    }
}
