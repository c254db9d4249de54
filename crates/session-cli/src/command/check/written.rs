//! The settings as somebody wrote them: which are known, where they come from, what they say.

use crate::settings::Written;
use std::collections::BTreeMap;
use web_session::KEYS;
use web_session::config::{KeyInfo, Kind, Settings};
use web_session::store::{Finding, Level, Topic};

const HIDDEN: &str = "***";

/// Those that are known, and what there is to say of each and of all.
pub(super) fn read(written: &[Written]) -> (Settings, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut known: BTreeMap<&'static str, &Written> = BTreeMap::new();
    for one in written {
        // By itself, since one that is wrong ends the reading of all.
        match Settings::from_vars([(one.name.clone(), one.value.clone())], KEYS) {
            Ok((_, warnings)) => {
                let notes =
                    warnings.iter().map(|told| Finding::note(Topic::Settings, told.to_string()));
                findings.extend(notes);
            }
            Err(error) => findings.push(Finding::problem(Topic::Settings, error.to_string())),
        }
        let key = KEYS.iter().copied().flatten().find(|key| one.name == key.name);
        // The last of a name counts.
        known.extend(key.map(|key| (key.name, one)));
    }
    let texts = known.iter().filter_map(|(name, one)| Some((*name, one.value.to_str()?)));
    let settings: Settings = texts.collect();
    let examined = web_session::examine(&settings);
    // What is no value of a setting may be a password that got there by mistake.
    let is_wrong =
        |name: &str| examined.iter().any(|it| it.level == Level::Problem && it.seen.contains(name));
    let keys = KEYS.iter().copied().flatten();
    for (key, one) in keys.filter_map(|key| Some((key, *known.get(key.name)?))) {
        if !one.value.is_empty() {
            let shown = match is_wrong(key.name) {
                true => HIDDEN.to_owned(),
                false => shown(key, &one.value.to_string_lossy()),
            };
            let seen = format!("{}={shown} ({})", key.name, one.origin);
            findings.push(Finding::ok(Topic::Settings, seen));
        }
    }
    findings.extend(examined);
    (settings, findings)
}

/// The value, unless it may hold a secret.
fn shown(key: &KeyInfo, value: &str) -> String {
    match key.kind {
        Kind::Flag
        | Kind::Rollout
        | Kind::Number
        | Kind::Bytes
        | Kind::Seconds
        | Kind::Timeout
        | Kind::Octal
        | Kind::Choice(_)
        | Kind::Text => crate::show::printable(value),
        // A list may be one of servers with passwords.
        _ => HIDDEN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::settings::Written;
    use web_session::store::Level;

    #[test]
    fn settings_are_told_with_their_origin_and_without_secrets() {
        let written = [
            ("SESSION_TYPE", "redis", "environment"),
            ("SESSION_REDIS", "redis://:hunter2@cache", "environment"),
            ("SECRET_KEY", "hunter2", "environment"),
            ("SESSION_TPYE", "hunter2", "environment"),
            ("SESSION_REDIS_URL", "hunter2", "environment"),
            ("HOME", "/hunter2", "environment"),
            ("SESSION_KEY_PREFIX", "shop:", "environment"),
            ("SESSION_KEY_PREFIX", "other:", "--prefix"),
        ]
        .map(|(name, value, origin)| Written {
            name: name.into(),
            value: value.into(),
            origin,
        });
        let (settings, findings) = read(&written);
        assert_eq!(settings.text("SESSION_KEY_PREFIX").unwrap(), Some("other:"));
        let said: Vec<String> = findings.iter().map(|finding| finding.to_string()).collect();
        let has = |level, text: &str| {
            let found = findings.iter().filter(|finding| finding.level == level);
            found.into_iter().any(|finding| finding.seen.contains(text))
        };
        assert!(has(Level::Problem, "no such setting; did you mean SESSION_TYPE?"), "{said:?}");
        assert!(has(Level::Note, "is no setting; did you mean SESSION_REDIS?"), "{said:?}");
        for shown in [
            "SECRET_KEY=*** (environment)",
            "SESSION_REDIS=*** (environment)",
            "SESSION_TYPE=redis (environment)",
            "SESSION_KEY_PREFIX=other: (--prefix)",
        ] {
            assert!(has(Level::Ok, shown), "{shown} {said:?}");
        }
        assert!(!said.concat().contains("hunter2"), "{said:?}");
    }
}
