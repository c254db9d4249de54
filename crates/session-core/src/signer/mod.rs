//! Signatures on session ids: which keys there are, and which of them sign.

mod bound;

pub(crate) use bound::{BoundSigner, MAX_SIGNED_LEN, SignedBy, Verified};

use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use zeroize::Zeroizing;

/// The shortest secret that signs in this library's own form: the output of its hash.
const MIN_NATIVE_SECRET: usize = 32;

/// The keys that sign session ids, so that a made-up cookie costs no look at the store.
///
/// The newest key signs; fallbacks verify only, and a cookie that one of them signed is issued
/// again once it has opened a live session. Secrets are wiped from memory on drop and never shown.
///
/// # Wire format
///
/// The value of a signed cookie is `ID "." SIGNATURE`, both base64url without padding, each in
/// exactly one accepted spelling. Two forms of the signature exist:
///
/// | form | signature | key |
/// |---|---|---|
/// | native, 43 characters | HMAC-SHA256(key, id) | HMAC-SHA256(secret, `"session-id" 0x00 name`) |
/// | itsdangerous, 27 characters | HMAC-SHA1(key, id) | HMAC-SHA1(secret, salt) |
///
/// `name` is the cookie's name, so a value moved to another cookie does not verify. The second form
/// is the one of Flask-Session, whose salt is `flask-session` (`flask-sessions` in
/// Flask-Sessionstore). It needs the feature `flask`.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::Signer;
///
/// let newest = "a secret of at least thirty-two bytes";
/// let older = "the secret that was in use until today";
/// let signer = Signer::new(newest)?.with_fallback(older)?;
/// # Ok::<(), session_core::Error>(())
/// ```
pub struct Signer {
    // Newest first, never empty.
    secrets: Vec<Secret>,
    // The written one first, never empty; the newest secret is long enough for that one.
    forms: Vec<Form>,
}

type Secret = Zeroizing<Box<[u8]>>;

#[derive(PartialEq, Eq)]
enum Form {
    Native,
    #[cfg(feature = "flask")]
    Flask {
        salt: Box<str>,
    },
}

impl Signer {
    /// Makes a signer that writes and reads the native form.
    ///
    /// # Errors
    ///
    /// `Config` if `secret` has fewer than 32 bytes.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self> {
        let signer = Self { secrets: Vec::new(), forms: vec![Form::Native] };
        signer.with_secret(secret.as_ref(), MIN_NATIVE_SECRET)
    }

    /// Makes a signer that always writes the form of Flask, for an application that serves the
    /// same sessions beside a Flask app; it reads the native form too.
    ///
    /// `secret` is the app's `SECRET_KEY`, of any length but zero, and `salt` its signing salt:
    /// `flask-session` unless the app changed it.
    ///
    /// # Errors
    ///
    /// `Config` if `secret` is empty.
    #[cfg(feature = "flask")]
    pub fn shared_with_flask(secret: impl AsRef<[u8]>, salt: &str) -> Result<Self> {
        let forms = vec![Form::Flask { salt: salt.into() }, Form::Native];
        Self { secrets: Vec::new(), forms }.with_secret(secret.as_ref(), 1)
    }

    /// Reads signatures of a Flask app as well, with every key; writes what it wrote before.
    ///
    /// May be called once per salt in use. From here on [`with_fallback`](Self::with_fallback)
    /// takes secrets of any length but zero; those under 32 bytes verify only the form of Flask.
    ///
    /// # Examples
    ///
    /// A service that takes over from a Flask app with a short key:
    ///
    /// ```
    /// # use session_core as web_session;
    /// use web_session::Signer;
    ///
    /// let signer = Signer::new("a secret of at least thirty-two bytes")?
    ///     .accept_flask("flask-session")
    ///     .with_fallback("the app's key")?;
    /// # Ok::<(), session_core::Error>(())
    /// ```
    #[cfg(feature = "flask")]
    #[must_use]
    pub fn accept_flask(mut self, salt: &str) -> Self {
        let form = Form::Flask { salt: salt.into() };
        if !self.forms.contains(&form) {
            self.forms.push(form);
        }
        self
    }

    /// Adds an older key, which verifies and never signs; of several the newest comes first.
    ///
    /// # Errors
    ///
    /// `Config` if `secret` has fewer than 32 bytes, or none if this signer reads signatures of
    /// Flask.
    pub fn with_fallback(self, secret: impl AsRef<[u8]>) -> Result<Self> {
        let min_len =
            if self.forms.iter().all(|form| *form == Form::Native) { MIN_NATIVE_SECRET } else { 1 };
        self.with_secret(secret.as_ref(), min_len)
    }

    /// Derives the keys for the cookie of this name, once per manager.
    pub(crate) fn bind(&self, cookie_name: &str) -> BoundSigner {
        BoundSigner::new(self, cookie_name)
    }

    fn with_secret(mut self, secret: &[u8], min_len: usize) -> Result<Self> {
        if secret.len() < min_len {
            let message = if min_len == MIN_NATIVE_SECRET {
                "take a key that signs cookies: SECRET_KEY and each of SECRET_KEY_FALLBACKS need \
                 at least 32 bytes from a random source, as `openssl rand -base64 48` makes"
            } else {
                "take a key that signs cookies: SECRET_KEY and each of SECRET_KEY_FALLBACKS must \
                 not be empty"
            };
            return Err(Error::new(ErrorKind::Config, message));
        }
        self.secrets.push(Zeroizing::new(secret.into()));
        Ok(self)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Signer;
    use crate::error::ErrorKind;

    const LONG: [u8; 32] = [7; 32];

    #[test]
    fn native_keys_have_at_least_32_bytes() {
        for secret in [&b""[..], b"short", &[7; 31]] {
            let newest = Signer::new(secret).expect_err("too short");
            let older = Signer::new(LONG).unwrap().with_fallback(secret).expect_err("too short");
            assert_eq!([newest.kind(), older.kind()], [ErrorKind::Config; 2]);
        }
        Signer::new(LONG).unwrap().with_fallback(LONG).unwrap();
    }

    #[cfg(feature = "flask")]
    #[test]
    fn keys_of_flask_have_any_length_but_zero() {
        let shared = || Signer::shared_with_flask("k", "flask-session");
        shared().unwrap().with_fallback("l").unwrap();
        Signer::new(LONG).unwrap().accept_flask("flask-session").with_fallback("k").unwrap();

        assert!(Signer::shared_with_flask("", "flask-session").is_err());
        assert!(shared().unwrap().with_fallback("").is_err());
    }

    #[test]
    fn debug_is_blank() {
        let signer = Signer::new(LONG).unwrap();
        assert_eq!(
            format!("{signer:?} {:?}", signer.bind("session")),
            "Signer(..) BoundSigner(..)"
        );
    }
}
