//! What a handler holds: a synchronous view of one session, and the intents it records.

mod lifecycle;
mod modify;
mod update;

pub use crate::request::transaction::Transaction;

use crate::data::{Flash, Intent};
use crate::error::Result;
use crate::key::{AsKey, ReadAs, WriteAs, check_key, is_reserved};
use crate::request::progress::Progress;
use serde::Serialize;
use serde::de::DeserializeOwned;
use session_codec::Value;
use std::fmt;
use std::sync::Arc;

/// The session of one request.
///
/// Reading and writing touch memory only; the store is written once, when the response is
/// committed. A clone is the same session. Every method returns `Closed` once the response was
/// committed, and, with `SESSION_UNDECODABLE=error`, `Decode` for a record that is no session, until
/// [`flush`](Self::flush) has ended that.
///
/// Values are encoded and decoded while the session is locked: a `Serialize` or `Deserialize` that
/// calls the session it is stored in waits for ever.
///
/// # Examples
///
/// ```
/// # use session_core::{Config, MemoryStore, Result, Session, SessionManager};
/// # use std::sync::Arc;
/// fn handler(session: &Session) -> Result<String> {
///     let visits = session.modify("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
///     let name: Option<String> = session.get("name")?;
///     session.insert("seen", true)?;
///     Ok(format!("visit {visits} of {}", name.unwrap_or("somebody".into())))
/// }
/// # let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?;
/// # let session = manager.create();
/// # assert_eq!(handler(&session)?, "visit 1 of somebody");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Session(Arc<Progress>);

impl Session {
    pub(crate) fn new(inner: Arc<Progress>) -> Self {
        Self(inner)
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.0
    }

    /// Decodes the value under `key`.
    ///
    /// The request now relies on what it read: if it also writes the key, and another request
    /// changed it meanwhile, the commit fails with `Conflict`.
    ///
    /// # Errors
    ///
    /// `Decode` if the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: impl ReadAs<T>) -> Result<Option<T>> {
        self.0.with(|state| state.data.read_as(key.as_key()))
    }

    /// Sets the value under `key`; setting the value it has is no change.
    ///
    /// # Errors
    ///
    /// `Encode` or `TooLarge` if the value cannot be stored, `Unsupported` for a reserved key, and
    /// for the owner key if the value is no number and no text, or empty.
    pub fn insert<V: Serialize>(&self, key: impl WriteAs<V>, value: V) -> Result<()> {
        self.write(key.as_key(), &value, Intent::Guarded)
    }

    /// Sets the value under `key` and wins over what other requests wrote, even if this one had
    /// read it. Setting the value it has is no change here, either.
    ///
    /// # Errors
    ///
    /// Those of [`insert`](Self::insert).
    pub fn overwrite<V: Serialize>(&self, key: impl WriteAs<V>, value: V) -> Result<()> {
        self.write(key.as_key(), &value, Intent::Blind)
    }

    /// Removes the value under `key` and decodes it.
    ///
    /// Of several requests that remove one stored key at once, only one commits, unless
    /// `SESSION_ON_CONFLICT=overwrite`: what was removed was handed out once.
    ///
    /// # Errors
    ///
    /// `Decode` if the value is not a `T`; it stays then. `Unsupported` for a reserved key.
    pub fn remove<T: DeserializeOwned>(&self, key: impl ReadAs<T>) -> Result<Option<T>> {
        let key = key.as_key();
        check_key(key)?;
        self.0.with(|state| {
            let value = state.data.read_as(key)?;
            if value.is_some() {
                state.data.remove(key, Intent::Guarded);
            }
            Ok(value)
        })
    }

    /// Removes the value under `key`, whatever it is; `false` if there was none.
    ///
    /// Unlike [`remove`](Self::remove) it decodes nothing and counts as reading nothing.
    ///
    /// # Errors
    ///
    /// `Unsupported` for a reserved key.
    pub fn forget(&self, key: impl AsKey) -> Result<bool> {
        let key = key.as_key();
        check_key(key)?;
        self.0.with(|state| Ok(state.data.remove(key, Intent::Guarded)))
    }

    /// Whether there is a value under `key`; counts as reading it.
    ///
    /// # Errors
    ///
    /// `Closed` only.
    pub fn contains_key(&self, key: impl AsKey) -> Result<bool> {
        self.0.with(|state| Ok(state.data.read(key.as_key()).is_some()))
    }

    /// The keys in order, reserved ones left out.
    ///
    /// # Errors
    ///
    /// `Closed` only.
    pub fn keys(&self) -> Result<Vec<String>> {
        self.0.with(|state| {
            let keys = state.data.keys().filter(|key| !is_reserved(key));
            Ok(keys.map(str::to_owned).collect())
        })
    }

    /// The keys and values in order, reserved ones left out; counts as reading all of them.
    ///
    /// # Errors
    ///
    /// `Decode` if a value is in no form that [`Value`] can hold.
    pub fn entries(&self) -> Result<Vec<(String, Value)>> {
        let keys = self.keys()?;
        self.0.with(|state| {
            let mut entries = Vec::with_capacity(keys.len());
            for key in keys {
                if let Some(value) = state.data.read_as(&key)? {
                    entries.push((key, value));
                }
            }
            Ok(entries)
        })
    }

    /// Whether there is no key but reserved ones.
    ///
    /// # Errors
    ///
    /// `Closed` only.
    pub fn is_empty(&self) -> Result<bool> {
        self.0.with(|state| Ok(!state.has_content()))
    }

    /// Removes every value and keeps the id; to end a session, [`flush`](Self::flush) it.
    ///
    /// The owner is a value too: a session that had one gets a new id, as at every change of owner.
    ///
    /// # Errors
    ///
    /// `Closed` only.
    pub fn clear(&self) -> Result<()> {
        self.0.with(|state| {
            state.data.clear(is_reserved);
            state.flashes.clear();
            Ok(())
        })
    }

    /// Adds a message for the next page that takes them. A `_flashes` that is no list gives way.
    ///
    /// # Errors
    ///
    /// `TooLarge` if it does not fit.
    pub fn flash(&self, category: impl Into<String>, message: impl Into<String>) -> Result<()> {
        let flash = Flash { category: category.into(), message: message.into() };
        self.0.with(|state| {
            state.seed(&self.0.context.config)?;
            state.flashes.append(&mut state.data, flash)
        })
    }

    /// Takes the messages out, oldest first; those that other requests add meanwhile stay.
    ///
    /// What is no pair of texts is no message, and stays; half of a surrogate pair is U+FFFD.
    ///
    /// # Errors
    ///
    /// `Closed` only.
    pub fn take_flashes(&self) -> Result<Vec<Flash>> {
        self.0.with(|state| Ok(state.flashes.take(&mut state.data)))
    }

    fn write<V: Serialize>(&self, key: &str, value: &V, intent: Intent) -> Result<()> {
        check_key(key)?;
        self.0.with(|state| state.set(key, value, intent, &self.0.context.config))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("is_new", &self.is_new())
            .field("is_modified", &self.is_modified())
            .finish_non_exhaustive()
    }
}
