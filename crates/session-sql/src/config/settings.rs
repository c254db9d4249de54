//! Options as the environment, or a file of settings, has them.

use super::SqlOptions;
use session_core::Result;
use session_core::config::{KeyInfo, Kind, Settings};
use session_core::store::{Timeouts, owner_index};

pub(super) const URL: &str = "sqlite:///sessions.db";
pub(super) const TABLE: &str = "sessions";
pub(super) const MAX_CONNECTIONS: usize = 10;

const URL_KEY: &str = "SESSION_SQLALCHEMY";
const FALLBACK_KEY: &str = "SQLALCHEMY_DATABASE_URI";
pub(super) const TABLE_KEY: &str = "SESSION_SQLALCHEMY_TABLE";
pub(super) const SCHEMA_KEY: &str = "SESSION_SQLALCHEMY_SCHEMA";
pub(super) const MAX_CONNECTIONS_KEY: &str = "SESSION_SQLALCHEMY_MAX_CONNECTIONS";
const POOLER_KEY: &str = "SESSION_SQLALCHEMY_TRANSACTION_POOLER";

/// The settings that [`SqlOptions::from_settings`] reads, besides `SESSION_OWNER_INDEX`.
pub const KEYS: &[KeyInfo] = &[
    KeyInfo::new(
        URL_KEY,
        Kind::Url,
        Some(URL),
        "The database, as SQLAlchemy writes it: a `+driver` is skipped, and three slashes make a \
         SQLite path relative.",
    ),
    KeyInfo::new(
        FALLBACK_KEY,
        Kind::Url,
        None,
        "The database where `SESSION_SQLALCHEMY` is not set.",
    ),
    KeyInfo::new(TABLE_KEY, Kind::Text, Some(TABLE), "The table."),
    KeyInfo::new(
        SCHEMA_KEY,
        Kind::Text,
        None,
        "The schema of the table. Without it, the connection's own.",
    ),
    KeyInfo::new(
        MAX_CONNECTIONS_KEY,
        Kind::Number,
        Some("10"),
        "How many connections one process has open at most, at least 1; further calls wait in line.",
    ),
    KeyInfo::new(
        POOLER_KEY,
        Kind::Flag,
        Some("false"),
        "Whether a pooler in transaction mode, such as PgBouncer, may be in front of PostgreSQL: \
         statements are then not prepared.",
    ),
];

impl SqlOptions {
    /// Reads `SESSION_SQLALCHEMY` (else `SQLALCHEMY_DATABASE_URI`), `SESSION_SQLALCHEMY_TABLE`,
    /// `SESSION_SQLALCHEMY_SCHEMA`, `SESSION_SQLALCHEMY_MAX_CONNECTIONS`,
    /// `SESSION_SQLALCHEMY_TRANSACTION_POOLER`, `SESSION_OWNER_INDEX` and [`Timeouts::KEYS`].
    ///
    /// # Errors
    ///
    /// `Config` if a value is not of its kind.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod web_session {
    /// #     pub use session_core::*;
    /// #     pub mod stores { pub use session_sql as sql; }
    /// # }
    /// use web_session::config::Settings;
    /// use web_session::stores::sql::SqlOptions;
    ///
    /// let settings: Settings =
    ///     [("SESSION_SQLALCHEMY", "sqlite:////var/lib/shop/sessions.db")].into_iter().collect();
    /// let options = SqlOptions::from_settings(&settings)?;
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let url = match settings.text(URL_KEY)? {
            Some(url) => Some(url),
            None => settings.text(FALLBACK_KEY)?,
        };
        let options = Self {
            table: settings.text(TABLE_KEY)?.unwrap_or(TABLE).to_owned(),
            schema: settings.text(SCHEMA_KEY)?.map(str::to_owned),
            owner_index: owner_index(settings)?,
            max_connections: settings.number(MAX_CONNECTIONS_KEY)?.unwrap_or(MAX_CONNECTIONS),
            timeouts: Timeouts::from_settings(settings)?,
            ..Self::new(url.unwrap_or(URL))
        };
        let options = options.transaction_pooler(settings.flag(POOLER_KEY)? == Some(true));
        options.check()?;
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::{KEYS, SqlOptions};
    use crate::config::Way;
    use session_core::config::Settings;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().copied().collect()
    }

    #[test]
    fn defaults_are_those_of_the_table_of_keys() {
        let defaults: Settings =
            KEYS.iter().filter_map(|key| Some((key.name, key.default?))).collect();
        let none = SqlOptions::from_settings(&Settings::default()).unwrap();
        for options in [SqlOptions::from_settings(&defaults).unwrap(), SqlOptions::default()] {
            assert_eq!(options.url, none.url);
            assert_eq!(format!("{options:?}"), format!("{none:?}"));
        }
    }

    #[test]
    fn settings_are_read() {
        let own = ("SESSION_SQLALCHEMY", "mysql://a/b");
        let fallback = ("SQLALCHEMY_DATABASE_URI", "mysql://c/d");
        for (pairs, url) in [
            (&[own, fallback][..], "mysql://a/b"),
            (&[fallback], "mysql://c/d"),
            (&[("SESSION_SQLALCHEMY", ""), fallback], "mysql://c/d"),
        ] {
            assert_eq!(SqlOptions::from_settings(&settings(pairs)).unwrap().url.as_str(), url);
        }
        let options = SqlOptions::from_settings(&settings(&[
            ("SESSION_SQLALCHEMY_TABLE", "web"),
            ("SESSION_SQLALCHEMY_SCHEMA", "shop"),
            ("SESSION_OWNER_INDEX", "true"),
            ("SESSION_SQLALCHEMY_TRANSACTION_POOLER", "true"),
            ("SESSION_SQLALCHEMY_MAX_CONNECTIONS", "3"),
        ]));
        let options = options.unwrap();
        assert_eq!((options.way, options.max_connections), (Way::Plain, 3));
        let checked = options.check().unwrap();
        assert_eq!(checked.name.table.as_str(), "web");
        assert_eq!(checked.name.schema.unwrap().as_str(), "shop");
        assert!(checked.has_owners);
    }

    #[test]
    fn settings_without_sense_are_errors() {
        for (name, value) in [
            ("SESSION_SQLALCHEMY_TABLE", "a\"b"),
            ("SESSION_SQLALCHEMY_MAX_CONNECTIONS", "0"),
            ("SESSION_SQLALCHEMY_MAX_CONNECTIONS", "many"),
        ] {
            let error = SqlOptions::from_settings(&settings(&[(name, value)])).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
