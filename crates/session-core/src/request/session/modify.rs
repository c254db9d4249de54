//! Changing a value by a function, with the response.

use super::Session;
use crate::error::Result;
use crate::key::{ReadAs, check_function_of};
use serde::Serialize;
use serde::de::DeserializeOwned;

impl Session {
    /// Sets the value under `key` to what `f` makes of it, and returns that. Stored with the
    /// response, as by [`insert`](Self::insert).
    ///
    /// If another request writes the session first, `f` runs again, on the newer value: no change
    /// is lost and none is refused. What is returned is the value that this request saw;
    /// [`update`](Self::update) returns the one that is stored. Costs no store call of its own.
    ///
    /// Several functions of one key run in the order they were given. A value that the request
    /// itself wrote before is changed as part of that write, and an `insert` after it wins: what
    /// `modify` returns does not count as read. A value that an `update` stores meanwhile is what
    /// the functions run on then.
    ///
    /// `f` runs while the session is locked: calling the session in it waits for ever.
    ///
    /// # Errors
    ///
    /// `Decode` if the value is not a `T`, `Encode` or `TooLarge` if the new one cannot be stored,
    /// `Unsupported` for the owner key and reserved keys, `Closed` once the response was committed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core::{Config, MemoryStore, Result, Session, SessionManager};
    /// # use std::sync::Arc;
    /// fn handler(session: &Session) -> Result<u64> {
    ///     session.modify("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)
    /// }
    /// # let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?;
    /// # let session = manager.create();
    /// # assert_eq!(handler(&session)?, 1);
    /// # assert_eq!(handler(&session)?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn modify<T, F>(&self, key: impl ReadAs<T>, f: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        F: FnMut(Option<T>) -> T + Send + 'static,
    {
        let key = key.as_key();
        let config = &self.0.context.config;
        check_function_of(key, config.owner_key())?;
        self.0.with(|state| {
            state.seed(config)?;
            state.modified.modify(&mut state.data, key, f)
        })
    }
}
