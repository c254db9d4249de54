//! The parameters of a URL: each is honoured, or the error names it.

use super::refuse;
use percent_encoding::percent_decode_str;
use session_core::{Error, Result};
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::fs::File;
use std::time::Duration;

/// One of them, decoded.
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) value: String,
}

/// Those of a query, in order.
pub(super) fn parameters(query: &str) -> Result<Vec<Parameter>> {
    if query.contains('@') {
        // It may be the rest of a password, which no error repeats.
        return Err(refuse(
            "the url has an @ after a ?; in a user or password / is %2F, ? is %3F and @ is %40",
        ));
    }
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok(Parameter { name: decode(name)?, value: decode(&value.replace('+', " "))? })
        })
        .collect()
}

/// Fails if a certificate is there without its key, or the other way round.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn check_pair(parameters: &[Parameter], [certificate, key]: [&str; 2]) -> Result<()> {
    let has = |name: &str| parameters.iter().any(|asked| asked.name.replace('_', "-") == name);
    if has(certificate) == has(key) {
        return Ok(());
    }
    Err(refuse(format!("the url has one of {certificate} and {key}; it takes both")))
}

/// Text of a URL without its percent signs.
pub(super) fn decode(text: &str) -> Result<String> {
    let decoded = percent_decode_str(text).decode_utf8();
    Ok(decoded.map_err(|_| refuse("the url has bytes that are not UTF-8"))?.into_owned())
}

impl Parameter {
    /// Why it cannot be honoured. Nothing of its value is told, which may be a secret.
    pub(super) fn refused(&self, why: &str) -> Error {
        let is_name = self.name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        let name = if is_name && self.name.len() < 40 { &*self.name } else { ".." };
        refuse(format!("the url has the parameter {name}, {why}"))
    }

    pub(super) fn unknown(&self) -> Error {
        self.refused("which this driver does not know; leave it out")
    }

    /// Fails unless the value is one of those that say what holds anyway.
    pub(super) fn only(&self, values: &[&str], why: &str) -> Result<()> {
        let is_one = values.iter().any(|value| value.eq_ignore_ascii_case(&self.value));
        if is_one { Ok(()) } else { Err(self.refused(why)) }
    }

    /// A flag as Python or a client library writes it.
    pub(super) fn flag(&self) -> Result<bool> {
        match &*self.value.to_ascii_lowercase() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(self.refused("which is true or false")),
        }
    }

    /// A number, of which nothing hangs here but that it is one.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(super) fn number(&self) -> Result<u64> {
        self.value.trim_start_matches('-').parse().map_err(|_| self.refused("which is a number"))
    }

    /// The path of a certificate or key, which the client would not look for before it connects, or
    /// the thing itself.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn pem(&self) -> Result<&str> {
        let is_inline = self.value.trim_start().starts_with("-----BEGIN ");
        match File::open(&self.value) {
            Err(cause) if !is_inline => {
                Err(self.refused(&format!("which names a file that cannot be read: {cause}")))
            }
            _ => Ok(&self.value),
        }
    }

    /// A bound in seconds, of which 0 is none.
    pub(super) fn seconds(&self) -> Result<Duration> {
        let seconds: f64 = self.value.parse().map_err(|_| self.refused("which is in seconds"))?;
        match Duration::try_from_secs_f64(seconds) {
            Ok(Duration::ZERO) => Ok(Duration::MAX),
            Ok(bound) => Ok(bound),
            Err(_) => Err(self.refused("which is in seconds")),
        }
    }
}
