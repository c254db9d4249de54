//! The one asynchronous mutator.

use super::{Session, check_key};
use crate::commit::atomic;
use crate::error::{Error, ErrorKind, Result};
use crate::key::ReadAs;
use serde::Serialize;
use serde::de::DeserializeOwned;

impl Session {
    /// Replaces the value under `key` by what `f` makes of it, atomically in the store and at once.
    ///
    /// No concurrent update is lost: `f` may run several times, each time on what the store holds
    /// then, not on what the request has set and not stored yet. The new value stands even if the
    /// response is a failure, and replaces what the request wrote under `key` before; what it
    /// wrote otherwise stays pending. A session without a record is created. Costs one store call, and
    /// two more for each time that another request wrote in between.
    ///
    /// # Errors
    ///
    /// `Gone` if the session ended, `Conflict` if too many others wrote until the deadline,
    /// `Unavailable`, `Timeout` and `Unknown` for the store, `Decode` if the stored value is not a
    /// `T`, `Encode` or `TooLarge` if the new one cannot be stored, `Unsupported` for the owner key
    /// and reserved keys, `Closed` once the response was committed.
    ///
    /// # Cancellation
    ///
    /// The store keeps the old or the new value.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core::{Result, Session};
    /// async fn count(session: &Session) -> Result<u64> {
    ///     session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1).await
    /// }
    /// ```
    pub async fn update<T, F>(&self, key: impl ReadAs<T>, f: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        F: FnMut(Option<T>) -> T,
    {
        let key = key.as_key();
        check_key(key)?;
        if key == self.0.shared.config.owner_key() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "update the owner key: it changes with the id, so set it with set_owner",
            ));
        }
        atomic::update(&self.0, key, f).await
    }
}
