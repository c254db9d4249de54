//! The rows of the tables: what a request does.

use std::fmt;
use std::str::FromStr;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Presents a session and leaves it alone.
    Untouched,
    /// Reads one value.
    Read,
    /// Reads one value and writes it.
    Increment,
    /// Presents nothing and writes a whole session.
    New,
}

impl Row {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Untouched, Self::Read, Self::Increment, Self::New];

    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::Read => "read",
            Self::Increment => "increment",
            Self::New => "new",
        }
    }

    /// What it asks for.
    pub fn path(self) -> &'static str {
        match self {
            Self::Untouched => "/untouched",
            Self::Read => "/read",
            Self::Increment => "/increment",
            Self::New => "/new",
        }
    }
}

/// Not the name of anything that is measured.
#[derive(Debug)]
pub struct UnknownName;

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("find what to measure: no row or subject has this name")
    }
}

impl std::error::Error for UnknownName {}

impl FromStr for Row {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|row| row.as_str() == name).ok_or(UnknownName)
    }
}
