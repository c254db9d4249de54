//! What a claim holds beside the next record: all that whoever ends the move must know.

use bytes::{Buf, BufMut, Bytes};
use std::time::Duration;

/// The record that a claim is to become.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Next {
    /// Its lifetime, from when the claim was written.
    pub(super) ttl: Duration,
    pub(super) owner: Option<String>,
    pub(super) payload: Bytes,
}

impl Next {
    /// Milliseconds of the lifetime and the length of the owner, big endian; owner; payload. Nobody's
    /// has a length of zero, since no owner is empty.
    pub(super) fn encode(ttl_ms: i64, owner: Option<&str>, payload: &[u8]) -> Vec<u8> {
        let owner = owner.unwrap_or_default();
        let mut bytes = Vec::with_capacity(12 + owner.len() + payload.len());
        bytes.put_i64(ttl_ms);
        bytes.put_u32(u32::try_from(owner.len()).unwrap_or(u32::MAX));
        bytes.put_slice(owner.as_bytes());
        bytes.put_slice(payload);
        bytes
    }

    /// `None` for bytes that this did not write.
    pub(super) fn decode(mut bytes: Bytes) -> Option<Self> {
        let ttl_ms = u64::try_from(bytes.try_get_i64().ok()?).ok()?;
        let len = usize::try_from(bytes.try_get_u32().ok()?).ok()?;
        let owner = (len <= bytes.len()).then(|| bytes.split_to(len))?;
        let owner = String::from_utf8(owner.into()).ok()?;
        let owner = Some(owner).filter(|owner| !owner.is_empty());
        Some(Self { ttl: Duration::from_millis(ttl_ms), owner, payload: bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::Next;
    use bytes::Bytes;
    use std::time::Duration;

    #[test]
    fn what_is_encoded_is_decoded() {
        for (owner, payload) in [(None, &b""[..]), (Some("ann"), b"\x80"), (Some("\u{e9}"), b"xy")]
        {
            let next = Next::decode(Next::encode(1_500, owner, payload).into()).unwrap();
            assert_eq!(next.ttl, Duration::from_millis(1_500));
            assert_eq!((next.owner.as_deref(), &*next.payload), (owner, payload));
        }
    }

    #[test]
    fn other_bytes_are_no_claim() {
        let whole = Next::encode(1, Some("ann"), b"");
        for end in 0..whole.len() {
            assert!(Next::decode(Bytes::copy_from_slice(&whole[..end])).is_none(), "{end}");
        }
        let mut negative = whole.clone();
        negative[0] = 0xff;
        assert!(Next::decode(negative.into()).is_none());
    }
}
