//! The keys that sign, on their way from the settings to the signer.

use super::settings::{Setting, Settings, refuse};
use crate::error::{Error, ErrorKind, Result};
use crate::signer::Signer;
use std::fmt;
use zeroize::Zeroizing;

const NEWEST: &str = "SECRET_KEY";
const FALLBACKS: &str = "SECRET_KEY_FALLBACKS";

/// `SECRET_KEY` and `SECRET_KEY_FALLBACKS`: wiped from memory on drop, never shown or serialized.
pub struct Secrets {
    newest: Zeroizing<String>,
    fallbacks: Vec<Zeroizing<String>>,
}

impl Secrets {
    /// The key that signs; never empty.
    pub fn newest(&self) -> &[u8] {
        self.newest.as_bytes()
    }

    /// The keys that verify only, the latest first.
    pub fn fallbacks(&self) -> impl Iterator<Item = &[u8]> {
        self.fallbacks.iter().map(|secret| secret.as_bytes())
    }

    /// Makes the signer of this library's own form.
    ///
    /// To read or write signatures of Flask, give the keys to one of [`Signer`]'s other
    /// constructors.
    ///
    /// # Errors
    ///
    /// `Config` if one of them has fewer than 32 bytes.
    pub fn signer(&self) -> Result<Signer> {
        self.fallbacks().try_fold(Signer::new(self.newest())?, Signer::with_fallback)
    }
}

impl Settings {
    /// Reads the keys that sign ids; `None` if there is no `SECRET_KEY`.
    ///
    /// # Errors
    ///
    /// `Config` if `SECRET_KEY_FALLBACKS` is no JSON list of texts that are not empty, or stands
    /// without a `SECRET_KEY`; `Unsupported` if it is JSON and this build lacks the feature `json`.
    pub fn secrets(&self) -> Result<Option<Secrets>> {
        let fallbacks = self.find(FALLBACKS).map(fallbacks).transpose()?.unwrap_or_default();
        match self.text(NEWEST)? {
            Some(newest) => Ok(Some(Secrets { newest: newest.to_owned().into(), fallbacks })),
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
        "read SECRET_KEY_FALLBACKS: a JSON list needs the feature `json` of session-core",
    ))
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}
