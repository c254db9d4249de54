mod builder;
mod docs;
mod doors;
mod file;
mod secrets;
mod settings;

use super::{CORE_KEYS, Settings};

/// The keys of the table that make no `Config`.
const APART: [&str; 5] = [
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "SESSION_SIGNATURE",
    "SESSION_SIGNATURE_SALT",
    "SESSION_TYPE",
];

fn core_names() -> impl Iterator<Item = &'static str> {
    CORE_KEYS.iter().map(|key| key.name).filter(|name| !APART.contains(name))
}

fn settings<const N: usize>(pairs: [(&str, &str); N]) -> Settings {
    pairs.into_iter().collect()
}
