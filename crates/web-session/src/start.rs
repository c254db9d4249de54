//! What is said when a manager is made: where sessions are, and what will surprise.

use crate::backend::Backend;
use crate::migration::Other;
use crate::place::place;
use session_core::config::Settings;
use session_core::{Capabilities, Config, Result, Rollout, Transport};
use std::fmt;

/// Says in one line what an operator wants to know, and warns of what will surprise.
pub(crate) fn tell(settings: &Settings, config: &Config, store: &Capabilities) -> Result<()> {
    let backend = Backend::from_settings(settings)?;
    let other = Other::from_settings(settings)?;
    tracing::info!(
        store = store.name,
        address = place(backend, settings)?.and_then(|(_, address)| address),
        cookie = is_in_cookie(config).then(|| Cookie(config).to_string()),
        header = (!is_in_cookie(config)).then(|| config.header_name()),
        lifetime_seconds = config.lifetime().as_secs(),
        sweeps = Sweeps { config, backend, is_needed: store.needs_sweep }.to_string(),
        "sessions are ready"
    );
    for warning in warnings(settings, config, backend, other.as_ref(), store.needs_sweep) {
        tracing::warn!("{warning}");
    }
    Ok(())
}

/// What will surprise, with what to set.
pub(crate) fn warnings(
    settings: &Settings,
    config: &Config,
    backend: Backend,
    other: Option<&Other>,
    needs_sweep: bool,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if backend == Backend::Null {
        let meant = [
            ("SESSION_REDIS", "redis"),
            ("SESSION_MEMCACHED", "memcached"),
            ("SESSION_FILE_DIR", "filesystem"),
            ("SESSION_MONGODB", "mongodb"),
            ("SESSION_SQLALCHEMY", "sqlalchemy"),
            ("SQLALCHEMY_DATABASE_URI", "sqlalchemy"),
            ("SESSION_DYNAMODB", "dynamodb"),
        ];
        let meant = meant.iter().find(|(name, _)| settings.contains(name));
        warnings.push(match (meant, settings.contains("SESSION_TYPE")) {
            (Some((name, word)), false) => format!(
                "SESSION_TYPE is not set, so no session is kept, though {name} is: set \
                 SESSION_TYPE={word}"
            ),
            (None, false) => "SESSION_TYPE is not set, so no session is kept: set it to redis, \
                 memcached, filesystem, mongodb, sqlalchemy or dynamodb"
                .to_owned(),
            (_, true) => "SESSION_TYPE=null keeps no session: every visit is the first".to_owned(),
        });
    }
    if backend == Backend::Memory && !cfg!(debug_assertions) {
        warnings.push(
            "SESSION_TYPE=memory keeps sessions in this process alone: they end when it ends, and \
             other processes do not see them"
                .to_owned(),
        );
    }
    if is_in_cookie(config) && !config.cookie().secure {
        warnings.push(
            "the session cookie is sent over plain HTTP, too, where others can read it: set \
             SESSION_COOKIE_SECURE=true, or SESSION_PROFILE=hardened, once the site has HTTPS"
                .to_owned(),
        );
    }
    let days = config.lifetime().as_secs().div_ceil(24 * 3600);
    for (name, step) in
        [("SESSION_USE_SIGNER", config.use_signer()), ("SESSION_HASH_IDS", config.hash_ids())]
    {
        match step {
            Rollout::Off | Rollout::On => {}
            Rollout::Accept => warnings.push(format!(
                "{name}=accept is a step on the way: once every instance has it, set \
                 {name}=migrate"
            )),
            Rollout::Migrate => warnings.push(format!(
                "{name}=migrate is a step on the way: set {name}=true when the last instance \
                 without it has been gone for {days} days, as long as \
                 PERMANENT_SESSION_LIFETIME"
            )),
        }
    }
    if let Some(name) = config.cookie_name_fallback() {
        warnings.push(format!(
            "SESSION_COOKIE_NAME_FALLBACK={name} is a step on the way: leave it out when the last \
             instance that sets this cookie has been gone for {days} days, as long as \
             PERMANENT_SESSION_LIFETIME"
        ));
    }
    if let Some(other) = other {
        warnings.push(other.warning(days));
    }
    // The file store sweeps by itself, above its threshold.
    if needs_sweep && backend == Backend::Sql && !has_sweeps(config) {
        warnings.push(
            "expired sessions stay in the database: set SESSION_CLEANUP_INTERVAL=3600, say, unless \
             something else calls sweep"
                .to_owned(),
        );
    }
    warnings
}

