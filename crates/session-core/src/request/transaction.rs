//! Several values read and changed as one.

use super::state::State;
use crate::config::Config;
use crate::data::Intent;
use crate::error::Result;
use crate::key::{AsKey, ReadAs, WriteAs, check_function_of};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// What the store holds of a session, to be read and changed as one:
/// see [`Session::transaction`](crate::Session::transaction).
///
/// What the request has set and not stored yet is not seen here.
pub struct Transaction<'a> {
    work: &'a mut State,
    config: &'a Config,
    /// Keys that were changed, to the same value perhaps.
    changed: &'a mut Vec<String>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(
        work: &'a mut State,
        config: &'a Config,
        changed: &'a mut Vec<String>,
    ) -> Self {
        Self { work, config, changed }
    }

    /// Decodes the value under `key`.
    ///
    /// # Errors
    ///
    /// `Decode` if the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: impl ReadAs<T>) -> Result<Option<T>> {
        self.work.data.get(key.as_key())
    }

    /// Sets the value under `key`.
    ///
    /// # Errors
    ///
    /// `Encode` or `TooLarge` if the value cannot be stored, `Unsupported` for the owner key and
    /// reserved keys.
    pub fn insert<V: Serialize>(&mut self, key: impl WriteAs<V>, value: V) -> Result<()> {
        let key = key.as_key();
        check_function_of(key, self.config.owner_key())?;
        self.work.set(key, &value, Intent::Blind, self.config)?;
        self.changed.push(key.to_owned());
        Ok(())
    }

    /// Removes the value under `key`; `false` if there was none.
    ///
    /// # Errors
    ///
    /// `Unsupported` for the owner key and reserved keys.
    pub fn remove(&mut self, key: impl AsKey) -> Result<bool> {
        let key = key.as_key();
        check_function_of(key, self.config.owner_key())?;
        self.changed.push(key.to_owned());
        Ok(self.work.data.remove(key, Intent::Blind))
    }
}

/// Values are the application's, and some are secrets.
impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").finish_non_exhaustive()
    }
}
