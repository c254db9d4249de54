//! Settings as they were written, and typed readers for them.

use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use zeroize::Zeroizing;

/// Settings by name, as the environment or a file holds them, before anything was made of them.
///
/// [`Config`](super::Config), [`Secrets`](super::Secrets) and the options of every store are read
/// from the same settings. A reader returns `None` for a key that is not set; empty text counts as
/// not set, as in `KEY=` of an `.env` file. No error and no `Debug` shows a value; text is wiped
/// from memory on drop.
///
/// It deserializes from a map of names to text, booleans, numbers, lists of text and null; a key
/// that is null is not set. [`refuse_unknown`](Self::refuse_unknown) then checks the names.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use std::time::Duration;
/// use web_session::config::Settings;
///
/// let settings: Settings = [("SESSION_REDIS_TIMEOUT", "0.25")].into_iter().collect();
/// let timeout = settings.timeout("SESSION_REDIS_TIMEOUT")?;
/// assert_eq!(timeout, Some(Duration::from_millis(250)));
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Settings {
    values: BTreeMap<String, Setting>,
}

/// One value as it was written. Files have types; in the environment all is text.
#[derive(Clone)]
pub(super) enum Setting {
    Text(Zeroizing<String>),
    Flag(bool),
    Number(u64),
    List(Vec<Zeroizing<String>>),
}

impl Settings {
    /// Whether the key is set.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The names of all keys, in order, whether known or not.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Reads text.
    ///
    /// # Errors
    ///
    /// `Config` if a file holds something else there, as for every reader here.
    pub fn text(&self, name: &str) -> Result<Option<&str>> {
        self.find(name).map(|setting| setting.as_text(name)).transpose()
    }

    /// Reads text that may be set to nothing.
    ///
    /// # Errors
    ///
    /// `Config` if it is no text.
    pub fn text_or_empty(&self, name: &str) -> Result<Option<&str>> {
        self.values.get(name).map(|setting| setting.as_text(name)).transpose()
    }

    /// Reads `true`, `1`, `yes`, `on` or `false`, `0`, `no`, `off`, in any case.
    ///
    /// # Errors
    ///
    /// `Config` if it is none of these.
    pub fn flag(&self, name: &str) -> Result<Option<bool>> {
        let is_one_of =
            |text: &str, words: [&str; 4]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
        self.read(name, "true or false (also 1/0, yes/no, on/off)", |setting| match setting {
            Setting::Flag(flag) => Some(*flag),
            Setting::Number(number) => [false, true].get(usize::try_from(*number).ok()?).copied(),
            Setting::Text(text) if is_one_of(text, ["true", "1", "yes", "on"]) => Some(true),
            Setting::Text(text) if is_one_of(text, ["false", "0", "no", "off"]) => Some(false),
            Setting::Text(_) | Setting::List(_) => None,
        })
    }

