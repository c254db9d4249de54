//! Which names are known, which are mistyped, and which only Python can honour.

use super::distance::distance;
use super::{KeyInfo, Settings};
use crate::error::{Error, ErrorKind, Result};
use std::borrow::Cow;
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

/// Names that settings have elsewhere, and what they are called here.
const ALIASES: &[(&str, &str)] = &[
    ("SESSION_BACKEND", "SESSION_TYPE"),
    ("SESSION_DRIVER", "SESSION_TYPE"),
    ("SESSION_STORE", "SESSION_TYPE"),
    ("SESSION_REDIS_URI", "SESSION_REDIS"),
    ("SESSION_REDIS_URL", "SESSION_REDIS"),
    ("SESSION_MONGO", "SESSION_MONGODB"),
    ("SESSION_MONGODB_URI", "SESSION_MONGODB"),
    ("SESSION_MONGODB_URL", "SESSION_MONGODB"),
    ("SESSION_DATABASE_URL", "SESSION_SQLALCHEMY"),
    ("SESSION_SQL", "SESSION_SQLALCHEMY"),
    ("SESSION_SQLALCHEMY_URI", "SESSION_SQLALCHEMY"),
    ("SESSION_SQLALCHEMY_URL", "SESSION_SQLALCHEMY"),
    ("SESSION_FILE_PATH", "SESSION_FILE_DIR"),
    ("SESSION_SECRET", "SECRET_KEY"),
    ("SESSION_SECRET_KEY", "SECRET_KEY"),
    ("SESSION_LIFETIME", "PERMANENT_SESSION_LIFETIME"),
    ("SESSION_MAX_AGE", "PERMANENT_SESSION_LIFETIME"),
    ("SESSION_TTL", "PERMANENT_SESSION_LIFETIME"),
    ("SESSION_PREFIX", "SESSION_KEY_PREFIX"),
    ("SESSION_NAME", "SESSION_COOKIE_NAME"),
    ("SESSION_DOMAIN", "SESSION_COOKIE_DOMAIN"),
    ("SESSION_PATH", "SESSION_COOKIE_PATH"),
    ("SESSION_SECURE", "SESSION_COOKIE_SECURE"),
    ("SESSION_HTTPONLY", "SESSION_COOKIE_HTTPONLY"),
    ("SESSION_SAMESITE", "SESSION_COOKIE_SAMESITE"),
];

/// Where a name that is nearly a known one is a mistake; other programs have names of their own.
const WATCHED: [&str; 3] = ["SESSION_", "PERMANENT_SESSION_", "SECRET_KEY_FALLBACK"];
const PREFIX: &str = "SESSION_";

/// A name in the environment that looks like a setting and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    name: String,
    reason: Cow<'static, str>,
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
    let suspect = |reason| Ok(Name::Suspect(Warning { name: name.to_owned(), reason }));
    let meant = |known| suspect(format!("is no setting; did you mean {known}?").into());
    let is_watched = WATCHED.iter().any(|prefix| name.starts_with(prefix));
    if let Some(reason) = python_only(name) {
        return suspect(reason.into());
    }
    if let Some(known) = alias(name) {
        return meant(known);
    }
    match nearest(name, tables) {
        Some((known, edits)) if is_watched && edits <= tolerance(known) => {
            Err(unknown(name, Some(known)))
        }
        // It may be another program's own, as a second key is.
        Some((known, 1)) if !is_watched && !name.starts_with(known) => meant(known),
        _ if name.starts_with(PREFIX) => suspect("is no setting of this library".into()),
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
        let Some(name) = self.names().find(|name| !is_known(name, tables)) else { return Ok(()) };
        Err(match python_only(name) {
            Some(reason) => Error::new(ErrorKind::Config, format!("read {name}: it {reason}")),
            None => unknown(name, suggest(name, tables)),
        })
    }
}

fn is_known(name: &str, tables: &[&[KeyInfo]]) -> bool {
    tables.iter().copied().flatten().any(|key| key.name == name)
}

fn alias(name: &str) -> Option<&'static str> {
    ALIASES.iter().find(|(other, _)| *other == name).map(|(_, known)| *known)
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
    if let Some(known) = alias(&upper) {
        return Some(known);
    }
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

#[cfg(test)]
mod tests {
    use super::{Name, classify};
    use crate::config::{CORE_KEYS, KeyInfo, Kind, Settings};
    use crate::error::ErrorKind;

    const STORE_KEYS: &[KeyInfo] = &[
        KeyInfo::new("SESSION_REDIS", Kind::Url, None, "."),
        KeyInfo::new("SESSION_FILE_DIR", Kind::Text, None, "."),
        KeyInfo::new("SESSION_FILE_MODE", Kind::Octal, None, "."),
    ];
    const TABLES: &[&[KeyInfo]] = &[CORE_KEYS, STORE_KEYS];

