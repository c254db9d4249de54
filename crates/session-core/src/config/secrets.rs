//! The keys that sign, on their way from the settings to the signer.

use super::settings::{Setting, Settings, refuse};
use crate::error::{Error, ErrorKind, Result};
use crate::signer::Signer;
use std::fmt;
use zeroize::Zeroizing;

const NEWEST: &str = "SECRET_KEY";
const FALLBACKS: &str = "SECRET_KEY_FALLBACKS";
const SIGNATURE: &str = "SESSION_SIGNATURE";
const SALT: &str = "SESSION_SIGNATURE_SALT";
pub(super) const DEFAULT_SALT: &str = "flask-session";

/// `SECRET_KEY` and `SECRET_KEY_FALLBACKS`, and what they sign with: wiped from memory on drop,
/// never shown or serialized.
pub struct Secrets {
    newest: Zeroizing<String>,
    fallbacks: Vec<Zeroizing<String>>,
    signature: Signature,
    salt: String,
}

/// The words of `SESSION_SIGNATURE`.
#[derive(Clone, Copy)]
enum Signature {
    Native,
    Flask,
    AcceptFlask,
}

const SIGNATURES: &[(&str, Signature)] = &[
    ("native", Signature::Native),
    ("flask", Signature::Flask),
    ("accept-flask", Signature::AcceptFlask),
];

impl Secrets {
    /// The key that signs; never empty.
    pub fn newest(&self) -> &[u8] {
        self.newest.as_bytes()
    }

    /// The keys that verify only, the latest first.
    pub fn fallbacks(&self) -> impl Iterator<Item = &[u8]> {
        self.fallbacks.iter().map(|secret| secret.as_bytes())
    }

    /// Makes the signer that `SESSION_SIGNATURE` and `SESSION_SIGNATURE_SALT` describe.
    ///
    /// # Errors
    ///
    /// `Config` if a key that signs or reads only this library's own form has fewer than 32 bytes,
    /// or the signer is one for Flask and this build lacks the feature `flask`.
    ///
    /// # Examples
    ///
    /// A Flask app's key and its signatures, so that either side reads what the other signs:
    ///
    /// ```
    /// # use session_core as web_session;
    /// use web_session::config::Settings;
    ///
    /// let settings: Settings =
    ///     [("SECRET_KEY", "the app's"), ("SESSION_SIGNATURE", "flask")].into_iter().collect();
    /// let secrets = settings.secrets()?.expect("there is a SECRET_KEY");
    /// assert_eq!(secrets.signer().is_ok(), cfg!(feature = "flask"));
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn signer(&self) -> Result<Signer> {
        let signer = match self.signature {
            Signature::Native => Signer::new(self.newest())?,
            Signature::Flask => shared_with_flask(self.newest(), &self.salt)?,
            Signature::AcceptFlask => accept_flask(Signer::new(self.newest())?, &self.salt)?,
        };
        self.fallbacks().try_fold(signer, Signer::with_fallback)
    }
}

#[cfg(feature = "flask")]
fn shared_with_flask(newest: &[u8], salt: &str) -> Result<Signer> {
    Signer::shared_with_flask(newest, salt)
}

#[cfg(feature = "flask")]
fn accept_flask(signer: Signer, salt: &str) -> Result<Signer> {
    Ok(signer.accept_flask(salt))
}

#[cfg(not(feature = "flask"))]
fn shared_with_flask(_: &[u8], _: &str) -> Result<Signer> {
    Err(left_out())
}

#[cfg(not(feature = "flask"))]
fn accept_flask(_: Signer, _: &str) -> Result<Signer> {
    Err(left_out())
}

#[cfg(not(feature = "flask"))]
fn left_out() -> Error {
    Error::new(
        ErrorKind::Config,
        "make the signer of SESSION_SIGNATURE: this build leaves out the signatures of Flask; turn \
         on the feature `flask`",
    )
}

impl Settings {
    /// Reads the keys that sign ids, and how they do; `None` if there is no `SECRET_KEY`.
    ///
    /// # Errors
    ///
    /// `Config` if `SECRET_KEY_FALLBACKS` is no JSON list of texts that are not empty, or stands
    /// without a `SECRET_KEY`, if `SESSION_SIGNATURE` is no word of its own, or
    /// `SESSION_SIGNATURE_SALT` no printable ASCII; `Unsupported` if the fallbacks are JSON and
    /// this build lacks the feature `json`.
    pub fn secrets(&self) -> Result<Option<Secrets>> {
        let fallbacks = self.find(FALLBACKS).map(fallbacks).transpose()?.unwrap_or_default();
        let signature = self.choice(SIGNATURE, SIGNATURES)?.unwrap_or(Signature::Native);
        let salt = self.text(SALT)?.unwrap_or(DEFAULT_SALT);
        if !salt.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refuse(SALT, "printable ASCII without spaces, such as flask-session"));
        }
        match self.text(NEWEST)? {
            Some(newest) => Ok(Some(Secrets {
                newest: newest.to_owned().into(),
                fallbacks,
                signature,
                salt: salt.to_owned(),
            })),
            None if fallbacks.is_empty() => Ok(None),
            None => Err(Error::new(
                ErrorKind::Config,
                "read SECRET_KEY_FALLBACKS: they verify what SECRET_KEY signed before, and there \
                 is no SECRET_KEY",
            )),
        }
    }
}

fn fallbacks(setting: &Setting) -> Result<Vec<Zeroizing<String>>> {
    let secrets = match setting {
        Setting::List(secrets) => Some(secrets.clone()),
        Setting::Text(text) => parse(text)?,
        Setting::Flag(_) | Setting::Number(_) => None,
    };
    secrets
        .filter(|secrets| secrets.iter().all(|secret| !secret.is_empty()))
        .ok_or_else(|| refuse(FALLBACKS, "a JSON list of texts that are not empty"))
}

/// The parser's error is dropped: it may repeat a part of a secret.
#[cfg(feature = "json")]
fn parse(text: &str) -> Result<Option<Vec<Zeroizing<String>>>> {
    let secrets: Option<Vec<String>> = serde_json::from_str(text).ok();
    Ok(secrets.map(|secrets| secrets.into_iter().map(Zeroizing::new).collect()))
}

#[cfg(not(feature = "json"))]
fn parse(_: &str) -> Result<Option<Vec<Zeroizing<String>>>> {
    Err(Error::new(
        ErrorKind::Unsupported,
        "read SECRET_KEY_FALLBACKS: this build reads no JSON list; turn on the feature `json`",
    ))
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}
