//! Where a store is, as an operator may read it.

use crate::backend::Backend;
use crate::keys::KEYS;
use session_core::config::Settings;
use session_core::{Error, Result};

/// The setting that says where the store is, and its address without user, password and parameters;
/// no address where a secret cannot be told from it.
pub(crate) fn place(
    backend: Backend,
    settings: &Settings,
) -> Result<Option<(&'static str, Option<String>)>> {
    let keys: &[&'static str] = match backend {
        Backend::Null | Backend::Memory => &[],
        Backend::Memcached => {
            let shown = match settings.list("SESSION_MEMCACHED")? {
                Some(servers) => servers.iter().map(|server| without_secrets(server)).collect(),
                None => default_of("SESSION_MEMCACHED").map(|server| vec![server]),
            };
            return Ok(Some(("SESSION_MEMCACHED", shown.map(|servers| servers.join(",")))));
        }
        Backend::Redis => &["SESSION_REDIS"],
        Backend::Filesystem => &["SESSION_FILE_DIR"],
        Backend::MongoDb => &["SESSION_MONGODB"],
        Backend::Sql => &["SESSION_SQLALCHEMY", "SQLALCHEMY_DATABASE_URI"],
        Backend::DynamoDb => &["SESSION_DYNAMODB"],
    };
    for key in keys {
        if let Some(text) = settings.text(key)? {
            return Ok(Some((key, without_secrets(text))));
        }
    }
    Ok(keys.first().map(|key| (*key, default_of(key))))
}

/// The same, as errors about the store say it; nothing where there is nothing to say.
#[derive(Clone)]
pub(crate) struct Place(Option<(&'static str, Option<String>)>);

impl Place {
    pub(crate) fn of(backend: Backend, settings: &Settings) -> Self {
        Self(place(backend, settings).unwrap_or_default())
    }

    /// The same address, which stands in another setting.
    pub(crate) fn under(self, key: &'static str) -> Self {
        Self(self.0.map(|(_, address)| (key, address)).or(Some((key, None))))
    }

    /// Says which setting and which address `error` is about, unless it says so itself.
    pub(crate) fn locate(&self, error: Error) -> Error {
        let Some((key, address)) = &self.0 else { return error };
        let said = error.to_string();
        match address.as_ref().filter(|address| !said.contains(*address)) {
            Some(address) => error.with_note(format_args!("{key}: {address}")),
            None if said.contains(key) => error,
            None => error.with_note(key),
        }
    }
}

fn default_of(name: &str) -> Option<String> {
    let keys = KEYS.iter().copied().flatten();
    keys.filter(|key| key.name == name).find_map(|key| key.default).map(str::to_owned)
}

/// A URL without user, password and parameters.
///
/// An `@` behind the authority may end a password that was not encoded, so that is not shown.
fn without_secrets(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let rest = match authority.rfind('@') {
        Some(at) => &rest[at + 1..],
        None if rest.contains('@') => return None,
        None => rest,
    };
    let rest = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
    let separator = if scheme.is_empty() { "" } else { "://" };
    (!rest.contains('@')).then(|| format!("{scheme}{separator}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::{Backend, place, without_secrets};
    use session_core::config::Settings;

    #[test]
    fn address_shows_no_secret() {
        for (url, shown) in [
            ("redis://127.0.0.1:6379", Some("redis://127.0.0.1:6379")),
            ("rediss://u:secret@cache:6380/1?db=2", Some("rediss://cache:6380/1")),
            ("redis+cluster://:secret@a:1,b:2", Some("redis+cluster://a:1,b:2")),
            ("mongodb://u:sec,ret@a,b/db?authSource=secret", Some("mongodb://a,b/db")),
            ("postgresql://db/x?password=secret", Some("postgresql://db/x")),
            ("sqlite:///var/x.db", Some("sqlite:///var/x.db")),
            ("/var/lib/sessions", Some("/var/lib/sessions")),
            ("mysql://u:s@cret@db/x", Some("mysql://db/x")),
            ("mysql://u:sec/ret@db/x", None),
            ("mysql://u:sec?ret@db/x", None),
            ("mysql://u:sec#ret@db/x", None),
            ("mysql://u@v:sec/ret@db/x", None),
            ("postgresql://db/x?password=s@cret", None),
        ] {
            assert_eq!(without_secrets(url).as_deref(), shown, "{url}");
        }
    }

    #[test]
    fn place_is_the_setting_that_is_read_and_what_it_says() {
        for (pairs, expected) in [
            (&[("SESSION_TYPE", "null")][..], None),
            (
                &[("SESSION_TYPE", "sql"), ("SQLALCHEMY_DATABASE_URI", "postgres://u:p@db/x")],
                Some(("SQLALCHEMY_DATABASE_URI", "postgres://db/x")),
            ),
            (
                &[("SESSION_TYPE", "memcached"), ("SESSION_MEMCACHED", "a:1, b:2")],
                Some(("SESSION_MEMCACHED", "a:1,b:2")),
            ),
            (
                &[("SESSION_TYPE", "memcached"), ("SESSION_MEMCACHED", "u:hunter2@a:1,b:2")],
                Some(("SESSION_MEMCACHED", "a:1,b:2")),
            ),
            #[cfg(feature = "redis")]
            (&[("SESSION_TYPE", "redis")], Some(("SESSION_REDIS", "redis://127.0.0.1:6379"))),
        ] {
            let settings: Settings = pairs.iter().copied().collect();
            let backend = Backend::from_settings(&settings).unwrap();
            let found = place(backend, &settings).unwrap();
            let expected = expected.map(|(key, address)| (key, Some(address.to_owned())));
            assert_eq!(found, expected, "{pairs:?}");
        }
    }
}
