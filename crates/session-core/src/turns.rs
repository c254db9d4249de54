//! Turns: after a first refusal, the writers of one key in one process go one after the other.

use crate::deadline::Deadline;
use crate::error::Result;
use crate::store::StoreKey;
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use tokio::sync::{Mutex, MutexGuard};

/// Keys share stripes; one that waits for another's turn loses a little time, nothing else.
const STRIPES: usize = 64;

#[derive(Debug)]
pub(crate) struct Turns {
    stripes: [Mutex<()>; STRIPES],
    hasher: RandomState,
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self { stripes: std::array::from_fn(|_| Mutex::new(())), hasher: RandomState::new() }
    }

    /// Waits for the turn of `key`, which lasts until the guard is dropped.
    ///
    /// # Errors
    ///
    /// `Timeout` at the deadline.
    pub(crate) async fn take(
        &self,
        key: &StoreKey,
        deadline: Deadline,
    ) -> Result<MutexGuard<'_, ()>> {
        let stripe = self.hasher.hash_one(key) as usize % STRIPES;
        deadline.read(pin!(async { Ok(self.stripes[stripe].lock().await) })).await
    }
}
