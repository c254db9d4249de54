//! Changing values at once, atomically in the store.

use super::{Session, Transaction};
use crate::error::{Error, Result};
use crate::key::{ReadAs, check_function_of};
use crate::request::commit::abandon;
use crate::request::commit::atomic::{self, Stopped};
use crate::request::progress::closed;
use crate::request::told;
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
    pub async fn update<T, F>(&self, key: impl ReadAs<T>, mut f: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        F: FnMut(Option<T>) -> T,
    {
        let key = key.as_key();
        let updated = self.change(Some(key), |values| {
            let value = f(values.get(key)?);
            values.insert(key, &value)?;
            Ok(value)
        });
        updated.await.map_err(|stopped: Stopped<Error>| stopped.into_error())
    }

    /// Replaces the value under `key` as [`update`](Self::update) does, where `f` may also remove
    /// the value, by `Ok(None)`, or refuse, by an error, which changes nothing.
    ///
    /// Returns the value that is stored now. Refusing, and leaving the value as it is, are decided
    /// on the newest record, too, which costs one store call more.
    ///
    /// # Errors
    ///
    /// What `f` returns, and those of [`update`](Self::update).
    ///
    /// # Cancellation
    ///
    /// The store keeps the old or the new value.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core::Session;
    /// type Failure = Box<dyn std::error::Error + Send + Sync>;
    ///
    /// /// Uses up one of the attempts; forgets them with the last.
    /// async fn attempt(session: &Session) -> std::result::Result<Option<u32>, Failure> {
    ///     let left = session.try_update("attempts", |left: Option<u32>| match left {
    ///         None => Err(Failure::from("no attempts left")),
    ///         Some(0 | 1) => Ok(None),
    ///         Some(left) => Ok(Some(left - 1)),
    ///     });
    ///     left.await
    /// }
    /// ```
    pub async fn try_update<T, E, F>(&self, key: impl ReadAs<T>, mut f: F) -> Result<Option<T>, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<Error>,
        F: FnMut(Option<T>) -> Result<Option<T>, E>,
    {
        let key = key.as_key();
        let updated = self.change(Some(key), |values| {
            let value = f(values.get(key)?).map_err(Stopped::Refused)?;
            match &value {
                Some(value) => values.insert(key, value)?,
                None => drop(values.remove(key)?),
            }
            Ok(value)
        });
        updated.await.map_err(Stopped::into_error)
    }

    /// Changes several values as one, atomically in the store and at once, and returns what `f`
    /// returns.
    ///
    /// `f` sees what the store holds, not what the request has set and not stored yet, and may run
    /// several times, each time on what is stored then. Either all its changes are stored or, if it
    /// returns an error, none. What `f` reads and decides holds for what it writes: nothing of the
    /// session changes in between. Otherwise as [`update`](Self::update), at the same cost; where
    /// `f` changes nothing, one more store call makes sure that it saw the newest record.
    ///
    /// # Errors
    ///
    /// What `f` returns, and those of [`update`](Self::update).
    ///
    /// # Cancellation
    ///
    /// The store keeps the old values or the new ones.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core::{Result, Session};
    /// /// Puts what is in the cart on the list of orders, once.
    /// async fn order(session: &Session) -> Result<usize> {
    ///     let ordered = session.transaction(|values| {
    ///         let cart: Vec<u32> = values.get("cart")?.unwrap_or_default();
    ///         let mut orders: Vec<u32> = values.get("orders")?.unwrap_or_default();
    ///         orders.extend(&cart);
    ///         values.insert("orders", &orders)?;
    ///         values.remove("cart")?;
    ///         Ok(cart.len())
    ///     });
    ///     ordered.await
    /// }
    /// ```
    pub async fn transaction<R, E, F>(&self, mut f: F) -> Result<R, E>
    where
        E: From<Error>,
        F: FnMut(&mut Transaction<'_>) -> Result<R, E>,
    {
        let changed = self.change(None, |values| f(values).map_err(Stopped::Refused));
        changed.await.map_err(Stopped::into_error)
    }

    /// Stores what `f` changes, of which `key` is known before; whatever fails is logged and counted.
    async fn change<R, E>(
        &self,
        key: Option<&str>,
        f: impl FnMut(&mut Transaction<'_>) -> Result<R, Stopped<E>>,
    ) -> Result<R, Stopped<E>> {
        let context = &self.0.context;
        let allowed = key.map_or(Ok(()), |key| check_function_of(key, context.config.owner_key()));
        let changed = match allowed {
            Ok(()) => self.change_allowed(f).await,
            Err(error) => Err(error.into()),
        };
        changed.inspect_err(|stopped| {
            if let Stopped::Failed(error) = stopped {
                context.telemetry.update_failed(error);
                told::failed(context, self.0.id(), error);
            }
        })
    }

    async fn change_allowed<R, E>(
        &self,
        f: impl FnMut(&mut Transaction<'_>) -> Result<R, Stopped<E>>,
    ) -> Result<R, Stopped<E>> {
        let (progress, context) = (&self.0, &self.0.context);
        let deadline = context.deadline();
        let _order = deadline.read(pin!(async { Ok(progress.updates.lock().await) })).await?;
        let work = progress.with(|state| atomic::snapshot(context, state))?;
        let changed = atomic::change(context, work, f, deadline).await?;
        let settled = progress.with(|state| {
            atomic::settle(state, &changed, &context.config)?;
            if let Some(address) = &changed.created {
                told::created_by_update(context, &address.id);
            }
            Ok(())
        });
        // A response that was committed meanwhile does not undo what is stored, but the id of a
        // session that was created would never reach anybody.
        if settled.is_err()
            && let Some(address) = changed.created.clone()
        {
            let owner = changed.indexed_owner(&context.config);
            abandon(context, owner.as_deref(), address, deadline).await;
            return Err(closed().into());
        }
        Ok(changed.result)
    }
}