fn has_sweeps(config: &Config) -> bool {
    config.cleanup_interval().is_some() || config.cleanup_n_requests().is_some()
}

fn is_in_cookie(config: &Config) -> bool {
    config.transport() == Transport::Cookie
}

/// The cookie's name and attributes.
struct Cookie<'a>(&'a Config);

impl fmt::Display for Cookie<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cookie = self.0.cookie();
        write!(f, "{}; Path={}", cookie.name, cookie.path)?;
        if let Some(domain) = &cookie.domain {
            write!(f, "; Domain={domain}")?;
        }
        if let Some(same_site) = cookie.same_site {
            write!(f, "; SameSite={}", same_site.as_str())?;
        }
        for (is_set, word) in [
            (cookie.secure, "Secure"),
            (cookie.http_only, "HttpOnly"),
            (cookie.partitioned, "Partitioned"),
            (self.0.use_signer().writes_new(), "signed"),
        ] {
            if is_set {
                write!(f, "; {word}")?;
            }
        }
        Ok(())
    }
}

/// Who removes expired records.
struct Sweeps<'a> {
    config: &'a Config,
    backend: Backend,
    is_needed: bool,
}

impl fmt::Display for Sweeps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_needed, self.config.cleanup_interval(), self.config.cleanup_n_requests()) {
            (false, ..) => f.write_str("by the store"),
            (true, Some(every), _) => write!(f, "every {} s", every.as_secs()),
            (true, None, Some(n)) => write!(f, "about every {n} requests"),
            (true, None, None) if self.backend == Backend::Filesystem => {
                f.write_str("by the store, above SESSION_FILE_THRESHOLD")
            }
            (true, None, None) => f.write_str("by nobody here"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Backend, Cookie, Other, Sweeps, warnings};
    use session_core::Config;
    use session_core::config::Settings;

    fn settings(pairs: &[(&'static str, &'static str)]) -> Settings {
        pairs.iter().copied().collect()
    }

