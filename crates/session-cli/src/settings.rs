//! From the command line to settings: the environment or a file, and what replaces parts of them.

use crate::args::Source;
use crate::failure::Failure;
use crate::output::note;
use std::ffi::OsString;
use std::path::Path;
use web_session::KEYS;
use web_session::config::Settings;

/// An operator waits longer than a visitor, unless the settings say how long.
const PATIENCE: [(&str, &str); 2] =
    [("SESSION_CONNECT_TIMEOUT", "5"), ("SESSION_OPERATION_TIMEOUT", "30")];

/// They name a second store: an end of a copy, and the store of a URL, is one alone.
const MOVES: [&str; 2] = ["SESSION_MIGRATE_TO", "SESSION_MIGRATE_FROM"];

/// A setting as somebody wrote it.
pub(crate) struct Written {
    pub(crate) name: OsString,
    pub(crate) value: OsString,
    /// Where it stands: the environment, or an argument's name.
    pub(crate) origin: &'static str,
}

type Pairs = Vec<(OsString, OsString)>;

/// The settings that the command line means.
pub(crate) fn read(source: &Source) -> Result<Settings, Failure> {
    let pairs = base(source.env_file.as_deref())?;
    settle(pairs, source.store.as_deref(), source.prefix.as_deref())
}

/// What was written where; of a name the last counts.
pub(crate) fn written(source: &Source) -> Result<Vec<Written>, Failure> {
    let origin = if source.env_file.is_some() { "--env-file" } else { "environment" };
    let base = base(source.env_file.as_deref())?.into_iter();
    let mut written: Vec<_> = base.map(|(name, value)| Written { name, value, origin }).collect();
    written.extend(replacing(source.store.as_deref(), source.prefix.as_deref())?);
    Ok(written)
}

/// What arguments put in place of the base: the URL of a store, which is then the only one, and a
/// prefix.
fn replacing(url: Option<&str>, prefix: Option<&str>) -> Result<Vec<Written>, Failure> {
    let mut replacing = Vec::new();
    let mut put = |name: &str, value: &str, origin| {
        replacing.push(Written { name: name.into(), value: value.into(), origin });
    };
    if let Some(url) = url {
        for (name, value) in web_session::store_url(url)? {
            put(name, &value, "--store");
        }
        for name in MOVES {
            put(name, "", "--store");
        }
    }
    if let Some(prefix) = prefix {
        put("SESSION_KEY_PREFIX", prefix, "--prefix");
    }
    Ok(replacing)
}

/// The same with an operator's patience, where the settings do not say how long to wait.
pub(crate) fn patient(mut settings: Settings) -> Settings {
    let unset = PATIENCE.into_iter().filter(|(name, _)| !settings.contains(name));
    let unset: Vec<_> = unset.collect();
    settings.extend(unset);
    settings
}

/// The settings of one end of a copy: `place` is the URL of a store, or a file with all settings.
pub(crate) fn read_end(
    source: &Source,
    place: &str,
    prefix: Option<&str>,
) -> Result<Settings, Failure> {
    if is_url(place) {
        return settle(base(source.env_file.as_deref())?, Some(place), prefix);
    }
    let mut pairs = base(Some(Path::new(place)))?;
    pairs.extend(MOVES.map(|name| (name.into(), OsString::new())));
    settle(pairs, None, prefix)
}

fn settle(mut pairs: Pairs, url: Option<&str>, prefix: Option<&str>) -> Result<Settings, Failure> {
    let replacing = replacing(url, prefix)?.into_iter();
    pairs.extend(replacing.map(|one| (one.name, one.value)));
    // The last of a name counts.
    let (settings, warnings) = Settings::from_vars(pairs, KEYS)?;
    for warning in warnings {
        note(warning);
    }
    if settings.text("SESSION_TYPE")?.is_none() {
        return Err(Failure::Usage(
            "no store is named: set SESSION_TYPE as the application does, or say --store URL or \
             --env-file FILE"
                .to_owned(),
        ));
    }
    Ok(patient(settings))
}

/// Whether `text` is the URL of a store rather than the name of a file.
fn is_url(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

fn base(file: Option<&Path>) -> Result<Pairs, Failure> {
    let Some(file) = file else { return Ok(std::env::vars_os().collect()) };
    let shown = file.display();
    let lines = dotenvy::from_path_iter(file).map_err(|error| match error {
        dotenvy::Error::Io(error) => {
            Failure::Usage(format!("read the settings in {shown}: {error}"))
        }
        _ => unreadable(file),
    })?;
    // What cannot be read may be a secret, so it is not shown.
    lines
        .map(|line| line.map(|(name, value)| (name.into(), value.into())))
        .collect::<Result<_, _>>()
        .map_err(|_| unreadable(file))
}

fn unreadable(file: &Path) -> Failure {
    let shown = file.display();
    Failure::Usage(format!("read the settings in {shown}: a line is not of the form NAME=value"))
}

#[cfg(test)]
mod tests {
    use super::{base, is_url, settle};
    use crate::failure::Failure;
    use std::io::Write as _;

    #[test]
    fn file_is_read_and_what_it_cannot_say_is_not_repeated() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "# a comment\nexport SESSION_TYPE=redis\nSESSION_REDIS='redis://a'")
            .unwrap();
        let settings = settle(base(Some(file.path())).unwrap(), None, Some("shop:")).unwrap();
        assert_eq!(settings.text("SESSION_REDIS").unwrap(), Some("redis://a"));
        assert_eq!(settings.text("SESSION_KEY_PREFIX").unwrap(), Some("shop:"));
        assert_eq!(settings.text("SESSION_OPERATION_TIMEOUT").unwrap(), Some("30"));

        writeln!(file, "hunter2 hunter2").unwrap();
        let Err(Failure::Usage(said)) = base(Some(file.path())) else { unreachable!("it is odd") };
        assert!(said.contains("NAME=value") && !said.contains("hunter2"), "{said}");
    }

    #[test]
    fn url_is_told_from_the_name_of_a_file() {
        for url in
            ["redis+cluster://a,b", "unix:///run/redis.sock", "mongodb+srv://a", "sqlite:///x.db"]
        {
            assert!(is_url(url), "{url}");
        }
        for file in ["production.env", "./a:b", "C:\\x"] {
            assert!(!is_url(file), "{file}");
        }
    }

    #[test]
    fn url_replaces_the_store_and_nothing_else() {
        let pairs = || {
            [
                ("SESSION_TYPE", "redis"),
                ("SESSION_OWNER_KEY", "uid"),
                ("SESSION_CONNECT_TIMEOUT", "1"),
            ]
            .map(|(name, value)| (name.into(), value.into()))
            .to_vec()
        };
        let settings = settle(pairs(), Some("sqlite:///var/x.db"), None).unwrap();
        for (name, value) in [
            ("SESSION_TYPE", "sqlalchemy"),
            ("SESSION_SQLALCHEMY", "sqlite:///var/x.db"),
            ("SESSION_OWNER_KEY", "uid"),
            ("SESSION_CONNECT_TIMEOUT", "1"),
        ] {
            assert_eq!(settings.text(name).unwrap(), Some(value), "{name}");
        }
        assert!(matches!(settle(Vec::new(), None, None), Err(Failure::Usage(_))));
    }
}
