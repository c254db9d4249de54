//! Settings from files, through serde, by the names of the environment.

use super::settings::{Setting, refuse};
use super::{CORE_KEYS, Config, KeyInfo, Kind, Settings};
use crate::error::{Error, ErrorKind, Result};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Unexpected, Visitor};
use std::fmt;
use zeroize::Zeroizing;

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = Settings::deserialize(deserializer)?;
        config(&settings).map_err(D::Error::custom)
    }
}

fn config(settings: &Settings) -> Result<Config> {
    settings.refuse_unknown(&[CORE_KEYS])?;
    match CORE_KEYS.iter().find(|key| is_apart(key) && settings.contains(key.name)) {
        None => Config::from_settings(settings),
        Some(key) => Err(Error::new(
            ErrorKind::Config,
            format!("read {}: it is no part of Config; read the file as Settings", key.name),
        )),
    }
}

/// Whether a key of the table goes to something else than a [`Config`]: to the store or the signer.
fn is_apart(key: &KeyInfo) -> bool {
    matches!(key.kind, Kind::Secret | Kind::SecretList)
        || matches!(key.name, "SESSION_TYPE" | "SESSION_SIGNATURE" | "SESSION_SIGNATURE_SALT")
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SettingsVisitor)
    }
}

struct SettingsVisitor;

impl<'de> Visitor<'de> for SettingsVisitor {
    type Value = Settings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from names of settings to values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Settings, A::Error> {
        let mut settings = Settings::default();
        while let Some(name) = map.next_key::<String>()? {
            let Written(value) = map.next_value()?;
            let Some(setting) = value else { continue };
            if settings.put(name.clone(), setting) {
                return Err(A::Error::custom(refuse(&name, "one value, and found two")));
            }
        }
        Ok(settings)
    }
}

/// A value as the file has it; `None` is null.
struct Written(Option<Setting>);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WrittenVisitor)
    }
}

struct WrittenVisitor;

impl<'de> Visitor<'de> for WrittenVisitor {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a boolean, a number or a list of texts")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Written, E> {
        Ok(Written(Some(Setting::Flag(value))))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Written, E> {
        Ok(Written(Some(Setting::Number(value))))
    }

    // No setting is negative or a fraction but in seconds: as text each reader judges it.
    fn visit_i64<E>(self, value: i64) -> Result<Written, E> {
        Ok(Written(Some(
            u64::try_from(value).map_or_else(|_| Setting::text(value.to_string()), Setting::Number),
        )))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Written, E> {
        Ok(Written(Some(Setting::text(value.to_string()))))
    }

    fn visit_str<E>(self, value: &str) -> Result<Written, E> {
        Ok(Written(Some(Setting::text(value))))
    }

    fn visit_string<E>(self, value: String) -> Result<Written, E> {
        Ok(Written(Some(Setting::text(value))))
    }

    fn visit_unit<E>(self) -> Result<Written, E> {
        Ok(Written(None))
    }

    fn visit_none<E>(self) -> Result<Written, E> {
        Ok(Written(None))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Written, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Written, A::Error> {
        let mut texts: Vec<Zeroizing<String>> = Vec::new();
        while let Some(Written(element)) = seq.next_element()? {
            match element {
                Some(Setting::Text(text)) => texts.push(text),
                // Serde's own message would show what stands there.
                _ => return Err(A::Error::invalid_type(Unexpected::Other("another value"), &self)),
            }
        }
        Ok(Written(Some(Setting::List(texts))))
    }
}
