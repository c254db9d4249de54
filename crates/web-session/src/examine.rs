//! What there is to say of settings before any server is asked.

use crate::backend::{Backend, WORDS};
use crate::keys::{KEYS, of_backend};
use crate::manager::read_signer;
use crate::migration::Other;
use crate::start::warnings;
use session_core::config::{KeyInfo, Kind, Settings};
use session_core::store::{Finding, Level, Topic};
use session_core::{Config, Error, Result};

/// Flask-SQLAlchemy's own, so it is no mistake beside another store.
const SHARED: &str = "SQLALCHEMY_DATABASE_URI";

/// What is wrong about `settings`, what [`manager`](crate::manager()) would warn of, and what
/// nothing reads. Asks no server.
///
/// # Examples
///
/// ```
/// use web_session::config::Settings;
/// use web_session::store::Level;
///
/// let settings: Settings =
///     [("SESSION_TYPE", "redis"), ("SESSION_TIMEOUT", "soon")].into_iter().collect();
/// let findings = web_session::examine(&settings);
/// assert_eq!(findings[0].level, Level::Problem);
/// assert!(findings[0].seen.starts_with("read SESSION_TIMEOUT: expected seconds"));
/// ```
pub fn examine(settings: &Settings) -> Vec<Finding> {
    let mut refused: Vec<String> = Vec::new();
    let mut refuse = |error: Option<&Error>| {
        let said = error.map(ToString::to_string);
        refused.extend(said.filter(|said| !refused.contains(said)));
    };
    for key in KEYS.iter().copied().flatten() {
        refuse(check_value(settings, key).err().as_ref());
    }
    let config = Config::from_settings(settings);
    let other = Other::from_settings(settings);
    let backend = Backend::from_settings(settings);
    if let Ok(config) = &config {
        refuse(read_signer(settings, config).err().as_ref());
    }
    refuse(settings.refuse_unknown(KEYS).err().as_ref());
    refuse(config.as_ref().err());
    refuse(backend.as_ref().err());
    refuse(other.as_ref().err());
    let problem = |said| Finding::problem(Topic::Settings, said);
    let mut findings: Vec<Finding> = refused.into_iter().map(problem).collect();
    if let (Ok(config), Ok(backend), Ok(other)) = (config, backend, other) {
        let needs_sweep = matches!(backend, Backend::Sql | Backend::Filesystem);
        let said = warnings(settings, &config, backend, other.as_ref(), needs_sweep);
        let is_null = backend == Backend::Null;
        findings.extend(said.into_iter().enumerate().map(|(nth, said)| {
            // The first says that no session is kept.
            let level = if is_null && nth == 0 { Level::Problem } else { Level::Warning };
            finding(level, said)
        }));
        let in_use = [Some(backend), other.map(|other| other.backend)];
        findings.extend(unread(settings, &in_use));
    }
    findings
}

/// Settings for each store that `settings` name, as if it were the only one: that of `SESSION_TYPE`,
/// and behind it the other one while sessions move.
///
/// # Errors
///
/// `Config` if the settings of the move contradict each other.
///
/// # Examples
///
/// ```
/// use web_session::config::Settings;
///
/// let settings: Settings =
///     [("SESSION_TYPE", "redis"), ("SESSION_MIGRATE_TO", "mongodb://db.internal")]
///         .into_iter()
///         .collect();
/// let each = web_session::each_store(&settings)?;
/// assert_eq!(each[1].text("SESSION_TYPE")?, Some("mongodb"));
/// # Ok::<(), web_session::Error>(())
/// ```
pub fn each_store(settings: &Settings) -> Result<Vec<Settings>> {
    let other = Other::from_settings(settings)?.map(|other| other.settings);
    let mut each: Vec<Settings> = [settings.clone()].into_iter().chain(other).collect();
    for settings in &mut each {
        // Nothing is as good as not set.
        settings.extend([("SESSION_MIGRATE_TO", ""), ("SESSION_MIGRATE_FROM", "")]);
    }
    Ok(each)
}

/// What the log says in one sentence: what was seen, and behind the last colon what to change.
fn finding(level: Level, said: String) -> Finding {
    let (seen, change) = match said.rsplit_once(": ") {
        Some((seen, change)) => (seen, Some(change)),
        None => (&*said, None),
    };
    let finding = match level {
        Level::Problem => Finding::problem(Topic::Settings, seen),
        _ => Finding::warning(Topic::Settings, seen),
    };
    match change {
        Some(change) => finding.change(change),
        None => finding,
    }
}

