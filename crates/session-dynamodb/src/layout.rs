//! How a table names what it keeps: checked here, and never part of an expression.

use crate::keys::{
    EXPIRY, EXPIRY_KEY, KEY, KEY_KEY, OWNER, OWNER_KEY, TABLE, TABLE_KEY, VALUE, VALUE_KEY,
};
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
    pub(crate) owner: String,
    pub(crate) has_owners: bool,
    pub(crate) missing_expiry: MissingExpiry,
}

/// What a record is that lacks the attribute of its expiry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingExpiry {
    /// It is expired.
    #[default]
    Expired,
    /// It lives until it is written or deleted, and reports a ttl of
    /// [`Duration::MAX`](std::time::Duration::MAX): for tables of an application that never wrote
    /// one.
    Live,
}

impl Layout {
    /// The attribute of the owner, which is written and indexed only if there is an index of them.
    pub(crate) fn owner(&self) -> Option<&str> {
        self.has_owners.then_some(&*self.owner)
    }

    /// Holds of an item that is not expired at `:now`, the expiry being `#e`.
    pub(crate) fn is_live(&self) -> &'static str {
        match self.missing_expiry {
            MissingExpiry::Expired => "#e > :now",
            MissingExpiry::Live => "(attribute_not_exists(#e) OR #e > :now)",
        }
    }

    /// Holds of an item that is missing or expired; the key is `#k` if expiries may be missing.
    pub(crate) fn is_free(&self) -> &'static str {
        match self.missing_expiry {
            // Of an item that is missing, every attribute is.
            MissingExpiry::Expired => "attribute_not_exists(#e) OR #e <= :now",
            MissingExpiry::Live => "attribute_not_exists(#k) OR #e <= :now",
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_table(TABLE_KEY, &self.table)?;
        check_attributes(&[
            (KEY_KEY, &self.key),
            (VALUE_KEY, &self.value),
            (EXPIRY_KEY, &self.expiry),
            (OWNER_KEY, &self.owner),
        ])
    }
}

impl Default for Layout {
    /// The table that Flask-Session makes.
    fn default() -> Self {
        Self {
            table: TABLE.to_owned(),
            key: KEY.to_owned(),
            value: VALUE.to_owned(),
            expiry: EXPIRY.to_owned(),
            owner: OWNER.to_owned(),
            has_owners: false,
            missing_expiry: MissingExpiry::default(),
        }
    }
}

/// Checks the table's name, which the setting `key` holds.
fn check_table(key: &str, name: &str) -> Result<()> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if (3..=255).contains(&name.len()) && name.bytes().all(is_part) {
        return Ok(());
    }
    Err(refuse(key, "3 to 255 ASCII letters, digits, dots, hyphens and underscores"))
}

/// Checks the names of attributes, each with the setting that holds it.
fn check_attributes(names: &[(&str, &str)]) -> Result<()> {
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
        let odd = " \0\t\r\n\"'`;\\/?#%&=,:{}[]()<>$@!*+~^|éЅ\u{ff0e}\u{feff}\u{202e}".chars();
        let holding = odd.flat_map(|odd| {
            [format!("{odd}Sessions"), format!("Sess{odd}ions"), format!("Sessions{odd}")]
        });
        let whole = [
            "",
            "a",
            "ab",
            "Sessions\r\nX-Amz-Target: DynamoDB_20120810.DeleteTable",
            "Sessions\",\"x\":\"y",
            "Sessions; DROP TABLE Users",
            "../Sessions",
            "arn:aws:dynamodb:us-east-1:123456789012:table/Sessions",
            &"a".repeat(256),
        ];
        let hostile: Vec<_> = whole.map(str::to_owned).into_iter().chain(holding).collect();
        assert!(hostile.len() >= 40);
        for name in hostile {
            let error = check_table("SESSION_DYNAMODB_TABLE", &name).expect_err(&name);
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
