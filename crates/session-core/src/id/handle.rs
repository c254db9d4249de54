//! The public name of a session: it tells sessions apart and opens none.

use super::StoreKey;
use crate::error::{Error, ErrorKind};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// Keeps a handle apart from every other digest of the same key, that of `hash_ids` included.
const PURPOSE: &[u8] = b"session handle 1\0";
const LEN: usize = 16;

/// Names one session: on a page of signed-in devices, in a log, in an audit trail.
///
/// It is 128 bits of a SHA-256 over the store's key, so it is the same in every listing and every
/// process, until the session moves to a new id. It is no credential: neither the id nor the key
/// follows from it, and [`end`](crate::Owners::end) wants the owner as well. As text, and
/// in JSON or a form, it is 32 lower-case hex digits.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::SessionHandle;
///
/// let handle: SessionHandle = "00112233445566778899aabbccddeeff".parse()?;
/// assert_eq!(handle.to_string(), "00112233445566778899aabbccddeeff");
/// assert!("00112233".parse::<SessionHandle>().is_err());
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionHandle(u128);

impl SessionHandle {
    pub(crate) fn of(key: &StoreKey) -> Self {
        let digest: [u8; 32] =
            Sha256::new().chain_update(PURPOSE).chain_update(key.as_bytes()).finalize().into();
        let (first, _) = digest.split_at(LEN);
        Self(first.iter().fold(0, |number, byte| number << 8 | u128::from(*byte)))
    }
}

impl fmt::Display for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionHandle({self})")
    }
}

impl FromStr for SessionHandle {
    type Err = Error;

    /// Reads the one accepted spelling.
    ///
    /// # Errors
    ///
    /// `Decode` for anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        let is_handle = text.len() == 2 * LEN
            && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = is_handle.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or_else(|| {
            Error::new(
                ErrorKind::Decode,
                "read a session handle: expected 32 lower-case hex digits",
            )
        })
    }
}

impl Serialize for SessionHandle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SessionHandle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HandleVisitor;

        impl Visitor<'_> for HandleVisitor {
            type Value = SessionHandle;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("32 lower-case hex digits")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<SessionHandle, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(HandleVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::SessionHandle;
    use crate::id::{IdHash, SessionId, StoreKey};
    use serde::Deserialize as _;
    use serde::de::IntoDeserializer as _;
    use serde::de::value::{Error, StringDeserializer};

    #[test]
    fn handle_stays_what_it_was_in_earlier_versions() {
        let handle = SessionHandle::of(&StoreKey::new("session:", "AAAAAAAAAAAAAAAAAAAAAA"));
        assert_eq!(handle.to_string(), "31624e10b9547329564f7a8914f962af");
    }

    #[test]
    fn handle_shares_nothing_with_id_or_key() {
        let id = SessionId::generate(32).unwrap();
        for hash in [IdHash::Plain, IdHash::Sha256] {
            let key = id.to_key("session:", hash);
            let text = SessionHandle::of(&key).to_string();
            let windows = text.as_bytes().windows(8);
            let shared = windows.filter(|part| {
                let part = std::str::from_utf8(part).unwrap();
                key.as_str().contains(part) || id.as_str().contains(part)
            });
            assert_eq!(shared.count(), 0);
        }
        let digest = id.to_key("", IdHash::Sha256);
        let plain = SessionHandle::of(&id.to_key("", IdHash::Plain)).to_string();
        assert!(!digest.as_str().starts_with(&plain), "the digest of an id is a stored key");
    }

    #[test]
    fn text_comes_back_in_its_one_spelling() {
        let handle = SessionHandle::of(&StoreKey::new("", "a"));
        assert_eq!(handle.to_string().parse::<SessionHandle>().unwrap(), handle);
        let json: StringDeserializer<Error> = handle.to_string().into_deserializer();
        let json = SessionHandle::deserialize(json);
        assert_eq!(json.unwrap(), handle);
        let text = handle.to_string();
        let wrong = [
            "".to_owned(),
            text[1..].to_owned(),
            format!("{text}0"),
            format!(" {text}"),
            format!("+{}", &text[1..]),
            format!("g{}", &text[1..]),
            format!("A{}", &text[1..]),
            format!("é{}", &text[2..]),
        ];
        for text in wrong {
            assert!(text.parse::<SessionHandle>().is_err(), "{text:?}");
        }
    }
}
