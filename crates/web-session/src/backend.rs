//! The words of `SESSION_TYPE`.

use session_core::Result;
use session_core::config::Settings;

/// What `SESSION_TYPE` names, whether or not it is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Null,
    Memory,
    Redis,
    Memcached,
    Filesystem,
    MongoDb,
    Sql,
    DynamoDb,
}

/// Flask-Session's words; `sql` and `memory` are ours.
const WORDS: &[(&str, Backend)] = &[
    ("null", Backend::Null),
    ("redis", Backend::Redis),
    ("memcached", Backend::Memcached),
    ("filesystem", Backend::Filesystem),
    ("mongodb", Backend::MongoDb),
    ("sqlalchemy", Backend::Sql),
    ("sql", Backend::Sql),
    ("dynamodb", Backend::DynamoDb),
    ("memory", Backend::Memory),
];

impl Backend {
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        Ok(settings.choice("SESSION_TYPE", WORDS)?.unwrap_or(Self::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::{Backend, WORDS};
    use session_core::config::{CORE_KEYS, Kind, Settings};

    #[test]
    fn words_are_those_of_the_table_of_keys() {
        let key = CORE_KEYS.iter().find(|key| key.name == "SESSION_TYPE").unwrap();
        let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
        assert!(matches!(key.kind, Kind::Choice(known) if known == words), "{words:?}");
    }

    #[test]
    fn default_is_that_of_the_table_of_keys() {
        let key = CORE_KEYS.iter().find(|key| key.name == "SESSION_TYPE").unwrap();
        let written: Settings = [(key.name, key.default.unwrap())].into_iter().collect();
        for settings in [Settings::default(), written] {
            assert_eq!(Backend::from_settings(&settings).unwrap(), Backend::Null);
        }
    }
}
