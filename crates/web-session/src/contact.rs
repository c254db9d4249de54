//! The words of `SESSION_CONNECT`.

use session_core::Result;
use session_core::config::{KeyInfo, Kind, Settings};

/// The settings of [`connect`](crate::connect) itself, besides `SESSION_TYPE`.
pub(crate) const KEYS: &[KeyInfo] = &[KeyInfo::new(
    "SESSION_CONNECT",
    Kind::Choice(&["eager", "lazy"]),
    Some("eager"),
    "When the store is connected to: `eager` at the start, which fails if the server is down; \
     `lazy` by the first call, so that the application starts in any case.",
)];

/// Those of a move to another store.
pub(crate) const MIGRATION_KEYS: &[KeyInfo] = &[
    KeyInfo::new(
        "SESSION_MIGRATE_TO",
        Kind::Url,
        None,
        "First step of a move to another store, for every instance: the store to come, which is \
         read as well. A word of `SESSION_TYPE`, whose other settings say where it is, or a URL.",
    ),
    KeyInfo::new(
        "SESSION_MIGRATE_FROM",
        Kind::Url,
        None,
        "Second step of a move to another store: the former store, from which each session moves \
         with its next write or renewal, while `SESSION_TYPE` names the new one. A word of \
         `SESSION_TYPE`, whose other settings say where it is, or a URL.",
    ),
];

/// When the first contact with a server is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contact {
    Eager,
    Lazy,
    /// At once, and nothing is made there.
    Only,
}

const WORDS: &[(&str, Contact)] = &[("eager", Contact::Eager), ("lazy", Contact::Lazy)];

impl Contact {
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        Ok(settings.choice("SESSION_CONNECT", WORDS)?.unwrap_or(Self::Eager))
    }
}

#[cfg(test)]
mod tests {
    use super::{Contact, KEYS, WORDS};
    use session_core::config::{Kind, Settings};

    #[test]
    fn words_and_default_are_those_of_the_table_of_keys() {
        let [key] = KEYS else { unreachable!("it is one setting") };
        let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
        assert!(matches!(key.kind, Kind::Choice(known) if known == words), "{words:?}");
        let written: Settings = key.default.map(|word| (key.name, word)).into_iter().collect();
        for settings in [Settings::default(), written] {
            assert_eq!(Contact::from_settings(&settings).unwrap(), Contact::Eager);
        }
    }
}
