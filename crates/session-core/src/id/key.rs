//! What a store sees of a session's id.

use std::fmt;

/// The name of a record in a store: the configured prefix and the id, or the id's hash.
///
/// A key of an unhashed id is a live credential, so `Debug` shows its length only. Stores treat it
/// as opaque text, byte for byte: a key that differs in case or trailing spaces is another key.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreKey(Box<str>);

impl StoreKey {
    /// Joins `prefix` and `name`.
    pub fn new(prefix: &str, name: &str) -> Self {
        let mut key = String::with_capacity(prefix.len() + name.len());
        key.push_str(prefix);
        key.push_str(name);
        Self(key.into_boxed_str())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreKey({} bytes)", self.0.len())
    }
}
