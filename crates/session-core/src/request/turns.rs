//! Turns: after a first refusal, the writers of one key in one process go one after the other.

use super::deadline::Deadline;
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

#[cfg(test)]
mod tests {
    use super::Turns;
    use crate::error::ErrorKind;
    use crate::request::deadline::Deadline;
    use crate::store::StoreKey;
    use std::time::Duration;
    use tokio::time::Instant;

    fn deadline(seconds: u64) -> Deadline {
        Deadline::after(Instant::now(), Duration::from_secs(seconds))
    }

    #[tokio::test(start_paused = true)]
    async fn turn_lasts_until_it_is_dropped_or_the_deadline() {
        let turns = Turns::new();
        let key = StoreKey::new("session:", "a");
        let first = turns.take(&key, deadline(1)).await.unwrap();
        let refused = turns.take(&key, deadline(1)).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Timeout);
        drop(first);
        assert!(turns.take(&key, deadline(1)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_gives_up_waiting_holds_nobody_up() {
        let turns = Turns::new();
        let key = StoreKey::new("session:", "a");
        let first = turns.take(&key, deadline(9)).await.unwrap();
        let waiting = tokio::time::timeout(Duration::from_secs(1), turns.take(&key, deadline(9)));
        assert!(waiting.await.is_err());
        drop(first);
        assert!(turns.take(&key, deadline(1)).await.is_ok());
    }
}
