//! The one asynchronous mutator.

use super::Session;
use crate::error::{Error, Result};
use crate::key::ReadAs;
use crate::request::commit::{abandon, atomic};
use crate::request::progress::closed;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::pin::pin;

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
        self.check_function_of(key)?;
        let (progress, context) = (&self.0, &self.0.context);
        let deadline = context.deadline();
        let failed = |error: &Error| context.telemetry.update_failed(error);
        let order = deadline.read(pin!(async { Ok(progress.updates.lock().await) })).await;
        let _order = order.inspect_err(failed)?;
        let work = progress.with(|state| atomic::snapshot(context, state))?;
        let updated = atomic::update(context, work, key, f, deadline).await;
        let updated = updated.inspect_err(failed)?;
        let settled = progress.with(|state| atomic::settle(state, key, &updated, &context.config));
        // A response that was committed meanwhile does not undo what is stored, but the id of a
        // session that was created would never reach anybody.
        if settled.is_err()
            && let Some(address) = updated.created.clone()
        {
            let owner = updated.indexed_owner(&context.config);
            abandon(context, owner, address, deadline).await;
            return Err(closed());
        }
        Ok(updated.value)
    }
}
