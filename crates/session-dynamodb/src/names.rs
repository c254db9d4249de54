//! Names of the table and its attributes: checked here, and never part of an expression.

use crate::config::MissingExpiry;
use session_core::{Error, ErrorKind, Result};

/// What DynamoDB takes as the name of an attribute that is a key of a table or an index.
const MAX_ATTRIBUTE: usize = 255;

/// The index of owners in a table that has one.
pub(crate) const OWNER_INDEX: &str = "owner-index";

/// How a table names what it keeps.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) table: String,
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) expiry: String,
    /// Written and indexed only if there is an index of owners.
    pub(crate) owner: Option<String>,
    pub(crate) missing_expiry: MissingExpiry,
}

/// Checks the table's name, which the setting `key` holds.
pub(crate) fn check_table(key: &str, name: &str) -> Result<()> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if (3..=255).contains(&name.len()) && name.bytes().all(is_part) {
        return Ok(());
    }
    Err(refuse(key, "3 to 255 ASCII letters, digits, dots, hyphens and underscores"))
}

/// Checks the names of attributes, each with the setting that holds it.
pub(crate) fn check_attributes(names: &[(&str, &str)]) -> Result<()> {
    for (at, (key, name)) in names.iter().enumerate() {
        if name.is_empty() || name.len() > MAX_ATTRIBUTE {
            return Err(refuse(key, "the name of an attribute, 1 to 255 bytes"));
        }
        if let Some((other, _)) = names[..at].iter().find(|(_, earlier)| earlier == name) {
            return Err(refuse(key, &format!("another name than {other} has")));
        }
    }
    Ok(())
}

fn refuse(key: &str, expected: &str) -> Error {
    Error::new(ErrorKind::Config, format!("read {key}: expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::{check_attributes, check_table};
    use session_core::ErrorKind;

    #[test]
    fn table_names_are_those_of_dynamodb() {
        let longest = "a".repeat(255);
        for name in ["Sessions", "sessions", "s_1", "shop.sessions-2", "...", &longest] {
            check_table("K", name).expect(name);
        }
    }

    #[test]
    fn hostile_table_names_are_config_errors() {
        let overlong = "a".repeat(256);
        let hostile = [
            "",
            " ",
            "a",
            "ab",
            "Sessions ",
            " Sessions",
            "two words",
            "Sessions\0",
            "Sessions\n",
            "Sessions\r\nX-Amz-Target: DynamoDB_20120810.DeleteTable",
            "Sessions\t",
            "Sessions\"",
            "\"Sessions\"",
            "Sessions\",\"x\":\"y",
            "'Sessions'",
            "`Sessions`",
            "Sessions;",
            "Sessions; DROP TABLE Users",
            "Sessions\\",
            "Sessions/",
            "../Sessions",
            "/Sessions",
            "Sessions?x=1",
            "Sessions#x",
            "Sessions%00",
            "Sessions&x",
            "Sessions=1",
            "Sessions,Users",
            "Sessions:x",
            "arn:aws:dynamodb:us-east-1:123456789012:table/Sessions",
            "{Sessions}",
            "[Sessions]",
            "(Sessions)",
            "<Sessions>",
            "$Sessions",
            "#Sessions",
            "@Sessions",
            "!Sessions",
            "Sessions*",
            "Sessions+",
            "Sessions~",
            "Sessions^",
            "Sessions|x",
            "Séssions",
            "Ѕessions",
            "Sessions\u{ff0e}",
            "\u{feff}Sessions",
            overlong.as_str(),
        ];
        assert!(hostile.len() >= 40);
        for name in hostile {
            let error = check_table("SESSION_DYNAMODB_TABLE", name).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::Config, "{name}");
            assert!(error.to_string().starts_with("read SESSION_DYNAMODB_TABLE: expected 3 to"));
        }
    }

    #[test]
    fn attributes_have_names_of_their_own() {
        let overlong = "a".repeat(256);
        for names in [
            [("A", "id"), ("B", "")],
            [("A", "id"), ("B", "id")],
            [("A", "id"), ("B", overlong.as_str())],
        ] {
            let error = check_attributes(&names).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().starts_with("read B: expected"), "{error}");
        }
        check_attributes(&[("A", "id"), ("B", "#x :y, data"), ("C", "ttl")]).unwrap();
    }
}
