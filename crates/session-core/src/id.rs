//! The id of a session: what the client holds, and where the store's key comes from.

mod handle;
mod key;
#[cfg(test)]
mod tests;

pub use handle::SessionHandle;
pub use key::StoreKey;

use crate::error::{Error, ErrorKind, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The bytes of entropy an id may have.
const ENTROPY: std::ops::RangeInclusive<usize> = MIN_ENTROPY..=MAX_ENTROPY;
const MIN_ENTROPY: usize = 16;
const MAX_ENTROPY: usize = 64;
const MIN_ID_LEN: usize = SessionId::len_for(MIN_ENTROPY);
/// The longest id, in characters.
pub(crate) const MAX_ID_LEN: usize = SessionId::len_for(MAX_ENTROPY);

/// The id of a session: 22 to 86 characters of base64url without padding, or a UUID.
///
/// An id is a live credential: whoever holds it has the session. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId {
    // Zero from `len` on, so that equality may look at all of it.
    text: [u8; MAX_ID_LEN],
    len: u8,
}

/// Which spellings of an id are read from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdSyntax {
    /// Base64url without padding, as this library and Flask-Session since 0.6 make them.
    Base64Url,
    /// Also lower-case UUIDs of 36 characters, as Flask-Session 0.3 to 0.5 made them.
    Base64UrlOrUuid,
}

/// What a store's key shows of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdHash {
    /// The id itself: whoever reads the store holds live credentials.
    Plain,
    /// Its SHA-256 as 64 lower-case hex digits, which [`SessionId::parse`] never takes for an id: a
    /// stolen digest opens nothing, even once ids are stored plainly again.
    Sha256,
}

impl SessionId {
    /// Makes a new id of `entropy_bytes` random bytes, 16 to 64, from the operating system.
    ///
    /// # Errors
    ///
    /// `Config` if the length is out of range, `Unavailable` if the system has no randomness.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use web_session::SessionId;
    ///
    /// assert_eq!(SessionId::generate(32)?.as_str().len(), 43);
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn generate(entropy_bytes: usize) -> Result<Self> {
        let mut buffer = [0; MAX_ENTROPY];
        let entropy = buffer
            .get_mut(..entropy_bytes)
            .filter(|entropy| ENTROPY.contains(&entropy.len()))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Config,
                    "make a session id: SESSION_ID_LENGTH must be 16 to 64 bytes",
                )
            })?;
        fill_random(entropy)?;
        let mut text = [0; MAX_ID_LEN];
        let len = URL_SAFE_NO_PAD
            .encode_slice(entropy, &mut text)
            .expect("64 bytes are 86 characters of base64");
        Ok(Self { text, len: len as u8 })
    }

    /// Reads an id in its one accepted spelling; anything else is `None`.
    ///
    /// Base64url has unused bits in the last character, which must be zero. Two shapes are base64url
    /// as well: a UUID, which is read only if `syntax` says so and in lower case, and the digest of
    /// [`IdHash::Sha256`], which is never an id.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use web_session::{IdSyntax, SessionId};
    ///
    /// let parse = |text: &str| SessionId::parse(text.as_bytes(), IdSyntax::Base64Url);
    /// assert!(parse("AAAAAAAAAAAAAAAAAAAAAA").is_some());
    /// assert!(parse("AAAAAAAAAAAAAAAAAAAAAB").is_none());
    /// assert!(parse("AAAAAAAAAAAAAAAAAAAAAA==").is_none());
    /// ```
    pub fn parse(text: &[u8], syntax: IdSyntax) -> Option<Self> {
        if !(MIN_ID_LEN..=MAX_ID_LEN).contains(&text.len()) {
            return None;
        }
        let accepted = if is_uuid_shaped(text) {
            syntax == IdSyntax::Base64UrlOrUuid && !text.iter().any(u8::is_ascii_uppercase)
        } else {
            is_canonical_base64url(text) && !is_digest_shaped(text)
        };
        accepted.then(|| {
            let mut id = Self { text: [0; MAX_ID_LEN], len: text.len() as u8 };
            id.text[..text.len()].copy_from_slice(text);
            id
        })
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("an id is ASCII")
    }

    /// The name of this session's record in a store: `prefix`, then the id or its hash.
    pub fn to_key(&self, prefix: &str, hash: IdHash) -> StoreKey {
        match hash {
            IdHash::Plain => StoreKey::new(prefix, self.as_str()),
            IdHash::Sha256 => {
                let hex = lower_hex(&Sha256::digest(self.as_bytes()).into());
                StoreKey::new(prefix, std::str::from_utf8(&hex).expect("hex digits are ASCII"))
            }
        }
    }

    /// The length of the hash in a key, in characters.
    pub(crate) const DIGEST_LEN: usize = 64;

    /// Whether [`IdHash::Sha256`] makes `name` of some id.
    pub(crate) fn is_digest(name: &[u8]) -> bool {
        is_digest_shaped(name)
    }

    /// Whether it is one of Flask-Session 0.3 to 0.5.
    pub(crate) fn is_uuid(&self) -> bool {
        is_uuid_shaped(self.as_bytes())
    }

    /// The length in characters of an id of `entropy_bytes`.
    pub(crate) const fn len_for(entropy_bytes: usize) -> usize {
        (entropy_bytes * 4).div_ceil(3)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// Fills `bytes` with random ones from the operating system.
///
/// # Errors
///
/// `Unavailable` if that has none.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<()> {
    SysRng.try_fill_bytes(bytes).map_err(|cause| {
        Error::new(ErrorKind::Unavailable, "read random bytes from the operating system")
            .with_source(cause)
    })
}

/// The value of each base64url character; other bytes have the high bit.
const BASE64URL: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut values = [0x80; 256];
    let mut value = 0;
    while value < alphabet.len() {
        values[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    values
};

fn is_canonical_base64url(text: &[u8]) -> bool {
    let mut last = 0;
    let mut seen = 0;
    for &byte in text {
        last = BASE64URL[usize::from(byte)];
        seen |= last;
    }
    let unused_bits = match text.len() % 4 {
        0 => 0,
        2 => 0b1111,
        3 => 0b11,
        _ => return false,
    };
    seen < 0x80 && last & unused_bits == 0
}

fn is_uuid_shaped(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_digest_shaped(text: &[u8]) -> bool {
    text.len() == SessionId::DIGEST_LEN
        && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn lower_hex(digest: &[u8; 32]) -> [u8; 64] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [0; 64];
    for (pair, byte) in hex.as_chunks_mut::<2>().0.iter_mut().zip(digest) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]];
    }
    hex
}
