//! Which names are known, which are mistyped, and which only Python can honour.

use super::distance::distance;
use super::{KeyInfo, Settings};
use crate::error::{Error, ErrorKind, Result};
use std::fmt;

/// Keys of Flask-Session whose values are objects of Python, and what to do instead.
const PYTHON_ONLY: &[(&str, &str)] = &[
    (
        "SESSION_CACHELIB",
        "holds a cachelib object of Python; for files set SESSION_TYPE=filesystem and \
         SESSION_FILE_DIR",
    ),
    (
        "SESSION_SQLALCHEMY_BIND_KEY",
        "names a bind of Flask-SQLAlchemy; give the URL of that database in SESSION_SQLALCHEMY",
    ),
    (
        "SESSION_SQLALCHEMY_SEQUENCE",
        "names a sequence for SQLAlchemy's models; the database numbers the rows by itself",
    ),
];

/// Where a name that is nearly a known one is a mistake; other programs have names of their own.
const WATCHED: [&str; 3] = ["SESSION_", "PERMANENT_SESSION_", "SECRET_KEY_FALLBACK"];
const PREFIX: &str = "SESSION_";

/// A name in the environment that looks like a setting and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    name: String,
    reason: &'static str,
}

impl Warning {
    /// The name as it is set.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no effect: it {}", self.name, self.reason)
    }
}

/// What a name in the environment is to us.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name {
    Known,
    Foreign,
    Suspect(Warning),
}

/// Tells a setting from a mistyped one, and both from what belongs to other programs.
///
/// # Errors
///
/// `Config` if the name is one or two edits from a known one.
pub(super) fn classify(name: &str, tables: &[&[KeyInfo]]) -> Result<Name> {
    if is_known(name, tables) {
        return Ok(Name::Known);
    }
    if !WATCHED.iter().any(|prefix| name.starts_with(prefix)) {
        return Ok(Name::Foreign);
    }
    let suspect = |reason| Name::Suspect(Warning { name: name.to_owned(), reason });
    if let Some(reason) = python_only(name) {
        return Ok(suspect(reason));
    }
    match nearest(name, tables) {
        Some((known, edits)) if edits <= tolerance(known) => Err(unknown(name, Some(known))),
        _ if name.starts_with(PREFIX) => Ok(suspect("is no setting of this library")),
        _ => Ok(Name::Foreign),
    }
}

impl Settings {
    /// Refuses names that none of `tables` knows; for files, where nobody else's names stand.
    ///
    /// # Errors
    ///
    /// `Config` with the known name that is nearest.
    pub fn refuse_unknown(&self, tables: &[&[KeyInfo]]) -> Result<()> {
        for name in self.names().filter(|name| !is_known(name, tables)) {
            if let Some(reason) = python_only(name) {
                return Err(Error::new(ErrorKind::Config, format!("read {name}: it {reason}")));
            }
            return Err(unknown(name, suggest(name, tables)));
        }
        Ok(())
    }
}

fn is_known(name: &str, tables: &[&[KeyInfo]]) -> bool {
    tables.iter().copied().flatten().any(|key| key.name == name)
}

fn python_only(name: &str) -> Option<&'static str> {
    PYTHON_ONLY.iter().find(|(known, _)| *known == name).map(|(_, reason)| *reason)
}

fn unknown(name: &str, suggestion: Option<&str>) -> Error {
    let hint = suggestion.map_or_else(
        || "docs/configuration.md lists the names".to_owned(),
        |known| format!("did you mean {known}?"),
    );
    Error::new(ErrorKind::Config, format!("read {name}: there is no such setting; {hint}"))
}

/// The known name that is meant, also if its case, its dashes or its prefix are not ours.
fn suggest(name: &str, tables: &[&[KeyInfo]]) -> Option<&'static str> {
    let upper = name.to_ascii_uppercase().replace('-', "_");
    let spellings = [format!("{PREFIX}{upper}"), upper];
    spellings
        .iter()
        .filter_map(|spelling| nearest(spelling, tables))
        .min_by_key(|(_, edits)| *edits)
        .filter(|(known, edits)| *edits <= tolerance(known) + 1)
        .map(|(known, _)| known)
}

fn nearest(name: &str, tables: &[&[KeyInfo]]) -> Option<(&'static str, usize)> {
    let keys = tables.iter().copied().flatten();
    keys.map(|key| (key.name, distance(name, key.name))).min_by_key(|(_, edits)| *edits)
}

/// Two edits, but one where the name is so short that two make another word: `SESSION_TIME` is not
/// `SESSION_TYPE`.
fn tolerance(known: &str) -> usize {
    let stem = known.strip_prefix(PREFIX).unwrap_or(known);
    (stem.len() / 3).clamp(1, 2)
}
