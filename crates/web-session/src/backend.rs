//! The words of `SESSION_TYPE`.

use session_core::config::Settings;
use session_core::{Error, ErrorKind, Result};

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

/// Which database is meant by `SESSION_TYPE`; the URL must be of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Database {
    Any,
    Postgres,
    MySql,
    Sqlite,
}

/// Flask-Session's words, and the one for tests.
pub(crate) const WORDS: &[(&str, Backend)] = &[
    ("null", Backend::Null),
    ("redis", Backend::Redis),
    ("memcached", Backend::Memcached),
    ("filesystem", Backend::Filesystem),
    ("mongodb", Backend::MongoDb),
    ("sqlalchemy", Backend::Sql),
    ("dynamodb", Backend::DynamoDb),
    ("memory", Backend::Memory),
];

/// Other words that people write.
const SYNONYMS: &[(&str, Backend, Database)] = &[
    ("sql", Backend::Sql, Database::Any),
    ("postgres", Backend::Sql, Database::Postgres),
    ("postgresql", Backend::Sql, Database::Postgres),
    ("mysql", Backend::Sql, Database::MySql),
    ("mariadb", Backend::Sql, Database::MySql),
    ("sqlite", Backend::Sql, Database::Sqlite),
    ("valkey", Backend::Redis, Database::Any),
    ("memcache", Backend::Memcached, Database::Any),
    ("file", Backend::Filesystem, Database::Any),
    ("files", Backend::Filesystem, Database::Any),
    ("fs", Backend::Filesystem, Database::Any),
    ("mongo", Backend::MongoDb, Database::Any),
    ("dynamo", Backend::DynamoDb, Database::Any),
];

impl Backend {
    /// # Errors
    ///
    /// `Config` if the word is none of these, or names another database than the URL.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        let Some(written) = settings.text("SESSION_TYPE")? else { return Ok(Self::Null) };
        // Some readers of `.env` files leave quotes and blanks where they are.
        let word = written.trim().trim_matches(['"', '\'']).trim().to_ascii_lowercase();
        if let Some((word, backend, database)) = SYNONYMS.iter().find(|row| row.0 == word) {
            check_database(word, *database, settings)?;
            return Ok(*backend);
        }
        match WORDS.iter().find(|row| row.0 == word) {
            Some((_, backend)) => Ok(*backend),
            // Says which words there are.
            None => Ok(settings.choice("SESSION_TYPE", WORDS)?.unwrap_or(Self::Null)),
        }
    }
}

fn check_database(word: &str, meant: Database, settings: &Settings) -> Result<()> {
    let key = "SESSION_SQLALCHEMY";
    let key = if settings.contains(key) { key } else { "SQLALCHEMY_DATABASE_URI" };
    let scheme = settings.text(key)?.and_then(|url| url.split_once(':')).map(|(scheme, _)| scheme);
    let of_url = match scheme.map(|scheme| scheme.split('+').next().unwrap_or(scheme)) {
        Some("postgres" | "postgresql") => Database::Postgres,
        Some("mysql" | "mariadb") => Database::MySql,
        Some("sqlite") => Database::Sqlite,
        // What else stands there, the store says.
        _ => return Ok(()),
    };
    if meant == Database::Any || meant == of_url {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        format!("read SESSION_TYPE: it says {word}, and the URL in {key} is of another database"),
    ))
}

#[cfg(test)]
mod tests {
    use super::{Backend, SYNONYMS, WORDS};
    use session_core::config::{CORE_KEYS, Kind, Settings};

    #[test]
    fn words_are_those_of_the_table_of_keys() {
        let key = CORE_KEYS.iter().find(|key| key.name == "SESSION_TYPE").unwrap();
        let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
        assert!(matches!(key.kind, Kind::Choice(known) if known == words), "{words:?}");
        for (word, ..) in SYNONYMS {
            assert!(key.doc.contains(&format!("`{word}`")), "{word}");
        }
    }

    #[test]
    fn default_is_that_of_the_table_of_keys() {
        let key = CORE_KEYS.iter().find(|key| key.name == "SESSION_TYPE").unwrap();
        let written: Settings = [(key.name, key.default.unwrap())].into_iter().collect();
        for settings in [Settings::default(), written] {
            assert_eq!(Backend::from_settings(&settings).unwrap(), Backend::Null);
        }
    }

    #[test]
    fn words_that_people_write_are_read() {
        for (written, backend) in [
            ("sql", Backend::Sql),
            ("Postgres", Backend::Sql),
            ("mariadb", Backend::Sql),
            ("\"redis\"", Backend::Redis),
            (" 'valkey' ", Backend::Redis),
            ("fs", Backend::Filesystem),
            ("mongo", Backend::MongoDb),
            ("dynamo", Backend::DynamoDb),
            ("memcache", Backend::Memcached),
        ] {
            let settings: Settings = [("SESSION_TYPE", written)].into_iter().collect();
            assert_eq!(Backend::from_settings(&settings).unwrap(), backend, "{written}");
        }
        let settings: Settings = [("SESSION_TYPE", "redsi")].into_iter().collect();
        let error = Backend::from_settings(&settings).unwrap_err().to_string();
        assert!(error.contains("redis or memcached"), "{error}");
    }

    #[test]
    fn url_of_another_database_is_a_contradiction() {
        for (word, key, url, is_refused) in [
            ("sqlite", "SESSION_SQLALCHEMY", "postgresql+psycopg2://u:p@db/x", true),
            ("postgres", "SQLALCHEMY_DATABASE_URI", "sqlite:///x.db", true),
            ("mysql", "SESSION_SQLALCHEMY", "postgres://u:p@db/x", true),
            ("mariadb", "SESSION_SQLALCHEMY", "mysql+pymysql://u:p@db/x", false),
            ("postgresql", "SESSION_SQLALCHEMY", "postgres://u:p@db/x", false),
            ("sql", "SESSION_SQLALCHEMY", "sqlite:///x.db", false),
            ("sqlite", "SESSION_SQLALCHEMY", "sqlite:///x.db", false),
            ("sqlite", "SESSION_REDIS", "redis://a", false),
        ] {
            let settings: Settings = [("SESSION_TYPE", word), (key, url)].into_iter().collect();
            let read = Backend::from_settings(&settings);
            assert_eq!(read.is_err(), is_refused, "{word} {url}");
            if let Err(error) = read {
                let said = error.to_string();
                assert!(
                    said.contains(word) && said.contains(key) && !said.contains("u:p"),
                    "{said}"
                );
            }
        }
    }
}
