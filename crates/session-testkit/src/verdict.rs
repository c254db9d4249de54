//! What a clause finds out about a store.

use std::fmt;

/// The answer of a clause: the store keeps it, or a [`Finding`] says why that is not so.
pub type Verdict = Result<(), Finding>;

/// Why a clause did not end with the store keeping it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The store breaks the clause, in these words.
    Broken(String),
    /// The clause says nothing about this store, for this reason.
    NotApplicable(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(what) => f.write_str(what),
            Self::NotApplicable(why) => write!(f, "does not apply: {why}"),
        }
    }
}

impl std::error::Error for Finding {}

impl From<session_core::Error> for Finding {
    fn from(error: session_core::Error) -> Self {
        Self::Broken(format!("a call failed where an answer was due: {error:?}"))
    }
}

impl From<tokio::task::JoinError> for Finding {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Broken(format!("a call panicked: {error}"))
    }
}

impl From<std::io::Error> for Finding {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(format!("the kit's proxy failed: {error}"))
    }
}

/// Returns [`Finding::Broken`] from the clause unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($what:tt)+) => {
        if !$holds {
            return Err($crate::Finding::Broken(format!($($what)+)));
        }
    };
}

/// Returns [`Finding::NotApplicable`] from the clause if the condition holds.
macro_rules! not_applicable_if {
    ($holds:expr, $($why:tt)+) => {
        if $holds {
            return Err($crate::Finding::NotApplicable(format!($($why)+)));
        }
    };
}

pub(crate) use {ensure, not_applicable_if};
