//! A signer for the cookie of one name: derived keys, ready to be cloned for each use.

use super::{Form, MIN_NATIVE_SECRET, Signer};
use crate::id::{IdSyntax, MAX_ID_LEN, SessionId};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// What the native key is for; with the cookie's name it is what the secret is applied to.
const PURPOSE: &[u8] = b"session-id\0";
/// The length in characters of the longest signature, the native one.
const MAX_SIGNATURE_LEN: usize = 43;
/// The longest value that [`BoundSigner::sign`] writes.
pub(crate) const MAX_SIGNED_LEN: usize = MAX_ID_LEN + 1 + MAX_SIGNATURE_LEN;

/// Signs and verifies the values of one cookie.
pub(crate) struct BoundSigner {
    newest: IdMac,
    // Newest key first; of one key, the form that is written first.
    older: Vec<IdMac>,
}

/// An id whose signature holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) id: SessionId,
    pub(crate) signed_by: SignedBy,
}

/// Whose signature a value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignedBy {
    /// The newest key's, in the form that is written.
    Newest,
    /// A fallback's, or one in another form: issue the cookie again if the session is live.
    Older,
    /// It has none, and none is asked for.
    Nobody,
}

impl BoundSigner {
    pub(super) fn new(signer: &Signer, cookie_name: &str) -> Self {
        let mut macs = signer.secrets.iter().flat_map(|secret| {
            signer.forms.iter().filter_map(|form| IdMac::new(form, secret, cookie_name))
        });
        Self {
            newest: macs.next().expect("the newest secret fits the form that is written"),
            older: macs.collect(),
        }
    }

    /// Appends `ID.SIGNATURE`, [`signed_len`](Self::signed_len) characters.
    pub(crate) fn sign(&self, id: &SessionId, out: &mut String) {
        out.push_str(id.as_str());
        out.push('.');
        self.newest.append_signature(id.as_bytes(), out);
    }

    /// The length of the signed value of an id of `id_len` characters.
    pub(crate) fn signed_len(&self, id_len: usize) -> usize {
        id_len + 1 + self.newest.signature_len()
    }

    /// Reads `ID.SIGNATURE`; anything but the one spelling of a signature that holds is `None`.
    pub(crate) fn verify(&self, value: &[u8], syntax: IdSyntax) -> Option<Verified> {
        let dot = value.iter().rposition(|byte| *byte == b'.')?;
        let id = SessionId::parse(&value[..dot], syntax)?;
        // The decoder refuses padding, other alphabets and unused bits that are not zero. It
        // writes whole groups: 43 characters want room for 33 bytes.
        let mut signature = [0; MAX_SIGNATURE_LEN.div_ceil(4) * 3];
        let len = URL_SAFE_NO_PAD.decode_slice(&value[dot + 1..], &mut signature).ok()?;
        let signature = &signature[..len];
        let signed_by = if self.newest.verifies(id.as_bytes(), signature) {
            SignedBy::Newest
        } else if self.older.iter().any(|mac| mac.verifies(id.as_bytes(), signature)) {
            SignedBy::Older
        } else {
            return None;
        };
        Some(Verified { id, signed_by })
    }
}

impl fmt::Debug for BoundSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoundSigner(..)")
    }
}

/// A keyed state that has absorbed nothing of an id yet.
enum IdMac {
    Native(Hmac<Sha256>),
    #[cfg(feature = "flask")]
    Flask(Hmac<sha1::Sha1>),
}

impl IdMac {
    /// Derives the key of `form`; `None` if the secret is too short for it.
    fn new(form: &Form, secret: &[u8], cookie_name: &str) -> Option<Self> {
        match form {
            Form::Native => (secret.len() >= MIN_NATIVE_SECRET).then(|| {
                let key = keyed_sha256(secret).chain_update(PURPOSE).chain_update(cookie_name);
                let key: Zeroizing<[u8; 32]> = Zeroizing::new(key.finalize().into_bytes().into());
                Self::Native(keyed_sha256(&*key))
            }),
            #[cfg(feature = "flask")]
            Form::Flask { salt } => {
                let key = keyed_sha1(secret).chain_update(salt.as_bytes());
                let key: Zeroizing<[u8; 20]> = Zeroizing::new(key.finalize().into_bytes().into());
                Some(Self::Flask(keyed_sha1(&*key)))
            }
        }
    }

    fn append_signature(&self, id: &[u8], out: &mut String) {
        match self {
            Self::Native(mac) => URL_SAFE_NO_PAD
                .encode_string(mac.clone().chain_update(id).finalize().into_bytes(), out),
            #[cfg(feature = "flask")]
            Self::Flask(mac) => URL_SAFE_NO_PAD
                .encode_string(mac.clone().chain_update(id).finalize().into_bytes(), out),
        }
    }

    fn signature_len(&self) -> usize {
        match self {
            Self::Native(_) => MAX_SIGNATURE_LEN,
            #[cfg(feature = "flask")]
            Self::Flask(_) => 27,
        }
    }

    /// Compares in constant time; a signature of another length belongs to another form.
    fn verifies(&self, id: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Native(mac) => mac.clone().chain_update(id).verify_slice(signature).is_ok(),
            #[cfg(feature = "flask")]
            Self::Flask(mac) => mac.clone().chain_update(id).verify_slice(signature).is_ok(),
        }
    }
}

fn keyed_sha256(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(feature = "flask")]
fn keyed_sha1(key: &[u8]) -> Hmac<sha1::Sha1> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests;
