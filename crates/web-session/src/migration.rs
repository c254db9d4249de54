//! The two settings under which sessions move to another store.

use crate::backend::Backend;
use crate::place::{Place, place};
use crate::store_url::{is_url, store_url};
use session_core::config::Settings;
use session_core::store::Migration;
use session_core::{Config, Error, ErrorKind, Result};

/// The other store of a move.
pub(crate) struct Other {
    pub(crate) migration: Migration,
    pub(crate) backend: Backend,
    /// Those of the application, with what names this store.
    pub(crate) settings: Settings,
    key: &'static str,
}

impl Other {
    /// # Errors
    ///
    /// `Config` if both steps are set, the value names no store, it names the store that
    /// `SESSION_TYPE` does, or ids are about to be hashed.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Option<Self>> {
        let steps = [
            ("SESSION_MIGRATE_TO", Migration::Accept),
            ("SESSION_MIGRATE_FROM", Migration::Migrate),
        ];
        let [to, from] = steps.map(|(key, step)| (settings.contains(key)).then_some((key, step)));
        let (key, migration) = match (to, from) {
            (None, None) => return Ok(None),
            (Some(step), None) | (None, Some(step)) => step,
            (Some(_), Some(_)) => {
                let what = "leave SESSION_MIGRATE_TO out: it is the step before \
                            SESSION_MIGRATE_FROM, which is set as well";
                return Err(Error::new(ErrorKind::Config, format!("open two stores: {what}")));
            }
        };
        let Some(written) = settings.text(key)? else { return Ok(None) };
        let refused = |what: &str| Error::new(ErrorKind::Config, format!("read {key}: {what}"));
        let named = if is_url(written) {
            store_url(written).map_err(|error| error.with_note(key))?
        } else {
            vec![("SESSION_TYPE", written.to_owned())]
        };
        let mut other = settings.clone();
        other.extend(named);
        let backend = Backend::from_settings(&other).map_err(|error| error.with_note(key))?;
        if backend == Backend::Null {
            return Err(refused("no session moves from or to null; leave it out"));
        }
        let own = Backend::from_settings(settings)?;
        if own == backend && place(own, settings)? == place(backend, &other)? {
            return Err(refused("it is the store that SESSION_TYPE names; leave one of them out"));
        }
        if Config::from_settings(settings)?.hash_ids().reads_both() {
            return Err(refused(
                "one move after the other: end that of SESSION_HASH_IDS first, or begin it \
                 afterwards",
            ));
        }
        Ok(Some(Self { migration, backend, settings: other, key }))
    }

    /// Says in errors which setting they are about.
    pub(crate) fn place(&self) -> Place {
        Place::of(self.backend, &self.settings).under(self.key)
    }

    /// What to do when this step is through.
    pub(crate) fn warning(&self, days: u64) -> String {
        let key = self.key;
        match self.migration {
            Migration::Accept => format!(
                "{key} is a step on the way: once every instance has it, name the new store in \
                 SESSION_TYPE and the former one in SESSION_MIGRATE_FROM"
            ),
            Migration::Migrate => format!(
                "{key} is a step on the way: leave it out when `session stats --store` counts no live \
                 session in the former store, at the latest {days} days after the last instance \
                 without it has gone, as long as PERMANENT_SESSION_LIFETIME"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Migration, Other};
    use crate::backend::Backend;
    use session_core::config::Settings;

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<Option<Other>, String> {
        let settings: Settings = pairs.iter().copied().collect();
        Other::from_settings(&settings).map_err(|error| error.to_string())
    }

    #[test]
    fn other_store_is_named_by_a_word_or_a_url() {
        assert!(read(&[("SESSION_TYPE", "redis")]).unwrap().is_none());
        let other = read(&[("SESSION_TYPE", "redis"), ("SESSION_MIGRATE_FROM", "filesystem")]);
        let other = other.unwrap().unwrap();
        assert_eq!((other.migration, other.backend), (Migration::Migrate, Backend::Filesystem));
        let other = read(&[
            ("SESSION_TYPE", "redis"),
            ("SESSION_REDIS", "redis://old"),
            ("SESSION_MIGRATE_TO", "redis://new"),
        ]);
        let other = other.unwrap().unwrap();
        assert_eq!((other.migration, other.backend), (Migration::Accept, Backend::Redis));
        assert_eq!(other.settings.text("SESSION_REDIS").unwrap(), Some("redis://new"));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_change() {
        for (pairs, said) in [
            (
                &[("SESSION_MIGRATE_TO", "redis"), ("SESSION_MIGRATE_FROM", "fs")][..],
                "leave SESSION_MIGRATE_TO out",
            ),
            (
                &[("SESSION_TYPE", "redis"), ("SESSION_MIGRATE_FROM", "valkey")],
                "read SESSION_MIGRATE_FROM: it is the store that SESSION_TYPE names",
            ),
            (
                &[
                    ("SESSION_TYPE", "redis"),
                    ("SESSION_REDIS", "redis://:hunter2@a"),
                    ("SESSION_MIGRATE_TO", "redis://:hunter3@a"),
                ],
                "it is the store that SESSION_TYPE names",
            ),
            (&[("SESSION_TYPE", "redis"), ("SESSION_MIGRATE_TO", "null")], "no session moves"),
            (&[("SESSION_TYPE", "redis"), ("SESSION_MIGRATE_TO", "ftp://hunter2")], "expected red"),
            (&[("SESSION_TYPE", "redis"), ("SESSION_MIGRATE_TO", "hunter2")], "SESSION_MIGRATE_TO"),
            (
                &[
                    ("SESSION_TYPE", "redis"),
                    ("SESSION_MIGRATE_FROM", "fs"),
                    ("SESSION_HASH_IDS", "accept"),
                ],
                "one move after the other",
            ),
        ] {
            let error = read(pairs).map(|_| ()).unwrap_err();
            assert!(error.contains(said) && !error.contains("hunter"), "{pairs:?}: {error}");
        }
    }
}
