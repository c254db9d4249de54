//! What there is to say of a setting.

use std::fmt;

/// One setting: its name, what it holds, and what it is without being set.
///
/// Every store crate lists its own settings in such a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyInfo {
    /// The name in the environment and in files.
    pub name: &'static str,
    /// What the value looks like.
    pub kind: Kind,
    /// The value that does what leaving the key out does; `None` where no value does.
    pub default: Option<&'static str>,
    /// What it is for, in one or two sentences of Markdown without `|`.
    pub doc: &'static str,
}

/// What the value of a setting looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Any text.
    Text,
    /// Yes or no: [`Settings::flag`](super::Settings::flag).
    Flag,
    /// A flag, or a word for the time of a change: [`Settings::rollout`](super::Settings::rollout).
    Rollout,
    /// A whole number.
    Number,
    /// A whole number of bytes.
    Bytes,
    /// A whole number of seconds: [`Settings::seconds`](super::Settings::seconds).
    Seconds,
    /// Seconds with a fraction: [`Settings::timeout`](super::Settings::timeout).
    Timeout,
    /// A file mode: [`Settings::octal`](super::Settings::octal).
    Octal,
    /// Texts with commas between: [`Settings::list`](super::Settings::list).
    List,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// Text that is never shown.
    Secret,
    /// A JSON list of texts that are never shown.
    SecretList,
    /// An address that may hold a password, so it is never shown.
    Url,
}

impl KeyInfo {
    /// Describes a setting.
    pub const fn new(
        name: &'static str,
        kind: Kind,
        default: Option<&'static str>,
        doc: &'static str,
    ) -> Self {
        Self { name, kind, default, doc }
    }

    /// The row of this key in `docs/configuration.md`: name, value, default, meaning.
    pub fn markdown_row(&self) -> String {
        let default = self.default.map_or_else(|| "none".into(), |text| format!("`{text}`"));
        format!("| `{}` | {} | {default} | {} |", self.name, self.kind, self.doc)
    }
}

/// What the docs say that a value looks like.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Flag => "flag",
            Self::Rollout => "flag, `accept`, `migrate`",
            Self::Number => "number",
            Self::Bytes => "bytes",
            Self::Seconds => "seconds",
            Self::Timeout => "seconds, with fraction",
            Self::Octal => "octal",
            Self::List => "list",
            Self::Choice(words) => {
                for (position, word) in words.iter().enumerate() {
                    let before = if position == 0 { "" } else { ", " };
                    write!(f, "{before}`{word}`")?;
                }
                return Ok(());
            }
            Self::Secret => "secret",
            Self::SecretList => "JSON list of secrets",
            Self::Url => "URL",
        })
    }
}
