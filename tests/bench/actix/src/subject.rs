//! Whose cost is measured.

use crate::row::UnknownName;
use std::str::FromStr;

/// The same application behind each of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// No sessions.
    Bare,
    /// This library, as it comes.
    Session,
    /// This library, with signed cookies.
    Signed,
    /// actix-session, as it comes: its cookies are encrypted.
    ActixSession,
}

impl Subject {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Bare, Self::Session, Self::Signed, Self::ActixSession];

    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Session => "session",
            Self::Signed => "signed",
            Self::ActixSession => "actix-session",
        }
    }
}

impl FromStr for Subject {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|subject| subject.as_str() == name).ok_or(UnknownName)
    }
}