    /// What is set, whether the store needs sweeps, and what each warning says.
    type Row = (&'static [(&'static str, &'static str)], bool, &'static [&'static str]);

    #[test]
    fn what_surprises_is_said_with_what_to_set() {
        const SECURE: (&str, &str) = ("SESSION_COOKIE_SECURE", "true");
        let table: &[Row] = &[
            (
                &[SECURE],
                false,
                &["SESSION_TYPE is not set, so no session is kept: set it to redis"],
            ),
            (
                &[SECURE, ("SESSION_REDIS", "redis://:secret@cache")],
                false,
                &["though SESSION_REDIS is: set SESSION_TYPE=redis"],
            ),
            (
                &[SECURE, ("SQLALCHEMY_DATABASE_URI", "postgres://u:secret@db/x")],
                false,
                &["though SQLALCHEMY_DATABASE_URI is: set SESSION_TYPE=sqlalchemy"],
            ),
            (&[SECURE, ("SESSION_TYPE", "null")], false, &["SESSION_TYPE=null keeps no session"]),
            (&[SECURE, ("SESSION_TYPE", "redis")], false, &[]),
            (&[("SESSION_TYPE", "redis")], false, &["SESSION_COOKIE_SECURE=true, or SESSION_PROF"]),
            (&[("SESSION_TYPE", "redis"), ("SESSION_PROFILE", "hardened")], false, &[]),
            (&[("SESSION_TYPE", "redis"), ("SESSION_TRANSPORT", "header")], false, &[]),
            (
                &[SECURE, ("SESSION_TYPE", "redis"), ("SESSION_USE_SIGNER", "accept")],
                false,
                &["SESSION_USE_SIGNER=accept is a step on the way: once every instance has it"],
            ),
            (
                &[
                    ("SESSION_TYPE", "redis"),
                    ("SESSION_PROFILE", "hardened"),
                    ("SESSION_USE_SIGNER", "migrate"),
                    ("SESSION_HASH_IDS", "migrate"),
                    ("PERMANENT_SESSION_LIFETIME", "86401"),
                ],
                false,
                &[
                    "SESSION_USE_SIGNER=true when the last instance without it has been gone for 2",
                    "SESSION_HASH_IDS=true when the last instance without it has been gone for 2",
                ],
            ),
            (
                &[
                    ("SESSION_TYPE", "redis"),
                    ("SESSION_PROFILE", "hardened"),
                    ("SESSION_COOKIE_NAME_FALLBACK", "session"),
                ],
                false,
                &[
                    "FALLBACK=session is a step on the way: leave it out when the last instance that",
                ],
            ),
            (
                &[SECURE, ("SESSION_TYPE", "redis"), ("SESSION_MIGRATE_TO", "mongodb")],
                false,
                &["SESSION_MIGRATE_TO is a step on the way: once every instance has it, name"],
            ),
            (
                &[
                    SECURE,
                    ("SESSION_TYPE", "redis"),
                    ("SESSION_MIGRATE_FROM", "mongodb://u:secret@h/d"),
                    ("PERMANENT_SESSION_LIFETIME", "86401"),
                ],
                false,
                &[
                    "SESSION_MIGRATE_FROM is a step on the way: leave it out when `session stats --store`",
                ],
            ),
            (&[SECURE, ("SESSION_TYPE", "sql")], true, &["SESSION_CLEANUP_INTERVAL=3600"]),
            (&[SECURE, ("SESSION_TYPE", "sql"), ("SESSION_CLEANUP_N_REQUESTS", "100")], true, &[]),
            (&[SECURE, ("SESSION_TYPE", "filesystem")], true, &[]),
        ];
        for (pairs, needs_sweep, expected) in table {
            let settings = settings(pairs);
            let config = Config::from_settings(&settings).unwrap();
            let backend = Backend::from_settings(&settings).unwrap();
            let other = Other::from_settings(&settings).unwrap();
            let said = warnings(&settings, &config, backend, other.as_ref(), *needs_sweep);
            assert_eq!(said.len(), expected.len(), "{pairs:?}: {said:?}");
            for (said, expected) in said.iter().zip(*expected) {
                assert!(said.contains(expected) && !said.contains("secret"), "{pairs:?}: {said}");
            }
        }
    }

    #[test]
    fn cookie_and_sweeps_are_said_in_words() {
        let hardened = Config::hardened().build().unwrap();
        let said = Cookie(&hardened).to_string();
        assert_eq!(said, "__Host-session; Path=/; SameSite=Lax; Secure; HttpOnly; signed");
        let config = |pairs| Config::from_settings(&settings(pairs)).unwrap();
        for (pairs, backend, is_needed, expected) in [
            (&[][..], Backend::Redis, false, "by the store"),
            (&[], Backend::Sql, true, "by nobody here"),
            (&[], Backend::Filesystem, true, "by the store, above SESSION_FILE_THRESHOLD"),
            (&[("SESSION_CLEANUP_INTERVAL", "60")], Backend::Filesystem, true, "every 60 s"),
            (&[("SESSION_CLEANUP_N_REQUESTS", "9")], Backend::Sql, true, "about every 9 requests"),
        ] {
            let config = config(pairs);
            assert_eq!(Sweeps { config: &config, backend, is_needed }.to_string(), expected);
        }
    }
}
