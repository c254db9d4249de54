//! Names of tables and schemas: checked, then quoted, for they become part of statements.

use session_core::{Error, ErrorKind, Result};

/// PostgreSQL cuts names after 63 bytes, and the names of our indexes are longer than the table's
/// by ten.
const MAX_LEN: usize = 50;

/// A name of ASCII letters, digits and underscores that does not begin with a digit.
///
/// It stands in statements between quotes, so that its case is kept and no keyword is special:
/// what SQLAlchemy does with a name that needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(Box<str>);

impl Name {
    /// Checks `text`, which the setting `key` holds.
    pub(crate) fn new(key: &str, text: &str) -> Result<Self> {
        let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        let is_name = text.len() <= MAX_LEN
            && text.bytes().next().is_some_and(is_letter)
            && text.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit());
        if !is_name {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "read {key}: expected up to {MAX_LEN} ASCII letters, digits and underscores, \
                     not beginning with a digit"
                ),
            ));
        }
        Ok(Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The table's name, and its schema's if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableName {
    pub(crate) schema: Option<Name>,
    pub(crate) table: Name,
}

#[cfg(test)]
mod tests {
    use super::Name;
    use session_core::ErrorKind;

    #[test]
    fn names_are_letters_digits_and_underscores() {
        for text in ["sessions", "Sessions", "flask_sessions", "_s", "s2", "select", "a"] {
            assert_eq!(Name::new("K", text).unwrap().as_str(), text);
        }
        let longest = "a".repeat(50);
        assert_eq!(Name::new("K", &longest).unwrap().as_str(), longest);
    }

    #[test]
    fn hostile_names_are_config_errors() {
        let overlong = "a".repeat(51);
        let hostile = [
            "",
            " ",
            "1",
            "2sessions",
            "sessions ",
            " sessions",
            "two words",
            "sessions;",
            "sessions; DROP TABLE users",
            "sessions; DROP TABLE users; --",
            "sessions--",
            "sessions -- x",
            "sessions/*",
            "/**/sessions",
            "sessions#",
            "\"sessions\"",
            "sessions\"",
            "\"; DROP TABLE users; --",
            "`sessions`",
            "sessions`",
            "` WHERE 1=1; --",
            "'sessions'",
            "sessions'",
            "' OR '1'='1",
            "[sessions]",
            "public.sessions",
            ".sessions",
            "sessions.",
            "sessions,users",
            "sessions(id)",
            "(SELECT 1)",
            "sessions=1",
            "sessions\\",
            "sessions\0",
            "sessions\n",
            "sessions\tWHERE",
            "sessions\r\n",
            "$1",
            "?",
            ":key",
            "{now}",
            "sessions-2",
            "sessions%00",
            "séssions",
            "ѕessions",
            "sessions\u{ff1b}",
            "sessions\u{2019}",
            "\u{feff}sessions",
            overlong.as_str(),
        ];
        assert!(hostile.len() >= 40);
        for text in hostile {
            let error = Name::new("SESSION_SQLALCHEMY_TABLE", text).expect_err(text);
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(error.to_string().starts_with("read SESSION_SQLALCHEMY_TABLE: expected"));
        }
    }
}