    /// Reads a whole number in decimal digits.
    ///
    /// # Errors
    ///
    /// `Config` if it is none, or none that `T` can hold.
    pub fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        self.read(name, "a whole number in range", |setting| setting.digits()?.parse().ok())
    }

    /// Reads a whole number of seconds.
    ///
    /// # Errors
    ///
    /// `Config` if it is none; units and fractions are not read.
    pub fn seconds(&self, name: &str) -> Result<Option<Duration>> {
        self.read(name, "a whole number of seconds, such as 3600", |setting| {
            setting.digits()?.parse().ok().map(Duration::from_secs)
        })
    }

    /// Reads seconds with or without a decimal fraction, as `2` or `0.5`.
    ///
    /// # Errors
    ///
    /// `Config` if it is anything else.
    pub fn timeout(&self, name: &str) -> Result<Option<Duration>> {
        self.read(name, "seconds, such as 2 or 0.5", |setting| {
            let written = setting.written()?;
            let is_decimal = written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            if !is_decimal {
                return None;
            }
            Duration::try_from_secs_f64(written.parse().ok()?).ok()
        })
    }

    /// Reads a file mode: text in octal digits, `0600` or `0o600`, or a number of a file's own.
    ///
    /// # Errors
    ///
    /// `Config` if it is none, or above `0777`.
    pub fn octal(&self, name: &str) -> Result<Option<u32>> {
        self.read(name, "an octal file mode from 0 to 0777, such as 0600", |setting| {
            let mode = match setting {
                Setting::Number(number) => u32::try_from(*number).ok()?,
                Setting::Text(text) => {
                    let digits = text.strip_prefix("0o").unwrap_or(text);
                    let is_octal = digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
                    u32::from_str_radix(digits, 8).ok().filter(|_| is_octal)?
                }
                Setting::Flag(_) | Setting::List(_) => return None,
            };
            (mode <= 0o777).then_some(mode)
        })
    }

    /// Reads texts with commas between them, or a list in a file; spaces around each are dropped.
    ///
    /// # Errors
    ///
    /// `Config` if there is no text in it, or an empty one.
    pub fn list(&self, name: &str) -> Result<Option<Vec<&str>>> {
        self.read(name, "one or more texts with commas between them", |setting| {
            let texts: Vec<&str> = match setting {
                Setting::Text(text) => text.split(',').map(str::trim).collect(),
                Setting::List(texts) => texts.iter().map(|text| text.trim()).collect(),
                Setting::Flag(_) | Setting::Number(_) => return None,
            };
            (!texts.is_empty() && texts.iter().all(|text| !text.is_empty())).then_some(texts)
        })
    }

    /// Reads one of some words, in any case, and returns what stands beside it.
    ///
    /// # Errors
    ///
    /// `Config` if it is none of them; the message lists them.
    pub fn choice<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(setting) = self.find(name) else { return Ok(None) };
        let chosen = setting
            .as_text(name)
            .ok()
            .and_then(|text| words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)));
        match chosen {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                Err(refuse(name, &words.join(" or ")))
            }
        }
    }

    /// The value, unless it is empty text.
    pub(super) fn find(&self, name: &str) -> Option<&Setting> {
        self.values
            .get(name)
            .filter(|setting| !matches!(setting, Setting::Text(text) if text.is_empty()))
    }

    /// Sets a key and says whether it was set before.
    pub(super) fn put(&mut self, name: String, setting: Setting) -> bool {
        self.values.insert(name, setting).is_some()
    }

    fn read<'a, T>(
        &'a self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&'a Setting) -> Option<T>,
    ) -> Result<Option<T>> {
        self.find(name)
            .map(|setting| parse(setting).ok_or_else(|| refuse(name, expected)))
            .transpose()
    }
}

impl Setting {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(Zeroizing::new(text.into()))
    }

    fn as_text(&self, name: &str) -> Result<&str> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Flag(_) | Self::Number(_) | Self::List(_) => Err(refuse(name, "text")),
        }
    }

    fn written(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Flag(_) | Self::List(_) => None,
        }
    }

    /// A number as written, without the sign that `FromStr` would take.
    fn digits(&self) -> Option<String> {
        self.written().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// Says which key cannot be read, and never what it holds.
pub(super) fn refuse(name: &str, expected: &str) -> Error {
    Error::new(ErrorKind::Config, format!("read {name}: expected {expected}"))
}

/// Takes names and values as they come; the last of a name counts.
impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Settings {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut settings = Self::default();
        settings.extend(pairs);
        settings
    }
}

/// Sets names as they come, those that are set already as well.
impl<N: Into<String>, V: Into<String>> Extend<(N, V)> for Settings {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, pairs: I) {
        let pairs = pairs.into_iter();
        self.values.extend(pairs.map(|(name, value)| (name.into(), Setting::text(value))));
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settings")?;
        f.debug_set().entries(self.names()).finish()
    }
}