    #[test]
    fn near_miss_is_an_error_that_names_the_right_one() {
        for (name, right) in [
            ("SESSION_COOKIE_NAM", "SESSION_COOKIE_NAME"),
            ("SESSION_COOKIE_NAMES", "SESSION_COOKIE_NAME"),
            ("SESSION_COKIE_NAME", "SESSION_COOKIE_NAME"),
            ("SESSION_COOKIE_HTTP_ONLY", "SESSION_COOKIE_HTTPONLY"),
            ("SESSION_COOKIE_SAME_SITE", "SESSION_COOKIE_SAMESITE"),
            ("SESSION_TPYE", "SESSION_TYPE"),
            ("SESSION_TIMEOUTS", "SESSION_TIMEOUT"),
            ("SESSION_REDDIS", "SESSION_REDIS"),
            ("SESSION_FILEDIR", "SESSION_FILE_DIR"),
            ("PERMANENT_SESSION_LIFETIMES", "PERMANENT_SESSION_LIFETIME"),
            ("SECRET_KEY_FALLBACK", "SECRET_KEY_FALLBACKS"),
        ] {
            let error = classify(name, TABLES).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::Config);
            let expected = format!("read {name}: there is no such setting; did you mean {right}?");
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn names_of_others_are_left_alone() {
        for name in [
            "HOME",
            "session_type",
            "XDG_SESSION_TYPE",
            "VERSION_TYPE",
            "SECRET_KEY_2",
            "SECRET_KEYS",
            "PERMANENT_SESSION_STORAGE",
        ] {
            assert_eq!(classify(name, TABLES).unwrap(), Name::Foreign, "{name}");
        }
    }

    #[test]
    fn other_names_of_sessions_are_warnings() {
        for name in ["SESSION_MANAGER", "SESSION_ID", "SESSION_TIME", "SESSION_REDIS_POOL"] {
            let Name::Suspect(warning) = classify(name, TABLES).unwrap() else {
                panic!("{name} is no warning")
            };
            assert_eq!(warning.name(), name);
            let expected = format!("{name} has no effect: it is no setting of this library");
            assert_eq!(warning.to_string(), expected);
        }
    }

    /// Another program's name may be near one of ours, so the application starts.
    #[test]
    fn names_of_elsewhere_and_near_misses_elsewhere_say_what_is_meant() {
        for (name, right) in [
            ("SESSION_REDIS_URL", "SESSION_REDIS"),
            ("SESSION_NAME", "SESSION_COOKIE_NAME"),
            ("SESSION_LIFETIME", "PERMANENT_SESSION_LIFETIME"),
            ("SESSION_SECRET", "SECRET_KEY"),
            ("SECRETKEY", "SECRET_KEY"),
            ("SECERT_KEY", "SECRET_KEY"),
            ("SESION_TYPE", "SESSION_TYPE"),
            ("PERMANENT_SESION_LIFETIME", "PERMANENT_SESSION_LIFETIME"),
        ] {
            let Name::Suspect(warning) = classify(name, TABLES).unwrap() else {
                panic!("{name} is no warning")
            };
            let expected = format!("{name} has no effect: it is no setting; did you mean {right}?");
            assert_eq!(warning.to_string(), expected);
        }
    }

    #[test]
    fn aliases_are_no_settings_and_name_some() {
        for (name, known) in super::ALIASES {
            assert!(!super::is_known(name, TABLES), "{name}");
            // Those of stores are in the tables of their crates.
            let is_of_a_store = ["SESSION_MONGODB", "SESSION_SQLALCHEMY"].contains(known);
            assert!(is_of_a_store || super::is_known(known, TABLES), "{known}");
        }
    }

    #[test]
    fn keys_of_python_say_what_to_do_instead() {
        for (name, instead) in [
            ("SESSION_CACHELIB", "SESSION_FILE_DIR"),
            ("SESSION_SQLALCHEMY_BIND_KEY", "SESSION_SQLALCHEMY"),
            ("SESSION_SQLALCHEMY_SEQUENCE", "by itself"),
        ] {
            let Name::Suspect(warning) = classify(name, TABLES).unwrap() else {
                panic!("{name} is no warning")
            };
            assert!(warning.to_string().contains(instead), "{warning}");
        }
    }

    #[test]
    fn known_names_are_no_near_misses_of_each_other() {
        for key in TABLES.iter().copied().flatten() {
            assert_eq!(classify(key.name, TABLES).unwrap(), Name::Known, "{}", key.name);
        }
    }

    #[test]
    fn environment_keeps_what_is_known_and_warns_of_the_rest() {
        let vars = [("SESSION_REDIS", "redis://a"), ("SESSION_MANAGER", "b"), ("HOME", "/")];
        let (settings, warnings) = Settings::from_vars(vars, TABLES).unwrap();
        assert_eq!(settings.names().collect::<Vec<_>>(), ["SESSION_REDIS"]);
        assert_eq!(warnings.len(), 1);
        assert!(Settings::from_vars([("SESSION_REDDIS", "redis://a")], TABLES).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn only_a_known_name_must_hold_utf8() {
        use std::ffi::OsString;
        use std::os::unix::ffi::OsStringExt as _;
        let bytes = || OsString::from_vec(vec![0xff]);
        for (name, is_refused) in
            [("SESSION_KEY_PREFIX", true), ("SESSION_MANAGER", false), ("LS_COLORS", false)]
        {
            let read = Settings::from_vars([(name, bytes())], TABLES);
            assert_eq!(read.is_err(), is_refused, "{name}");
        }
        assert!(Settings::from_vars([(bytes(), "x")], TABLES).is_ok());
    }
}