fn check_value(settings: &Settings, key: &KeyInfo) -> Result<()> {
    let name = key.name;
    match key.kind {
        Kind::Flag => settings.flag(name).map(drop),
        Kind::Number | Kind::Bytes => settings.number::<u64>(name).map(drop),
        Kind::Seconds => settings.seconds(name).map(drop),
        Kind::Timeout => settings.timeout(name).map(drop),
        Kind::Octal => settings.octal(name).map(drop),
        Kind::List => settings.list(name).map(drop),
        // Their readers know more words, and secrets are read by who needs them.
        _ => Ok(()),
    }
}

/// Settings of stores that are not in use.
fn unread(settings: &Settings, in_use: &[Option<Backend>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (word, backend) in WORDS.iter().filter(|(_, backend)| !in_use.contains(&Some(*backend))) {
        let set = of_backend(*backend).iter().filter(|key| settings.contains(key.name));
        for key in set.filter(|key| key.name != SHARED) {
            let name = key.name;
            let seen = format!("{name} is read by SESSION_TYPE={word} alone, which is not in use");
            findings.push(Finding::note(Topic::Settings, seen).change("leave it out"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{Level, each_store, examine};
    use session_core::config::Settings;

    #[test]
    fn settings_that_are_wrong_are_all_told_and_no_value_is() {
        for (pairs, level, expected) in [
            (&[("SESSION_TYPE", "redsi")][..], Level::Problem, "read SESSION_TYPE: expected"),
            (&[("SESSION_PERMANENT", "hunter2")], Level::Problem, "read SESSION_PERMANENT: expec"),
            (&[("SESSION_TIMEOUT", "hunter2")], Level::Problem, "read SESSION_TIMEOUT: expected"),
            (&[("SESSION_USE_SIGNER", "true")], Level::Problem, "SECRET_KEY is not set"),
            (
                &[("SESSION_COOKIE_SAMESITE", "None"), ("SESSION_COOKIE_SECURE", "false")],
                Level::Problem,
                "SESSION_COOKIE_SAMESITE=None needs SESSION_COOKIE_SECURE=true",
            ),
            (&[("SESSION_TYPE", "null")], Level::Problem, "keeps no session"),
            (&[("SESSION_TYPE", "redis")], Level::Warning, "set SESSION_COOKIE_SECURE=true"),
            (&[("SESSION_TYPE", "sql")], Level::Warning, "set SESSION_CLEANUP_INTERVAL=3600"),
            (
                &[("SESSION_TYPE", "redis"), ("SESSION_MONGODB", "mongodb://u:hunter2@h")],
                Level::Note,
                "SESSION_MONGODB is read by SESSION_TYPE=mongodb alone, which is not in use: leave",
            ),
            (
                &[("SESSION_TYPE", "redis"), ("SESSION_MIGRATE_TO", "redis")],
                Level::Problem,
                "it is the store that SESSION_TYPE names",
            ),
        ] {
            let settings: Settings = pairs.iter().copied().collect();
            let said: Vec<String> = examine(&settings)
                .into_iter()
                .filter(|finding| finding.level == level)
                .map(|finding| finding.to_string())
                .collect();
            assert!(said.iter().any(|said| said.contains(expected)), "{pairs:?}: {said:?}");
            assert!(!said.concat().contains("hunter2"), "{said:?}");
        }
    }

    #[test]
    fn what_is_in_order_says_nothing() {
        let settings: Settings = [
            ("SESSION_TYPE", "redis"),
            ("SESSION_COOKIE_SECURE", "true"),
            ("SQLALCHEMY_DATABASE_URI", "postgres://db/shop"),
        ]
        .into_iter()
        .collect();
        assert_eq!(examine(&settings), []);
    }

    #[test]
    fn store_of_a_move_is_named_alone() {
        let settings: Settings =
            [("SESSION_TYPE", "redis"), ("SESSION_MIGRATE_FROM", "filesystem")]
                .into_iter()
                .collect();
        let each = each_store(&settings).unwrap();
        let words: Vec<_> = each.iter().map(|one| one.text("SESSION_TYPE").unwrap()).collect();
        assert_eq!(words, [Some("redis"), Some("filesystem")]);
        assert!(each.iter().all(|settings| !settings.contains("SESSION_MIGRATE_FROM")));
    }
}
